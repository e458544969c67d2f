// SPDX-License-Identifier: GPL-2.0
/*
 * Tell who watches the processor (scripts/bench/plugin) where a measurement
 * begins and ends. By a built-in of the shell, so that no process is started:
 *
 *	echo 1 >/sys/module/vei_mark/parameters/mark	begin
 *	echo 2 >/sys/module/vei_mark/parameters/mark	begin, with a device that does
 *							not let anybody wait
 *	echo 0 >/sys/module/vei_mark/parameters/mark	end
 *
 * Each executes an instruction that does nothing and is nowhere else.
 */

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static int vei_mark_set(const char *val, const struct kernel_param *kp)
{
	int mark, err = kstrtoint(val, 0, &mark);

	if (err)
		return err;
	/* nopl magic(%rax,%rax,1), with "veiB", "veiS" or "veiE" as the displacement */
	if (mark == 1)
		asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x76, 0x65, 0x69, 0x42" ::: "memory");
	else if (mark == 2)
		asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x76, 0x65, 0x69, 0x53" ::: "memory");
	else
		asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x76, 0x65, 0x69, 0x45" ::: "memory");
	return 0;
}

static const struct kernel_param_ops vei_mark_ops = { .set = vei_mark_set };

module_param_cb(mark, &vei_mark_ops, NULL, 0200);
MODULE_PARM_DESC(mark, "1 or 2: a measurement begins, 0: it ends");

MODULE_DESCRIPTION("Marks for who counts instructions");
MODULE_LICENSE("GPL");
