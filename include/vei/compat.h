/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that asks which kernel this is. The rest reads like the
 * newest one; what an older one lacks is made up for here.
 */
#ifndef _VEI_COMPAT_H
#define _VEI_COMPAT_H

#include <linux/version.h>

#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/u64_stats_sync.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

/* 6.8: PCI_IRQ_LEGACY became PCI_IRQ_INTX. */
#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif

/* 6.13: namespaces of symbols are strings. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define VEI_NS "VIRTIO_EI"
#else
#define VEI_NS VIRTIO_EI
#endif

/* 6.7: any page_pool hands out fragments. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define PP_FLAG_PAGE_FRAG 0
#endif

/* 6.10: __assign_str() knows its source. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define VEI_ASSIGN_STR(dst, src) __assign_str(dst)
#else
#define VEI_ASSIGN_STR(dst, src) __assign_str(dst, src)
#endif

/* 6.3: one pair of readers, which bears interrupts everywhere. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define vei_stats_fetch_begin u64_stats_fetch_begin
#define vei_stats_fetch_retry u64_stats_fetch_retry
#else
#define vei_stats_fetch_begin u64_stats_fetch_begin_irq
#define vei_stats_fetch_retry u64_stats_fetch_retry_irq
#endif

#endif /* _VEI_COMPAT_H */
