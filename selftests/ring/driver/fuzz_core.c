// SPDX-License-Identifier: GPL-2.0
/*
 * From reset to running and back: driver/core's dev.c, features.c, queues.c, queue.c and irq.c on a
 * device whose registers read as they like: offers and sizes of queues that change, vectors that
 * are refused, a reset that does not happen, nothing but ones; interrupts come at any time, and
 * memory and vectors run out.
 *
 * What is acknowledged was offered and wanted. A device that goes has the rings that it was given,
 * of sizes that it said and as was negotiated, and vectors of their own; one that does not was
 * reset. No handler is called before the device goes or after its reset, and everything is given
 * back.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>

#include "../../../driver/core/core.h"
#include "hostile.h"

#define MAX_OPS		64
#define QUEUES		6
#define VECTORS		8
#define FIRST_IRQ	40

static struct {
	struct vei_dev dev;
	struct pci_dev pdev;
	/* the device's registers */
	u32 offered, offered_hi, guest, guest_hi;
	u16 size[QUEUES], vector[QUEUES], select;
	u32 pfn[QUEUES];
	u8 status, lies;
	/* what it said last, and was told */
	u32 said, said_hi;
	u16 said_size[QUEUES];
	/* the machine's interrupts */
	struct {
		irq_handler_t handler;
		void *data;
	} irq[VECTORS];
	unsigned int nvec;
	struct irq_data line;		/* of the pin, which the kernel may have disabled */
	struct irq_common_data line_state;
	struct vei_queue_spec spec[QUEUES];
	char name[QUEUES][8];
	unsigned int n;
	bool up;
	unsigned int debugfs;
} f;

struct vei_params vei_params;

/* What the core shares with files that are not here. */

void vei_debugfs_add_queue(struct vei_queue *q)
{
	f.debugfs++;
}

/* The watch is not there either. */
void vei_watch_add(struct vei_queue *q)
{
}

void vei_debugfs_del_queue(struct vei_queue *q)
{
	f.debugfs--;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	return 0;
}

void pci_set_master(struct pci_dev *pdev)
{
}

/* The machine's interrupts. */

int pci_alloc_irq_vectors_affinity(struct pci_dev *pdev, unsigned int min, unsigned int max,
				   unsigned int flags, struct irq_affinity *affd)
{
	MUST(!f.nvec && min == max);
	if (max > VECTORS || kernel_fail())
		return -ENOSPC;
	f.nvec = max;
	pdev->msix_enabled = !!(flags & PCI_IRQ_MSIX);
	return max;
}

void pci_free_irq_vectors(struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < VECTORS; i++)
		MUST(!f.irq[i].handler);
	MUST(f.nvec);
	f.nvec = 0;
	pdev->msix_enabled = false;
}

int pci_irq_vector(struct pci_dev *pdev, unsigned int i)
{
	MUST(i < f.nvec);
	return FIRST_IRQ + i;
}

int request_threaded_irq(unsigned int irq, irq_handler_t handler, irq_handler_t thread,
			 unsigned long flags, const char *name, void *data)
{
	unsigned int i = irq - FIRST_IRQ;

	MUST(i < f.nvec && !f.irq[i].handler);
	if (kernel_fail())
		return -ENOMEM;
	f.irq[i].handler = handler;
	f.irq[i].data = data;
	f.line_state.state_use_accessors = 0;
	return 0;
}

struct irq_data *irq_get_irq_data(unsigned int irq)
{
	MUST(irq - FIRST_IRQ < f.nvec);
	f.line.common = &f.line_state;
	return &f.line;
}

const void *free_irq(unsigned int irq, void *data)
{
	unsigned int i = irq - FIRST_IRQ;

	MUST(i < f.nvec && f.irq[i].handler && f.irq[i].data == data);
	f.irq[i].handler = NULL;
	return NULL;
}

void synchronize_irq(unsigned int irq)
{
	MUST(irq - FIRST_IRQ < f.nvec);
}

