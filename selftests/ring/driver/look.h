/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Comes before each file of the driver: the device may step in before it reads a word that the
 * device wrote, and what has to be locked is.
 */
#ifndef VEI_LOOK_H
#define VEI_LOOK_H

#define vei_shared_load16 vei_shared_load16_alone
#include <vei/ring/shared.h>
#undef vei_shared_load16

void hostile_look(const u16 *p);

static __always_inline u16 vei_shared_load16(const u16 *p)
{
	hostile_look(p);
	return vei_shared_load16_alone(p);
}

#include <linux/lockdep.h>

void hostile_must_hold(const void *lock);

#undef lockdep_assert_held
#define lockdep_assert_held(l) hostile_must_hold(l)

#endif /* VEI_LOOK_H */
