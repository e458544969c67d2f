/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in: the kernel's short names beside the system's own <linux/types.h>. */
#ifndef VEI_SHIM_TYPES_H
#define VEI_SHIM_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#endif /* VEI_SHIM_TYPES_H */
