/* SPDX-License-Identifier: GPL-2.0 */
/* On whose behalf memory is asked for: by who has called. */
#ifndef _VEI_STACK_H
#define _VEI_STACK_H

#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#define VEI_STACK_DEPTH		40

/* What the names of our modules begin with, as kallsyms shows them. */
#define VEI_STACK_OURS		"[virtio_ei"

/*
 * A call of one of these ends what is a driver's business: a packet or a request is somebody
 * else's from there on, and so is the memory that he wants for it.
 */
static const char *const vei_stack_beyond[] = {
	"napi_gro_receive", "napi_complete_done", "napi_consume_skb", "blk_mq_end_request",
	"blk_mq_complete_request", "blk_mq_unquiesce_queue", "blk_mq_start_stopped_hw_queue",
};

/* Where slabs keep who has asked for an object: slub_debug=U. */
#define VEI_STACK_DEPOT		"__stack_depot_save"

/* What a debug kernel's checkers want for themselves, whoever is looked at. */
#define VEI_STACK_CHECKERS	"kasan_", "kmemleak_", "create_object", "__create_object", \
				"debug_object_", "__debug_object_", "debug_dma_"

/**
 * struct vei_stack - who has called
 * @entry: addresses, the innermost first
 * @n: how many there are
 * @ours: the innermost one of our modules
 * @end: behind the outermost one of them
 */
struct vei_stack {
	unsigned long entry[VEI_STACK_DEPTH];
	unsigned int n;
	unsigned int ours;
	unsigned int end;
};

static inline bool vei_stack_is_ours(unsigned long addr)
{
	char name[KSYM_SYMBOL_LEN];

	if (addr < MODULES_VADDR || addr >= MODULES_END)
		return false;
	sprint_symbol(name, addr);
	return strstr(name, VEI_STACK_OURS);
}

/* Does the name of the function begin with one of these? */
static inline bool vei_stack_is_one_of(unsigned long addr, const char *const *names, unsigned int n)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol(name, addr);
	while (n--)
		if (strstarts(name, names[n]))
			return true;
	return false;
}

/* Has ours called one of these? */
static inline bool vei_stack_has(const struct vei_stack *s, const char *const *names,
				 unsigned int n)
{
	unsigned int i;

	for (i = 0; i < s->ours; i++)
		if (vei_stack_is_one_of(s->entry[i], names, n))
			return true;
	return false;
}

/* Look who has called. Returns whether it is for one of our modules. */
static inline bool vei_stack_look(struct vei_stack *s)
{
	unsigned int i;

	s->n = stack_trace_save(s->entry, VEI_STACK_DEPTH, 0);
	s->ours = s->n;
	for (i = 0; i < s->n; i++) {
		if (!vei_stack_is_ours(s->entry[i]))
			continue;
		s->ours = min(s->ours, i);
		s->end = i + 1;
	}
	if (s->ours == s->n)
		return false;
	return !s->ours || !vei_stack_is_one_of(s->entry[s->ours - 1], vei_stack_beyond,
						ARRAY_SIZE(vei_stack_beyond));
}

#endif /* _VEI_STACK_H */
