// SPDX-License-Identifier: GPL-2.0
/*
 * The ring against a slow, obviously right reference: lists of buffers and absolute numbers, no
 * index that wraps, no descriptor. Random operations on both, equal after each step.
 *
 * VEI_SEED=n replays one sequence, VEI_STEPS=n lengthens each, VEI_ROUNDS=n makes more of them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "tap.h"

enum ref_state { REF_FREE, REF_ADDED, REF_AVAILABLE, REF_HELD, REF_USED };

struct ref_buf {
	struct ref_buf *next;
	enum ref_state state;
	unsigned int out, in, descs;
	u32 in_len, written;
	u16 head;
	struct vei_seg seg[RIG_MAX_SEG];
};

struct ref_list { struct ref_buf *first, **end; };

/**
 * struct ref - the reference
 * @list: buffers in each state, oldest first
 * @free: descriptors
 * @added,@published,@taken,@used: how many buffers ever
 * @kick_old: @published at the last kick decision
 * @avail_event: entry that the device waits for
 * @armed: interrupts wanted, from used entry @wanted on
 * @hushed: the handler has been there and the owner not yet
 * @intr_old: @used at the last interrupt decision
 * @quiet_until: not armed: no interrupt before this used entry
 */
struct ref {
	struct ref_list list[5];
	u64 free, added, published, taken, used, kick_old, avail_event, wanted, intr_old;
	u64 quiet_until;
	bool armed, hushed, no_notify;
};

struct world {
	struct rig rig;
	struct rig_dev dev;
	struct ref ref;
	struct ref_buf *pool;
	u32 npool;
	u64 rng;
	u64 count_add, count_full, count_get, count_kick, count_intr, count_ooo;
	u64 out_of_order;
};

static void list_add(struct ref_list *l, struct ref_buf *b)
{
	b->next = NULL;
	*l->end = b;
	l->end = &b->next;
}

static struct ref_buf *list_take(struct ref_list *l, unsigned int skip)
{
	struct ref_buf **p = &l->first, *b;

	while (*p && skip-- && (*p)->next)
		p = &(*p)->next;
	b = *p;
	if (!b)
		return NULL;
	*p = b->next;
	if (l->end == &b->next)
		l->end = p;
	return b;
}

static void move(struct ref *ref, struct ref_buf *b, enum ref_state to)
{
	b->state = to;
	list_add(&ref->list[to], b);
}

/* What a buffer of @n pieces costs, by the words of the contract; 0: -ENOSPC, -1: -EINVAL. */
static int ref_cost(const struct rig_params *p, u64 free, unsigned int n)
{
	bool fits_table = p->table_len && n <= p->table_len;
	unsigned int min = p->indirect_min > 1 ? p->indirect_min : 2;

	if (!n)
		return -1;
	if (n > p->size && !fits_table)
		return -1;
	if (fits_table && n >= min)
		return free ? 1 : 0;
	if (n <= free)
		return n;
	return fits_table && free ? 1 : 0;
}

static void step_add(struct world *w)
{
	static const unsigned int max_seg[] = { 1, 1, 2, 4, 18, 33 };
	unsigned int total = max_seg[rig_below(&w->rng, 6)];
	struct ref_buf *b = list_take(&w->ref.list[REF_FREE], 0);
	unsigned int i, n;
	int cost, err;

	if (!b)
		return;
	if (total > 1)
		total = 1 + rig_below(&w->rng, total);
	if (!rig_below(&w->rng, 64))
		total = 0;
	b->out = rig_below(&w->rng, 3) ? (rig_below(&w->rng, 2) ? total : 0) :
		 rig_below(&w->rng, total + 1);
	b->in = total - b->out;
	b->in_len = 0;
	n = total;
	for (i = 0; i < n; i++) {
		b->seg[i].addr = (u64)rig_rand(&w->rng) << 20 | i;
		b->seg[i].len = rig_below(&w->rng, 4) ? rig_below(&w->rng, 65536) :
				rig_below(&w->rng, 3);
		if (i >= b->out)
			b->in_len += b->seg[i].len;
	}
	cost = ref_cost(&w->rig.p, w->ref.free, n);
	err = vei_ring_add(&w->rig.ring, b->seg, b->out, b->in, b);
	EXPECT_EQ(err, cost > 0 ? 0 : cost ? -EINVAL : -ENOSPC);
	if (err) {
		w->count_full++;
		move(&w->ref, b, REF_FREE);
		return;
	}
	w->count_add++;
	b->descs = cost;
	w->ref.free -= cost;
	w->ref.added++;
	move(&w->ref, b, REF_ADDED);
}

