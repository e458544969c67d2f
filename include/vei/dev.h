/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's API: a device on the virtio-pci legacy transport.
 *
 * A device driver registers its own pci_driver and calls, in probe:
 *
 *	vei_dev_create()	enable, map, reset, read what is offered
 *	vei_dev_negotiate()	choose feature bits
 *	vei_dev_find_queues()	rings, vectors
 *	vei_dev_ready()		the device may go
 *
 * and in remove vei_dev_reset(), vei_dev_unwatch(), vei_dev_del_queues(), vei_dev_destroy().
 * A failed step leaves the earlier ones to be undone in the same way. The
 * driver data of the PCI device belongs to the core: &struct vei_dev.
 *
 * To begin anew, on a device that has queues: vei_dev_reset(), drain the
 * queues, vei_dev_start(), and all from vei_dev_negotiate() on. Queues, their
 * memory and their vectors are kept for it, so that a device that works is not
 * lost for want of memory.
 *
 * Sections of "the draft" are of virtio-spec draft v2 (2011-05-04).
 */
#ifndef _VEI_DEV_H
#define _VEI_DEV_H

#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <uapi/virtio_ei.h>
#include <vei/compat.h>
#include <vei/count.h>

struct dentry;
struct vei_queue;

/**
 * enum vei_dialect - what bit 29 means to this device
 * @VEI_DIALECT_RELEASED: both directions, as in virtio 0.9.5 and 1.x
 * @VEI_DIALECT_DRAFT: used_event alone; told by bit 31 being offered
 */
enum vei_dialect {
	VEI_DIALECT_RELEASED,
	VEI_DIALECT_DRAFT,
};

/**
 * enum vei_vector_mode - how interrupts arrive
 * @VEI_VECTORS_PER_QUEUE: MSI-X, one vector for each queue and one for config changes
 * @VEI_VECTORS_SHARED: MSI-X, one vector for all queues and one for config changes
 * @VEI_VECTORS_INTX: the pin and the ISR register
 */
enum vei_vector_mode {
	VEI_VECTORS_PER_QUEUE,
	VEI_VECTORS_SHARED,
	VEI_VECTORS_INTX,
};

/**
 * enum vei_lost - what the watch finds to be lost
 * @VEI_LOST_KICK: a kick: the device did not know of a buffer
 * @VEI_LOST_INTERRUPT: an interrupt: the driver did not know of a used one
 * @VEI_NLOST: how many kinds there are
 */
enum vei_lost {
	VEI_LOST_KICK,
	VEI_LOST_INTERRUPT,
	VEI_NLOST,
};

/**
 * struct vei_toggles - feature bits of the core that the user may not want
 * @used_event: suppress interrupts by used_event (bit 29)
 * @avail_event: suppress kicks by avail_event (bit 32; released dialect: bit 29)
 * @features_hi: open bits 32:63 (bit 31)
 * @indirect: indirect descriptors (bit 28)
 * @notify_on_empty: interrupt when a queue runs empty (bit 24)
 */
struct vei_toggles {
	bool used_event;
	bool avail_event;
	bool features_hi;
	bool indirect;
	bool notify_on_empty;
};

struct vei_dev;

/**
 * struct vei_dev_ops - what a device driver gives the core
 * @feature_names: names of bits, for sysfs; NULL where there is none
 * @nfeature_names: how many, from bit 0 on; at most 24, the core has those above
 * @fix_features: leave out bits of the type that need others which there are not,
 *	of those that are offered and wanted; NULL: there are none
 * @config_changed: the device changed its configuration; hard interrupt, or the softirq of
 *	a timer where it is polled
 * @queue_broken: the device lied and @q does nothing any more until a reset;
 *	whatever context the queue was used in, with its lock held
 * @queue_busy: is there nobody whom an interrupt of @q would have to wake, as he is about to
 *	look, or does not wait? Softirq; NULL: never
 * @restart: reset the device, negotiate again with &vei_dev.toggles as they are
 *	now, and go on; may sleep. Returns 0, or a negative errno and the device
 *	is left reset; -ENODEV also if nothing is to be restarted.
 * @sleep: reset the device and use it no more before @wake; may sleep. NULL: the driver stands
 *	a reset of the bus without, and is restarted afterwards
 * @wake: go on as before; may sleep. Returns as @restart
 */
struct vei_dev_ops {
	const char *const *feature_names;
	unsigned int nfeature_names;
	u64 (*fix_features)(u64 features);
	void (*config_changed)(struct vei_dev *dev);
	void (*queue_broken)(struct vei_queue *q);
	bool (*queue_busy)(struct vei_queue *q);
	int (*restart)(struct vei_dev *dev);
	void (*sleep)(struct vei_dev *dev);
	int (*wake)(struct vei_dev *dev);
};

