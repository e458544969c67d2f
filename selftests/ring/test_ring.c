// SPDX-License-Identifier: GPL-2.0
/* ring.h by single cases: set-up, limits, every way to break it, drain and reset. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <vei/ring/dump.h>

#include "rig.h"
#include "tap.h"

static struct rig rig;
static struct rig_dev dev;
static int token[64];

static struct vei_ring *begin(const struct rig_params *p)
{
	EXPECT_EQ(rig_init(&rig, p), 0);
	rig_dev_init(&dev, &rig);
	return &rig.ring;
}

static void end(void)
{
	rig_free(&rig);
}

static int add_in(struct vei_ring *r, u32 len, void *tok)
{
	struct vei_seg seg = { 0x1000, len };

	return vei_ring_add(r, &seg, 0, 1, tok);
}

static void test_layout(void)
{
	u32 size;

	for (size = 1; size <= VEI_RING_SIZE_MAX; size *= 2) {
		/* As the draft has it: align(16 qsz + 2 (3 + qsz)) + 2 * 3 + 8 qsz. */
		size_t used = (16 * (size_t)size + 2 * (3 + (size_t)size) + 4095) / 4096 * 4096;

		EXPECT_EQ(vei_layout_used(size), used);
		EXPECT_EQ(vei_layout_size(size), used + 6 + 8 * (size_t)size);
		EXPECT_EQ(vei_layout_used_event(size), 16 * (size_t)size + 4 + 2 * (size_t)size);
		EXPECT_EQ(vei_layout_avail_event(size) + 2, vei_layout_size(size));
	}
	EXPECT_EQ(vei_pci_config_offset(false, false), 20);
	EXPECT_EQ(vei_pci_config_offset(true, false), 24);
	EXPECT_EQ(vei_pci_config_offset(false, true), 28);
	EXPECT_EQ(vei_pci_config_offset(true, true), 32);
	EXPECT_EQ(vei_pci_features_hi_offset(false), 20);
	EXPECT_EQ(vei_pci_features_hi_offset(true), 24);
	tap_result("layout: as the draft writes it, sizes 1 to 32768");
}

static void test_init(void)
{
	static const u32 bad[] = { 0, 3, 5, 6, 7, 9, 255, 257, 1000, 32767, 32769, 65535 };
	u8 mem[64] = { 0 };
	struct vei_ring_config cfg = { .mem = mem };
	struct vei_ring r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		cfg.size = bad[i];
		EXPECT_EQ(vei_ring_init(&r, &cfg), -EINVAL);
	}
	for (i = 0; i < sizeof(mem); i++)
		EXPECT_EQ(mem[i], 0);
	tap_result("init: refuses sizes that are none, and leaves the memory alone");
}

static void test_add_arguments(void)
{
	struct vei_ring *r = begin(&(struct rig_params){ .size = 4 });
	struct vei_seg seg[5] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 } };

	EXPECT_EQ(vei_ring_add(r, seg, 0, 0, token), -EINVAL);
	EXPECT_EQ(vei_ring_add(r, seg, 1, 0, NULL), -EINVAL);
	EXPECT_EQ(vei_ring_add(r, seg, 1, 1, NULL), -EINVAL);
	EXPECT_EQ(vei_ring_add(r, seg, 5, 0, token), -EINVAL);
	EXPECT_EQ(vei_ring_add(r, seg, 3, 2, token), -EINVAL);
	EXPECT_EQ(vei_ring_num_free(r), 4);
	EXPECT_EQ(vei_ring_add(r, seg, 1, 2, token), 0);
	EXPECT_EQ(vei_ring_add(r, seg, 2, 0, token), -ENOSPC);
	EXPECT_EQ(vei_ring_add(r, seg, 0, 1, token), 0);
	EXPECT_EQ(vei_ring_add(r, seg, 0, 1, token), -ENOSPC);
	EXPECT_EQ(vei_ring_add(r, seg, 1, 0, NULL), -EINVAL);
	EXPECT_EQ(vei_ring_add_burst(r, seg, (void *[]){ token }, 1, true), 0);
	EXPECT_EQ(vei_ring_in_flight(r), 2);
	end();
	tap_result("add: arguments and a full ring");
}

