// SPDX-License-Identifier: GPL-2.0
/* Module parameters of the core. Documentation/parameters.md describes each. */

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "core.h"

struct vei_params vei_params = {
	.toggles = {
		.used_event = true,
		.avail_event = true,
		.features_hi = true,
		.indirect = true,
	},
	.feature_mask = ~0ULL,
	.watch_ms = 2000,
};

/* A parameter that takes one of a few words. */
struct vei_choice {
	const char *const *words;
	size_t n;
	int *value;
};

static int vei_choice_set(const char *val, const struct kernel_param *kp)
{
	const struct vei_choice *choice = kp->arg;
	int i = __sysfs_match_string(choice->words, choice->n, val);

	if (i < 0) {
		pr_err("virtio_ei: parameter %s: \"%s\" is none of its values\n", kp->name, val);
		return -EINVAL;
	}
	*choice->value = i;
	return 0;
}

static int vei_choice_get(char *buf, const struct kernel_param *kp)
{
	const struct vei_choice *choice = kp->arg;

	return sysfs_emit(buf, "%s\n", choice->words[*choice->value]);
}

static const struct kernel_param_ops vei_choice_ops = {
	.set = vei_choice_set,
	.get = vei_choice_get,
};

static int vei_bool_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (err)
		pr_err("virtio_ei: parameter %s: \"%s\" is no boolean\n", kp->name, val ?: "");
	return err;
}

static const struct kernel_param_ops vei_bool_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = vei_bool_set,
	.get = param_get_bool,
};

static int vei_mask_set(const char *val, const struct kernel_param *kp)
{
	int err = kstrtoull(val, 0, (u64 *)kp->arg);

	if (err)
		pr_err("virtio_ei: parameter %s: \"%s\" is no 64-bit number\n", kp->name, val);
	return err;
}

static int vei_mask_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "0x%016llx\n", *(u64 *)kp->arg);
}

static const struct kernel_param_ops vei_mask_ops = {
	.set = vei_mask_set,
	.get = vei_mask_get,
};

/* More often would find slow devices suspect, more rarely be of no use. */
static int vei_watch_set(const char *val, const struct kernel_param *kp)
{
	unsigned int ms;
	int err = kstrtouint(val, 0, &ms);

	if (!err && ms && (ms < 100 || ms > 60000))
		err = -ERANGE;
	if (err)
		pr_err("virtio_ei: parameter %s: \"%s\" is neither 0 nor 100 to 60000\n", kp->name,
		       val);
	else
		*(unsigned int *)kp->arg = ms;
	return err;
}

static const struct kernel_param_ops vei_watch_ops = {
	.set = vei_watch_set,
	.get = param_get_uint,
};

static const char *const vei_dialect_words[] = {
	[VEI_DIALECT_AUTO] = "auto",
	[VEI_DIALECT_FORCE_DRAFT] = "draft",
	[VEI_DIALECT_FORCE_RELEASED] = "released",
};

static const char *const vei_vectors_words[] = {
	[VEI_CHOOSE_AUTO] = "auto",
	[VEI_CHOOSE_PER_QUEUE] = "per-queue",
	[VEI_CHOOSE_SHARED] = "shared",
	[VEI_CHOOSE_INTX] = "intx",
};

static const struct vei_choice vei_dialect_choice = {
	vei_dialect_words, ARRAY_SIZE(vei_dialect_words), &vei_params.dialect,
};

static const struct vei_choice vei_vectors_choice = {
	vei_vectors_words, ARRAY_SIZE(vei_vectors_words), &vei_params.vectors,
};

#define VEI_TOGGLE_PARAM(_name, _desc)							\
	module_param_cb(_name, &vei_bool_ops, &vei_params.toggles._name, 0444);		\
	__MODULE_PARM_TYPE(_name, "bool");						\
	MODULE_PARM_DESC(_name, _desc)

VEI_TOGGLE_PARAM(used_event,
		 "suppress interrupts by used_event, bit 29 (default: Y)");
VEI_TOGGLE_PARAM(avail_event,
		 "suppress kicks by avail_event, bit 32, in the released dialect bit 29 (default: Y)");
VEI_TOGGLE_PARAM(features_hi,
		 "open feature bits 32:63, bit 31 (default: Y)");
VEI_TOGGLE_PARAM(indirect,
		 "indirect descriptors, bit 28 (default: Y)");
VEI_TOGGLE_PARAM(notify_on_empty,
		 "interrupt when a queue runs empty, bit 24 (default: N)");

module_param_cb(watch_ms, &vei_watch_ops, &vei_params.watch_ms, 0444);
__MODULE_PARM_TYPE(watch_ms, "uint");
MODULE_PARM_DESC(watch_ms,
		 "look for lost kicks and interrupts every so many ms, 0 never (default: 2000)");

module_param_cb(feature_mask, &vei_mask_ops, &vei_params.feature_mask, 0444);
__MODULE_PARM_TYPE(feature_mask, "ullong");
MODULE_PARM_DESC(feature_mask, "feature bits that may be acknowledged at all (default: all)");

module_param_cb(dialect, &vei_choice_ops, (void *)&vei_dialect_choice, 0444);
__MODULE_PARM_TYPE(dialect, "charp");
MODULE_PARM_DESC(dialect,
		 "what bit 29 means: auto (from what is offered), draft, released (default: auto)");

module_param_cb(vectors, &vei_choice_ops, (void *)&vei_vectors_choice, 0444);
__MODULE_PARM_TYPE(vectors, "charp");
MODULE_PARM_DESC(vectors,
		 "interrupts: auto, per-queue, shared (both MSI-X), intx (default: auto)");
