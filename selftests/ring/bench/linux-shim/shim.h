/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a kernel as Linux's own virtio_ring.c needs to run in user space, for the benchmark only.
 * fetch-linux writes one forwarding header per name that virtio_ring.c includes; all lead here.
 *
 * Where a choice could favour one side it favours Linux: a page is its own address (no vmemmap
 * arithmetic), locks and tracing cost nothing, kmalloc is the C library's malloc with its per-thread
 * cache, and the barriers are the instructions that the kernel itself uses.
 */
#ifndef VEI_LINUX_SHIM_H
#define VEI_LINUX_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8, __u8;
typedef uint16_t u16, __u16;
typedef uint32_t u32, __u32;
typedef uint64_t u64, __u64;
typedef int64_t s64;
typedef u16 __le16, __be16;
typedef u32 __le32, __be32;
typedef u64 __le64, __be64;
typedef u64 dma_addr_t, phys_addr_t;
typedef unsigned int gfp_t;
typedef int spinlock_t;
typedef int irqreturn_t;
typedef s64 ktime_t;
struct irq_affinity;
struct cpumask;

/* Compiler */
#define __bitwise
#define __force
#define __user
#define __iomem
#define __packed		__attribute__((packed))
#define __maybe_unused		__attribute__((unused))
#define __must_check
#undef __attribute_const__
#define __attribute_const__	__attribute__((const))
#undef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#define fallthrough		__attribute__((fallthrough))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile typeof(x) *)&(x) = (v))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define container_of_const(ptr, type, member)					\
	_Generic(ptr,								\
		const typeof(*(ptr)) *:						\
			((const type *)((const char *)(ptr) - offsetof(type, member))), \
		default: ((type *)((char *)(ptr) - offsetof(type, member))))
#define BUILD_BUG_ON(c)		do { } while (0)
#define BUILD_BUG_ON_ZERO(c)	0
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))

#define ERR_PTR(e)		((void *)(long)(e))
#define data_race(x)		(x)

/* Failure: any of these reached is a broken benchmark. */
#define BUG()			abort()
#define BUG_ON(c)		do { if (unlikely(c)) abort(); } while (0)
#define WARN_ON(c)		({ int w_ = !!(c); if (unlikely(w_)) abort(); w_; })
#define WARN_ON_ONCE(c)		WARN_ON(c)
#define panic(...)		abort()
#define dev_err(dev, ...)	((void)(dev), fprintf(stderr, __VA_ARGS__))
#define dev_warn(dev, ...)	dev_err(dev, __VA_ARGS__)
#define dev_WARN_ONCE(dev, c, ...) ({ int w_ = !!(c); if (unlikely(w_)) abort(); w_; })
#define dev_warn_once(dev, ...)	dev_err(dev, __VA_ARGS__)
#define pr_debug(...)		do { } while (0)
#define pr_info(...)		do { } while (0)

/* Barriers: those of arch/x86; elsewhere the compiler's. */
#define barrier()		__asm__ __volatile__("" ::: "memory")
#if defined(__x86_64__)
#define mb()			__asm__ __volatile__("mfence" ::: "memory")
#define virt_mb()		__asm__ __volatile__("lock; addl $0,-4(%%rsp)" ::: "memory", "cc")
#define virt_rmb()		barrier()
#define virt_wmb()		barrier()
#define virt_store_mb(p, v)	((void)__atomic_exchange_n(&(p), (v), __ATOMIC_SEQ_CST))
#else
#define mb()			__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define virt_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define virt_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define virt_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define virt_store_mb(p, v)	do { WRITE_ONCE(p, v); virt_mb(); } while (0)
#endif
#define dma_rmb()		virt_rmb()
#define dma_wmb()		virt_wmb()

/* Byte order: the benchmark is for little-endian machines. */
#define cpu_to_le16(x)		(x)
#define cpu_to_le32(x)		(x)
#define cpu_to_le64(x)		(x)
#define le16_to_cpu(x)		(x)
#define le32_to_cpu(x)		(x)
#define le64_to_cpu(x)		(x)
#define cpu_to_be16(x)		__builtin_bswap16(x)
#define cpu_to_be32(x)		__builtin_bswap32(x)
#define cpu_to_be64(x)		__builtin_bswap64(x)
#define be16_to_cpu(x)		__builtin_bswap16(x)
#define be32_to_cpu(x)		__builtin_bswap32(x)
#define be64_to_cpu(x)		__builtin_bswap64(x)

/* Memory */
#define PAGE_SIZE		4096UL
#define PAGE_ALIGN(x)		(((x) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1))
#define GFP_KERNEL		0u
#define GFP_ATOMIC		0u
#define __GFP_HIGHMEM		2u
#define __GFP_NOWARN		0u
#define __GFP_ZERO		4u
#define kmalloc(n, g)		((void)(g), malloc(n))
#define kzalloc(n, g)		((void)(g), calloc(1, n))
#define kcalloc(n, s, g)	((void)(g), calloc(n, s))
#define kmalloc_array(n, s, g)	((void)(g), malloc((size_t)(n) * (s)))
#define kmalloc_obj(o, ...)	malloc(sizeof(o))
#define kzalloc_obj(o, ...)	calloc(1, sizeof(o))
#define kmalloc_objs(o, n, ...)	malloc(sizeof(o) * (n))
#define kzalloc_objs(o, n, ...)	calloc(n, sizeof(o))
#define kfree(p)		free(p)
#define is_power_of_2(n)	((n) && !((n) & ((n) - 1)))

