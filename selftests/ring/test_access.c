// SPDX-License-Identifier: GPL-2.0
/*
 * How the ring touches shared memory. The hooks of the shim see every access by an accessor:
 *   - what the device wrote is read once an operation. As soon as it has been read the device turns
 *     it into something else, until the operation is over: whoever fetches again, by an accessor or
 *     past them, gets that, and the outcome is wrong;
 *   - what the driver writes goes into a copy as well. After the operation both are equal, or
 *     something was written past the accessors; and it lies in the driver's half.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vei/ring/dump.h>

#include "rig.h"
#include "tap.h"

#define SIZE 8
#define TABLE_LEN 4
#define MAX_READ 32

static struct rig rig;
static struct rig_dev dev;
static int token[SIZE];
static u8 *copy, *table_copy;
static bool live, any_half;
static struct { size_t off; u32 n, value; } was_read[MAX_READ];
static void (*beside)(struct vei_ring *r);	/* the owner, while another reads an index */
static unsigned int nread, reads, writes, went_on;

void vei_hook_before_read(const void *p, size_t n)
{
	(void)p;
	(void)n;
}

void vei_hook_after_read(const void *p, size_t n)
{
	size_t off = (const u8 *)p - rig.mem;
	u32 other = 0x5a5b5a5b;
	unsigned int i;

	if (beside && (p == &rig.ring.avail_idx || p == &rig.ring.last_used))
		beside(&rig.ring);
	if (!live || off < vei_layout_used(SIZE) || off >= rig.mem_bytes)
		return;
	for (i = 0; i < nread; i++)
		EXPECT(was_read[i].off != off);
	EXPECT(nread < MAX_READ);
	if (nread == MAX_READ)
		return;
	was_read[nread].off = off;
	was_read[nread].n = n;
	memcpy(&was_read[nread].value, p, n);
	other ^= was_read[nread++].value;
	memcpy(rig.mem + off, &other, n);
	reads++;
}

void vei_hook_after_write(const void *p, size_t n)
{
	size_t off = (const u8 *)p - rig.mem, table_off = (const u8 *)p - (const u8 *)rig.table;

	if (!live)
		return;
	writes++;
	if (off < rig.mem_bytes) {
		EXPECT(any_half || off + n <= vei_layout_used(SIZE));
		memcpy(copy + off, p, n);
	} else if (table_off < rig.table_bytes) {
		memcpy(table_copy + table_off, p, n);
	}
}

static void op_begin(void)
{
	memcpy(copy, rig.mem, rig.mem_bytes);
	if (rig.table)
		memcpy(table_copy, rig.table, rig.table_bytes);
	nread = 0;
	live = true;
}

static void op_end(void)
{
	live = false;
	while (nread) {
		nread--;
		memcpy(rig.mem + was_read[nread].off, &was_read[nread].value, was_read[nread].n);
	}
	EXPECT(!memcmp(copy, rig.mem, rig.mem_bytes));
	EXPECT(!rig.table || !memcmp(table_copy, rig.table, rig.table_bytes));
}

/* One operation on the ring, while the device watches. */
#define OP(expr) ({								\
	op_begin();								\
	__typeof__(expr) op_result_ = (expr);					\
	op_end();								\
	op_result_; })
#define OP_VOID(expr) ((void)OP(((expr), 0)))

static struct vei_ring *begin(unsigned int how)
{
	struct rig_params p = {
		.size = SIZE,
		.kick_by_index = how & 1,
		.intr_by_index = how & 2,
		.strict_len = how & 4,
		.table_len = how & 8 ? TABLE_LEN : 0,
		.indirect_min = 2,
		.base = how & 16 ? 65533 : 0,
	};

	EXPECT_EQ(rig_init(&rig, &p), 0);
	rig_dev_init(&dev, &rig);
	copy = malloc(rig.mem_bytes);
	table_copy = malloc(rig.table_bytes + 1);
	reads = 0;
	writes = 0;
	return &rig.ring;
}

static void end(void)
{
	rig_free(&rig);
	free(copy);
	free(table_copy);
}

/* One buffer of one piece, one of three that is half read and half written, and two in a burst. */
static void add_four(struct vei_ring *r)
{
	struct vei_seg seg[3] = { { 0x1000, 100 }, { 0x2000, 100 }, { 0x3000, 50 } };
	void *burst[2] = { &token[2], &token[3] };

	EXPECT_EQ(OP(vei_ring_add(r, seg, 0, 1, &token[0])), 0);
	EXPECT_EQ(OP(vei_ring_add(r, seg, 1, 2, &token[1])), 0);
	EXPECT_EQ(OP(vei_ring_add_burst(r, seg, burst, 2, true)), 2);
}

/* What the device wants in the way of kicks: its word, and whether there is to be one. */
static void kick(struct vei_ring *r, bool want)
{
	u16 word = want ? r->kick.old : (u16)(r->kick.old - 1);

	if (rig.p.kick_by_index) {
		*dev.avail_event = word;
	} else {
		word = want ? 0 : VEI_USED_F_NO_NOTIFY;
		dev.used_ring->flags = word;
	}
	EXPECT_EQ(OP(vei_ring_kick_prepare(r)), want);
	EXPECT_EQ(r->kick.seen, word);
}