static void step_add_burst(struct world *w)
{
	unsigned int n = rig_below(&w->rng, 40), i, got;
	bool in = rig_below(&w->rng, 2);
	struct vei_seg seg[40];
	void *token[40];

	for (i = 0; i < n; i++) {
		struct ref_buf *b = list_take(&w->ref.list[REF_FREE], 0);

		if (!b)
			break;
		b->out = !in;
		b->in = in;
		b->descs = 1;
		seg[i].addr = rig_rand(&w->rng);
		seg[i].len = rig_below(&w->rng, 5000);
		b->seg[0] = seg[i];
		b->in_len = in ? seg[i].len : 0;
		token[i] = b;
	}
	n = i;
	got = vei_ring_add_burst(&w->rig.ring, seg, token, n, in);
	EXPECT_EQ(got, n < w->ref.free ? n : w->ref.free);
	for (i = 0; i < n; i++)
		move(&w->ref, token[i], i < got ? REF_ADDED : REF_FREE);
	w->ref.added += got;
	w->ref.free -= got;
	w->count_add += got;
}

static void ref_publish(struct world *w)
{
	struct ref_buf *b;

	while ((b = list_take(&w->ref.list[REF_ADDED], 0)))
		move(&w->ref, b, REF_AVAILABLE);
	w->ref.published = w->ref.added;
}

/*
 * Is entry @event among those from @from up to but not including @to? An event is a number of 16
 * bits, so it names every 65,536th entry.
 */
static bool crossed(u64 event, u64 from, u64 to)
{
	while (event < from)
		event += 65536;
	while (event >= from + 65536)
		event -= 65536;
	return event < to;
}

static void step_kick(struct world *w)
{
	struct ref *ref = &w->ref;
	bool kick, want;

	if (!rig_below(&w->rng, 4)) {
		vei_ring_publish(&w->rig.ring);
		ref_publish(w);
		return;
	}
	ref_publish(w);
	kick = vei_ring_kick_prepare(&w->rig.ring);
	if (w->rig.p.kick_by_index)
		want = crossed(ref->avail_event, ref->kick_old, ref->published);
	else
		want = !ref->no_notify;
	EXPECT_EQ(kick, want);
	ref->kick_old = ref->published;
	w->count_kick += kick;
}

static void step_device_pop(struct world *w)
{
	struct ref_buf *b = list_take(&w->ref.list[REF_AVAILABLE], 0);
	struct rig_chain chain;
	unsigned int i;
	bool got = rig_dev_pop(&w->dev, &chain);

	EXPECT_EQ(got, !!b);
	if (!got || !b)
		return;
	EXPECT_EQ(chain.out, b->out);
	EXPECT_EQ(chain.in, b->in);
	for (i = 0; i < b->out + b->in; i++) {
		EXPECT_EQ(chain.seg[i].addr, b->seg[i].addr);
		EXPECT_EQ(chain.seg[i].len, b->seg[i].len);
	}
	b->head = chain.head;
	move(&w->ref, b, REF_HELD);
}

