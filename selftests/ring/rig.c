// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rig.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

/* Between the end of the ring and the end of its last page there is nothing to be read. */
#ifdef __SANITIZE_ADDRESS__
#define VEI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VEI_ASAN 1
#endif
#endif
#ifdef VEI_ASAN
#include <sanitizer/asan_interface.h>
#define rig_poison(p, n)	__asan_poison_memory_region(p, n)
#define rig_unpoison(p, n)	__asan_unpoison_memory_region(p, n)
#else
#define rig_poison(p, n)	do { } while (0)
#define rig_unpoison(p, n)	do { } while (0)
#endif

#ifdef VEI_TSAN
__thread void *vei_tsan_last_read;
__thread bool vei_tsan_release_next;
#endif

/* Memory that begins at a page and ends at one, with a page on either side that faults. */
static void *rig_fenced(size_t bytes)
{
	size_t n = (bytes + PAGE - 1) & ~(PAGE - 1);
	u8 *p = mmap(NULL, n + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + PAGE, n, PROT_READ | PROT_WRITE)) {
		perror("rig: no memory");
		exit(1);
	}
	rig_poison(p + PAGE + bytes, n - bytes);
	return p + PAGE;
}

static void rig_unfence(void *p, size_t bytes)
{
	size_t n = (bytes + PAGE - 1) & ~(PAGE - 1);

	if (!p)
		return;
	rig_unpoison(p, n);
	munmap((u8 *)p - PAGE, n + 2 * PAGE);
}

/* Begin at another index than 0: as after that many buffers. */
static void rig_warp(struct rig *rig)
{
	struct vei_ring *r = &rig->ring;
	u16 base = rig->p.base;

	if (!base)
		return;
	r->avail_idx = base;
	r->published = base;
	r->last_used = base;
	r->used_seen = base;
	r->kick.old = base;
	r->avail->idx = base;
	r->used->idx = base;
	*(u16 *)(rig->mem + vei_layout_avail_event(r->size)) = base;
	if (rig->p.intr_by_index) {
		r->intr.shadow = base;
		*(u16 *)(rig->mem + vei_layout_used_event(r->size)) = base;
	}
}

int rig_init(struct rig *rig, const struct rig_params *p)
{
	struct vei_ring_config cfg = {
		.size = p->size,
		.table_len = p->table_len,
		.indirect_min = p->indirect_min,
		.kick_by_index = p->kick_by_index,
		.intr_by_index = p->intr_by_index,
		.strict_len = p->strict_len,
	};
	int err;

	memset(rig, 0, sizeof(*rig));
	rig->p = *p;
	rig->mem_bytes = vei_layout_size(p->size);
	rig->mem = rig_fenced(rig->mem_bytes);
	/* Exact sizes from the heap: AddressSanitizer sees one byte too far. */
	rig->slot = malloc(p->size * sizeof(*rig->slot));
	rig->next = malloc(p->size * sizeof(*rig->next));
	if (p->table_len) {
		rig->table_bytes = (size_t)p->size * p->table_len * sizeof(*rig->table);
		rig->table = malloc(rig->table_bytes);
		memset(rig->table, 0xa5, rig->table_bytes);
	}
	memset(rig->mem, 0xa5, rig->mem_bytes);
	cfg.mem = rig->mem;
	cfg.slot = rig->slot;
	cfg.next = rig->next;
	cfg.table = rig->table;
	cfg.table_addr = (uintptr_t)rig->table;
	err = vei_ring_init(&rig->ring, &cfg);
	memcpy(&rig->fresh, &rig->ring, sizeof(rig->ring));
	if (!err)
		rig_warp(rig);
	return err;
}

static bool all_zero(const u8 *p, size_t n)
{
	return !*p && !memcmp(p, p + 1, n - 1);
}

/* Is a ring that was reset, and all its memory, as if it had just been set up? */
bool rig_is_fresh(const struct rig *rig)
{
	const struct vei_desc *desc = (const void *)rig->mem;
	size_t size = rig->p.size, i;

	for (i = 0; i < size; i++) {
		if (rig->slot[i].token || rig->next[i] != (i + 1) % size)
			return false;
		if (desc[i].addr || desc[i].len || desc[i].flags || desc[i].next != rig->next[i])
			return false;
	}
	if (!all_zero(rig->mem + vei_layout_avail(size), 2 * (3 + size)) ||
	    !all_zero(rig->mem + vei_layout_used(size), 2 * 3 + 8 * size))
		return false;
	for (i = 0; i < size * rig->p.table_len; i++)
		if (rig->table[i].next != i % rig->p.table_len + 1)
			return false;
	return !memcmp(&rig->ring, &rig->fresh, sizeof(rig->ring));
}