/* Post three buffers of 100 bytes and let the device see them. */
static struct vei_ring *begin_three(bool by_index)
{
	struct vei_ring *r = begin(&(struct rig_params){
		.size = 8, .kick_by_index = by_index, .intr_by_index = by_index, .base = 65534,
		.strict_len = true });
	int i;

	for (i = 0; i < 3; i++)
		EXPECT_EQ(add_in(r, 100, &token[i]), 0);
	vei_ring_kick_prepare(r);
	return r;
}

static void push(u32 id, u32 len)
{
	struct vei_used_elem *elem = &dev.used_ring->ring[dev.used++ % dev.size];

	elem->id = id;
	elem->len = len;
	rig_dev_publish(&dev);
}

/* Nothing can be had from it, and nothing put into it, any more. */
static void expect_broken(struct vei_ring *r, enum vei_ring_error why, u32 value, int left)
{
	struct vei_seg seg[2] = { { 1, 2 }, { 3, 4 } };
	void *tok[4];
	u16 cursor = 0;
	u32 len[4];
	int i;

	EXPECT(!vei_ring_get(r, len));
	EXPECT_EQ(r->broken, why);
	EXPECT_EQ(r->bad_value, value);
	EXPECT_EQ(vei_ring_get_burst(r, tok, len, 4), 0);
	EXPECT_EQ(add_in(r, 1, token), -EIO);
	EXPECT_EQ(vei_ring_add(r, seg, 2, 0, token), -EIO);
	EXPECT_EQ(vei_ring_add_burst(r, seg, (void *[]){ token }, 1, false), 0);
	EXPECT(!vei_ring_pending(r));
	EXPECT(vei_ring_intr_enable(r));
	EXPECT(vei_ring_intr_postpone(r, 2));
	vei_ring_intr_disable(r);
	vei_ring_kick_prepare(r);
	/* The first reason stays, and a device that goes on lying is not heard. */
	vei_ring_break(r, VEI_RING_STOPPED, 1);
	dev.used_ring->idx += 1;
	EXPECT(!vei_ring_get(r, len));
	EXPECT(!vei_ring_pending(r));
	EXPECT_EQ(r->broken, why);
	EXPECT(strlen(vei_ring_strerror(why)) > 5);
	for (i = 0; i < left; i++)
		EXPECT(vei_ring_drain(r, &cursor));
	EXPECT(!vei_ring_drain(r, &cursor));
	vei_ring_reset(r);
	EXPECT(rig_is_fresh(&rig));
	EXPECT_EQ(add_in(r, 1, token), 0);
	end();
}

