// SPDX-License-Identifier: GPL-2.0
/*
 * event.h and need_event, exhaustively where that can be.
 *
 * The reference never subtracts two indices: it keeps the set of entries written since the last
 * decision, and the event must be in it.
 *
 * VEI_OLDS=n: how many values of old get all 2^32 pairs of event and new; VEI_SEED=n.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"
#include "tap.h"

static u64 rng;

/* All (event, new) for one old. Returns how many were wrong. */
static u64 all_pairs(u16 old)
{
	static u16 in_set[65536];
	u64 wrong = 0;
	u32 step, event;

	memset(in_set, 0, sizeof(in_set));
	for (step = 0; step < 65536; step++) {
		u16 new = old + step;
		u16 bad = 0;

		/* The entry before new has been written by now. */
		if (step)
			in_set[(u16)(new - 1)] = 1;
		for (event = 0; event < 65536; event++)
			bad |= (u16)vei_need_event(event, new, old) ^ in_set[event];
		wrong += bad;
	}
	return wrong;
}

static void test_need_event_all_pairs(void)
{
	static const u16 olds[] = { 0, 65535, 32768, 1, 32767, 65534 };
	u64 n = tap_env("VEI_OLDS", 6), i;

	for (i = 0; i < n; i++) {
		u16 old = i < ARRAY_SIZE(olds) ? olds[i] : rig_rand(&rng);

		EXPECT_EQ(all_pairs(old), 0);
		tap_result("need_event: all 2^32 pairs of event and new, old %u", old);
	}
}

static void test_need_event_all_old(void)
{
	unsigned int i;
	u32 step;

	for (i = 0; i < 2000; i++) {
		u16 event = rig_rand(&rng);
		u16 new = i % 4 ? rig_rand(&rng) : event + rig_below(&rng, 3);
		bool in_set = false;

		for (step = 0; step < 65536; step++) {
			u16 old = new - step;

			/* Going back by one adds the entry old to the set. */
			if (step && old == event)
				in_set = true;
			EXPECT_EQ(vei_need_event(event, new, old), in_set);
		}
	}
	tap_result("need_event: all old for 2000 pairs of event and new");
}

/* The object around it: remembers where, and looks at one word only. */
static void test_kick_object(void)
{
	u16 word = 0, i;
	struct vei_kick kick = { .word = &word, .by_index = true };
	u64 published = 0, old = 0;
	u32 round;

	for (round = 0; round < 2000000; round++) {
		u64 event = published + rig_below(&rng, 40) - (published > 20 ? 20 : 0);
		bool want;

		published += rig_below(&rng, 40);
		word = event;
		want = event >= old && event < published;
		EXPECT_EQ(vei_event_kick_needed(&kick, published), want);
		EXPECT_EQ(kick.seen, word);
		old = published;
	}
	kick.by_index = false;
	for (i = 0; i < 4; i++) {
		word = i;
		EXPECT_EQ(vei_event_kick_needed(&kick, 7), !(i & VEI_USED_F_NO_NOTIFY));
	}
	tap_result("kick object: 2 million decisions over 600 wraps, and by flags");
}

static struct vei_intr intr;
static u16 intr_word;

static void intr_begin(u32 size, bool by_index)
{
	intr_word = 0;
	memset(&intr, 0, sizeof(intr));
	intr.armed = true;
	vei_event_intr_init(&intr, &intr_word, size, by_index);
}

/*
 * Disabled at last_used: whatever the device decides on next, at most a ring of entries and up to a
 * ring ahead, and up to a quarter of the range more, it does not interrupt.
 */
static void check_off(u32 size, u16 last_used, u32 step)
{
	u32 back = size < 0x4000 ? size : 0x4000;
	u32 ahead = size + 0x2000, u;
	u16 word;

	intr_begin(size, true);
	vei_event_intr_disarm(&intr, last_used);
	word = intr_word;
	for (u = 0; u <= ahead; u += step) {
		u32 span = u + back < 65535 ? u + back : 65535;

		/* From the oldest entry that may be undecided; a later one is a part of this. */
		EXPECT(!vei_need_event(word, last_used + u, last_used + u - span));
		EXPECT(!vei_need_event(word, last_used + u, last_used + u - (u ? 1 : 0)));
	}
}

static void test_intr_off(void)
{
	u32 size, last, i;

	for (size = 1; size <= VEI_RING_SIZE_MAX; size *= 2) {
		for (last = 0; last < 65536; last++)
			check_off(size, last, size + 0x2000);
		for (i = 0; i < 64; i++)
			check_off(size, rig_rand(&rng), 1);
	}
	tap_result("disabled by index: never crossed, sizes 1 to 32768, every last_used");
}

