// SPDX-License-Identifier: GPL-2.0
/*
 * Refuse memory to our modules, at one place after the other:
 *
 *	insmod vei_refuse.ko [each=N] [deep=1]
 *	echo one >/sys/module/vei_refuse/parameters/now
 *
 * The next time that memory is asked for on behalf of one of them, at a place that was not
 * refused any yet, there is none, once. So who repeats something, with a new "one" each time,
 * until struck stays 0 has had every place of it refused. A place is a call from one of ours
 * into the kernel, by a certain chain of calls; the second time that one step comes there is
 * another place, as in a loop, when something is there that has to be freed, and so on up to
 * each=. With deep=1 the chain goes on down into the kernel.
 *
 *	one	as said		all	nothing at all from here on
 *	none	there is memory again	new	likewise, and all places are new
 *
 * The places are the kernel's own, at which it can be told to do so for fault injection,
 * whether that is configured or not; and two that have another way when they fail.
 */

#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/jhash.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "vei_stack.h"

#define VEI_REFUSE_PLACES	4096
/* The bits of &vei_refuse_place.refused. */
#define VEI_REFUSE_EACH_MAX	32

static unsigned int each = 2;
module_param(each, uint, 0444);
MODULE_PARM_DESC(each, "so many times that a step comes to a place are places of their own (default: 2)");

static bool deep;
module_param(deep, bool, 0444);
MODULE_PARM_DESC(deep, "what the kernel does on our behalf has places of its own (default: N)");

/* They make a slab's page. A slab that has none to give is refused by itself. */
static const char *const vei_refuse_slabs[] = {
	"allocate_slab", "new_slab", "___slab_alloc", VEI_STACK_DEPOT,
};

/*
 * What the kernel itself does not bear: it warns when it takes back what was not made, or
 * that there is none, with a trace; or loses an interrupt's line when it cannot look up
 * whose it was. Its checkers give up.
 */
static const char *const vei_refuse_spared[] = {
	"register_irq_proc", "register_handler_proc", "kmem_cache_create", "__vmalloc_node",
	"acpi_", VEI_STACK_CHECKERS,
};

enum vei_refuse_now { VEI_REFUSE_NONE, VEI_REFUSE_ONE, VEI_REFUSE_ALL };

/**
 * struct vei_refuse_place - somebody who asks for memory
 * @hash: of who has called
 * @step: when he was here last
 * @came: how many times in that step
 * @refused: at which of them he was refused
 */
struct vei_refuse_place {
	u32 hash;
	unsigned int step;
	unsigned int came;
	unsigned int refused;
};

/*
 * As a kprobe's handler comes by a trap, which may be anywhere, lockdep takes it for an NMI
 * and minds each lock that is taken outside, too. In here nothing is probed, so none comes
 * to who holds this one.
 */
static arch_spinlock_t vei_refuse_lock = __ARCH_SPIN_LOCK_UNLOCKED;
static struct vei_refuse_place vei_refuse_places[VEI_REFUSE_PLACES];
static enum vei_refuse_now vei_refuse_now;
static unsigned int vei_refuse_step;

static unsigned int struck;
module_param(struck, uint, 0444);
MODULE_PARM_DESC(struck, "read: how many times it was refused since now was written");

static unsigned int known;
module_param(known, uint, 0444);
MODULE_PARM_DESC(known, "read: how many places there are by now");

static unsigned long vei_refuse_where[3];

static int vei_refuse_where_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%pS, by %pS, from %pS\n", (void *)vei_refuse_where[0],
			  (void *)vei_refuse_where[1], (void *)vei_refuse_where[2]);
}

static const struct kernel_param_ops vei_refuse_where_ops = {
	.get = vei_refuse_where_get,
};
module_param_cb(where, &vei_refuse_where_ops, NULL, 0444);
MODULE_PARM_DESC(where, "read: what of ours was refused last, by what it called, and who called");

static unsigned long vei_refuse_lock_save(void)
{
	unsigned long flags;

	local_irq_save(flags);
	arch_spin_lock(&vei_refuse_lock);
	return flags;
}

static void vei_refuse_unlock_restore(unsigned long flags)
{
	arch_spin_unlock(&vei_refuse_lock);
	local_irq_restore(flags);
}

static int vei_refuse_now_set(const char *value, const struct kernel_param *kp)
{
	static const char *const names[] = { "none", "one", "all", "new" };
	int what = sysfs_match_string(names, value);
	unsigned long flags;

	if (what < 0)
		return what;
	flags = vei_refuse_lock_save();
	if (what > VEI_REFUSE_ALL) {
		memset(vei_refuse_places, 0, sizeof(vei_refuse_places));
		known = 0;
		what = VEI_REFUSE_NONE;
	}
	if (what != VEI_REFUSE_NONE) {
		vei_refuse_step++;
		struck = 0;
	}
	WRITE_ONCE(vei_refuse_now, what);
	vei_refuse_unlock_restore(flags);
	return 0;
}

static const struct kernel_param_ops vei_refuse_now_ops = {
	.set = vei_refuse_now_set,
};
module_param_cb(now, &vei_refuse_now_ops, NULL, 0200);
MODULE_PARM_DESC(now, "write: one, all, none or new");

