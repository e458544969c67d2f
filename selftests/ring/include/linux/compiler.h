/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space stand-in for the kernel's <linux/compiler.h>: what event.h and ring.h use of it.
 *
 * Under ThreadSanitizer an access through READ_ONCE() or WRITE_ONCE() is a relaxed atomic, no more:
 * it never races, and by itself orders nothing. Order comes from the barriers alone, which
 * <asm/barrier.h> ties to the accesses that they order through the two thread-local variables.
 */
#ifndef VEI_SHIM_COMPILER_H
#define VEI_SHIM_COMPILER_H

#include <linux/types.h>

#undef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#undef noinline
#define noinline		__attribute__((noinline))
#undef __maybe_unused
#define __maybe_unused		__attribute__((unused))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define barrier()		__asm__ __volatile__("" ::: "memory")
#ifdef __CHECKER__
#define __force			__attribute__((force))
#else
#define __force
#endif

#ifndef VEI_TSAN
#define vei_shim_load(p)	(*(const volatile __typeof__(*(p)) *)(p))
#define vei_shim_store(p, v)	(*(volatile __typeof__(*(p)) *)(p) = (v))
#else
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
/* The last address read, for a read barrier behind it; is a write barrier before the next write? */
extern __thread void *vei_tsan_last_read;
extern __thread bool vei_tsan_release_next;

#define vei_shim_load(p) ({							\
	vei_tsan_last_read = (void *)(p);					\
	__atomic_load_n(p, __ATOMIC_RELAXED); })
#define vei_shim_store(p, v) do {						\
	if (vei_tsan_release_next) {						\
		vei_tsan_release_next = false;					\
		__tsan_release((void *)(p));					\
	}									\
	__atomic_store_n(p, v, __ATOMIC_RELAXED);				\
} while (0)
#endif

/* The device of a test with hooks runs before and after any access to shared memory (and sees others). */
#ifdef VEI_HOOKS
void vei_hook_before_read(const void *p, size_t n);
void vei_hook_after_read(const void *p, size_t n);
void vei_hook_after_write(const void *p, size_t n);
#else
#define vei_hook_before_read(p, n)	do { } while (0)
#define vei_hook_after_read(p, n)	do { } while (0)
#define vei_hook_after_write(p, n)	do { } while (0)
#endif

#define READ_ONCE(x) ({								\
	__typeof__(&(x)) once_p_ = &(x);					\
	vei_hook_before_read(once_p_, sizeof(*once_p_));			\
	__typeof__(*once_p_) once_v_ = vei_shim_load(once_p_);			\
	vei_hook_after_read(once_p_, sizeof(*once_p_));				\
	once_v_; })
#define WRITE_ONCE(x, v) do {							\
	__typeof__(&(x)) once_p_ = &(x);					\
	vei_shim_store(once_p_, v);						\
	vei_hook_after_write(once_p_, sizeof(*once_p_));			\
} while (0)

#endif /* VEI_SHIM_COMPILER_H */
