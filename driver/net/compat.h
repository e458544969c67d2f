/* SPDX-License-Identifier: GPL-2.0 */
/* What networking has had by other names in older kernels, see vei/compat.h. */
#ifndef _VEI_NET_COMPAT_H
#define _VEI_NET_COMPAT_H

#include <linux/version.h>

#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

/* 6.7: any page_pool hands out fragments. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define PP_FLAG_PAGE_FRAG 0
#endif

/* 6.7: 32-bit kernels with larger DMA addresses have fragments, too. */
#ifdef PAGE_POOL_DMA_USE_PP_FRAG_COUNT
#define VEI_POOL_FRAGMENTS (!PAGE_POOL_DMA_USE_PP_FRAG_COUNT)
#else
#define VEI_POOL_FRAGMENTS true
#endif

/* 6.3: one pair of readers, which bears interrupts everywhere. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define vei_stats_fetch_begin u64_stats_fetch_begin
#define vei_stats_fetch_retry u64_stats_fetch_retry
#else
#define vei_stats_fetch_begin u64_stats_fetch_begin_irq
#define vei_stats_fetch_retry u64_stats_fetch_retry_irq
#endif

/* 6.17: the name of the queue that schedule_work() uses. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq system_wq
#endif

/* 6.13: a sample is passed by its address. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define vei_net_dim(dim, sample) net_dim(dim, &(sample))
#else
#define vei_net_dim(dim, sample) net_dim(dim, sample)
#endif

#endif /* _VEI_NET_COMPAT_H */
