/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where it is asked which kernel this is, for all of the modules; what only
 * networking or the block layer needs is in driver/net/compat.h and
 * driver/blk/compat.h. The rest reads like the newest kernel; what an older one
 * lacks is made up for in these.
 */
#ifndef _VEI_COMPAT_H
#define _VEI_COMPAT_H

#include <linux/version.h>

#include <linux/hrtimer.h>
#include <linux/pci.h>
#include <linux/timer.h>

/* 6.16: from_timer() by another name. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define timer_container_of from_timer
#endif

/* 6.2, and late in 6.1: del_timer_sync() by another name. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync del_timer_sync
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

/* 6.10: __assign_str() knows its source. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define VEI_ASSIGN_STR(dst, src) __assign_str(dst)
#else
#define VEI_ASSIGN_STR(dst, src) __assign_str(dst, src)
#endif

/* 6.13: initialized and given its function in one. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
/**
 * vei_timer_init() - a timer that fires once, in hard interrupt where there is one
 * @timer: the timer
 * @function: called then
 */
static inline void vei_timer_init(struct hrtimer *timer,
				  enum hrtimer_restart (*function)(struct hrtimer *))
{
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer->function = function;
}
#else
/**
 * vei_timer_init() - a timer that fires once, in hard interrupt where there is one
 * @timer: the timer
 * @function: called then
 */
static inline void vei_timer_init(struct hrtimer *timer,
				  enum hrtimer_restart (*function)(struct hrtimer *))
{
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
}
#endif

#endif /* _VEI_COMPAT_H */
