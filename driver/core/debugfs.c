// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: virtio_ei/<pci device>/device and queue<n>, one "key: value" a line, and
 * ring<n>, for people. Read while the queues run, so two numbers of one file may be an
 * instant apart. Nothing of it asks the device or waits for anybody: queues that exist
 * have their memory, whatever became of the device, and no file outlives its queue.
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

/* Of the last entries, of buffers in flight and of descriptors in each, no more than so many. */
#define VEI_SHOW_ENTRIES	8U
#define VEI_SHOW_BUFFERS	32U
#define VEI_SHOW_DESCS		8U

static void vei_ring_show_desc(struct seq_file *s, const struct vei_desc *desc)
{
	seq_printf(s, " %u@0x%llx%s", desc->len, (unsigned long long)desc->addr,
		   desc->flags & VEI_DESC_F_WRITE ? "w" : "r");
}

static void vei_ring_show_table(struct seq_file *s, const struct vei_ring *r, u16 head)
{
	struct vei_desc desc;
	u16 i;

	seq_puts(s, " table:");
	for (i = 0; i < VEI_SHOW_DESCS && vei_ring_table_desc(r, head, i, &desc); i++) {
		vei_ring_show_desc(s, &desc);
		if (!(desc.flags & VEI_DESC_F_NEXT))
			return;
	}
	seq_puts(s, " ...");
}

/* The pieces of a buffer: bytes@address, and whether the device reads or writes them. */
static void vei_ring_show_buffer(struct seq_file *s, const struct vei_ring *r, u16 head)
{
	u16 n = vei_ring_chain_len(r, head), id = head, i;
	struct vei_desc desc;

	seq_printf(s, "buffer %u:", head);
	for (i = 0; i < min_t(u16, n, VEI_SHOW_DESCS); i++) {
		desc = vei_ring_chain_desc(r, &id);
		if (desc.flags & VEI_DESC_F_INDIRECT)
			vei_ring_show_table(s, r, head);
		else
			vei_ring_show_desc(s, &desc);
	}
	seq_puts(s, i < n ? " ...\n" : "\n");
}

static void vei_ring_show_buffers(struct seq_file *s, const struct vei_ring *r)
{
	unsigned int shown = 0, more = 0;
	u32 head;

	for (head = 0; head < r->size; head++) {
		if (!vei_ring_chain_len(r, head))
			continue;
		if (shown++ < VEI_SHOW_BUFFERS)
			vei_ring_show_buffer(s, r, head);
		else
			more++;
	}
	if (more)
		seq_printf(s, "buffers: %u more\n", more);
}

/* The entries below @end of either ring, none of before the first. */
static void vei_ring_show_entries(struct seq_file *s, const struct vei_ring *r, u16 end, bool used)
{
	struct vei_used_elem elem;
	u32 i;

	seq_printf(s, "last %s:", used ? "used" : "available");
	for (i = min3(VEI_SHOW_ENTRIES, (u32)r->size, (u32)end); i; i--) {
		u16 at = end - i;

		if (!used) {
			seq_printf(s, " [%u] %u", at, vei_ring_avail_id(r, at));
			continue;
		}
		elem = vei_ring_used_elem(r, at);
		seq_printf(s, " [%u] %u len %u", at, elem.id, elem.len);
	}
	seq_putc(s, '\n');
}

static int vei_ring_show(struct seq_file *s, void *unused)
{
	const struct vei_queue *q = s->private;
	const struct vei_ring *r = &q->ring;
	struct vei_ring_view v, after;
	u16 told;

	vei_ring_look(r, &v);
	told = READ_ONCE(q->told);
	seq_printf(s, "queue: %s, %u entries\n", q->name, r->size);
	if (r->broken)
		seq_printf(s, "broken: %s: %u\n", vei_ring_strerror(r->broken), r->bad_value);
	seq_printf(s, "available: %u published, %u of them told\n", v.published, told);
	seq_printf(s, "used: %u by the device, %u of them taken\n", v.shared.used_idx,
		   v.last_used);
	if (v.kick_by_index)
		seq_printf(s, "kick: at avail_event %u, last seen %u\n", v.shared.avail_event,
			   v.seen);
	else
		seq_printf(s, "kick: by flags %u, last seen %u\n", v.shared.used_flags, v.seen);
	seq_printf(s, "kick: %s\n", vei_ring_kick_verdict(&v, told));
	if (v.intr_by_index)
		seq_printf(s, "interrupt: at used_event %u, %s\n", v.shared.used_event,
			   v.armed ? "armed" : "not armed");
	else
		seq_printf(s, "interrupt: by flags %u\n", v.shared.avail_flags);
	seq_printf(s, "interrupt: %s\n", vei_ring_intr_verdict(&v));
	vei_ring_show_entries(s, r, v.shared.avail_idx, false);
	vei_ring_show_entries(s, r, v.shared.used_idx, true);
	vei_ring_show_buffers(s, r);
	vei_ring_look(r, &after);
	seq_printf(s, "moved meanwhile: %s\n", vei_ring_moved(&v, &after) ? "yes" : "no");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vei_ring);

/**
 * vei_debugfs_add_queue() - show a queue
 * @q: the queue, its ring laid out
 */
void vei_debugfs_add_queue(struct vei_queue *q)
{
	char name[16];

	snprintf(name, sizeof(name), "queue%u", q->index);
	q->debugfs[0] = debugfs_create_file(name, 0444, q->dev->debugfs, q, &vei_queue_fops);
	/* addresses of memory: not for everybody, however debugfs is mounted */
	snprintf(name, sizeof(name), "ring%u", q->index);
	q->debugfs[1] = debugfs_create_file(name, 0400, q->dev->debugfs, q, &vei_ring_fops);
}

/**
 * vei_debugfs_del_queue() - show it no more; no reader is left on return
 * @q: the queue
 */
void vei_debugfs_del_queue(struct vei_queue *q)
{
	debugfs_remove(q->debugfs[0]);
	debugfs_remove(q->debugfs[1]);
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