int __irq_apply_affinity_hint(unsigned int irq, const struct cpumask *mask, bool set)
{
	return 0;
}

/* The device's registers. */

static u32 core_read(unsigned int at, unsigned int width)
{
	u32 value = 0;

	switch (at) {
	case VEI_PCI_DEVICE_FEATURES:
		value = f.offered;
		break;
	case VEI_PCI_QUEUE_SIZE:
		value = f.select < QUEUES ? f.size[f.select] : 0;
		break;
	case VEI_PCI_QUEUE_PFN:
		value = f.select < QUEUES ? f.pfn[f.select] : 0;
		break;
	case VEI_PCI_STATUS:
		value = f.status;
		break;
	case VEI_PCI_ISR:
		value = script_byte();
		break;
	default:
		if (f.pdev.msix_enabled && at == VEI_PCI_CONFIG_VECTOR)
			value = 0;
		else if (f.pdev.msix_enabled && at == VEI_PCI_QUEUE_VECTOR)
			value = f.select < QUEUES ? f.vector[f.select] : 0xffff;
		else
			value = f.offered_hi;
	}
	if (f.lies & 1 && !(script_byte() & 7))
		value = script_long();
	if (f.lies & 2)
		value = 0xffffffff;
	value &= 0xffffffff >> (32 - 8 * width);
	if (at == VEI_PCI_DEVICE_FEATURES)
		f.said = value;
	else if (at == VEI_PCI_QUEUE_SIZE && f.select < QUEUES)
		f.said_size[f.select] = value;
	else if (at == vei_pci_features_hi_offset(f.pdev.msix_enabled))
		f.said_hi = value;
	return value;
}

static void core_write(unsigned int at, unsigned int width, u32 value)
{
	switch (at) {
	case VEI_PCI_GUEST_FEATURES:
		f.guest = value;
		return;
	case VEI_PCI_QUEUE_SELECT:
		f.select = value;
		return;
	case VEI_PCI_QUEUE_PFN:
		MUST(f.select < QUEUES);
		f.pfn[f.select] = value;
		return;
	case VEI_PCI_QUEUE_NOTIFY:
		MUST(value < f.n && f.up);
		return;
	case VEI_PCI_STATUS:
		f.status = value;
		if (!value) {
			memset(f.pfn, 0, sizeof(f.pfn));
			f.guest = 0;
			f.guest_hi = 0;
		}
		/* Or it does not want to. */
		if (!value && f.lies & 4)
			f.status = 4;
		return;
	}
	if (f.pdev.msix_enabled && at == VEI_PCI_CONFIG_VECTOR)
		return;
	if (f.pdev.msix_enabled && at == VEI_PCI_QUEUE_VECTOR) {
		MUST(f.select < QUEUES);
		f.vector[f.select] = f.lies & 8 ? 0xffff : value;
		return;
	}
	MUST(at == vei_pci_features_hi_offset(f.pdev.msix_enabled) + VEI_PCI_GUEST_FEATURES_HI);
	f.guest_hi = value;
}

static void handler(struct vei_queue *q)
{
	MUST(f.dev.live && q->dev == &f.dev && q->index < f.n && f.dev.queue[q->index] == q);
}

static void config_changed(struct vei_dev *dev)
{
	MUST(f.dev.live);
}