/* Of the calls from a place; under the lock. NULL if there are too many. */
static struct vei_refuse_place *vei_refuse_find(u32 hash)
{
	unsigned int i, at = hash % VEI_REFUSE_PLACES;

	for (i = 0; i < VEI_REFUSE_PLACES; i++, at = (at + 1) % VEI_REFUSE_PLACES) {
		struct vei_refuse_place *place = &vei_refuse_places[at];

		if (!place->hash) {
			place->hash = hash;
			known++;
		}
		if (place->hash == hash)
			return place;
	}
	return NULL;
}

/* Is it this call's turn? Under the lock. */
static bool vei_refuse_is_due(u32 hash)
{
	struct vei_refuse_place *place = vei_refuse_find(hash);
	unsigned int bit;

	if (!place)
		return false;
	if (place->step != vei_refuse_step) {
		place->step = vei_refuse_step;
		place->came = 0;
	}
	bit = place->came++;
	if (struck || bit >= min(each, VEI_REFUSE_EACH_MAX) || place->refused & BIT(bit))
		return false;
	place->refused |= BIT(bit);
	return true;
}

static bool vei_refuse_strikes(const struct vei_stack *s)
{
	unsigned int from = deep || !s->ours ? 0 : s->ours - 1;
	u32 hash = jhash2((const u32 *)&s->entry[from],
			  (s->end - from) * sizeof(long) / sizeof(u32), 0) ?: 1;
	unsigned long flags;
	bool strikes;

	flags = vei_refuse_lock_save();
	strikes = vei_refuse_now == VEI_REFUSE_ALL ||
		  (vei_refuse_now == VEI_REFUSE_ONE && vei_refuse_is_due(hash));
	if (strikes) {
		struck++;
		vei_refuse_where[0] = s->entry[s->ours];
		vei_refuse_where[1] = s->entry[s->ours ? s->ours - 1 : 0];
		vei_refuse_where[2] = s->entry[s->end - 1];
	}
	vei_refuse_unlock_restore(flags);
	return strikes;
}

/* Runs in place of the function: on its stack, with its return address, and nothing else. */
static noinline notrace void vei_refuse_return(void)
{
	barrier();
}

/* Under preempt_disable() and one at a time on a processor: a stack is too large for the stack. */
static DEFINE_PER_CPU(struct vei_stack, vei_refuse_stack);

static int vei_refuse(struct pt_regs *regs, unsigned int gfp_arg, unsigned long value, bool page)
{
	struct vei_stack *s = this_cpu_ptr(&vei_refuse_stack);

	if (READ_ONCE(vei_refuse_now) == VEI_REFUSE_NONE ||
	    regs_get_kernel_argument(regs, gfp_arg) & (__force unsigned long)__GFP_NOFAIL ||
	    !vei_stack_look(s) ||
	    vei_stack_has(s, vei_refuse_spared, ARRAY_SIZE(vei_refuse_spared)) ||
	    (page && vei_stack_has(s, vei_refuse_slabs, ARRAY_SIZE(vei_refuse_slabs))) ||
	    !vei_refuse_strikes(s))
		return 0;
	regs_set_return_value(regs, value);
	instruction_pointer_set(regs, (unsigned long)vei_refuse_return);
	return 1;
}

static int vei_refuse_slab(struct kprobe *p, struct pt_regs *regs)
{
	return vei_refuse(regs, 1, -ENOMEM, false);
}

static int vei_refuse_page(struct kprobe *p, struct pt_regs *regs)
{
	return vei_refuse(regs, 0, true, true);
}

/* It would go on with vmalloc(). */
static int vei_refuse_kvmalloc(struct kprobe *p, struct pt_regs *regs)
{
	return vei_refuse(regs, 1, 0, false);
}

/* It has a reserve. */
static int vei_refuse_percpu(struct kprobe *p, struct pt_regs *regs)
{
	return vei_refuse(regs, 3, 0, false);
}

/* That there is one keeps the probe where a changed instruction pointer counts. */
static void vei_refuse_refused(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

#define VEI_REFUSE_AT(_name, _handler)	{ .symbol_name = _name, .pre_handler = _handler, \
					  .post_handler = vei_refuse_refused }

static struct kprobe vei_refuse_kprobes[] = {
	VEI_REFUSE_AT("should_failslab", vei_refuse_slab),
	VEI_REFUSE_AT("should_fail_alloc_page", vei_refuse_page),
	VEI_REFUSE_AT("kvmalloc_node", vei_refuse_kvmalloc),
	VEI_REFUSE_AT("pcpu_alloc", vei_refuse_percpu),
};

static int __init vei_refuse_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(vei_refuse_kprobes); i++) {
		err = register_kprobe(&vei_refuse_kprobes[i]);
		if (err)
			goto err_kprobe;
	}
	return 0;

err_kprobe:
	pr_info("vei_refuse: %s cannot be probed: %d\n", vei_refuse_kprobes[i].symbol_name, err);
	while (i--)
		unregister_kprobe(&vei_refuse_kprobes[i]);
	return err;
}

static void __exit vei_refuse_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vei_refuse_kprobes); i++)
		unregister_kprobe(&vei_refuse_kprobes[i]);
}

module_init(vei_refuse_init);
module_exit(vei_refuse_exit);
MODULE_DESCRIPTION("Refuses memory to the drivers at one place after the other, for tests");
MODULE_LICENSE("GPL");