static void step_device_push(struct world *w)
{
	unsigned int skip = 0;
	struct ref_buf *b;

	if (w->out_of_order && !rig_below(&w->rng, w->out_of_order))
		skip = rig_below(&w->rng, 8);
	b = list_take(&w->ref.list[REF_HELD], skip);
	if (!b)
		return;
	w->count_ooo += skip > 0;
	/* For a buffer with nothing to write the device may leave anything in len. */
	b->written = b->in_len ? rig_below(&w->rng, b->in_len) + 1 : rig_rand(&w->rng);
	if (b->in_len && !rig_below(&w->rng, 8))
		b->written = 0;
	/* And where it is no matter, also for one with something to write. */
	if (!w->rig.p.strict_len && !rig_below(&w->rng, 8))
		b->written = rig_rand(&w->rng);
	rig_dev_push(&w->dev, b->head, b->written);
	move(&w->ref, b, REF_USED);
}

/* Publish all that was pushed, and decide on an interrupt. */
static void step_device_publish(struct world *w)
{
	struct ref *ref = &w->ref;
	u64 used = ref->taken;
	struct ref_buf *b;
	bool intr, want;

	for (b = ref->list[REF_USED].first; b; b = b->next)
		used++;
	rig_dev_publish(&w->dev);
	ref->used = used;
	intr = rig_dev_interrupts(&w->dev);
	want = ref->armed && !ref->hushed &&
	       (!w->rig.p.intr_by_index || crossed(ref->wanted, ref->intr_old, used));
	if (ref->armed || used < ref->quiet_until)
		EXPECT_EQ(intr, want);
	ref->intr_old = used;
	w->count_intr += intr;
}

static void step_device_suppress(struct world *w)
{
	struct ref *ref = &w->ref;

	if (w->rig.p.kick_by_index) {
		/* Anything from long ago to far ahead, but within half the range of an index. */
		u64 ahead = rig_below(&w->rng, 3) ? rig_below(&w->rng, 2 * w->rig.p.size) : 0;
		u64 at = ref->published + ahead;

		ref->avail_event = rig_below(&w->rng, 4) ? at : at - rig_below(&w->rng, 1000);
		if (ref->avail_event > at)
			ref->avail_event = at;
		WRITE_ONCE(*w->dev.avail_event, (u16)(w->rig.p.base + ref->avail_event));
		/* The word that does not count. */
		WRITE_ONCE(w->dev.used_ring->flags, rig_below(&w->rng, 2));
	} else {
		ref->no_notify = rig_below(&w->rng, 2);
		WRITE_ONCE(w->dev.used_ring->flags, ref->no_notify);
		WRITE_ONCE(*w->dev.avail_event, (u16)rig_rand(&w->rng));
	}
}

static void check_taken(struct world *w, struct ref_buf *got, u32 len)
{
	struct ref_buf *b = w->ref.taken < w->ref.used ? list_take(&w->ref.list[REF_USED], 0) :
							 NULL;

	EXPECT(got == b);
	if (!b)
		return;
	EXPECT_EQ(len, b->written < b->in_len ? b->written : b->in_len);
	w->ref.taken++;
	w->ref.free += b->descs;
	w->count_get++;
	move(&w->ref, b, REF_FREE);
}

static void step_get(struct world *w)
{
	u32 len = 0;
	bool more = vei_ring_saw_more(&w->rig.ring);
	struct ref_buf *got = vei_ring_get(&w->rig.ring, &len);

	/* Nothing that it has seen goes again, and when all is taken it has seen no more. */
	EXPECT(got || !more);
	check_taken(w, got, len);
	EXPECT(w->ref.used != w->ref.taken || !vei_ring_saw_more(&w->rig.ring));
}

static void step_get_burst(struct world *w)
{
	unsigned int max = rig_below(&w->rng, 40), n, i;
	void *token[40];
	u32 len[40];

	n = vei_ring_get_burst(&w->rig.ring, token, len, max);
	EXPECT_EQ(n, max < w->ref.used - w->ref.taken ? max : w->ref.used - w->ref.taken);
	for (i = 0; i < n; i++)
		check_taken(w, token[i], len[i]);
}

static void step_disable(struct world *w)
{
	u32 size = w->rig.p.size, behind = size < 32768 ? size + 1 : 0x4001;

	vei_ring_intr_disable(&w->rig.ring);
	w->ref.armed = false;
	w->ref.hushed = false;
	/* What says "none" comes round again; until then there must be none. */
	w->ref.quiet_until = w->rig.p.intr_by_index ? w->ref.taken + 65536 - behind - 0x2000 :
						      -1ULL;
}