static void test_break_reasons(void)
{
	struct vei_ring *r;
	u32 len;
	int i;

	r = begin_three(true);
	push(8, 1);
	expect_broken(r, VEI_RING_USED_ID, 8, 3);
	r = begin_three(true);
	push(0x10000, 1);	/* a good id in its low half */
	expect_broken(r, VEI_RING_USED_ID, 0x10000, 3);
	r = begin_three(false);
	push(0xffffffff, 1);
	expect_broken(r, VEI_RING_USED_ID, 0xffffffff, 3);
	tap_result("broken by an id out of range");

	r = begin_three(true);
	push(5, 1);
	expect_broken(r, VEI_RING_USED_TWICE, 5, 3);
	r = begin_three(true);
	push(0, 1);
	push(0, 1);
	EXPECT(vei_ring_get(r, &len) == &token[0]);
	EXPECT(vei_ring_saw_more(r));
	expect_broken(r, VEI_RING_USED_TWICE, 0, 2);
	/* Out of order, and then the one again that is due by its place. */
	r = begin_three(true);
	push(1, 1);
	push(1, 1);
	EXPECT(vei_ring_get(r, &len) == &token[1]);
	expect_broken(r, VEI_RING_USED_TWICE, 1, 2);
	tap_result("broken by an id that heads nothing, or not any more");

	r = begin_three(false);
	push(0, 101);
	expect_broken(r, VEI_RING_USED_LEN, 101, 3);
	r = begin_three(false);
	push(2, 0xffffffff);
	expect_broken(r, VEI_RING_USED_LEN, 0xffffffff, 3);
	tap_result("broken by a length over the buffer");

	for (i = 4; i < 65536; i += i < 40 || i > 65500 ? 1 : 997) {
		r = begin_three(true);
		dev.used_ring->idx = (u16)(65534 + i);
		expect_broken(r, VEI_RING_USED_IDX, (u16)(65534 + i), 3);
	}
	tap_result("broken by used->idx past what was made available, or gone back");

	r = begin_three(true);
	push(0, 1);
	push(1, 1);
	EXPECT(vei_ring_get(r, &len) == &token[0]);
	vei_ring_break(r, VEI_RING_STOPPED, 42);
	expect_broken(r, VEI_RING_STOPPED, 42, 2);
	EXPECT(!strcmp(vei_ring_strerror(VEI_RING_OK), "no error"));
	EXPECT(!strcmp(vei_ring_strerror(1000), "unknown"));
	tap_result("stopped by the driver, with used buffers still to take");
}

/* Buffers added and not published are not the device's to use. */
static void test_unpublished(void)
{
	struct vei_ring *r = begin(&(struct rig_params){ .size = 8 });

	EXPECT_EQ(add_in(r, 100, &token[0]), 0);
	push(0, 1);
	expect_broken(r, VEI_RING_USED_IDX, 1, 1);
	tap_result("broken by the use of what was not published yet");
}

/* For a buffer that it only reads, a device may leave anything in len. */
static void test_len_of_out(void)
{
	struct vei_seg seg = { 1, 100 };
	unsigned int strict;

	for (strict = 0; strict < 2; strict++) {
		struct vei_ring *r = begin(&(struct rig_params){ .size = 2, .strict_len = strict });
		u32 len = 7;

		EXPECT_EQ(vei_ring_add(r, &seg, 1, 0, token), 0);
		vei_ring_kick_prepare(r);
		push(0, 0xdeadbeef);
		EXPECT(vei_ring_get(r, &len) == token);
		EXPECT_EQ(len, 0);
		end();
	}
	tap_result("len of a buffer with nothing to write is 0, whatever the device says");
}

/*
 * Some devices put the total descriptor length there, and a control command's answer of 9 bytes in
 * place of the one that there is must not kill the queue: it is all of the buffer and no more.
 */
static void test_len_clamped(void)
{
	static const u32 lens[] = { 9, 1, 0, 2, 0xffffffff };
	struct vei_seg seg[3] = { { 1, 2 }, { 3, 6 }, { 5, 1 } };
	void *tok[ARRAY_SIZE(lens)];
	u32 len[ARRAY_SIZE(lens)];
	unsigned int burst, i;

	for (burst = 0; burst < 2; burst++) {
		struct vei_ring *r = begin(&(struct rig_params){ .size = 16, .base = 65535 });
		struct rig_chain chain;

		for (i = 0; i < ARRAY_SIZE(lens); i++)
			EXPECT_EQ(vei_ring_add(r, seg, 2, 1, &token[i]), 0);
		vei_ring_kick_prepare(r);
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			EXPECT(rig_dev_pop(&dev, &chain));
			push(chain.head, lens[i]);
		}
		if (burst)
			EXPECT_EQ(vei_ring_get_burst(r, tok, len, i), i);
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			if (!burst)
				tok[i] = vei_ring_get(r, &len[i]);
			EXPECT(tok[i] == &token[i]);
			EXPECT_EQ(len[i], lens[i] ? 1 : 0);
		}
		EXPECT_EQ(r->broken, VEI_RING_OK);
		EXPECT_EQ(vei_ring_num_free(r), 16);
		end();
	}
	tap_result("len over a buffer of no matter is all of the buffer");
}

