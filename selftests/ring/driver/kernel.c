// SPDX-License-Identifier: GPL-2.0
/*
 * What the drivers call and a user-space program does not have. Memory is the C library's, so that
 * AddressSanitizer knows it; it fails when the script says so. Locks insist on being free. Messages
 * are dropped, time stands still unless somebody sleeps.
 */
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "hostile.h"

/* An address is its own physical one. */
unsigned long page_offset_base, vmalloc_base, vmemmap_base, phys_base;

/* One processor, whose variables are where they were compiled to be: the segment begins at 0. */
static struct task_struct task;
DEFINE_PER_CPU(struct task_struct *, current_task) = &task;
DEFINE_PER_CPU(int, __preempt_count) = 0x40000000;
DEFINE_PER_CPU(unsigned long, this_cpu_off);
DEFINE_PER_CPU(int, numa_node);
DEFINE_PER_CPU(int, cpu_number);
unsigned long volatile jiffies = 1000;
struct workqueue_struct *system_wq;
struct net init_net;
/* Nobody traces. */
struct tracepoint __tracepoint_kfree_skb, __tracepoint_consume_skb;
struct cpumask __cpu_possible_mask, __cpu_online_mask;
unsigned int nr_cpu_ids = 1;

u64 kernel_now = 1000000;
/* Bits: of the next allocations, which fail. */
unsigned int kernel_fails, kernel_failed;
bool kernel_far;
long kernel_allocated, kernel_pages;
void (*kernel_meanwhile)(void);

bool kernel_fail(void)
{
	bool fail = kernel_fails & 1;

	kernel_fails >>= 1;
	kernel_failed += fail;
	return fail;
}

/* memory */

static void *get(size_t n, gfp_t gfp)
{
	void *p;

	if (kernel_meanwhile)
		kernel_meanwhile();
	if (kernel_fail())
		return NULL;
	p = gfp & __GFP_ZERO ? calloc(1, n) : malloc(n);
	MUST(p);
	kernel_allocated++;
	return p;
}

static void put(const void *p)
{
	if (!p)
		return;
	/* Nobody may get what the device still has. */
	MUST(!hostile_has(p, malloc_usable_size((void *)p)));
	kernel_allocated--;
	free((void *)p);
}

struct kmem_cache *kmalloc_caches[NR_KMALLOC_TYPES][KMALLOC_SHIFT_HIGH + 1];

void *__kmalloc(size_t n, gfp_t gfp)
{
	return get(n, gfp);
}

void *kmalloc_trace(struct kmem_cache *cache, gfp_t gfp, size_t n)
{
	return get(n, gfp);
}

void *__kmalloc_node_track_caller(size_t n, gfp_t gfp, int node, unsigned long caller)
{
	return get(n, gfp);
}

void *kvmalloc_node(size_t n, gfp_t gfp, int node)
{
	return get(n, gfp);
}

void kfree(const void *p)
{
	put(p);
}

void kvfree(const void *p)
{
	put(p);
}

size_t ksize(const void *p)
{
	return malloc_usable_size((void *)p);
}

/* Of sk_buffs alone. */
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return get(sizeof(struct sk_buff), gfp);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node)
{
	return get(sizeof(struct sk_buff), gfp);
}

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t n, void **p)
{
	size_t i;

	for (i = 0; i < n; i++) {
		p[i] = get(sizeof(struct sk_buff), gfp);
		if (!p[i])
			break;
	}
	return i;
}

void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	put(p);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **p)
{
	while (n--)
		put(*p++);
}

size_t kmalloc_size_roundup(size_t n)
{
	return n;
}

bool gfp_pfmemalloc_allowed(gfp_t gfp)
{
	return false;
}

/* Where a legacy device can reach it, or not; with a page behind it that nobody may touch. */
void *alloc_pages_exact(size_t n, gfp_t gfp)
{
	void *p;

	if (kernel_fail())
		return NULL;
	p = mmap(NULL, PAGE_ALIGN(n) + PAGE_SIZE, 3, kernel_far ? 0x22 : 0x62, -1, 0);
	MUST(kernel_far ? (unsigned long)p >> 44 : (unsigned long)p < 1UL << 32);
	__asan_poison_memory_region(p + PAGE_ALIGN(n), PAGE_SIZE);
	kernel_pages++;
	return p;
}

void free_pages_exact(void *p, size_t n)
{
	kernel_pages--;
	__asan_unpoison_memory_region(p + PAGE_ALIGN(n), PAGE_SIZE);
	munmap(p, PAGE_ALIGN(n) + PAGE_SIZE);
}

/* locks */

static void lock(int *held)
{
	MUST(!*held);
	*held = 1;
}

static void unlock(int *held)
{
	MUST(*held);
	*held = 0;
}

