/* SPDX-License-Identifier: GPL-2.0 */
/* The benchmark's own side: scenarios, the rings that were built in, and a device for all. */
#ifndef VEI_BENCH_HARNESS_H
#define VEI_BENCH_HARNESS_H

#include <linux/compiler.h>

#include "contract.h"

#define BENCH_QSZ	256

struct bench_scenario {
	const char *name;
	const char *title;
	unsigned int nseg, batch;
	bool receive, event_idx, indirect, burst;
};

/*
 * The device: polls, completes in order, keeps the suppression fields as the draft says; while
 * @polling it leaves avail_event behind, as a device does that needs no kicks.
 */
struct bench_device {
	struct bench_shared sh;
	unsigned int qsz;
	bool event_idx, receive, polling;
	uint16_t avail, used, decided;
	unsigned long kicks_wanted, intrs;
};

extern const struct bench_scenario bench_scenarios[];
extern const unsigned int bench_nscenarios;
extern const struct bench_ring_ops *const bench_rings[];
extern const unsigned int bench_nrings;

const struct bench_ring_ops *bench_find_ring(const char *name);
const struct bench_scenario *bench_find_scenario(const char *name);

void *bench_open(const struct bench_ring_ops *ops, const struct bench_scenario *sc,
		 struct bench_device *dev);
unsigned int bench_device_run(struct bench_device *dev);
void bench_rounds(const struct bench_ring_ops *ops, void *ring, const struct bench_scenario *sc,
		  struct bench_device *dev, unsigned long rounds);
double bench_now(void);
void bench_slice(double ns);
double bench_median(void);
int bench_pair(unsigned int samples, double ms);

#endif /* VEI_BENCH_HARNESS_H */