/*
 * The first thing that a ring says after a reset is what it said last before it. A shadow or an
 * index from then would make it silent.
 */
static void test_reset_forgets(void)
{
	unsigned int by_index, life, k;

	for (by_index = 0; by_index < 2; by_index++) {
		struct vei_ring *r = begin(&(struct rig_params){
			.size = 8, .kick_by_index = by_index, .intr_by_index = by_index });

		for (life = 0; life < 2; life++) {
			u16 cursor = 0;
			u32 len;

			for (k = 0; k < 3; k++)
				EXPECT_EQ(add_in(r, 100, &token[k]), 0);
			/* "Tell me of entry 0", which the last life has passed. */
			*dev.avail_event = 0;
			EXPECT(vei_ring_kick_prepare(r));
			push(0, 1);
			EXPECT(vei_ring_get(r, &len) == &token[0]);
			EXPECT(vei_ring_intr_enable(r));
			EXPECT_EQ(*dev.used_event, by_index ? 1 : 0);
			EXPECT_EQ(dev.avail_ring->flags, 0);
			for (k = 1; k < 3; k++)
				EXPECT(vei_ring_drain(r, &cursor) == &token[k]);
			EXPECT(!vei_ring_drain(r, &cursor));
			vei_ring_reset(r);
			EXPECT(rig_is_fresh(&rig));
			rig_dev_init(&dev, &rig);
		}
		end();
	}
	tap_result("reset forgets where kicks were decided and what interrupts were asked for");
}

static void test_avail_left_alone(void)
{
	struct vei_ring *r = begin(&(struct rig_params){ .size = 4, .base = 65530 });
	struct rig_chain chain;
	u32 len, lap;

	for (lap = 0; lap < 40; lap++) {
		u16 *entry = &dev.avail_ring->ring[(u16)(65530 + lap) % 4];
		u16 before = *entry;

		EXPECT_EQ(add_in(r, 100, token), 0);
		if (lap >= 4)
			EXPECT_EQ(*entry, before);
		vei_ring_kick_prepare(r);
		EXPECT(rig_dev_pop(&dev, &chain));
		push(chain.head, 1);
		EXPECT(vei_ring_get(r, &len) == token);
	}
	end();
	tap_result("in order, avail entries hold the right id already");
}

static void test_burst_over_the_end(void)
{
	struct vei_ring *r = begin(&(struct rig_params){ .size = 4, .base = 65534,
							 .intr_by_index = true });
	struct vei_seg seg[5] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 } };
	void *tok[5] = { &token[0], &token[1], &token[2], &token[3], &token[4] }, *got[5];
	struct rig_chain chain;
	u32 len[5];
	int i;

	EXPECT_EQ(vei_ring_add_burst(r, seg, tok, 5, true), 4);
	EXPECT_EQ(*dev.used_event, 65534);
	vei_ring_publish(r);
	for (i = 0; i < 4; i++) {
		EXPECT(rig_dev_pop(&dev, &chain));
		EXPECT_EQ(chain.seg[0].addr, seg[i].addr);
		push(chain.head, i + 1);
	}
	EXPECT_EQ(vei_ring_get_burst(r, got, len, 5), 4);
	for (i = 0; i < 4; i++) {
		EXPECT(got[i] == tok[i]);
		EXPECT_EQ(len[i], i + 1);
	}
	EXPECT_EQ(vei_ring_num_free(r), 4);
	end();
	tap_result("bursts over the end of the ring");
}

static void test_dump(void)
{
	struct vei_ring *r = begin_three(true);
	struct vei_ring_shared s;

	vei_ring_read_shared(r, &s);
	EXPECT_EQ(s.avail_idx, 1);
	EXPECT_EQ(s.used_idx, 65534);
	EXPECT_EQ(s.avail_flags, 0);
	EXPECT_EQ(s.used_event, 65534);
	EXPECT_EQ(s.avail_event, 65534);
	EXPECT_EQ(s.used_flags, 0);
	end();
	tap_result("dump: reads the six shared words");
}

