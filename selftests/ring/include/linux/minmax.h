/* SPDX-License-Identifier: GPL-2.0 */
/* Of the kernel's header, what <vei/again.h> uses. */
#ifndef _LINUX_MINMAX_H
#define _LINUX_MINMAX_H

#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))

#endif /* _LINUX_MINMAX_H */
