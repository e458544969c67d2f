// SPDX-License-Identifier: GPL-2.0
/*
 * A driver and a device on two threads that really sleep: each on a doorbell that only the other's
 * decision to notify rings. A notification lost is a side that sleeps with work to do while the
 * other sleeps too and no bell has been rung: nothing can wake either of them any more, however
 * slow the machine is. Buffers and their contents are checked one by one.
 *
 * Under ThreadSanitizer the doorbells order nothing (relaxed atomics), so that the barriers of the
 * ring alone make the contents visible, as they must with a device that is not a thread.
 *
 * VEI_BUFFERS=n for each combination; VEI_SEED=n.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"
#include "tap.h"

#define WORDS 6

/* How often who sleeps looks whether both do. */
#define LOOK_NS	20000000

struct doorbell {
	int rung, asleep;
	char pad[248];
};

struct buf {
	u64 sent;
	u32 data[2][WORDS];
	bool posted, in;
	unsigned int nseg;
};

struct world {
	struct rig rig;
	struct doorbell kick, intr;
	struct buf *buf;
	u64 buffers;
	int stop;
	unsigned int spin;
	/* The driver's. */
	u64 rng, added, taken, kicks, sleeps, lost, bad;
	/* The device's, on a line of its own. */
	struct {
		struct rig_dev dev;
		u64 rng, done, intrs, sleeps, lost, bad;
		struct { u16 head; u32 len; } held[64];
		unsigned int nheld;
	} d __attribute__((aligned(128)));
};

