// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that our modules were given and nobody has freed yet:
 *
 *	cat /sys/module/vei_held/parameters/pages	how many
 *	cat /sys/module/vei_held/parameters/whose	of those, how many by whom
 *
 * Since the module was loaded; whoever frees them. Those of slabs are not counted, which
 * the kernel has an account of itself (slub_debug=U), nor what it keeps for anybody: that
 * account, its checkers' own, its tables of pages, and what percpu memory and fragments are cut
 * from.
 */

#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

#include "vei_stack.h"

/* So many of them are told of. */
#define VEI_HELD_WHOSE		8

/**
 * struct vei_held_by - who has asked for a page
 * @ours: which of our functions; 0: nobody
 * @by: what it has called
 */
struct vei_held_by {
	unsigned long ours;
	unsigned long by;
};

/* By page frame. */
static struct vei_held_by *vei_held;
static unsigned long vei_held_pfns;

static const char *const vei_held_kept[] = {
	VEI_STACK_DEPOT, VEI_STACK_CHECKERS, "pcpu_", "napi_get_frags", "__pte_alloc",
	"__pmd_alloc",
};

static DEFINE_PER_CPU(struct vei_stack, vei_held_stack);

/* For one of ours? */
static struct vei_held_by vei_held_whose(void)
{
	struct vei_held_by whose = {};
	struct vei_stack *s;
	unsigned long flags;

	local_irq_save(flags);
	s = this_cpu_ptr(&vei_held_stack);
	if (vei_stack_look(s) && !vei_stack_has(s, vei_held_kept, ARRAY_SIZE(vei_held_kept))) {
		whose.ours = s->entry[s->ours];
		whose.by = s->entry[s->ours ? s->ours - 1 : 0];
	}
	local_irq_restore(flags);
	return whose;
}

static void vei_held_note(struct page *page, unsigned int order, struct vei_held_by whose)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + (1UL << order);

	for (; pfn < min(end, vei_held_pfns); pfn++)
		vei_held[pfn] = whose;
}

static void vei_held_alloc(void *data, struct page *page, unsigned int order, gfp_t gfp, int type)
{
	struct vei_held_by whose = {};

	if (page)
		whose = vei_held_whose();
	if (whose.ours)
		vei_held_note(page, order, whose);
}

static void vei_held_free(void *data, struct page *page, unsigned int order)
{
	vei_held_note(page, order, (struct vei_held_by){});
}

/* Of many at a time the kernel does not tell. */
struct vei_held_bulk {
	struct page **page;
	struct vei_held_by whose;
};

static int vei_held_bulk_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vei_held_bulk *bulk = (void *)ri->data;

	bulk->page = (void *)regs_get_kernel_argument(regs, 5);
	if (bulk->page)
		bulk->whose = vei_held_whose();
	return !bulk->page || !bulk->whose.ours;
}

static int vei_held_bulk_exit(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct vei_held_bulk *bulk = (void *)ri->data;
	unsigned long i;

	for (i = 0; i < regs_return_value(regs); i++)
		vei_held_note(bulk->page[i], 0, bulk->whose);
	return 0;
}

static struct kretprobe vei_held_kretprobe = {
	.kp.symbol_name = "__alloc_pages_bulk",
	.entry_handler = vei_held_bulk_entry,
	.handler = vei_held_bulk_exit,
	.data_size = sizeof(struct vei_held_bulk),
	.maxactive = 64,
};

static bool vei_held_counts(unsigned long pfn)
{
	struct page *page;

	if (!READ_ONCE(vei_held[pfn].ours))
		return false;
	page = pfn_to_page(pfn);
	return !PageSlab(compound_head(page)) && !PageTable(page);
}

static int vei_held_pages_get(char *buffer, const struct kernel_param *kp)
{
	unsigned long pfn, n = 0;

	for (pfn = 0; pfn < vei_held_pfns; pfn++)
		n += vei_held_counts(pfn);
	return sysfs_emit(buffer, "%lu\n", n);
}