/* published, told, used, the device's word, what was seen of it; the beginning of the verdict */
static void test_kick_verdict(void)
{
	static const struct {
		bool by_index;
		u16 published, told, used, word, seen;
		const char *says;
	} rows[] = {
		{ true, 7, 3, 7, 6, 6, "nothing" },
		{ true, 7, 7, 5, 5, 5, "told" },
		{ true, 1, 1, 65535, 65535, 65535, "told" },
		{ true, 7, 6, 5, 5, 5, "told" },
		/* one too high, and one that is not moved on */
		{ true, 6, 5, 5, 6, 6, "none due" },
		{ true, 20, 5, 5, 2, 2, "none due" },
		{ true, 1, 65530, 65535, 65535, 65530, "none was due" },
		{ true, 7, 3, 6, 6, 5, "none was due" },
		{ true, 7, 3, 6, 6, 6, "not sent" },
		{ false, 7, 3, 7, 0, 0, "nothing" },
		{ false, 7, 6, 5, 1, 0, "told" },
		{ false, 7, 3, 5, 1, 1, "none due" },
		{ false, 7, 3, 5, 0, 1, "none was due" },
		{ false, 7, 3, 5, 0, 0, "due, and not sent" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vei_ring_view v = {
			.published = rows[i].published, .seen = rows[i].seen,
			.kick_by_index = rows[i].by_index,
			.shared = { .used_idx = rows[i].used },
		};

		/* the field that is not in use says the opposite */
		v.shared.avail_event = rows[i].by_index ? rows[i].word : rows[i].published - 1;
		v.shared.used_flags = rows[i].by_index ? 1 : rows[i].word;
		EXPECT_EQ(strncmp(vei_ring_kick_verdict(&v, rows[i].told), rows[i].says,
				  strlen(rows[i].says)), 0);
	}
	tap_result("dump: the verdict on kicks, in words");
}

/* used, taken, the driver's word, armed; the beginning of the verdict */
static void test_intr_verdict(void)
{
	static const struct {
		bool by_index;
		u16 used, taken, word;
		bool armed;
		const char *says;
	} rows[] = {
		{ true, 5, 5, 4, true, "nothing" },
		{ true, 6, 5, 5, true, "due: lost" },
		{ true, 2, 65535, 65535, true, "due: lost" },
		{ true, 6, 5, 6, true, "none due yet" },
		{ true, 1, 65535, 1, true, "none due yet" },
		{ true, 6, 5, 5, false, "none due: the driver" },
		{ false, 5, 5, 0, true, "nothing" },
		{ false, 6, 5, 0, false, "due: lost" },
		{ false, 6, 5, 1, true, "none due: the driver" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vei_ring_view v = {
			.last_used = rows[i].taken, .armed = rows[i].armed,
			.intr_by_index = rows[i].by_index,
			.shared = { .used_idx = rows[i].used },
		};

		v.shared.used_event = rows[i].by_index ? rows[i].word : rows[i].used;
		v.shared.avail_flags = rows[i].by_index ? 1 : rows[i].word;
		EXPECT_EQ(strncmp(vei_ring_intr_verdict(&v), rows[i].says,
				  strlen(rows[i].says)), 0);
	}
	tap_result("dump: the verdict on interrupts, in words");
}

/* What a look says follows the ring, step by step; and each step is seen to have been one. */
static void test_look(void)
{
	struct vei_ring *r = begin(&(struct rig_params){
		.size = 8, .kick_by_index = true, .intr_by_index = true, .base = 65534 });
	struct vei_ring_view before, after;
	u32 len;

	vei_ring_look(r, &before);
	EXPECT_EQ(before.published, 65534);
	EXPECT_EQ(before.last_used, 65534);
	EXPECT(before.kick_by_index && before.intr_by_index && before.armed);
	vei_ring_look(r, &after);
	EXPECT(!vei_ring_moved(&before, &after));
	EXPECT_EQ(add_in(r, 100, token), 0);
	EXPECT(vei_ring_kick_prepare(r));
	vei_ring_look(r, &after);
	EXPECT_EQ(after.published, 65535);
	EXPECT_EQ(after.seen, 65534);
	EXPECT(vei_ring_moved(&before, &after));
	EXPECT(!strncmp(vei_ring_kick_verdict(&after, 65534), "not sent", 8));
	EXPECT(!strncmp(vei_ring_kick_verdict(&after, 65535), "told", 4));

	vei_ring_look(r, &before);
	push(vei_ring_avail_id(r, 65534), 60);
	vei_ring_look(r, &after);
	EXPECT(vei_ring_moved(&before, &after));
	EXPECT_EQ(vei_ring_used_elem(r, 65534).id, 0);
	EXPECT_EQ(vei_ring_used_elem(r, 65534).len, 60);
	EXPECT(!strncmp(vei_ring_intr_verdict(&after), "due", 3));

	vei_ring_look(r, &before);
	EXPECT(vei_ring_get(r, &len));
	vei_ring_look(r, &after);
	EXPECT(vei_ring_moved(&before, &after));
	EXPECT(!strncmp(vei_ring_intr_verdict(&after), "nothing", 7));
	vei_ring_look(r, &before);
	vei_ring_intr_disable(r);
	vei_ring_look(r, &after);
	EXPECT(!after.armed);
	EXPECT(vei_ring_moved(&before, &after));
	before = after;
	after.shared.avail_event++;
	EXPECT(vei_ring_moved(&before, &after));
	after = before;
	after.shared.used_flags = 1;
	EXPECT(vei_ring_moved(&before, &after));
	end();
	tap_result("dump: a look, and whether anything moved since");
}

/* Buffers in flight, direct and in a table, by the ids that the driver knows. */
static void test_dump_buffers(void)
{
	struct vei_ring *r = begin(&(struct rig_params){
		.size = 8, .table_len = 4, .indirect_min = 3 });
	struct vei_seg seg[3] = { { 0x1000, 10 }, { 0x2000, 20 }, { 0x123456789000, 30 } };
	struct vei_desc desc;
	u16 id = 0;

	EXPECT_EQ(vei_ring_add(r, seg, 1, 1, &token[0]), 0);
	EXPECT_EQ(vei_ring_add(r, seg, 1, 2, &token[1]), 0);
	EXPECT_EQ(vei_ring_chain_len(r, 0), 2);
	EXPECT_EQ(vei_ring_chain_len(r, 1), 0);
	EXPECT_EQ(vei_ring_chain_len(r, 2), 1);
	EXPECT_EQ(vei_ring_chain_len(r, 3), 0);
	EXPECT_EQ(vei_ring_avail_id(r, 0), 0);
	EXPECT_EQ(vei_ring_avail_id(r, 9), 2);

	desc = vei_ring_chain_desc(r, &id);
	EXPECT_EQ(id, 1);
	EXPECT_EQ(desc.addr, 0x1000);
	EXPECT_EQ(desc.len, 10);
	EXPECT_EQ(desc.flags, VEI_DESC_F_NEXT);
	EXPECT_EQ(desc.next, 1);
	desc = vei_ring_chain_desc(r, &id);
	EXPECT_EQ(desc.addr, 0x2000);
	EXPECT_EQ(desc.flags, VEI_DESC_F_WRITE);

	id = 2 + 8;	/* whatever it is, it stays within the ring */
	desc = vei_ring_chain_desc(r, &id);
	EXPECT_EQ(desc.flags, VEI_DESC_F_INDIRECT);
	EXPECT(vei_ring_table_desc(r, 2, 2, &desc));
	EXPECT_EQ(desc.addr, 0x123456789000);
	EXPECT_EQ(desc.len, 30);
	EXPECT_EQ(desc.flags, VEI_DESC_F_WRITE);
	EXPECT(!vei_ring_table_desc(r, 2, 4, &desc));
	end();

	r = begin(&(struct rig_params){ .size = 8 });
	EXPECT(!vei_ring_table_desc(r, 0, 0, &desc));
	end();
	tap_result("dump: buffers in flight, direct and in tables");
}

/* A chain longer than the ring that fits a table: not now is not never. */
static void test_regression_long_chain_full_ring(void)
{
	struct vei_ring *r = begin(&(struct rig_params){ .size = 1, .table_len = 4 });
	struct vei_seg seg[5] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 } };

	EXPECT_EQ(vei_ring_add(r, seg, 4, 0, token), 0);
	EXPECT_EQ(vei_ring_add(r, seg, 4, 0, token), -ENOSPC);
	EXPECT_EQ(vei_ring_add(r, seg, 5, 0, token), -EINVAL);
	end();
	tap_result("test_regression_long_chain_full_ring");
}