/* All that must be true of a device that goes. */
static void check_up(u64 wanted)
{
	u64 said = f.said | (f.dev.acked >> 31 & 1 ? (u64)f.said_hi << 32 : 0);
	const u64 core = BIT_ULL(24) | BIT_ULL(27) | BIT_ULL(28) | BIT_ULL(29) | BIT_ULL(31) |
			 BIT_ULL(32);
	/* In the draft's dialect, which the offer tells, kicks have a bit of their own. */
	bool by_index = f.dev.acked & BIT_ULL(said & BIT(31) ? 32 : 29);
	unsigned int i, k;

	MUST(!(f.dev.acked & ~said) && !(f.dev.acked & ~(core | wanted)));
	MUST(f.guest == lower_32_bits(f.dev.acked));
	MUST(f.guest_hi == upper_32_bits(f.dev.acked));
	MUST(f.dev.nqueue == f.n && f.nvec == f.dev.nvec && f.nvec);
	if (f.dev.vector_mode == VEI_VECTORS_INTX)
		MUST(!f.line_state.state_use_accessors);
	for (i = 0; i < f.n; i++) {
		const struct vei_queue *q = f.dev.queue[i];

		MUST(!q == !f.spec[i].name);
		if (!q)
			continue;
		MUST(q->index == i && q->ring.size == f.said_size[i]);
		MUST(is_power_of_2(q->ring.size));
		MUST(f.pfn[i] == (unsigned long)q->cfg.mem >> 12);
		MUST(!vei_queue_in_flight(q) && !q->ring.broken);
		MUST(q->table_len <= f.spec[i].table_len);
		MUST(!q->ring.table_len || f.dev.acked & BIT_ULL(28));
		MUST(q->ring.intr.by_index == !!(f.dev.acked & BIT_ULL(29)));
		MUST(q->ring.kick.by_index == (by_index && !f.dev.kick_always));
		if (f.pdev.msix_enabled)
			MUST(f.vector[i] == (!q->handler ? VEI_PCI_NO_VECTOR :
					     f.dev.vector_mode == VEI_VECTORS_PER_QUEUE ?
					     q->vector : 1));
		if (!q->handler)
			continue;
		if (f.dev.vector_mode != VEI_VECTORS_PER_QUEUE) {
			MUST(!q->irq);
			continue;
		}
		MUST(q->vector && q->irq == FIRST_IRQ + q->vector);
		MUST(f.irq[q->vector].data == q);
		for (k = 0; k < i; k++)
			MUST(!f.dev.queue[k] || f.dev.queue[k]->irq != q->irq);
	}
}

static void drain(void)
{
	unsigned int i;

	for (i = 0; i < f.dev.nqueue; i++) {
		u16 cursor = 0, n = 0, in_flight;

		if (!f.dev.queue[i] || !f.dev.queue[i]->ring.size)
			continue;
		in_flight = vei_queue_in_flight(f.dev.queue[i]);
		while (vei_queue_drain(f.dev.queue[i], &cursor))
			n++;
		MUST(n == in_flight || f.dev.queue[i]->ring.broken);
	}
}

static void op_interrupt(u8 which)
{
	unsigned int i = which % VECTORS;

	if (f.irq[i].handler)
		f.irq[i].handler(FIRST_IRQ + i, f.irq[i].data);
}

/* Any that may be under way. */
static void interrupts(void)
{
	unsigned int i;

	for (i = 0; i < VECTORS; i++)
		op_interrupt(i);
}

static void op_down(void)
{
	int err = vei_dev_reset(&f.dev);

	MUST(err == 0 || err == -ETIMEDOUT || err == -ENODEV);
	MUST(!f.dev.live && !f.dev.queues_given);
	f.up = false;
	interrupts();
	drain();
}

/* Out of a device's reach? */
static bool is_far(const struct vei_queue *q)
{
	return q && upper_32_bits((unsigned long)q->cfg.mem >> 12);
}

