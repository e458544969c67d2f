// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: virtio_ei/<pci device>/device and queue<n>, one "key: value" a line.
 * Read while the queues run, so two numbers of one file may be an instant apart.
 */

#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include <vei/ring/dump.h>

#include "core.h"

static struct dentry *vei_debugfs_root;

static int vei_device_show(struct seq_file *s, void *unused)
{
	const struct vei_dev *dev = s->private;

	seq_printf(s, "dialect: %s\n", vei_dialect_names[dev->dialect]);
	seq_printf(s, "offered: 0x%016llx\n", dev->offered);
	seq_printf(s, "acked: 0x%016llx\n", dev->acked);
	seq_printf(s, "vector_mode: %s\n", vei_vector_mode_names[dev->vector_mode]);
	seq_printf(s, "vectors: %u\n", dev->nvec);
	seq_printf(s, "bar_len: %llu\n", (unsigned long long)dev->bar_len);
	seq_printf(s, "gone: %d\n", dev->gone);
	seq_printf(s, "config_interrupts: %llu\n", vei_count_read(&dev->config_interrupts));
	seq_printf(s, "shared_interrupts: %llu\n", vei_count_read(&dev->shared_interrupts));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vei_device);

static int vei_queue_show(struct seq_file *s, void *unused)
{
	const struct vei_queue *q = s->private;
	const struct vei_ring *r = &q->ring;
	struct vei_ring_shared shared;
	struct vei_queue_stats stats;

	vei_ring_read_shared(r, &shared);
	vei_queue_read_stats(q, &stats);
	seq_printf(s, "index: %u\n", q->index);
	seq_printf(s, "size: %u\n", r->size);
	seq_printf(s, "free: %u\n", vei_ring_num_free(r));
	seq_printf(s, "table_len: %u\n", r->table_len);
	seq_printf(s, "broken: %s\n", r->broken ? vei_ring_strerror(r->broken) : "no");
	seq_printf(s, "kick_mode: %s\n", r->kick.by_index ? "avail_event" : "flags");
	seq_printf(s, "intr_mode: %s\n", r->intr.by_index ? "used_event" : "flags");
	seq_printf(s, "armed: %d\n", r->intr.armed);
	seq_printf(s, "avail_idx: %u\n", shared.avail_idx);
	seq_printf(s, "used_idx: %u\n", shared.used_idx);
	seq_printf(s, "last_used: %u\n", r->last_used);
	seq_printf(s, "avail_flags: %u\n", shared.avail_flags);
	seq_printf(s, "used_event: %u\n", shared.used_event);
	seq_printf(s, "used_flags: %u\n", shared.used_flags);
	seq_printf(s, "avail_event: %u\n", shared.avail_event);
	seq_printf(s, "adds: %llu\n", stats.adds);
	seq_printf(s, "used: %llu\n", stats.used);
	seq_printf(s, "drained: %llu\n", stats.drained);
	seq_printf(s, "kick_decisions: %llu\n", stats.kick_decisions);
	seq_printf(s, "kicks: %llu\n", stats.kicks);
	seq_printf(s, "kicks_suppressed: %llu\n", stats.kicks_suppressed);
	seq_printf(s, "interrupts: %llu\n", stats.interrupts);
	seq_printf(s, "interrupts_empty: %llu\n", stats.interrupts_empty);
	seq_printf(s, "rearms: %llu\n", stats.rearms);
	seq_printf(s, "rearms_lost: %llu\n", stats.rearms_lost);
	seq_printf(s, "kicks_lost: %llu\n", stats.kicks_lost);
	seq_printf(s, "interrupts_lost: %llu\n", stats.interrupts_lost);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vei_queue);

/**
 * vei_debugfs_add_queue() - show a queue
 * @q: the queue, its ring laid out
 */
void vei_debugfs_add_queue(struct vei_queue *q)
{
	char name[16];

	snprintf(name, sizeof(name), "queue%u", q->index);
	q->debugfs = debugfs_create_file(name, 0444, q->dev->debugfs, q, &vei_queue_fops);
}

/**
 * vei_debugfs_del_queue() - show it no more; no reader is left on return
 * @q: the queue
 */
void vei_debugfs_del_queue(struct vei_queue *q)
{
	debugfs_remove(q->debugfs);
}

/**
 * vei_debugfs_add_dev() - show a device
 * @dev: the device
 */
void vei_debugfs_add_dev(struct vei_dev *dev)
{
	dev->debugfs = debugfs_create_dir(pci_name(dev->pdev), vei_debugfs_root);
	debugfs_create_file("device", 0444, dev->debugfs, dev, &vei_device_fops);
}

/**
 * vei_debugfs_del_dev() - show it no more; no reader is left on return
 * @dev: the device
 */
void vei_debugfs_del_dev(struct vei_dev *dev)
{
	debugfs_remove(dev->debugfs);
}

/**
 * vei_debugfs_init() - at the load of the module
 */
void vei_debugfs_init(void)
{
	vei_debugfs_root = debugfs_create_dir("virtio_ei", NULL);
}

/**
 * vei_debugfs_exit() - at its removal
 */
void vei_debugfs_exit(void)
{
	debugfs_remove(vei_debugfs_root);
}