/* A chain to read that is too long for a table goes into the ring, and is still only read. */
static void test_regression_direct_past_table(void)
{
	struct vei_ring *r = begin(&(struct rig_params){ .size = 16, .table_len = 2,
							 .indirect_min = 2 });
	struct vei_seg seg[4] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } };
	struct rig_chain chain;

	EXPECT_EQ(vei_ring_add(r, seg, 4, 0, token), 0);
	vei_ring_publish(r);
	EXPECT(rig_dev_pop(&dev, &chain));
	EXPECT_EQ(chain.out, 4);
	EXPECT_EQ(chain.in, 0);
	EXPECT_EQ(vei_ring_num_free(r), 12);
	end();
	tap_result("test_regression_direct_past_table");
}

/* In a full ring of 32768, "a full ring behind" is just what the device writes next. */
static void test_regression_off_in_largest_ring(void)
{
	struct vei_ring *r = begin(&(struct rig_params){ .size = 32768, .intr_by_index = true });
	u32 i, intrs = 0;

	for (i = 0; i < 32768; i++)
		EXPECT_EQ(add_in(r, 1, token), 0);
	vei_ring_kick_prepare(r);
	vei_ring_intr_disable(r);
	for (i = 0; i < 32768; i++) {
		rig_dev_push(&dev, i, 1);
		rig_dev_publish(&dev);
		intrs += rig_dev_interrupts(&dev);
	}
	EXPECT_EQ(intrs, 0);
	end();
	tap_result("test_regression_off_in_largest_ring");
}