static void op_up(void)
{
	u64 wanted = script_long() & GENMASK(23, 0);
	unsigned int failed, i;
	u8 how = script_byte();
	int err;

	if (f.up)
		op_down();
	if (how & 0x80) {
		f.n = 1 + how % QUEUES;
		for (i = 0; i < f.n; i++) {
			u8 what = script_byte();

			snprintf(f.name[i], sizeof(f.name[i]), "q.%u", i);
			f.spec[i] = (struct vei_queue_spec){
				.name = what & 1 ? NULL : f.name[i],
				.handler = what & 2 ? NULL : handler,
				.table_len = what & 4 ? what >> 3 : 0,
			};
		}
	}
	f.dev.toggles = (struct vei_toggles){ how & 1, how & 2, how & 4, how & 8, how & 16 };
	f.dev.kick_always = how & 32;
	vei_params.vectors = how & 64 ? script_byte() & 3 : VEI_CHOOSE_AUTO;
	err = vei_dev_start(&f.dev);
	MUST(!f.dev.live);
	if (err)
		return;
	err = vei_dev_negotiate(&f.dev, wanted);
	MUST(err == 0 || err == -ENODEV);
	if (err)
		return;
	failed = kernel_failed;
	err = vei_dev_find_queues(&f.dev, f.spec, f.n);
	MUST(!err == f.dev.queues_given);
	/* Who hears of no memory tries again: there must have been none. */
	MUST(err != -ENOMEM || kernel_failed != failed);
	/* What it cannot reach is not kept for the next time. */
	for (i = 0; err == -ENXIO && i < f.n; i++)
		MUST(!is_far(f.dev.queue[i]));
	if (err) {
		/* Reset, as far as it can be. */
		MUST(f.lies & 4 || !f.status || f.dev.gone);
		drain();
		return;
	}
	check_up(wanted);
	interrupts();
	f.up = true;
	err = vei_dev_ready(&f.dev);
	if (err) {
		MUST(err == -ENODEV && f.dev.gone);
		f.up = false;
		vei_dev_reset(&f.dev);
		drain();
		return;
	}
	MUST(f.status & VEI_STATUS_DRIVER_OK);
}

static void op_post(u8 which)
{
	struct vei_seg seg[4] = { { 0x1000, 8 }, { 0x2000, 8 }, { 0x3000, 8 }, { 0x4000, 8 } };
	struct vei_queue *q;

	if (!f.up || which % QUEUES >= f.n || !f.dev.queue[which % QUEUES])
		return;
	q = f.dev.queue[which % QUEUES];
	vei_queue_add(q, seg, 1 + (which >> 4 & 1), which >> 5 & 1, q);
	vei_queue_kick(q);
	/* The device says that it is done with it, or with something. */
	if (which & 0x80)
		((struct vei_used *)(q->cfg.mem + vei_layout_used(q->cfg.size)))->idx++;
}

static void step(void)
{
	u8 op = script_byte();
	unsigned int i;

	switch (op & 7) {
	case 0:
	case 1:
		op_up();
		break;
	case 2:
		op_down();
		break;
	case 3:
		op_post(script_byte());
		break;
	case 4:
		if (op & 0x80)
			f.line_state.state_use_accessors = IRQD_IRQ_DISABLED;
		else
			op_interrupt(op >> 3);
		break;
	case 5:
		f.lies = op >> 4;
		break;
	case 6:
		kernel_fails = script_word();
		kernel_far = op & 0x80;
		break;
	default:
		f.offered = script_long();
		f.offered_hi = script_byte();
		for (i = 0; i < QUEUES; i++)
			f.size[i] = op & 0x80 ? script_word() : 1U << (script_byte() % 10);
	}
}

int fuzz_one(const u8 *data, size_t size)
{
	static const struct vei_dev_ops ops = { .config_changed = config_changed };
	unsigned int i;
	u8 how;

	memset(&f, 0, sizeof(f));
	script_begin(data, size);
	machine_begin(0, &ops, NULL);
	registers.read = core_read;
	registers.write = core_write;
	how = script_byte();
	vei_params.feature_mask = ~0ULL;
	vei_params.watch_ms = how & 1;
	f.pdev.msix_cap = how & 2;
	f.dev.pdev = &f.pdev;
	f.dev.ops = &ops;
	f.dev.base = machine_base;
	f.dev.bar_len = how & 4 ? 24 : 0x100;
	f.offered = script_long();
	f.offered_hi = how >> 3;
	f.n = 3;
	for (i = 0; i < QUEUES; i++) {
		f.size[i] = 16;
		f.spec[i] = (struct vei_queue_spec){ .name = "q", .handler = handler };
	}
	script_run(step, MAX_OPS);
	op_down();
	kernel_fails = 0;
	vei_dev_del_queues(&f.dev);
	MUST(!f.nvec && !f.debugfs);
	script_end();
	return 0;
}
