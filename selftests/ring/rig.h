/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring in memory of its own, fenced by pages that must not be touched, and an honest device that
 * knows nothing of the driver but that memory. Shared by the tests, the threads and the fuzzer.
 */
#ifndef VEI_RIG_H
#define VEI_RIG_H

#include <stdint.h>

#include <vei/ring/burst.h>

/**
 * struct rig_params - what ring to make
 * @size: entries
 * @table_len: descriptors of an indirect table, 0 for none
 * @indirect_min: see struct vei_ring_config
 * @kick_by_index: device suppresses kicks by avail_event
 * @intr_by_index: driver suppresses interrupts by used_event
 * @strict_len: see struct vei_ring_config
 * @base: where all indices begin, to be near a wrap at once
 */
struct rig_params {
	u32 size;
	u16 table_len;
	u16 indirect_min;
	bool kick_by_index, intr_by_index, strict_len;
	u16 base;
};

/**
 * struct rig - a ring with its memory
 * @ring: the ring under test
 * @fresh: @ring as it was when it was new, before it went to @p.base
 * @mem: ring memory, @mem_bytes long
 * @table: indirect tables
 */
struct rig {
	struct vei_ring ring, fresh;
	struct rig_params p;
	u8 *mem;
	size_t mem_bytes;
	struct vei_desc *table;
	size_t table_bytes;
	struct vei_ring_slot *slot;
	u16 *next;
};

/* One chain as the device finds it. */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define RIG_MAX_SEG 64
struct rig_chain {
	u16 head;
	unsigned int out, in;
	struct vei_seg seg[RIG_MAX_SEG];
};

/**
 * struct rig_dev - the device's own state; all else it reads from the ring memory
 * @avail: entries taken from the available ring
 * @used: entries put into the used ring
 * @decided: @used at the last decision on an interrupt
 */
struct rig_dev {
	struct vei_desc *desc;
	struct vei_avail *avail_ring;
	struct vei_used *used_ring;
	u16 *used_event, *avail_event;
	struct rig *rig;
	u32 size;
	u16 avail, used, decided;
};

int rig_init(struct rig *rig, const struct rig_params *p);
void rig_free(struct rig *rig);
bool rig_is_fresh(const struct rig *rig);
void rig_dev_init(struct rig_dev *dev, struct rig *rig);
bool rig_dev_pop(struct rig_dev *dev, struct rig_chain *chain);
void rig_dev_push(struct rig_dev *dev, u16 head, u32 len);
void rig_dev_publish(struct rig_dev *dev);
bool rig_dev_interrupts(struct rig_dev *dev);

/* In a loop that waits for another thread. */
static inline void rig_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield" ::: "memory");
#else
	barrier();
#endif
}

/* A small generator: the same seed gives the same run everywhere. */
static inline u32 rig_rand(u64 *state)
{
	u64 x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return (x ^ (x >> 31)) >> 16;
}

static inline u32 rig_below(u64 *state, u32 n)
{
	return (u64)rig_rand(state) * n >> 32;
}

#endif /* VEI_RIG_H */
