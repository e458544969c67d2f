// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts that no device has sent, as fast as they go:
 *
 *	insmod vei_spurious.ko irq=N times=N
 *
 * Real ones, by the vector that the interrupt has: while one is pending the next waits.
 * On return all are sent.
 */

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>

/* A device that is not heard for so long will not be. */
#define VEI_SPURIOUS_PATIENCE	(30ULL * NSEC_PER_SEC)

static unsigned int irq;
module_param(irq, uint, 0444);
MODULE_PARM_DESC(irq, "the interrupt's number");

static unsigned int times;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "how many");

static int vei_spurious_send(void)
{
	u64 end = ktime_get_ns() + VEI_SPURIOUS_PATIENCE;
	int err;

	do {
		err = irq_inject_interrupt(irq);
		cond_resched();
	} while (err == -EBUSY && ktime_get_ns() < end);
	return err;
}

static int __init vei_spurious_init(void)
{
	u64 began = ktime_get_ns();
	unsigned int i;
	int err;

	/* With it goes the function, so nothing below may be left. */
	if (!IS_ENABLED(CONFIG_GENERIC_IRQ_INJECTION)) {
		pr_info("vei_spurious: this kernel cannot send interrupts\n");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < times; i++) {
		err = vei_spurious_send();
		if (err) {
			pr_err("vei_spurious: irq=%u cannot be sent: %d\n", irq, err);
			return err;
		}
	}
	pr_info("vei_spurious: %u sent in %llu us\n", times,
		div_u64(ktime_get_ns() - began, NSEC_PER_USEC));
	return 0;
}

static void __exit vei_spurious_exit(void)
{
}

module_init(vei_spurious_init);
module_exit(vei_spurious_exit);
MODULE_DESCRIPTION("Sends interrupts that nobody asked for, for tests");
MODULE_LICENSE("GPL");
