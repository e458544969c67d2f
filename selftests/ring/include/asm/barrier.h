/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space stand-in for the kernel's <asm/barrier.h>: the instructions that the kernel uses.
 *
 * The tests' negative controls remove one kind of barrier, the compiler's part included, by defining
 * VEI_NO_WMB, VEI_NO_RMB or VEI_NO_MB; the mutants runner removes one single barrier by its letter.
 */
#ifndef VEI_SHIM_BARRIER_H
#define VEI_SHIM_BARRIER_H

#include <linux/compiler.h>

#if defined(__x86_64__)
#define VEI_MB()	__asm__ __volatile__("lock; addl $0,-4(%%rsp)" ::: "memory", "cc")
#define VEI_RMB()	barrier()
#define VEI_WMB()	barrier()
#else
#define VEI_MB()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define VEI_RMB()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define VEI_WMB()	__atomic_thread_fence(__ATOMIC_RELEASE)
#endif

#ifdef VEI_TSAN
#define VEI_TSAN_RMB()	__tsan_acquire(vei_tsan_last_read)
#define VEI_TSAN_WMB()	(vei_tsan_release_next = true)
#else
#define VEI_TSAN_RMB()	do { } while (0)
#define VEI_TSAN_WMB()	do { } while (0)
#endif

#ifdef VEI_NO_MB
#define virt_mb()	do { } while (0)
#else
#define virt_mb()	VEI_MB()
#endif

#ifdef VEI_NO_RMB
#define virt_rmb()	do { } while (0)
#else
#define virt_rmb()	do { VEI_TSAN_RMB(); VEI_RMB(); } while (0)
#endif

#ifdef VEI_NO_WMB
#define virt_wmb()	do { } while (0)
#else
#define virt_wmb()	do { VEI_TSAN_WMB(); VEI_WMB(); } while (0)
#endif

#endif /* VEI_SHIM_BARRIER_H */
