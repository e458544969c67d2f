/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a ring must offer to be measured, and what the harness offers in return.
 *
 * Every implementation is an object of its own that exports one struct bench_ring_ops; the harness
 * calls all of them in the same way, through these pointers, so that each pays for the same kind of
 * call: one out-of-line entry per stage, as a driver module pays when it calls the core's module.
 * All rings share the split layout of the virtio specification, so the harness's device serves all.
 */
#ifndef VEI_BENCH_CONTRACT_H
#define VEI_BENCH_CONTRACT_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_MAX_SEG	8
#define BENCH_MAX_BURST	64

/* Where the harness's device finds the ring: the split layout with its two event fields. */
struct bench_shared {
	struct bench_desc {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} *desc;
	struct bench_avail { uint16_t flags, idx, ring[]; } *avail;
	struct bench_used {
		uint16_t flags, idx;
		struct bench_elem { uint32_t id, len; } ring[];
	} *used;
};

/* What a scenario asks of a ring; segments are the same for every buffer and made beforehand. */
struct bench_params {
	unsigned int qsz;
	unsigned int nseg;
	bool receive;		/* the device writes the buffer */
	bool event_idx;		/* both directions, as Linux knows it */
	bool indirect;
	void *buf[BENCH_MAX_SEG];
	uint32_t len[BENCH_MAX_SEG];
};

/**
 * struct bench_ring_ops - implemented by each ring, called by the harness
 * @name: what the tables call it
 * @open: make a ring; tell where the device finds it. NULL: cannot do this scenario
 * @close: free it
 * @add: stage 1: one buffer in, published or to be published by @kick
 * @kick: stage 2: publish what is not yet; must the device be told?
 * @disable: stage 3: no interrupts, please
 * @get: stage 4: take one used buffer, NULL when there is none
 * @enable: stage 5: re-arm; false: something came meanwhile, go on taking
 * @add_burst: add @n buffers at a time, or NULL when the ring has no such thing
 * @get_burst: take up to @n buffers at a time; how many
 * @device: the other side, where the ring is no split ring; how many buffers it completed
 */
struct bench_ring_ops {
	const char *name;
	void *(*open)(const struct bench_params *p, struct bench_shared *sh);
	void (*close)(void *ring);
	int (*add)(void *ring, void *token);
	bool (*kick)(void *ring);
	void (*disable)(void *ring);
	void *(*get)(void *ring, uint32_t *len);
	bool (*enable)(void *ring);
	int (*add_burst)(void *ring, void **tokens, unsigned int n);
	unsigned int (*get_burst)(void *ring, void **tokens, uint32_t *lens, unsigned int n);
	unsigned int (*device)(void *ring);
};

/* The entries themselves: out of line, and findable by name in a callgrind profile. */
#define BENCH_ENTRY	__attribute__((__noinline__, __used__))

#endif /* VEI_BENCH_CONTRACT_H */