/**
 * struct vei_dev - a virtio device on the legacy transport
 * @pdev: its PCI function
 * @ops: the device driver
 * @priv: the device driver's own
 * @base: BAR 0
 * @bar_len: its length in bytes
 * @offered: feature bits that the device offers; 32:63 only if they were read
 * @acked: feature bits that were acknowledged
 * @features_hi_open: bit 31 stands in the guest features register
 * @gone: the device does not answer
 * @dialect: what bit 29 means
 * @toggles: what the user wants
 * @toggle_lock: one change of @toggles and the restart that follows at a time
 * @vector_mode: how interrupts arrive
 * @nvec: vectors in use
 * @nirq: of these, requested for the device as a whole
 * @queues_irq: that of the queues that have none of their own
 * @live: interrupts are handed to the queues; false from a reset to vei_dev_ready()
 * @config_irq_name: in /proc/interrupts
 * @queues_irq_name: in /proc/interrupts, where all queues share one
 * @queue: the queues, @nqueue of them; NULL where the driver has no use for one
 * @nqueue: how many there are
 * @queues_given: the device was given their rings and not reset since
 * @config_interrupts: interrupts that told of a config change
 * @shared_interrupts: interrupts on the vector or pin that all queues share
 * @kick_always: kicks were lost: the device is kicked whatever it says
 * @intr_flags: interrupts were lost by index: bit 29 is not acknowledged
 * @intr_polled: interrupts were lost, by flags even: the watch looks instead
 * @watch: the timer that looks for what was lost
 * @watch_fresh: it has not looked since vei_dev_ready()
 * @watch_next: when it will look, in jiffies
 * @watch_again: that look is only whether a kick has helped, an interrupt still not come
 * @watch_quiet: looks at which nothing had happened, up to a few
 * @watch_delay: until then, from the look before
 * @watch_lost: at how many looks something was lost since it was last trusted
 * @watch_when: the last of these, in jiffies
 * @watch_looks: looks so far
 * @watch_found: the last one that found something
 * @lost: how much was lost in all; the watch writes it
 * @distrust: takes the consequences
 * @debugfs: directory of this device
 */
struct vei_dev {
	struct pci_dev *pdev;
	const struct vei_dev_ops *ops;
	void *priv;
	void __iomem *base;
	resource_size_t bar_len;
	u64 offered;
	u64 acked;
	bool features_hi_open;
	bool gone;
	enum vei_dialect dialect;
	struct vei_toggles toggles;
	struct mutex toggle_lock;	/* of toggles, and of the restart that follows */
	enum vei_vector_mode vector_mode;
	unsigned int nvec;
	unsigned int nirq;
	unsigned int queues_irq;
	bool live;
	char config_irq_name[40];
	char queues_irq_name[40];
	struct vei_queue **queue;
	unsigned int nqueue;
	bool queues_given;
	struct vei_count config_interrupts;
	struct vei_count shared_interrupts;
	bool kick_always;
	bool intr_flags;
	bool intr_polled;
	struct timer_list watch;
	bool watch_fresh;
	unsigned long watch_next;
	unsigned long watch_delay;
	bool watch_again;
	int watch_quiet;
	unsigned int watch_lost[VEI_NLOST];
	unsigned long watch_when[VEI_NLOST];
	unsigned int watch_looks;
	unsigned int watch_found[VEI_NLOST];
	struct vei_count lost[VEI_NLOST];
	struct work_struct distrust;
	struct dentry *debugfs;
};

extern const struct attribute_group *vei_dev_groups[];
extern const struct pci_error_handlers vei_dev_pci_errors;

struct vei_dev *vei_dev_create(struct pci_dev *pdev, const struct vei_dev_ops *ops, void *priv);
void vei_dev_destroy(struct vei_dev *dev);
int vei_dev_start(struct vei_dev *dev);
int vei_dev_negotiate(struct vei_dev *dev, u64 wanted);
int vei_dev_ready(struct vei_dev *dev);
int vei_dev_reset(struct vei_dev *dev);
void vei_dev_fail(struct vei_dev *dev);
bool vei_dev_is_gone(struct vei_dev *dev);
void vei_dev_unwatch(struct vei_dev *dev);
void vei_dev_sleep(struct vei_dev *dev);

void vei_dev_config_read(struct vei_dev *dev, unsigned int offset, void *buf, unsigned int len);
void vei_dev_config_write(struct vei_dev *dev, unsigned int offset, const void *buf,
			  unsigned int len);
u64 vei_dev_config_read_field(struct vei_dev *dev, unsigned int offset, unsigned int width);

/**
 * vei_dev_config_read8() - read a field of 8 bits of the configuration
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 *
 * Return: see vei_dev_config_read_field().
 */
static inline u8 vei_dev_config_read8(struct vei_dev *dev, unsigned int offset)
{
	return vei_dev_config_read_field(dev, offset, sizeof(u8));
}

/**
 * vei_dev_config_read16() - read a field of 16 bits of the configuration
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 *
 * Return: see vei_dev_config_read_field().
 */
static inline u16 vei_dev_config_read16(struct vei_dev *dev, unsigned int offset)
{
	return vei_dev_config_read_field(dev, offset, sizeof(u16));
}

/**
 * vei_dev_config_read32() - read a field of 32 bits of the configuration
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 *
 * Return: see vei_dev_config_read_field().
 */
static inline u32 vei_dev_config_read32(struct vei_dev *dev, unsigned int offset)
{
	return vei_dev_config_read_field(dev, offset, sizeof(u32));
}

/**
 * vei_dev_config_read64() - read a field of 64 bits of the configuration
 * @dev: the device
 * @offset: from the beginning of the device's configuration
 *
 * Return: see vei_dev_config_read_field().
 */
static inline u64 vei_dev_config_read64(struct vei_dev *dev, unsigned int offset)
{
	return vei_dev_config_read_field(dev, offset, sizeof(u64));
}

/**
 * vei_dev_has() - was a feature bit negotiated?
 * @dev: the device
 * @bit: 0..63
 */
static inline bool vei_dev_has(const struct vei_dev *dev, unsigned int bit)
{
	return dev->acked & BIT_ULL(bit);
}

#endif /* _VEI_DEV_H */
