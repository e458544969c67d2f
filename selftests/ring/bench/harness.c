// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"

/* A ring that was not built (no Linux sources here, say) is a null pointer. */
#define RING(name) extern const struct bench_ring_ops name __attribute__((weak))
RING(bench_linux_old);
RING(bench_linux_new);
RING(bench_bare);
RING(bench_vei);
RING(bench_floor);
RING(bench_ptr);

const struct bench_ring_ops *const bench_rings[] = {
	&bench_linux_old, &bench_linux_new, &bench_bare, &bench_vei, &bench_floor,
	&bench_ptr,
};

const unsigned int bench_nrings = sizeof(bench_rings) / sizeof(bench_rings[0]);

#define SC(n, t, seg, b, rx, ev, ind, bu) { n, t, seg, b, rx, ev, ind, bu }
const struct bench_scenario bench_scenarios[] = {
	SC("1seg-1-flags", "1 seg, 1 a kick, flags", 1, 1, false, false, false, false),
	SC("1seg-1-event", "1 seg, 1 a kick, event index", 1, 1, false, true, false, false),
	SC("1seg-32-event", "1 seg, 32 a kick, event index", 1, 32, false, true, false, false),
	SC("2seg-1-event", "2 seg direct, 1 a kick, event index", 2, 1, false, true, false, false),
	SC("2seg-32-event", "2 seg direct, 32 a kick, event index", 2, 32, false, true, false,
	   false),
	SC("4ind-1-event", "4 seg indirect, 1 a kick, event index", 4, 1, false, true, true, false),
	SC("4ind-32-event", "4 seg indirect, 32 a kick, event index", 4, 32, false, true, true,
	   false),
	SC("rx-1-event", "receive 1 seg, 1 a kick, event index", 1, 1, true, true, false, false),
	SC("rx-32-event", "receive 1 seg, 32 a kick, event index", 1, 32, true, true, false, false),
	SC("burst-rx-32", "burst: receive, 32 a kick, event index", 1, 32, true, true, false, true),
	SC("burst-tx-32", "burst: 1 seg, 32 a kick, event index", 1, 32, false, true, false, true),
};

const unsigned int bench_nscenarios = sizeof(bench_scenarios) / sizeof(bench_scenarios[0]);

const struct bench_ring_ops *bench_find_ring(const char *name)
{
	unsigned int i;

	for (i = 0; i < bench_nrings; i++)
		if (bench_rings[i] && !strcmp(bench_rings[i]->name, name))
			return bench_rings[i];
	return NULL;
}

const struct bench_scenario *bench_find_scenario(const char *name)
{
	unsigned int i;

	for (i = 0; i < bench_nscenarios; i++)
		if (!strcmp(bench_scenarios[i].name, name))
			return &bench_scenarios[i];
	return NULL;
}

double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * A sample is the median of many short slices, so that slices in which something else was running,
 * on a machine that has other things to do, do not count.
 */
#define MAX_SLICES	20000
static double slices[MAX_SLICES];
static unsigned int nslices;

void bench_slice(double ns)
{
	if (nslices < MAX_SLICES)
		slices[nslices++] = ns;
}

/* Of the slices since the last call. */
double bench_median(void)
{
	double m;

	qsort(slices, nslices, sizeof(slices[0]), bench_compare);
	m = nslices ? slices[nslices / 2] : 0;
	nslices = 0;
	return m;
}

void *bench_open(const struct bench_ring_ops *ops, const struct bench_scenario *sc,
		 struct bench_device *dev)
{
	static char buf[BENCH_MAX_SEG][2048];
	struct bench_params p = {
		.qsz = BENCH_QSZ, .nseg = sc->nseg, .receive = sc->receive,
		.event_idx = sc->event_idx, .indirect = sc->indirect,
	};
	unsigned int i;
	void *ring;