void _raw_spin_lock(raw_spinlock_t *l)
{
	lock(&l->raw_lock.val.counter);
}

void _raw_spin_unlock(raw_spinlock_t *l)
{
	unlock(&l->raw_lock.val.counter);
}

void _raw_spin_lock_irq(raw_spinlock_t *l)
{
	lock(&l->raw_lock.val.counter);
}

void _raw_spin_unlock_irq(raw_spinlock_t *l)
{
	unlock(&l->raw_lock.val.counter);
}

unsigned long _raw_spin_lock_irqsave(raw_spinlock_t *l)
{
	lock(&l->raw_lock.val.counter);
	return 0;
}

void _raw_spin_unlock_irqrestore(raw_spinlock_t *l, unsigned long flags)
{
	unlock(&l->raw_lock.val.counter);
}

void mutex_lock(struct mutex *m)
{
	MUST(!atomic_long_read(&m->owner));
	atomic_long_set(&m->owner, 1);
}

void mutex_unlock(struct mutex *m)
{
	MUST(atomic_long_read(&m->owner));
	atomic_long_set(&m->owner, 0);
}

/* As lockdep would, see look.h: a lock of either kind begins with who holds it. */
void hostile_must_hold(const void *lock)
{
	MUST(*(const int *)lock);
}

void __rcu_read_lock(void)
{
}

void __rcu_read_unlock(void)
{
}

void __local_bh_enable_ip(unsigned long ip, unsigned int n)
{
}

/* messages */

int _printk(const char *format, ...)
{
	return 0;
}

#define MESSAGE(name, type)							\
void name(const struct type *dev, const char *format, ...)			\
{										\
}

MESSAGE(_dev_err, device)
MESSAGE(_dev_warn, device)
MESSAGE(_dev_info, device)
MESSAGE(netdev_err, net_device)
MESSAGE(netdev_warn, net_device)
MESSAGE(netdev_info, net_device)

void __dynamic_pr_debug(struct _ddebug *descriptor, const char *format, ...)
{
}

int net_ratelimit(void)
{
	return 1;
}

int ___ratelimit(struct ratelimit_state *rs, const char *func)
{
	return 1;
}

void __warn_printk(const char *format, ...)
{
	MUST(!"WARN");
}

void fortify_panic(const char *name)
{
	MUST(!"fortify");
}

/* time, and what waits for it */

ktime_t ktime_get(void)
{
	return kernel_now;
}

void init_wait_entry(struct wait_queue_entry *entry, int flags)
{
}

long prepare_to_wait_event(struct wait_queue_head *head, struct wait_queue_entry *entry, int state)
{
	return 0;
}

void finish_wait(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
}

int __wake_up(struct wait_queue_head *head, unsigned int mode, int n, void *key)
{
	return 0;
}

void usleep_range_state(unsigned long min, unsigned long max, unsigned int state)
{
	kernel_now += min * NSEC_PER_USEC;
}

bool __weak queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	return true;
}

bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work,
			   unsigned long delay)
{
	return true;
}

bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work,
			 unsigned long delay)
{
	return true;
}

bool cancel_delayed_work(struct delayed_work *work)
{
	return false;
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	return false;
}

int __weak timer_delete_sync(struct timer_list *timer)
{
	return 0;
}

/* PCI, as far as a reset needs it */

void pci_clear_master(struct pci_dev *pdev)
{
}

void pci_intx(struct pci_dev *pdev, int enable)
{
}

/* What is called by way of a trampoline, and returns at once: nobody else is to be scheduled. */
#define TRAMPOLINE(name) __asm__(".globl __SCT__" #name "\n__SCT__" #name ":\n\tret\n")

TRAMPOLINE(might_resched);
TRAMPOLINE(cond_resched);
TRAMPOLINE(preempt_schedule);
TRAMPOLINE(preempt_schedule_notrace);

/* What nobody gets to, as it is called of things that are not there; a program may have its own. */
void kernel_never(void)
{
	MUST(!"a function of the kernel's that is not to be called");
}

#define NEVER(name) __asm__(".weak " #name "\n" #name ":\n\tjmp kernel_never\n")

NEVER(__SCT__tp_func_consume_skb);
NEVER(__SCT__tp_func_kfree_skb);
NEVER(__folio_put);
NEVER(__put_devmap_managed_page_refs);
NEVER(__xfrm_state_destroy);
NEVER(alloc_pages);
NEVER(dst_release);
NEVER(get_random_bytes);
NEVER(migrate_disable);
NEVER(migrate_enable);
NEVER(nf_conntrack_destroy);
NEVER(page_frag_free);
NEVER(pci_irq_vector);
NEVER(refcount_warn_saturate);
NEVER(sched_clock);
NEVER(sock_edemux);
NEVER(synchronize_irq);