static inline void *alloc_pages_exact(size_t n, gfp_t g)
{
	void *p = aligned_alloc(PAGE_SIZE, PAGE_ALIGN(n));

	(void)g;
	return p ? memset(p, 0, PAGE_ALIGN(n)) : NULL;
}
#define free_pages_exact(p, n)	((void)(n), free(p))
#define virt_to_phys(p)		((phys_addr_t)(uintptr_t)(p))

/* Lists and locks */
struct list_head { struct list_head *next, *prev; };
#define list_for_each_entry(pos, head, member)					\
	for (pos = container_of((head)->next, typeof(*pos), member);		\
	     &pos->member != (head);						\
	     pos = container_of(pos->member.next, typeof(*pos), member))

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l->prev = l;
}

static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
	n->prev = h->prev;
	n->next = h;
	h->prev->next = n;
	h->prev = n;
}

static inline void list_del(struct list_head *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
}
#define spin_lock_init(l)	((void)(l))
#define spin_lock(l)		((void)(l))
#define spin_unlock(l)		((void)(l))

/* Device model */
struct device { struct device *parent; void *dma_mask; };
struct device_driver { const char *name; };
struct module;
struct completion { int done; };
struct virtio_device_id { __u32 device, vendor; };
#define THIS_MODULE		((struct module *)0)
#define EXPORT_SYMBOL_GPL(s)	_Static_assert(1, #s)
#define EXPORT_SYMBOL(s)	_Static_assert(1, #s)
#define MODULE_LICENSE(s)	_Static_assert(1, s)
#define MODULE_DESCRIPTION(s)	_Static_assert(1, s)
#define MODULE_AUTHOR(s)	_Static_assert(1, s)
#define IRQ_NONE		0
#define IRQ_HANDLED		1
#define dev_name(d)		((void)(d), "bench")
#define might_sleep()		do { } while (0)
#define synchronize_rcu()	do { } while (0)
#define ktime_get()		((ktime_t)0)

/* Scatterlists; the two low bits of page_link are the kernel's chain and end marks. */
struct page;
struct scatterlist {
	unsigned long page_link;
	unsigned int offset;
	unsigned int length;
	dma_addr_t dma_address;
	unsigned int dma_length;
};
#define sg_page(sg)		((struct page *)((sg)->page_link & ~3UL))
#define sg_phys(sg)		((dma_addr_t)((sg)->page_link & ~3UL) + (sg)->offset)
#define sg_dma_address(sg)	((sg)->dma_address)
#define sg_dma_len(sg)		((sg)->dma_length)
#define page_to_phys(p)		((phys_addr_t)(uintptr_t)(p))
#define page_address(p)		((void *)(p))
#define virt_to_page(p)		((struct page *)((uintptr_t)(p) & ~(PAGE_SIZE - 1)))
#define offset_in_page(p)	((uintptr_t)(p) & (PAGE_SIZE - 1))
#define virt_addr_valid(p)	true
#define is_vmalloc_addr(p)	false

static inline struct scatterlist *sg_next(struct scatterlist *sg)
{
	if (sg->page_link & 2UL)
		return NULL;
	sg++;
	if (unlikely(sg->page_link & 1UL))
		sg = (struct scatterlist *)(sg->page_link & ~3UL);
	return sg;
}

/* DMA API: a legacy device bypasses it, so none of this is ever called. */
enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_NONE };
#define DMA_MAPPING_ERROR	(~(dma_addr_t)0)
#define DMA_ATTR_SKIP_CPU_SYNC	1UL
#define DMA_ATTR_CPU_CACHE_CLEAN 2UL
#define DMA_ATTR_DEBUGGING_IGNORE_CACHELINES 4UL
#define vei_shim_dma(...)	({ abort(); (dma_addr_t)0; })
#define dma_max_mapping_size(d)			((size_t)vei_shim_dma(d))
#define dma_alloc_coherent(d, s, h, g)		((void *)vei_shim_dma(d, s, h, g))
#define dma_free_coherent(d, s, v, h)		((void)vei_shim_dma(d, s, v, h))
#define dma_map_page(d, p, o, s, r)		vei_shim_dma(d, p, o, s, r)
#define dma_map_page_attrs(d, p, o, s, r, a)	vei_shim_dma(d, p, o, s, r, a)
#define dma_map_single(d, p, s, r)		vei_shim_dma(d, p, s, r)
#define dma_map_single_attrs(d, p, s, r, a)	vei_shim_dma(d, p, s, r, a)
#define dma_unmap_page(d, a, s, r)		((void)vei_shim_dma(d, a, s, r))
#define dma_unmap_page_attrs(d, a, s, r, t)	((void)vei_shim_dma(d, a, s, r, t))
#define dma_unmap_single(d, a, s, r)		((void)vei_shim_dma(d, a, s, r))
#define dma_unmap_single_attrs(d, a, s, r, t)	((void)vei_shim_dma(d, a, s, r, t))
#define dma_mapping_error(d, a)			((int)vei_shim_dma(d, a))
#define dma_need_sync(d, a)			((bool)vei_shim_dma(d, a))
#define dma_sync_single_range_for_cpu(d, a, o, s, r)	((void)vei_shim_dma(d, a, o, s, r))
#define dma_sync_single_range_for_device(d, a, o, s, r)	((void)vei_shim_dma(d, a, o, s, r))
#define kmsan_handle_dma(...)	do { } while (0)
#define xen_domain()		0

#endif /* VEI_LINUX_SHIM_H */