	for (i = 0; i < sc->nseg; i++) {
		p.buf[i] = buf[i];
		p.len[i] = i ? 1024 : 64;
	}
	memset(dev, 0, sizeof(*dev));
	dev->qsz = p.qsz;
	dev->event_idx = p.event_idx;
	dev->receive = p.receive;
	ring = ops->open(&p, &dev->sh);
	return ring;
}

static void bench_device_interrupt(struct bench_device *dev)
{
	uint16_t event, old = dev->decided;

	dev->decided = dev->used;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (dev->event_idx) {
		event = READ_ONCE(dev->sh.avail->ring[dev->qsz]);
		dev->intrs += (uint16_t)(dev->used - event - 1) < (uint16_t)(dev->used - old);
	} else {
		dev->intrs += !(READ_ONCE(dev->sh.avail->flags) & 1);
	}
}

/* Complete all that is available; how many. */
unsigned int bench_device_run(struct bench_device *dev)
{
	uint16_t idx = READ_ONCE(dev->sh.avail->idx);
	unsigned int n = (uint16_t)(idx - dev->avail);
	struct bench_elem *e;
	uint16_t head;

	if (!n)
		return 0;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	while (dev->avail != idx) {
		head = READ_ONCE(dev->sh.avail->ring[dev->avail++ & (dev->qsz - 1)]);
		e = &dev->sh.used->ring[dev->used++ & (dev->qsz - 1)];
		WRITE_ONCE(e->id, head);
		WRITE_ONCE(e->len, dev->receive ? READ_ONCE(dev->sh.desc[head].len) : 0);
	}
	if (dev->event_idx && !dev->polling)
		WRITE_ONCE(*(uint16_t *)&dev->sh.used->ring[dev->qsz], dev->avail);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(dev->sh.used->idx, dev->used);
	bench_device_interrupt(dev);
	return n;
}

static void bench_fail(const struct bench_ring_ops *ops, const char *what)
{
	fprintf(stderr, "%s: %s\n", ops->name, what);
	abort();
}

static void bench_round_single(const struct bench_ring_ops *ops, void *ring, unsigned int batch,
			       struct bench_device *dev, char *token)
{
	unsigned int i;
	uint32_t len;

	for (i = 0; i < batch; i++)
		if (ops->add(ring, token + i))
			bench_fail(ops, "no room");
	dev->kicks_wanted += ops->kick(ring);
	if (bench_device_run(dev) != batch)
		bench_fail(ops, "the device did not see all");
	ops->disable(ring);
	for (i = 0; i < batch; i++)
		if (ops->get(ring, &len) != token + i)
			bench_fail(ops, "wrong buffer back");
	if (!ops->enable(ring))
		bench_fail(ops, "something left");
}

static void bench_round_burst(const struct bench_ring_ops *ops, void *ring, unsigned int batch,
			      struct bench_device *dev, char *token)
{
	void *tokens[BENCH_MAX_BURST];
	uint32_t lens[BENCH_MAX_BURST];
	unsigned int i;

	for (i = 0; i < batch; i++)
		tokens[i] = token + i;
	if (ops->add_burst(ring, tokens, batch))
		bench_fail(ops, "no room");
	dev->kicks_wanted += ops->kick(ring);
	if (bench_device_run(dev) != batch)
		bench_fail(ops, "the device did not see all");
	ops->disable(ring);
	if (ops->get_burst(ring, tokens, lens, batch) != batch)
		bench_fail(ops, "not all back");
	for (i = 0; i < batch; i++)
		if (tokens[i] != token + i)
			bench_fail(ops, "wrong buffer back");
	if (!ops->enable(ring))
		bench_fail(ops, "something left");
}

void bench_rounds(const struct bench_ring_ops *ops, void *ring, const struct bench_scenario *sc,
		  struct bench_device *dev, unsigned long rounds)
{
	static char token[BENCH_MAX_BURST];

	if (sc->burst && ops->add_burst)
		while (rounds--)
			bench_round_burst(ops, ring, sc->batch, dev, token);
	else
		while (rounds--)
			bench_round_single(ops, ring, sc->batch, dev, token);
}