/* A handler that was late, or a spurious one. */
static void step_hush(struct world *w)
{
	vei_ring_intr_hush(&w->rig.ring);
	w->ref.hushed = !w->rig.p.intr_by_index;
}

static void step_enable(struct world *w)
{
	bool ok;

	/* The contract of a handler that hushes; who has none need not disarm. */
	if (w->ref.hushed)
		step_disable(w);
	ok = vei_ring_intr_enable(&w->rig.ring);
	EXPECT_EQ(ok, w->ref.used == w->ref.taken);
	w->ref.armed = true;
	w->ref.wanted = w->ref.taken;
}

static void step_postpone(struct world *w)
{
	u64 in_flight = w->ref.published - w->ref.taken;
	u16 n = rig_below(&w->rng, 4) ? rig_below(&w->rng, 20) : rig_rand(&w->rng);
	u64 count = n > in_flight ? in_flight : n;
	bool ok;

	if (w->ref.hushed)
		step_disable(w);
	ok = vei_ring_intr_postpone(&w->rig.ring, n);
	if (!count)
		count = 1;
	EXPECT_EQ(ok, w->ref.used - w->ref.taken < count);
	w->ref.armed = true;
	w->ref.wanted = w->ref.taken + count - 1;
}

static void check_all(struct world *w)
{
	struct vei_ring *r = &w->rig.ring;
	struct ref *ref = &w->ref;
	u16 base = w->rig.p.base;

	EXPECT_EQ(vei_ring_num_free(r), ref->free);
	EXPECT_EQ(vei_ring_in_flight(r), ref->added - ref->taken);
	EXPECT_EQ(vei_ring_pending(r), ref->used != ref->taken);
	EXPECT_EQ(w->dev.avail_ring->idx, (u16)(base + ref->published));
	EXPECT_EQ(r->broken, VEI_RING_OK);
	/* The word of a direction that does not count stays zero, or as it was at the start. */
	if (w->rig.p.intr_by_index)
		EXPECT_EQ(w->dev.avail_ring->flags, 0);
	else
		EXPECT_EQ(*w->dev.used_event, 0);
}

typedef void (*step_fn)(struct world *w);

static void run(struct world *w, u64 nsteps)
{
	static const step_fn steps[] = {
		step_add, step_add, step_add, step_add_burst, step_kick, step_kick,
		step_device_pop, step_device_pop, step_device_pop, step_device_push,
		step_device_push, step_device_push, step_device_publish, step_device_publish,
		step_device_suppress, step_get, step_get, step_get, step_get_burst,
		step_disable, step_enable, step_postpone, step_hush,
	};
	u64 i;

	for (i = 0; i < nsteps && tap_bad < 10; i++) {
		step_fn step = steps[rig_below(&w->rng, ARRAY_SIZE(steps))];
		/* Long stretches of the same, so that large rings fill and empty. */
		u32 times = rig_below(&w->rng, 8) ? 1 : 1 + rig_below(&w->rng, w->npool > 64 ?
								       w->npool / 4 : 16);

		while (times-- && tap_bad < 10) {
			step(w);
			check_all(w);
		}
	}
}

/* Nothing is posted, and everything begins at @base. */
static void ref_begin(struct world *w, u16 base)
{
	u64 i;

	memset(&w->ref, 0, sizeof(w->ref));
	for (i = 0; i < ARRAY_SIZE(w->ref.list); i++)
		w->ref.list[i].end = &w->ref.list[i].first;
	for (i = 0; i < w->npool; i++)
		move(&w->ref, &w->pool[i], REF_FREE);
	w->ref.free = w->rig.p.size;
	w->ref.armed = true;
	w->rig.p.base = base;
	rig_dev_init(&w->dev, &w->rig);
}

