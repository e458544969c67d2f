/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that the device reads and writes beside the driver: a type of its own,
 * which nothing but the accessors below can read or write.
 *
 * What the device wrote may change between two reads of it, so a value is
 * fetched once, held in a local, and both checked and used from there. A plain
 * access would leave it to the compiler how often it fetches. Pointers to shared
 * memory lie in an address space that sparse lets nobody dereference; each
 * accessor is one load or one store of the word's own width, and in user space
 * each is where the tests' devices step in.
 *
 * PURE, see ring.h.
 */
#ifndef _VEI_SHARED_H
#define _VEI_SHARED_H

#include <linux/compiler.h>
#include <linux/types.h>

#include <uapi/virtio_ei.h>

#ifdef __CHECKER__
#define __vei_shared	__attribute__((noderef, address_space(__vei_shared)))
#else
#define __vei_shared
#endif

/**
 * vei_shared_word() - the word at @offset
 * @mem: shared
 * @offset: bytes, even
 */
static __always_inline u16 __vei_shared *vei_shared_word(u8 __vei_shared *mem, size_t offset)
{
	return (u16 __vei_shared *)(mem + offset);
}

/**
 * vei_shared_load16() - read a word once
 * @p: shared
 */
static __always_inline u16 vei_shared_load16(const u16 __vei_shared *p)
{
	return READ_ONCE(*(__force const u16 *)p);
}

/**
 * vei_shared_load32() - read a word once
 * @p: shared
 */
static __always_inline u32 vei_shared_load32(const u32 __vei_shared *p)
{
	return READ_ONCE(*(__force const u32 *)p);
}

/**
 * vei_shared_load64() - read a word once; by two loads where the machine has no wider ones
 * @p: shared
 */
static __always_inline u64 vei_shared_load64(const u64 __vei_shared *p)
{
	return READ_ONCE(*(__force const u64 *)p);
}

/**
 * vei_shared_store16() - write a word once
 * @p: shared
 * @value: what
 */
static __always_inline void vei_shared_store16(u16 __vei_shared *p, u16 value)
{
	WRITE_ONCE(*(__force u16 *)p, value);
}

/**
 * vei_shared_store32() - write a word once
 * @p: shared
 * @value: what
 */
static __always_inline void vei_shared_store32(u32 __vei_shared *p, u32 value)
{
	WRITE_ONCE(*(__force u32 *)p, value);
}

/**
 * vei_shared_store64() - write a word once; by two stores where the machine has no wider ones
 * @p: shared
 * @value: what
 */
static __always_inline void vei_shared_store64(u64 __vei_shared *p, u64 value)
{
	WRITE_ONCE(*(__force u64 *)p, value);
}

/**
 * vei_shared_fill_desc() - write a descriptor but for its link
 * @desc: shared
 * @addr: guest-physical address
 * @len: bytes
 * @flags: VEI_DESC_F_*
 */
static __always_inline void vei_shared_fill_desc(struct vei_desc __vei_shared *desc, u64 addr,
						 u32 len, u16 flags)
{
	vei_shared_store64(&desc->addr, addr);
	vei_shared_store32(&desc->len, len);
	vei_shared_store16(&desc->flags, flags);
}

#endif /* _VEI_SHARED_H */
