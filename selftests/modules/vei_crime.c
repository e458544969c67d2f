// SPDX-License-Identifier: GPL-2.0
/*
 * Do what a debug kernel has to find, so that it is seen to find it:
 *
 *	insmod vei_crime.ko which=NAME [bdf=0000:00:10.0]
 *
 * What concerns mappings is done in the name of the device at that address. The
 * kernel is none to go on with afterwards.
 */

#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "vei_pci.h"

/* As of a structure with one buffer. */
#define VEI_CRIME_SIZE	64
/* How long each of the two races; they meet within the first of it. */
#define VEI_CRIME_RACE	(5 * HZ)

static char *which = "";
module_param(which, charp, 0444);
MODULE_PARM_DESC(which, "what is done");

static char *bdf;
module_param(bdf, charp, 0444);
MODULE_PARM_DESC(bdf, "address of the device whose driver does it");

/* What the compiler does not see through. */
static int vei_crime_hide(int value)
{
	OPTIMIZER_HIDE_VAR(value);
	return value;
}

/* Memory. */

static void vei_crime_beyond(void)
{
	char *buf = kmalloc(VEI_CRIME_SIZE, GFP_KERNEL);

	if (buf)
		buf[vei_crime_hide(VEI_CRIME_SIZE)] = 1;
	kfree(buf);
}

static void vei_crime_vmalloc(void)
{
	char *buf = vmalloc(PAGE_SIZE);

	if (buf)
		buf[vei_crime_hide(PAGE_SIZE)] = 1;
	vfree(buf);
}

static void vei_crime_stack(void)
{
	char buf[VEI_CRIME_SIZE], *at = buf;

	/* By its own name UBSAN would know its bounds. */
	OPTIMIZER_HIDE_VAR(at);
	at[vei_crime_hide(VEI_CRIME_SIZE)] = 1;
	barrier_data(buf);
}

static void vei_crime_after_free(void)
{
	char *buf = kmalloc(VEI_CRIME_SIZE, GFP_KERNEL);

	kfree(buf);
	OPTIMIZER_HIDE_VAR(buf);
	if (buf)
		WRITE_ONCE(*buf, 1);
}

static void vei_crime_twice(void)
{
	char *buf = kmalloc(VEI_CRIME_SIZE, GFP_KERNEL);

	kfree(buf);
	OPTIMIZER_HIDE_VAR(buf);
	kfree(buf);
}

/* As assembly or a device would, which KASAN does not see. */
static noinline __no_sanitize_address void vei_crime_scribble(char *at)
{
	WRITE_ONCE(*at, 1);
}

/* With slub_debug=FZ. KASAN keeps what is freed for a while; the cache's end ends that. */
static void vei_crime_redzone(void)
{
	struct kmem_cache *cache = kmem_cache_create("vei_crime", VEI_CRIME_SIZE, 0, 0, NULL);
	char *buf = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;

	if (buf) {
		vei_crime_scribble(buf + VEI_CRIME_SIZE);
		kmem_cache_free(cache, buf);
	}
	kmem_cache_destroy(cache);
}

/* With page_poison=1. Who has the page next finds it written to. */
static void vei_crime_page(void)
{
	unsigned long page;

	preempt_disable();
	page = __get_free_page(GFP_ATOMIC);
	free_page(page);
	if (page)
		vei_crime_scribble((char *)page);
	free_page(__get_free_page(GFP_ATOMIC));
	preempt_enable();
}

static void vei_crime_leak(void)
{
	char *buf = kmalloc(VEI_CRIME_SIZE, GFP_KERNEL);

	if (buf)
		WRITE_ONCE(*buf, 1);
}

/* Arithmetic. */

static void vei_crime_shift(void)
{
	pr_info("vei_crime: %d\n", vei_crime_hide(1) << vei_crime_hide(40));
}

static void vei_crime_index(void)
{
	static int values[4];

	pr_info("vei_crime: %d\n", values[vei_crime_hide(4)]);
}

/* Locks and sleep. */

static DEFINE_SPINLOCK(vei_crime_a);
static DEFINE_SPINLOCK(vei_crime_b);

static void vei_crime_order(void)
{
	spin_lock(&vei_crime_a);
	spin_lock(&vei_crime_b);
	spin_unlock(&vei_crime_b);
	spin_unlock(&vei_crime_a);
	spin_lock(&vei_crime_b);
	spin_lock(&vei_crime_a);
	spin_unlock(&vei_crime_a);
	spin_unlock(&vei_crime_b);
}

static void vei_crime_softirq(struct timer_list *timer)
{
	spin_lock(&vei_crime_a);
	spin_unlock(&vei_crime_a);
}

/* A lock that an interrupt takes as well. */
static void vei_crime_irq(void)
{
	static struct timer_list timer;

	timer_setup(&timer, vei_crime_softirq, 0);
	mod_timer(&timer, jiffies + 1);
	while (timer_pending(&timer))
		schedule_timeout_uninterruptible(1);
	timer_delete_sync(&timer);
	spin_lock(&vei_crime_a);
	spin_unlock(&vei_crime_a);
}