static void ring_bell(struct doorbell *bell)
{
	__atomic_fetch_add(&bell->rung, 1, __ATOMIC_RELAXED);
	syscall(SYS_futex, &bell->rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/*
 * Does everybody sleep for ever? Asked by who sleeps on @bell, and nobody else rings @other: if
 * that has not been rung, and its owner sleeps after that, it will not wake; and what it has rung
 * it rang before. The fences keep this order; ThreadSanitizer takes no notice of them.
 */
static bool deadlock(const struct doorbell *bell, const struct doorbell *other)
{
	bool asleep = !__atomic_load_n(&other->rung, __ATOMIC_RELAXED);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	asleep = asleep && __atomic_load_n(&other->asleep, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return asleep && !__atomic_load_n(&bell->rung, __ATOMIC_RELAXED);
}

/* True if it was for long. */
static bool sleep_on(struct doorbell *bell)
{
	const struct timespec limit = { 0, LOOK_NS };
	bool late;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&bell->asleep, 1, __ATOMIC_RELAXED);
	late = syscall(SYS_futex, &bell->rung, FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0) &&
	       errno == ETIMEDOUT;
	__atomic_store_n(&bell->asleep, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return late;
}

/* Sleep until the bell rings; false if it never will although there is work. */
static bool wait_bell(struct world *w, struct doorbell *bell, struct doorbell *other,
		      bool (*pending)(struct world *w))
{
	unsigned int i;

	/* Most races need the two to be awake at once: look about for a while. */
	for (i = 0; i < w->spin; i++) {
		if (__atomic_load_n(&bell->rung, __ATOMIC_RELAXED))
			break;
		rig_relax();
	}
	while (!__atomic_exchange_n(&bell->rung, 0, __ATOMIC_RELAXED)) {
		if (__atomic_load_n(&w->stop, __ATOMIC_RELAXED))
			break;
		if (sleep_on(bell) && deadlock(bell, other) && pending(w))
			return false;
	}
	return true;
}

/* ---- the device ---- */

static void device_one(struct world *w, const struct rig_chain *chain)
{
	unsigned int i, k, n = chain->out + chain->in;
	u32 len = 0;

	for (i = 0; i < n; i++) {
		u32 *data = (u32 *)(uintptr_t)chain->seg[i].addr;

		if (chain->seg[i].len != WORDS * sizeof(u32))
			w->d.bad++;
		for (k = 0; k < WORDS; k++) {
			if (i >= chain->out)
				data[k] = ~data[k];
			else if (data[k] != data[0] + k)
				w->d.bad++;
		}
		if (i >= chain->out)
			len += chain->seg[i].len;
	}
	w->d.held[w->d.nheld].head = chain->head;
	w->d.held[w->d.nheld++].len = len;
}

/*
 * The driver's interrupt handler, beside the driver's thread as on a CPU of its own. Often it is
 * late, and the driver has been there by itself meanwhile and has armed again.
 */
static void handler(struct world *w)
{
	unsigned int late = rig_below(&w->d.rng, 2) ? rig_below(&w->d.rng, 1000) : 0;

	while (late--)
		rig_relax();
	vei_ring_intr_hush(&w->rig.ring);
	/* As napi_schedule() does; ThreadSanitizer takes no notice of it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring_bell(&w->intr);
}

/* Complete some of what is held, or all, in order or not. */
static void device_complete(struct world *w, bool all)
{
	unsigned int n = w->d.nheld, k;

	if (!all)
		n = rig_below(&w->d.rng, n + 1);
	while (n--) {
		k = rig_below(&w->d.rng, 8) ? 0 : rig_below(&w->d.rng, w->d.nheld);
		rig_dev_push(&w->d.dev, w->d.held[k].head, w->d.held[k].len);
		w->d.held[k] = w->d.held[0];
		memmove(w->d.held, w->d.held + 1, --w->d.nheld * sizeof(w->d.held[0]));
		w->d.done++;
		if (!rig_below(&w->d.rng, 3))
			rig_dev_publish(&w->d.dev);
	}
	rig_dev_publish(&w->d.dev);
	if (rig_dev_interrupts(&w->d.dev)) {
		w->d.intrs++;
		handler(w);
	}
}

static void device_want_kicks(struct world *w, bool want)
{
	struct rig_dev *dev = &w->d.dev;

	if (w->rig.p.kick_by_index)
		WRITE_ONCE(*dev->avail_event, dev->avail - (want ? 0 : dev->size + 1));
	else
		WRITE_ONCE(dev->used_ring->flags, want ? 0 : VEI_USED_F_NO_NOTIFY);
}

static bool device_pending(struct world *w)
{
	return READ_ONCE(w->d.dev.avail_ring->idx) != w->d.dev.avail;
}

static void *device_main(void *arg)
{
	struct world *w = arg;
	struct rig_chain chain;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		while (w->d.nheld < ARRAY_SIZE(w->d.held) && rig_dev_pop(&w->d.dev, &chain)) {
			device_one(w, &chain);
			if (!rig_below(&w->d.rng, 4))
				device_complete(w, false);
		}
		if (w->d.nheld) {
			device_complete(w, true);
			continue;
		}
		device_want_kicks(w, true);
		virt_mb();		/* the device's partner of B */
		if (device_pending(w)) {
			device_want_kicks(w, false);
			continue;
		}
		w->d.sleeps++;
		if (!wait_bell(w, &w->kick, &w->intr, device_pending) &&
		    __atomic_add_fetch(&w->d.lost, 1, __ATOMIC_RELAXED) > 2)
			break;
		if (rig_below(&w->d.rng, 4))
			device_want_kicks(w, false);
	}
	ring_bell(&w->intr);
	return NULL;
}

/* ---- the driver ---- */

static void driver_add(struct world *w, struct buf *b)
{
	struct vei_seg seg[2];
	unsigned int i, k, out;

	b->nseg = 1 + !rig_below(&w->rng, 3);
	b->in = rig_below(&w->rng, 2);
	out = b->nseg == 2 ? 1 : !b->in;
	for (i = 0; i < b->nseg; i++) {
		for (k = 0; k < WORDS; k++)
			b->data[i][k] = (u32)w->added + i + k;
		seg[i].addr = (uintptr_t)b->data[i];
		seg[i].len = sizeof(b->data[i]);
	}
	if (b->nseg == 2 && !b->in)
		out = 2;
	if (vei_ring_add(&w->rig.ring, seg, out, b->nseg - out, b))
		return;
	if (b->posted)
		w->bad++;
	b->posted = true;
	b->sent = w->added++;
}

static void driver_check(struct world *w, struct buf *b, u32 len)
{
	unsigned int i, k, want = 0;

	if (!b->posted)
		w->bad++;	/* a duplicate */
	b->posted = false;
	for (i = 0; i < b->nseg; i++) {
		bool in = b->in && (b->nseg == 1 || i == 1);

		for (k = 0; k < WORDS; k++) {
			u32 sent = (u32)b->sent + i + k;

			if (b->data[i][k] != (in ? ~sent : sent))
				w->bad++;
		}
		want += in ? sizeof(b->data[i]) : 0;
	}
	if (len != want)
		w->bad++;
	w->taken++;
}

static void driver_take(struct world *w)
{
	struct buf *b;
	u32 len;

	while ((b = vei_ring_get(&w->rig.ring, &len)))
		driver_check(w, b, len);
}

static bool driver_pending(struct world *w)
{
	return vei_ring_pending(&w->rig.ring);
}

/* Take all, arm, look again, and sleep if there is still nothing. */
static bool driver_sleep(struct world *w)
{
	struct vei_ring *r = &w->rig.ring;
	u64 before = w->taken;
	bool armed;

	vei_ring_intr_disable(r);
	driver_take(w);
	if (w->taken != before && rig_below(&w->rng, 2))
		return true;
	if (rig_below(&w->rng, 4))
		armed = vei_ring_intr_enable(r);
	else
		armed = vei_ring_intr_postpone(r, rig_below(&w->rng, 8));
	if (!armed || !vei_ring_in_flight(r))
		return true;
	w->sleeps++;
	if (!wait_bell(w, &w->intr, &w->kick, driver_pending))
		w->lost++;
	return w->lost <= 2;
}

static struct buf *free_buf(struct world *w, u64 n)
{
	u64 i;

	for (i = 0; i < 4; i++) {
		struct buf *b = &w->buf[rig_below(&w->rng, n)];

		if (!b->posted)
			return b;
	}
	return NULL;
}

static void driver_main(struct world *w)
{
	struct vei_ring *r = &w->rig.ring;
	u64 nbuf = 2 * w->rig.p.size, before;
	unsigned int n;

	while (w->taken < w->buffers && !r->broken &&
	       __atomic_load_n(&w->d.lost, __ATOMIC_RELAXED) <= 2) {
		before = w->added;
		n = rig_below(&w->rng, 3) ? 1 : 1 + rig_below(&w->rng, 16);
		while (n-- && w->added < w->buffers) {
			struct buf *b = free_buf(w, nbuf);

			if (b)
				driver_add(w, b);
			if (!rig_below(&w->rng, 16))
				vei_ring_publish(r);
		}
		if (vei_ring_kick_prepare(r)) {
			w->kicks++;
			ring_bell(&w->kick);
		}
		if ((w->added == before || w->added == w->buffers || !rig_below(&w->rng, 3)) &&
		    !driver_sleep(w))
			break;
	}
}

static void pin(pthread_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(thread, sizeof(set), &set);
}

static void run(const struct rig_params *p, u64 buffers, u64 seed, unsigned int spin)
{
	struct world *w = aligned_alloc(128, (sizeof(*w) + 127) & ~127UL);
	pthread_t device;

	memset(w, 0, sizeof(*w));
	EXPECT_EQ(rig_init(&w->rig, p), 0);
	rig_dev_init(&w->d.dev, &w->rig);
	w->buf = calloc(2 * p->size, sizeof(*w->buf));
	w->buffers = buffers;
	w->rng = seed;
	w->d.rng = seed + 1;
	w->spin = spin;
	pthread_create(&device, NULL, device_main, w);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		pin(pthread_self(), 0);
		pin(device, 1);
	}
	driver_main(w);
	__atomic_store_n(&w->stop, 1, __ATOMIC_RELAXED);
	ring_bell(&w->kick);
	pthread_join(device, NULL);
	EXPECT_EQ(w->lost + w->d.lost, 0);
	EXPECT_EQ(w->bad + w->d.bad, 0);
	EXPECT_EQ(w->rig.ring.broken, VEI_RING_OK);
	EXPECT_EQ(w->taken, buffers);
	EXPECT_EQ(w->d.done, buffers);
	/* Sleeping is what is tested: a run without proves little. */
	EXPECT(w->sleeps && w->d.sleeps && w->kicks && w->d.intrs);
	printf("# %llu kicks, %llu interrupts; slept %llu and %llu times\n",
	       (unsigned long long)w->kicks, (unsigned long long)w->d.intrs,
	       (unsigned long long)w->sleeps, (unsigned long long)w->d.sleeps);
	tap_result("threads: kicks by %s, interrupts by %s, size %u%s: %llu buffers",
		   p->kick_by_index ? "index" : "flags", p->intr_by_index ? "index" : "flags",
		   p->size, p->table_len ? ", tables" : "", (unsigned long long)w->taken);
	rig_free(&w->rig);
	free(w->buf);
	free(w);
}

int main(void)
{
	u64 buffers = tap_env("VEI_BUFFERS", 100000), seed = tap_env("VEI_SEED", time(NULL));
	u64 only = tap_env("VEI_COMBINATIONS", 15);
	static const u32 sizes[] = { 2, 16, 256, 4 };
	unsigned int combo, i;

	tap_begin();
	printf("# VEI_SEED=%llu\n", (unsigned long long)seed);
	for (combo = 0; combo < 4; combo++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct rig_params p = {
				.size = sizes[i],
				.table_len = i & 1 ? 2 : 0,
				.kick_by_index = combo & 1,
				.intr_by_index = combo & 2,
				.base = 65530,
			};

			if (!tap_failed && only >> combo & 1)
				run(&p, buffers, seed + combo, i == 2 ? 20 : 2000);
		}
	}
	return tap_end();
}
