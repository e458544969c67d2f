// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads on two cores: a driver that adds and takes, a device that polls. Both sides look for
 * work all the time and neither notifies, so what is measured is the lines that move between them.
 * The unit is the round trip of one line between the two cores, measured beside every sample.
 *
 * A sample is the median of many short slices, so that slices in which one of the two was not
 * running, on a machine that has other things to do, do not count.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "harness.h"

#define OUTSTANDING	128
struct pair {
	const struct bench_ring_ops *ops;
	void *ring;
	struct bench_device *dev;
	char pad0[128];
	int stop;
	char pad1[128];
	int ball;
	char pad2[128];
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static void *pong(void *arg)
{
	struct pair *p = arg;
	int want = 1;

	pin(1);
	while (!READ_ONCE(p->stop)) {
		if (READ_ONCE(p->ball) != want)
			continue;
		WRITE_ONCE(p->ball, want + 1);
		want += 2;
	}
	return NULL;
}

/* ns of a round trip of one line. */
static double round_trip(double ms)
{
	static struct pair p;
	double t0, t1, begin;
	pthread_t t;
	int n = 0;

	memset(&p, 0, sizeof(p));
	pthread_create(&t, NULL, pong, &p);
	while (n < 2000) {	/* until the other is awake */
		WRITE_ONCE(p.ball, 2 * n + 1);
		while (READ_ONCE(p.ball) != 2 * n + 2)
			;
		n++;
	}
	t1 = bench_now();
	begin = t1;
	do {
		int end = n + 100;

		t0 = t1;
		for (; n < end; n++) {
			WRITE_ONCE(p.ball, 2 * n + 1);
			while (READ_ONCE(p.ball) != 2 * n + 2)
				;
		}
		t1 = bench_now();
		bench_slice((t1 - t0) / 100);
	} while (t1 - begin < ms * 1e6);
	WRITE_ONCE(p.stop, 1);
	pthread_join(t, NULL);
	return bench_median();
}

static void *device(void *arg)
{
	struct pair *p = arg;

	pin(1);
	while (!READ_ONCE(p->stop)) {
		unsigned int n = p->ops->device ? p->ops->device(p->ring) :
						  bench_device_run(p->dev);

		if (!n)
			relax();
	}
	return NULL;
}

static unsigned int take(const struct bench_ring_ops *ops, void *ring, bool burst,
			 unsigned int max)
{
	void *tokens[BENCH_MAX_BURST];
	uint32_t lens[BENCH_MAX_BURST], len;
	unsigned int n = 0;

	if (burst)
		return ops->get_burst(ring, tokens, lens, max);
	while (n < max && ops->get(ring, &len))
		n++;
	return n;
}

static void give(const struct bench_ring_ops *ops, void *ring, bool burst, unsigned int n)
{
	static char token[BENCH_MAX_BURST];
	static void *tokens[BENCH_MAX_BURST];
	unsigned int i;

	if (!tokens[0])
		for (i = 0; i < BENCH_MAX_BURST; i++)
			tokens[i] = token + i;
	if (burst)
		ops->add_burst(ring, tokens, n);
	else
		for (i = 0; i < n; i++)
			ops->add(ring, token + i);
	ops->kick(ring);
}

/* ns a buffer. */
static double sample(const struct bench_ring_ops *ops, unsigned int batch, bool burst, double ms)
{
	struct bench_scenario sc = { .nseg = 1, .batch = batch, .event_idx = true };
	struct bench_device *dev = aligned_alloc(128, (sizeof(*dev) + 127) & ~127UL);
	static struct pair p;
	unsigned int limit = batch == 1 ? 1 : OUTSTANDING, out = 0;
	unsigned long done = 0, before = 0;
	double t0 = 0, t1, begin = 0;
	pthread_t t;

	memset(&p, 0, sizeof(p));
	p.ops = ops;
	p.dev = dev;
	p.ring = bench_open(ops, &sc, dev);
	dev->polling = true;
	ops->disable(p.ring);
	pthread_create(&t, NULL, device, &p);
	for (;;) {
		unsigned int got, i;

		for (i = 0; i < 16; i++) {
			if (out + batch <= limit) {
				give(ops, p.ring, burst, batch);
				out += batch;
			}
			got = take(ops, p.ring, burst, BENCH_MAX_BURST);
			if (!got)
				relax();
			out -= got;
			done += got;
		}
		if (done - before < 400)
			continue;
		t1 = bench_now();
		if (begin)
			bench_slice((t1 - t0) / (done - before));
		else if (done > 4000)
			begin = t1;
		if (begin && t1 - begin > ms * 1e6)
			break;
		before = done;
		t0 = t1;
	}
	WRITE_ONCE(p.stop, 1);
	pthread_join(t, NULL);
	ops->close(p.ring);
	free(dev);
	return bench_median();
}

int bench_pair(unsigned int samples, double ms)
{
	unsigned int i, k;

	pin(0);
	setpriority(PRIO_PROCESS, 0, -10);
	for (k = 0; k < samples; k++) {
		for (i = 0; i < bench_nrings; i++) {
			const struct bench_ring_ops *ops = bench_rings[i];
			double unit;

			if (!ops)
				continue;
			unit = round_trip(ms / 4);
			printf("pair-1\t%s\t%u\t%.2f\t%.1f\n", ops->name, k,
			       sample(ops, 1, false, ms), unit);
			unit = round_trip(ms / 4);
			printf("pair-32\t%s\t%u\t%.2f\t%.1f\n", ops->name, k,
			       sample(ops, 32, false, ms), unit);
			if (!ops->add_burst)
				continue;
			unit = round_trip(ms / 4);
			printf("pair-1-burst\t%s\t%u\t%.2f\t%.1f\n", ops->name, k,
			       sample(ops, 1, true, ms), unit);
			printf("pair-32-burst\t%s\t%u\t%.2f\t%.1f\n", ops->name, k,
			       sample(ops, 32, true, ms), unit);
		}
		fflush(stdout);
	}
	return 0;
}