static const struct kernel_param_ops vei_held_pages_ops = {
	.get = vei_held_pages_get,
};
module_param_cb(pages, &vei_held_pages_ops, NULL, 0444);
MODULE_PARM_DESC(pages, "read: how many pages are held");

static int vei_held_whose_get(char *buffer, const struct kernel_param *kp)
{
	struct vei_held_by whose[VEI_HELD_WHOSE] = {};
	unsigned long many[VEI_HELD_WHOSE] = {}, pfn;
	unsigned int i;
	int len = 0;

	for (pfn = 0; pfn < vei_held_pfns; pfn++) {
		if (!vei_held_counts(pfn))
			continue;
		for (i = 0; i < VEI_HELD_WHOSE - 1; i++)
			if (!many[i] || whose[i].by == vei_held[pfn].by)
				break;
		whose[i] = vei_held[pfn];
		many[i]++;
	}
	for (i = 0; i < VEI_HELD_WHOSE && many[i]; i++)
		len += sysfs_emit_at(buffer, len, "%lu %pS, by %pS\n", many[i],
				     (void *)whose[i].ours, (void *)whose[i].by);
	return len;
}

static const struct kernel_param_ops vei_held_whose_ops = {
	.get = vei_held_whose_get,
};
module_param_cb(whose, &vei_held_whose_ops, NULL, 0444);
MODULE_PARM_DESC(whose, "read: how many by which function of ours");

/* Tracepoints that modules do not see by name. */
static struct {
	const char *name;
	void *probe;
	struct tracepoint *at;
} vei_held_points[] = {
	{ "mm_page_alloc", vei_held_alloc },
	{ "mm_page_free", vei_held_free },
};

static void vei_held_find(struct tracepoint *at, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vei_held_points); i++)
		if (!strcmp(at->name, vei_held_points[i].name))
			vei_held_points[i].at = at;
}

/* The first @n of them. */
static void vei_held_unregister(unsigned int n)
{
	while (n--)
		tracepoint_probe_unregister(vei_held_points[n].at, vei_held_points[n].probe, NULL);
	tracepoint_synchronize_unregister();
}

static int vei_held_register(void)
{
	unsigned int i;
	int err;

	for_each_kernel_tracepoint(vei_held_find, NULL);
	for (i = 0; i < ARRAY_SIZE(vei_held_points); i++) {
		err = -ENOENT;
		if (vei_held_points[i].at)
			err = tracepoint_probe_register(vei_held_points[i].at,
							vei_held_points[i].probe, NULL);
		if (err) {
			pr_err("vei_held: no tracepoint %s: %d\n", vei_held_points[i].name, err);
			vei_held_unregister(i);
			return err;
		}
	}
	return 0;
}

static int __init vei_held_init(void)
{
	int err;

	vei_held_pfns = virt_to_phys(high_memory - 1) / PAGE_SIZE + 1;
	vei_held = vzalloc(array_size(vei_held_pfns, sizeof(*vei_held)));
	if (!vei_held)
		return -ENOMEM;
	err = register_kretprobe(&vei_held_kretprobe);
	if (err) {
		pr_err("vei_held: %s cannot be probed: %d\n",
		       vei_held_kretprobe.kp.symbol_name, err);
		goto err_free;
	}
	err = vei_held_register();
	if (err)
		goto err_kretprobe;
	return 0;

err_kretprobe:
	unregister_kretprobe(&vei_held_kretprobe);
err_free:
	vfree(vei_held);
	return err;
}

static void __exit vei_held_exit(void)
{
	vei_held_unregister(ARRAY_SIZE(vei_held_points));
	unregister_kretprobe(&vei_held_kretprobe);
	vfree(vei_held);
}

module_init(vei_held_init);
module_exit(vei_held_exit);
MODULE_DESCRIPTION("Counts the pages that the drivers hold, for tests");
MODULE_LICENSE("GPL");