/*
 * An interrupt that was asked for and has been, though all was taken in passing: what
 * a handler has to see that serves many queues.
 */
static void test_intr_spent(void)
{
	static const u16 bases[] = { 0, 65534, 32767 };
	unsigned int i, by_index;
	u32 len;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		for (by_index = 0; by_index < 2; by_index++) {
			struct vei_ring *r = begin(&(struct rig_params){
				.size = 8, .intr_by_index = by_index, .base = bases[i] });

			EXPECT_EQ(add_in(r, 1, token), 0);
			EXPECT_EQ(add_in(r, 1, token), 0);
			vei_ring_kick_prepare(r);
			EXPECT(vei_ring_intr_postpone(r, 2));
			EXPECT(!vei_ring_intr_spent(r));
			/* The first of two, taken: it has not been. */
			rig_dev_push(&dev, 0, 1);
			rig_dev_publish(&dev);
			EXPECT(!vei_ring_intr_spent(r));
			EXPECT(vei_ring_get(r, &len));
			EXPECT(!vei_ring_intr_spent(r));
			/* The second: it has, whether there is something to take or not. */
			rig_dev_push(&dev, 1, 1);
			rig_dev_publish(&dev);
			EXPECT_EQ(vei_ring_intr_spent(r), by_index);
			EXPECT(vei_ring_get(r, &len));
			EXPECT(!vei_ring_pending(r));
			EXPECT_EQ(vei_ring_intr_spent(r), by_index);
			/* Nobody waits for one any more. */
			vei_ring_intr_disable(r);
			EXPECT(!vei_ring_intr_spent(r));
			end();
		}
	}
	tap_result("an interrupt that was asked for is known to have been");
}

