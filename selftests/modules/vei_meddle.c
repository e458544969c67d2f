// SPDX-License-Identifier: GPL-2.0
/*
 * Meddle with one function of the kernel: delay it, change what it returns, or
 * leave it out. Races and failures that come once in a million then come when
 * a test wants them:
 *
 *	insmod vei_meddle.ko func=NAME [ret=N] [skip=1] [delay_us=N]
 *		[at=entry|return|OFFSET] [comm=NAME] [arg=N] [after=N] [times=N]
 *
 * An instruction of it is named by its offset; where none begins there is an error.
 * The effect ends with rmmod, or after so many times.
 */

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

/* Longer is a soft lockup's business. */
#define VEI_MEDDLE_DELAY_MAX	10000000
/* Calls that may be on their way to a delayed or changed return at once. */
#define VEI_MEDDLE_ACTIVE	256

static char *func;
module_param(func, charp, 0444);
MODULE_PARM_DESC(func, "name of the function");

static char *ret;
module_param(ret, charp, 0444);
MODULE_PARM_DESC(ret, "what it returns; without skip it still does its work");

static bool skip;
module_param(skip, bool, 0444);
MODULE_PARM_DESC(skip, "leave its work out and return ret");

static unsigned int delay_us;
module_param(delay_us, uint, 0444);
MODULE_PARM_DESC(delay_us, "keep the processor busy for so many microseconds");

static char *at = "entry";
module_param(at, charp, 0444);
MODULE_PARM_DESC(at, "where the delay is: entry (default), return, or so many bytes into it");

static char *comm;
module_param(comm, charp, 0444);
MODULE_PARM_DESC(comm, "only in tasks of this name (default: any)");

static char *arg;
module_param(arg, charp, 0444);
MODULE_PARM_DESC(arg, "only where the first argument is this (default: any)");

static unsigned int after;
module_param(after, uint, 0444);
MODULE_PARM_DESC(after, "leave so many calls alone at first (default: 0)");

static unsigned int times;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "do it so many times (default: 0, always)");

static atomic_t vei_meddle_calls = ATOMIC_INIT(0);
static atomic_t vei_meddle_hits = ATOMIC_INIT(0);
static atomic_t vei_meddle_busy = ATOMIC_INIT(0);

static int vei_meddle_count_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read((atomic_t *)kp->arg));
}

static const struct kernel_param_ops vei_meddle_count_ops = {
	.get = vei_meddle_count_get,
};
module_param_cb(hits, &vei_meddle_count_ops, &vei_meddle_hits, 0444);
MODULE_PARM_DESC(hits, "read: how many times it was done");
module_param_cb(busy, &vei_meddle_count_ops, &vei_meddle_busy, 0444);
MODULE_PARM_DESC(busy, "read: how many calls are being delayed now");

static bool vei_meddle_at_return;
static unsigned int vei_meddle_offset;
static unsigned long vei_meddle_value;
static unsigned long vei_meddle_arg;

/* Is it this call's turn? */
static bool vei_meddle_strikes(struct pt_regs *regs)
{
	unsigned int call;

	if (arg && regs_get_kernel_argument(regs, 0) != vei_meddle_arg)
		return false;
	if (comm && strcmp(current->comm, comm))
		return false;
	call = atomic_inc_return(&vei_meddle_calls);
	if (call <= after || (times && call - after > times))
		return false;
	atomic_inc(&vei_meddle_hits);
	return true;
}

/* To a point in time: a sum of short delays grows with what else the host has to do. */
static void vei_meddle_delay(void)
{
	u64 end = ktime_get_mono_fast_ns() + (u64)delay_us * NSEC_PER_USEC;

	atomic_inc(&vei_meddle_busy);
	while (ktime_get_mono_fast_ns() < end)
		cpu_relax();
	atomic_dec(&vei_meddle_busy);
}

/* Runs in place of the function: on its stack, with its return address, and nothing else. */
static noinline notrace void vei_meddle_return(void)
{
	barrier();
}

static int vei_meddle_skip(struct kprobe *p, struct pt_regs *regs)
{
	if (!vei_meddle_strikes(regs))
		return 0;
	vei_meddle_delay();
	regs_set_return_value(regs, vei_meddle_value);
	instruction_pointer_set(regs, (unsigned long)vei_meddle_return);
	return 1;
}

static int vei_meddle_midway(struct kprobe *p, struct pt_regs *regs)
{
	if (vei_meddle_strikes(regs))
		vei_meddle_delay();
	return 0;
}