/* All four come back as they went, or the other way round, in one burst or singly. */
static void complete(struct vei_ring *r, bool reverse, bool burst)
{
	static const u32 in_len[4] = { 100, 150, 100, 100 };
	u32 over = rig.p.strict_len ? 0 : 1000, len[4];
	struct rig_chain chain[4];
	void *got[4] = { NULL };
	int i, k;

	for (i = 0; i < 4; i++)
		EXPECT(rig_dev_pop(&dev, &chain[i]));
	for (i = 0; i < 4; i++) {
		k = reverse ? 3 - i : i;
		/* The second is all of the buffer, or more if that is borne. */
		rig_dev_push(&dev, chain[k].head, k == 1 ? in_len[k] + over : k + 10u);
	}
	rig_dev_publish(&dev);
	EXPECT(OP(vei_ring_pending(r)));
	EXPECT_EQ(OP(vei_ring_claimed(r)), 4);
	if (burst)
		EXPECT_EQ(OP(vei_ring_get_burst(r, got, len, 4)), 4);
	for (i = 0; i < 4; i++) {
		k = reverse ? 3 - i : i;
		if (!burst)
			got[i] = OP(vei_ring_get(r, &len[i]));
		EXPECT(got[i] == &token[k]);
		EXPECT_EQ(len[i], k == 1 ? in_len[k] : k + 10u);
	}
	EXPECT(!OP(vei_ring_get(r, len)));
	EXPECT_EQ(vei_ring_in_flight(r), 0);
	EXPECT_EQ(vei_ring_num_free(r), SIZE);
	EXPECT_EQ(r->broken, VEI_RING_OK);
}

static void suppress(struct vei_ring *r)
{
	OP_VOID(vei_ring_intr_disable(r));
	EXPECT(OP(vei_ring_intr_enable(r)));
	OP_VOID(vei_ring_intr_disable(r));
	EXPECT(OP(vei_ring_intr_postpone(r, 3)));
	OP_VOID(vei_ring_intr_hush(r));
}

static void test_once(void)
{
	unsigned int how, round, seen = 0;

	for (how = 0; how < 32; how++) {
		struct vei_ring *r = begin(how);

		for (round = 0; round < 8; round++) {
			add_four(r);
			kick(r, round & 4);
			suppress(r);
			/* What is out of order or over ends a run, and is looked at anew. */
			complete(r, round & 1, rig.p.strict_len && !(round & 1));
		}
		EXPECT(reads > 8 * 9 && writes > 8 * 9);
		seen += reads;
		end();
	}
	tap_result("each word of the device's is read once an operation: %u reads", seen);
}

/* No word of the old life is left, in the ring or its memory; the new one goes on from there. */
static void test_reset(void)
{
	unsigned int how;
	u16 cursor = 0;

	for (how = 0; how < 32; how++) {
		struct vei_ring *r = begin(how);

		add_four(r);
		kick(r, true);
		suppress(r);
		complete(r, true, false);
		add_four(r);
		kick(r, true);
		vei_ring_break(r, VEI_RING_STOPPED, 7);
		while (vei_ring_drain(r, &cursor))
			;
		cursor = 0;
		memset(dev.used_ring, 0xa5, rig.mem_bytes - vei_layout_used(SIZE));
		any_half = true;
		OP_VOID(vei_ring_reset(r));
		any_half = false;
		EXPECT(rig_is_fresh(&rig));
		rig.p.base = 0;
		rig_dev_init(&dev, &rig);
		add_four(r);
		kick(r, true);
		suppress(r);
		complete(r, false, false);
		end();
	}
	tap_result("reset: by accessors, as new, and goes on");
}

static void test_dump(void)
{
	struct vei_ring *r = begin(3);
	struct vei_ring_shared s = { 0 };
	struct vei_ring_view v;

	OP_VOID(vei_ring_read_shared(r, &s));
	EXPECT_EQ(reads, 3);
	OP_VOID(vei_ring_look(r, &v));
	EXPECT_EQ(reads, 6);
	OP_VOID(vei_ring_used_elem(r, 3));
	EXPECT_EQ(reads, 8);
	end();
	tap_result("dump: reads each word of the device's once");
}

/* The owner takes all four and posts four more, between any two reads of who asks. */
static void owner_goes_on(struct vei_ring *r)
{
	beside = NULL;
	complete(r, false, false);
	add_four(r);
	vei_ring_publish(r);
	beside = owner_goes_on;
	went_on++;
}

static void test_in_flight_beside(void)
{
	struct vei_ring *r = begin(16);
	unsigned int i, n;

	add_four(r);
	vei_ring_publish(r);
	for (i = 0; i < 3; i++) {
		went_on = 0;
		beside = owner_goes_on;
		n = vei_ring_in_flight(r);
		beside = NULL;
		EXPECT(n >= 4 && n <= 8);
		EXPECT_EQ(went_on, 2);
	}
	end();
	tap_result("in flight, asked beside the owner: never less than none");
}

int main(void)
{
	tap_begin();
	test_once();
	test_reset();
	test_dump();
	test_in_flight_beside();
	return tap_end();
}