/* Everything comes back: what the device still had, by drain. Then the ring is as new. */
static void finish(struct world *w)
{
	struct vei_ring *r = &w->rig.ring;
	u64 left = w->ref.added - w->ref.taken;
	struct ref_buf *b;
	u16 cursor = 0;

	while ((b = vei_ring_drain(r, &cursor))) {
		EXPECT(b->state != REF_FREE);
		b->state = REF_FREE;
		left--;
	}
	EXPECT_EQ(left, 0);
	vei_ring_reset(r);
	EXPECT_EQ(vei_ring_num_free(r), w->rig.p.size);
	EXPECT(!vei_ring_pending(r));
	EXPECT(rig_is_fresh(&w->rig));
}

static void world_run(struct world *w, const struct rig_params *p, u64 seed, u64 steps)
{
	static const u64 one_in[] = { 4, 100, 1, 0 };
	unsigned int i;

	memset(w, 0, sizeof(*w));
	w->rng = seed;
	w->out_of_order = one_in[(seed ^ seed >> 2) & 3];
	EXPECT_EQ(rig_init(&w->rig, p), 0);
	w->npool = p->size + 8;
	w->pool = calloc(w->npool, sizeof(*w->pool));
	ref_begin(w, p->base);
	run(w, steps * 4 / 5);
	finish(w);
	/* And on after a reset, a few short lives more. */
	for (i = 0; i < 4; i++) {
		ref_begin(w, 0);
		run(w, steps / 20);
		finish(w);
	}
	rig_free(&w->rig);
	free(w->pool);
}

static void draw_params(struct rig_params *p, u32 size, u64 seed)
{
	static const u16 table_lens[] = { 0, 0, 4, 18, 33 };
	static const u16 indirect_mins[] = { 0, 2, 3, 5, 20, 60000 };
	u64 rng = seed ^ 0x5eed;

	memset(p, 0, sizeof(*p));
	p->size = size;
	p->kick_by_index = seed & 1;
	p->intr_by_index = seed >> 1 & 1;
	p->strict_len = rig_below(&rng, 2);
	p->table_len = table_lens[rig_below(&rng, 5)];
	p->indirect_min = indirect_mins[rig_below(&rng, 6)];
	p->base = rig_below(&rng, 2) ? 65535 - rig_below(&rng, 40) : 0;
}

int main(void)
{
	u64 steps = tap_env("VEI_STEPS", 2500), rounds = tap_env("VEI_ROUNDS", 24);
	u64 only = tap_env("VEI_SEED", 0), first = tap_env("VEI_FIRST_SEED", 1);
	struct rig_params p;
	struct world w;
	u32 size;
	u64 i;

	tap_begin();
	for (size = 1; size <= VEI_RING_SIZE_MAX; size *= 2) {
		u64 adds = 0, gets = 0, kicks = 0, intrs = 0, ooo = 0, full = 0;
		u64 n = only ? 1 : size > 1024 ? (rounds + 7) / 8 : rounds;
		u64 long_enough = size > 4096 ? steps / 2 : steps;

		for (i = 0; i < n && !tap_bad; i++) {
			u64 seed = only ? only : first + i;

			draw_params(&p, size, seed);
			world_run(&w, &p, seed, long_enough);
			if (tap_bad)
				printf("# replay: VEI_SEED=%llu VEI_STEPS=%llu, size %u\n",
				       (unsigned long long)seed, (unsigned long long)steps, size);
			adds += w.count_add;
			gets += w.count_get;
			kicks += w.count_kick;
			intrs += w.count_intr;
			ooo += w.count_ooo;
			full += w.count_full;
		}
		/* A run that did nothing proves nothing. */
		EXPECT(only || (adds && gets && kicks && intrs && full && (ooo || size < 4)));
		printf("# size %u: %llu kicks, %llu interrupts, %llu times no room\n", size,
		       (unsigned long long)kicks, (unsigned long long)intrs,
		       (unsigned long long)full);
		tap_result("model: size %u, %llu runs: %llu added, %llu taken, %llu out of order",
			   size, (unsigned long long)n, (unsigned long long)adds,
			   (unsigned long long)gets, (unsigned long long)ooo);
	}
	return tap_end();
}
