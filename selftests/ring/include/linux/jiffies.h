/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's clock in ticks: the test's to set. */
#ifndef _LINUX_JIFFIES_H
#define _LINUX_JIFFIES_H

#define HZ 250

extern unsigned long jiffies;

#define time_before(a, b) ((long)((a) - (b)) < 0)

#endif /* _LINUX_JIFFIES_H */