static void vei_crime_sleep(void)
{
	spin_lock(&vei_crime_a);
	might_sleep();
	spin_unlock(&vei_crime_a);
}

static int *vei_crime_pointer;

static void vei_crime_rcu(void)
{
	pr_info("vei_crime: %p\n", rcu_dereference(vei_crime_pointer));
}

/* Timers, work, lists. */

struct vei_crime_objects {
	struct timer_list timer;
	struct delayed_work work;
	struct list_head node;
};

static void vei_crime_nothing(struct work_struct *work)
{
}

static void vei_crime_timer(void)
{
	struct vei_crime_objects *objects = kzalloc(sizeof(*objects), GFP_KERNEL);

	if (!objects)
		return;
	timer_setup(&objects->timer, vei_crime_softirq, 0);
	mod_timer(&objects->timer, jiffies + 3600 * HZ);
	kfree(objects);
}

static void vei_crime_work(void)
{
	struct vei_crime_objects *objects = kzalloc(sizeof(*objects), GFP_KERNEL);

	if (!objects)
		return;
	INIT_DELAYED_WORK(&objects->work, vei_crime_nothing);
	schedule_delayed_work(&objects->work, 3600 * HZ);
	kfree(objects);
}

static void vei_crime_list(void)
{
	LIST_HEAD(head);
	struct vei_crime_objects objects;

	list_add(&objects.node, &head);
	list_del(&objects.node);
	list_del(&objects.node);
}

/* Mappings. */

static void vei_crime_map(bool check, size_t unmapped)
{
	struct pci_dev *pdev = vei_pci_get(bdf);
	void *buf = kmalloc(VEI_CRIME_SIZE, GFP_KERNEL);
	dma_addr_t addr;

	if (pdev && buf) {
		addr = dma_map_single(&pdev->dev, buf, VEI_CRIME_SIZE, DMA_TO_DEVICE);
		if (check && dma_mapping_error(&pdev->dev, addr))
			unmapped = 0;
		if (unmapped)
			dma_unmap_single(&pdev->dev, addr, unmapped, DMA_TO_DEVICE);
	}
	pci_dev_put(pdev);
	kfree(buf);
}

static void vei_crime_map_unchecked(void)
{
	vei_crime_map(false, VEI_CRIME_SIZE);
}

static void vei_crime_map_size(void)
{
	vei_crime_map(true, VEI_CRIME_SIZE / 2);
}

/* Found when the driver lets the device go. */
static void vei_crime_map_kept(void)
{
	vei_crime_map(true, 0);
}

/* Races. */

static unsigned long vei_crime_count;

static int vei_crime_racer(void *unused)
{
	unsigned long end = jiffies + VEI_CRIME_RACE;

	while (time_before(jiffies, end)) {
		vei_crime_count++;
		barrier();
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void vei_crime_race(void)
{
	struct task_struct *racers[2];
	int i;

	for (i = 0; i < 2; i++)
		racers[i] = kthread_run(vei_crime_racer, NULL, "vei_crime/%d", i);
	for (i = 0; i < 2; i++)
		if (!IS_ERR(racers[i]))
			kthread_stop(racers[i]);
}

static void vei_crime_none(void)
{
}

static const struct {
	const char *name;
	void (*commit)(void);
} vei_crimes[] = {
	{ "none", vei_crime_none },
	{ "beyond", vei_crime_beyond },
	{ "vmalloc", vei_crime_vmalloc },
	{ "stack", vei_crime_stack },
	{ "after-free", vei_crime_after_free },
	{ "twice", vei_crime_twice },
	{ "redzone", vei_crime_redzone },
	{ "page", vei_crime_page },
	{ "leak", vei_crime_leak },
	{ "shift", vei_crime_shift },
	{ "index", vei_crime_index },
	{ "order", vei_crime_order },
	{ "irq", vei_crime_irq },
	{ "sleep", vei_crime_sleep },
	{ "rcu", vei_crime_rcu },
	{ "timer", vei_crime_timer },
	{ "work", vei_crime_work },
	{ "list", vei_crime_list },
	{ "map-unchecked", vei_crime_map_unchecked },
	{ "map-size", vei_crime_map_size },
	{ "map-kept", vei_crime_map_kept },
	{ "race", vei_crime_race },
};

static int __init vei_crime_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vei_crimes); i++)
		if (!strcmp(which, vei_crimes[i].name)) {
			pr_info("vei_crime: %s\n", which);
			vei_crimes[i].commit();
			return 0;
		}
	pr_err("vei_crime: which=%s is unknown\n", which);
	return -EINVAL;
}

static void __exit vei_crime_exit(void)
{
}

module_init(vei_crime_init);
module_exit(vei_crime_exit);
MODULE_DESCRIPTION("Does what a debug kernel has to find, for tests");
MODULE_LICENSE("GPL");
