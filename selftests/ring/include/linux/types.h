/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in: the kernel's short names beside the system's own <linux/types.h>. */
#ifndef VEI_SHIM_TYPES_H
#define VEI_SHIM_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in the kernel, the same types as those of <stdint.h>, which uapi has to use. */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#endif /* VEI_SHIM_TYPES_H */