/* Kept disabled for ever by a driver that says so now and then. */
static void test_intr_off_for_ever(void)
{
	u32 size, every;
	u64 used, fired = 0, writes;

	for (size = 1; size <= VEI_RING_SIZE_MAX; size *= 2) {
		every = size < 0x1000 ? 0x1000 : 0x2000;
		intr_begin(size, true);
		vei_event_intr_disarm(&intr, 0);
		writes = 0;
		for (used = 1; used < 400000; used++) {
			u16 before = intr_word;

			fired += vei_need_event(intr_word, used, used - 1);
			if (used % every == 0)
				vei_event_intr_disarm(&intr, used);
			writes += intr_word != before;
		}
		EXPECT_EQ(fired, 0);
		/* And not by writing the shared word each time. */
		EXPECT(writes && writes <= 400000 / 0x2000 + 1);
	}
	tap_result("disabled by index: 400,000 entries long, seldom written");
}

static void check_postponed(u16 last_used, u16 n)
{
	u64 used;

	vei_event_intr_arm(&intr, last_used, n);
	EXPECT(intr.armed);
	for (used = last_used + (n > 3 ? n - 3 : 1); used < last_used + n + 3u; used++)
		EXPECT_EQ(vei_need_event(intr_word, used, used - 1), used == last_used + (u64)n);
	/* All of them in one decision, one short of them, and one more. */
	EXPECT(vei_need_event(intr_word, last_used + n, last_used));
	EXPECT(!vei_need_event(intr_word, last_used + n - 1, last_used));
	EXPECT(n == 65535 || vei_need_event(intr_word, last_used + n + 1, last_used));
}

static void test_intr_postponed(void)
{
	u32 last, n;

	intr_begin(256, true);
	for (last = 0; last < 65536; last++) {
		check_postponed(last, 1);
		check_postponed(last, 2);
		check_postponed(last, 1 + rig_below(&rng, 65535));
	}
	for (n = 1; n <= 65535; n++)
		check_postponed(rig_rand(&rng), n);
	tap_result("armed and postponed by index: fires there, for every last_used, every n");
}

static void test_intr_flags(void)
{
	u32 last;

	intr_begin(256, false);
	for (last = 0; last < 65536; last++) {
		vei_event_intr_disarm(&intr, last);
		EXPECT_EQ(intr_word, VEI_AVAIL_F_NO_INTERRUPT);
		EXPECT(!intr.armed);
		vei_event_intr_arm(&intr, last, 1 + rig_below(&rng, 65535));
		EXPECT_EQ(intr_word, 0);
		EXPECT(intr.armed);
	}
	/* The line is not dirtied for nothing. */
	vei_event_intr_disarm(&intr, 1);
	intr_word = 0x55;
	vei_event_intr_disarm(&intr, 60000);
	EXPECT_EQ(intr_word, 0x55);
	vei_event_intr_arm(&intr, 1, 1);
	intr_word = 0x66;
	vei_event_intr_arm(&intr, 2, 1);
	EXPECT_EQ(intr_word, 0x66);
	tap_result("by flags: 1 and 0 for every last_used, written only when changed");
}

/* The handler speaks for the owner, who does not know, and disarms and arms after it. */
static void test_intr_hush(void)
{
	struct vei_intr before;
	unsigned int how;

	for (how = 0; how < 8; how++) {
		bool armed = how & 1, by_index = how & 2;
		u16 word;

		intr_begin(256, by_index);
		vei_event_intr_disarm(&intr, 100);
		if (armed)
			vei_event_intr_arm(&intr, 100, 1);
		word = intr_word;
		before = intr;
		vei_event_intr_hush(&intr);
		EXPECT_EQ(intr_word, by_index ? word : VEI_AVAIL_F_NO_INTERRUPT);
		EXPECT(!memcmp(&before, &intr, sizeof(intr)));
		/* Late, between the owner's two: it comes again then. */
		if (how & 4) {
			vei_event_intr_disarm(&intr, 110);
			vei_event_intr_arm(&intr, 110, 1);
			vei_event_intr_hush(&intr);
		}
		vei_event_intr_disarm(&intr, 120);
		EXPECT(!intr.armed);
		EXPECT_EQ(intr_word, by_index ? intr.shadow : VEI_AVAIL_F_NO_INTERRUPT);
		vei_event_intr_arm(&intr, 120, 1);
		EXPECT(intr.armed);
		EXPECT_EQ(intr_word, by_index ? 120 : 0);
	}
	tap_result("hushed by the handler: nothing of the owner's; disarm and arm get over it");
}

int main(void)
{
	rng = tap_env("VEI_SEED", 20110504);
	tap_begin();
	test_need_event_all_pairs();
	test_need_event_all_old();
	test_kick_object();
	test_intr_off();
	test_intr_off_for_ever();
	test_intr_postponed();
	test_intr_flags();
	test_intr_hush();
	return tap_end();
}