/* The device's word on kicks, for the index @word or the flags. */
static void say(struct vei_ring *r, u16 word)
{
	*(u16 *)r->kick.word = word;
}

/* What the watch asks: has the device all used, does it wait for what it has? */
static void test_watch_kick(void)
{
	static const u16 bases[] = { 0, 1, 65534, 32767 };
	static const u16 no_flags;
	unsigned int i, by_index;
	struct vei_kick kick;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		for (by_index = 0; by_index < 2; by_index++) {
			struct vei_ring *r = begin(&(struct rig_params){
				.size = 8, .kick_by_index = by_index, .base = bases[i] });

			EXPECT(!vei_ring_unused(r));
			EXPECT_EQ(add_in(r, 1, token), 0);
			/* Not published, and then not decided on: its owner is at it. */
			EXPECT(!vei_ring_unused(r));
			vei_ring_publish(r);
			EXPECT(!vei_ring_unused(r));
			vei_ring_kick_prepare(r);
			EXPECT(vei_ring_unused(r));
			/* It waits for this one, says the device, or never began. */
			say(r, by_index ? bases[i] : 0);
			EXPECT_EQ(vei_ring_starved(r, by_index), by_index && bases[i] != 0);
			/* Also where it is kicked whatever it says. */
			kick = r->kick;
			r->kick.by_index = false;
			r->kick.word = &no_flags;
			EXPECT_EQ(vei_ring_starved(r, by_index), by_index && bases[i] != 0);
			r->kick = kick;
			/* It knows of this one, or wants to hear of none. */
			say(r, by_index ? bases[i] + 1 : VEI_USED_F_NO_NOTIFY);
			EXPECT(!vei_ring_starved(r, by_index));
			EXPECT(vei_ring_unused(r));
			/* Used, taken or not. */
			say(r, by_index ? bases[i] + 1 : 0);
			rig_dev_push(&dev, 0, 1);
			rig_dev_publish(&dev);
			EXPECT(!vei_ring_unused(r));
			EXPECT(!vei_ring_starved(r, by_index));
			end();
		}
	}
	tap_result("buffers that a device may not know of are told from those it has");
}

/* And should there have been an interrupt? */
static void test_watch_intr(void)
{
	unsigned int by_index;
	u32 len;

	for (by_index = 0; by_index < 2; by_index++) {
		struct vei_ring *r = begin(&(struct rig_params){
			.size = 8, .intr_by_index = by_index, .base = 65535 });

		EXPECT_EQ(add_in(r, 1, token), 0);
		vei_ring_kick_prepare(r);
		EXPECT(vei_ring_intr_enable(r));
		EXPECT(!vei_ring_intr_due(r));
		rig_dev_push(&dev, 0, 1);
		rig_dev_publish(&dev);
		EXPECT(vei_ring_intr_due(r));
		/* By flags, a handler has been and its owner is on its way. */
		vei_ring_intr_hush(r);
		EXPECT_EQ(vei_ring_intr_due(r), by_index);
		vei_ring_intr_disable(r);
		EXPECT(!vei_ring_intr_due(r));
		EXPECT(vei_ring_get(r, &len));
		EXPECT(vei_ring_intr_enable(r));
		EXPECT(!vei_ring_intr_due(r));
		end();
	}
	tap_result("an interrupt that should have been is known");
}

int main(void)
{
	tap_begin();
	test_layout();
	test_init();
	test_add_arguments();
	test_break_reasons();
	test_unpublished();
	test_len_of_out();
	test_len_clamped();
	test_reset_forgets();
	test_avail_left_alone();
	test_burst_over_the_end();
	test_dump();
	test_kick_verdict();
	test_intr_verdict();
	test_look();
	test_dump_buffers();
	test_intr_spent();
	test_watch_kick();
	test_watch_intr();
	test_regression_long_chain_full_ring();
	test_regression_direct_past_table();
	test_regression_off_in_largest_ring();
	return tap_end();
}