/* That there is one keeps the probe where a changed instruction pointer counts. */
static void vei_meddle_skipped(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static int vei_meddle_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (!vei_meddle_strikes(regs))
		return 1;
	if (!vei_meddle_at_return)
		vei_meddle_delay();
	/* Not 0: nothing is left to do at the return, so it is not caught. */
	return !vei_meddle_at_return && !ret;
}

static int vei_meddle_exit(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (vei_meddle_at_return)
		vei_meddle_delay();
	if (ret)
		regs_set_return_value(regs, vei_meddle_value);
	return 0;
}

static struct kprobe vei_meddle_kprobe = {
	.post_handler = vei_meddle_skipped,
};

static struct kretprobe vei_meddle_kretprobe = {
	.entry_handler = vei_meddle_entry,
	.handler = vei_meddle_exit,
	.maxactive = VEI_MEDDLE_ACTIVE,
};

/* The number in @text, if there is one, negative or not. */
static int vei_meddle_number(const char *name, const char *text, unsigned long *to)
{
	long value = 0;

	if (text && kstrtol(text, 0, &value)) {
		pr_err("vei_meddle: %s=%s is no number\n", name, text);
		return -EINVAL;
	}
	*to = value;
	return 0;
}

static int vei_meddle_check(void)
{
	if (!func || !*func) {
		pr_err("vei_meddle: func= names no function\n");
		return -EINVAL;
	}
	if (strcmp(at, "entry") && strcmp(at, "return") && kstrtouint(at, 0, &vei_meddle_offset)) {
		pr_err("vei_meddle: at=%s is neither entry nor return nor a number\n", at);
		return -EINVAL;
	}
	vei_meddle_at_return = !strcmp(at, "return");
	if (vei_meddle_offset && (ret || arg)) {
		pr_err("vei_meddle: at=%s: neither ret= nor arg= is to be had there\n", at);
		return -EINVAL;
	}
	if (vei_meddle_number("ret", ret, &vei_meddle_value) ||
	    vei_meddle_number("arg", arg, &vei_meddle_arg))
		return -EINVAL;
	if (skip && !ret) {
		pr_err("vei_meddle: skip=1 needs ret=, which the caller will get\n");
		return -EINVAL;
	}
	if (skip && vei_meddle_at_return) {
		pr_err("vei_meddle: skip=1 leaves no return to wait at, at=return\n");
		return -EINVAL;
	}
	if (!ret && !delay_us) {
		pr_err("vei_meddle: neither ret= nor delay_us=: nothing to do\n");
		return -EINVAL;
	}
	if (vei_meddle_at_return && !delay_us) {
		pr_err("vei_meddle: at=return is for delay_us=\n");
		return -EINVAL;
	}
	if (delay_us > VEI_MEDDLE_DELAY_MAX) {
		pr_err("vei_meddle: delay_us=%u is over %u\n", delay_us, VEI_MEDDLE_DELAY_MAX);
		return -EINVAL;
	}
	return 0;
}

static int __init vei_meddle_init(void)
{
	int err = vei_meddle_check();

	if (err)
		return err;
	if (skip || vei_meddle_offset) {
		vei_meddle_kprobe.symbol_name = func;
		vei_meddle_kprobe.offset = vei_meddle_offset;
		vei_meddle_kprobe.pre_handler = skip ? vei_meddle_skip : vei_meddle_midway;
		err = register_kprobe(&vei_meddle_kprobe);
	} else {
		vei_meddle_kretprobe.kp.symbol_name = func;
		err = register_kretprobe(&vei_meddle_kretprobe);
	}
	if (err)
		pr_err("vei_meddle: func=%s cannot be probed: %d\n", func, err);
	return err;
}

static void __exit vei_meddle_exit_module(void)
{
	if (skip || vei_meddle_offset) {
		unregister_kprobe(&vei_meddle_kprobe);
		return;
	}
	unregister_kretprobe(&vei_meddle_kretprobe);
	if (vei_meddle_kretprobe.nmissed)
		pr_err("vei_meddle: %d calls of %s were missed\n", vei_meddle_kretprobe.nmissed,
		       func);
}

module_init(vei_meddle_init);
module_exit(vei_meddle_exit_module);
MODULE_DESCRIPTION("Delays, changes or leaves out one function of the kernel, for tests");
MODULE_LICENSE("GPL");