void rig_free(struct rig *rig)
{
	rig_unfence(rig->mem, rig->mem_bytes);
	free(rig->table);
	free(rig->slot);
	free(rig->next);
}

void rig_dev_init(struct rig_dev *dev, struct rig *rig)
{
	u32 size = rig->p.size;
	size_t used;

	memset(dev, 0, sizeof(*dev));
	dev->rig = rig;
	dev->size = size;
	dev->desc = (void *)rig->mem;
	dev->avail_ring = (void *)(rig->mem + 16 * (size_t)size);
	dev->used_event = &dev->avail_ring->ring[size];
	used = (16 * (size_t)size + 2 * (3 + size) + 4095) & ~4095UL;
	dev->used_ring = (void *)(rig->mem + used);
	dev->avail_event = (u16 *)&dev->used_ring->ring[size];
	dev->avail = rig->p.base;
	dev->used = rig->p.base;
	dev->decided = rig->p.base;
}

static void rig_bug(const char *what)
{
	printf("# device: %s\nBail out! the ring in memory makes no sense\n", what);
	abort();
}

/* The next chain made available; false if there is none. Insists that it is well-formed. */
bool rig_dev_pop(struct rig_dev *dev, struct rig_chain *chain)
{
	struct vei_desc *table = dev->desc, d;
	u32 limit = dev->size, seen = 0;
	u16 id;

	if (dev->avail == READ_ONCE(dev->avail_ring->idx))
		return false;
	virt_rmb();	/* the device's C: avail->idx before the entry */
	id = READ_ONCE(dev->avail_ring->ring[dev->avail++ % dev->size]);
	chain->head = id;
	chain->out = 0;
	chain->in = 0;
	if (id >= limit)
		rig_bug("head out of range");
	if (READ_ONCE(table[id].flags) == VEI_DESC_F_INDIRECT) {
		limit = READ_ONCE(table[id].len) / sizeof(d);
		if (READ_ONCE(table[id].len) % sizeof(d) || !limit)
			rig_bug("odd indirect table");
		table = (struct vei_desc *)(uintptr_t)READ_ONCE(table[id].addr);
		if (table < dev->rig->table || table + limit > dev->rig->table +
		    (size_t)dev->size * dev->rig->p.table_len)
			rig_bug("indirect table elsewhere");
		id = 0;
	}
	for (;;) {
		d.addr = READ_ONCE(table[id].addr);
		d.len = READ_ONCE(table[id].len);
		d.flags = READ_ONCE(table[id].flags);
		d.next = READ_ONCE(table[id].next);
		if (d.flags & ~(VEI_DESC_F_NEXT | VEI_DESC_F_WRITE))
			rig_bug("odd descriptor flags");
		if (chain->in && !(d.flags & VEI_DESC_F_WRITE))
			rig_bug("something to read behind something to write");
		if (seen < RIG_MAX_SEG)
			chain->seg[seen] = (struct vei_seg){ d.addr, d.len };
		*(d.flags & VEI_DESC_F_WRITE ? &chain->in : &chain->out) += 1;
		if (++seen > limit)
			rig_bug("chain goes in a circle");
		if (!(d.flags & VEI_DESC_F_NEXT))
			return true;
		id = d.next;
		if (id >= limit)
			rig_bug("next out of range");
	}
}

/* Put an entry into the used ring; the driver sees it after rig_dev_publish(). */
void rig_dev_push(struct rig_dev *dev, u16 head, u32 len)
{
	struct vei_used_elem *elem = &dev->used_ring->ring[dev->used++ % dev->size];

	WRITE_ONCE(elem->id, (u32)head);
	WRITE_ONCE(elem->len, len);
}

void rig_dev_publish(struct rig_dev *dev)
{
	virt_wmb();	/* the device's A: used entries before used->idx */
	WRITE_ONCE(dev->used_ring->idx, dev->used);
}

/* Decide on an interrupt for all that was published since the last decision. */
bool rig_dev_interrupts(struct rig_dev *dev)
{
	u16 old = dev->decided;

	virt_mb();	/* the device's B: used->idx before the driver's word */
	dev->decided = dev->used;
	if (dev->rig->p.intr_by_index)
		return vei_need_event(READ_ONCE(*dev->used_event), dev->used, old);
	return !(READ_ONCE(dev->avail_ring->flags) & VEI_AVAIL_F_NO_INTERRUPT);
}
