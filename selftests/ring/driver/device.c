// SPDX-License-Identifier: GPL-2.0
/*
 * The device's half of a queue. It knows the ring's memory alone, but for where that is.
 * Its lies in the ring itself are the other fuzzer's trade: here they are few.
 */
#include <linux/io.h>
#include <linux/string.h>

#include "../../../driver/core/core.h"
#include "hostile.h"

#define MAX_QUEUES	4
/* A lie from here on goes on, from one look of the driver's to the next. */
#define FICKLE		0xfc
#define BASE		((void __iomem *)0x10000)

void __iomem *const machine_base = BASE;

/* Looks of a script; nobody needs so many. */
#define MAX_LOOKS	100000

static struct {
	struct vei_dev dev;
	struct pci_dev pdev;
	struct vei_queue *queue[MAX_QUEUES];
	unsigned int nqueue;
	struct hostile *fickle;		/* says now that one more is used, now that it is not */
	unsigned int looks;
} machine;

struct registers registers;

static struct vei_avail *avail_of(const struct vei_queue *q)
{
	return q->cfg.mem + vei_layout_avail(q->cfg.size);
}

static struct vei_used *used_of(const struct vei_queue *q)
{
	return q->cfg.mem + vei_layout_used(q->cfg.size);
}

void hostile_begin(struct hostile *d, struct vei_queue *q)
{
	memset(d, 0, sizeof(*d));
	d->q = q;
	if (machine.fickle == d)
		machine.fickle = NULL;
}

/* The driver is about to read @p. */
void hostile_look(const u16 *p)
{
	const struct hostile *d = machine.fickle;
	struct vei_used *used;

	if (!d)
		return;
	used = used_of(d->q);
	if (p == &used->idx)
		used->idx = d->used + (machine.looks & 1);
	MUST(machine.looks++ < MAX_LOOKS);
}

/* All that was made available. */
void hostile_fetch(struct hostile *d)
{
	const struct vei_avail *avail = avail_of(d->q);
	u16 size = d->q->cfg.size;

	while (d->avail != avail->idx && d->nheld < ARRAY_SIZE(d->held))
		d->held[d->nheld++] = avail->ring[d->avail++ % size];
}

/* The pieces of a chain, and how many. */
unsigned int hostile_chain(const struct hostile *d, u16 head, struct piece *piece)
{
	const struct vei_desc *table = d->q->cfg.mem;
	unsigned int n = 0, id = head;

	if (table[id].flags & VEI_DESC_F_INDIRECT) {
		table = (const struct vei_desc *)(unsigned long)table[id].addr;
		id = 0;
	}
	for (;; id = table[id].next) {
		MUST(n < MAX_PIECES);
		piece[n++] = (struct piece){
			(u8 *)(unsigned long)table[id].addr, table[id].len,
			table[id].flags & VEI_DESC_F_WRITE,
		};
		if (!(table[id].flags & VEI_DESC_F_NEXT))
			return n;
	}
}

/* The chain number @i of those that it holds, which it holds no more. */
u16 hostile_release(struct hostile *d, unsigned int i)
{
	u16 head = d->held[i];

	d->nheld--;
	memmove(&d->held[i], &d->held[i + 1], (d->nheld - i) * sizeof(d->held[0]));
	return head;
}

void hostile_use(struct hostile *d, u32 id, u32 len)
{
	struct vei_used_elem *elem = &used_of(d->q)->ring[d->used++ % d->q->cfg.size];

	elem->id = id;
	elem->len = len;
}

void hostile_publish(struct hostile *d)
{
	used_of(d->q)->idx = d->used;
	*(u16 *)(d->q->cfg.mem + vei_layout_avail_event(d->q->cfg.size)) = d->avail;
}

/* Anything anywhere in its half of the ring. */
void hostile_lie(struct hostile *d)
{
	struct vei_used *used = used_of(d->q);
	u16 size = d->q->cfg.size;
	struct vei_used_elem *elem = &used->ring[script_byte() % size];
	u8 what = script_byte();

	d->lied = true;
	if (what >= FICKLE) {
		machine.fickle = d;
		machine.looks = what;
		return;
	}
	switch (what % 6) {
	case 0:
		used->idx = script_value(used->idx, size);
		break;
	case 1:
		elem->id = script_value(elem->id, size);
		break;
	case 2:
		elem->len = script_value(elem->len, size);
		break;
	case 3:
		used->flags = script_word();
		break;
	case 4:
		*(u16 *)(d->q->cfg.mem + vei_layout_avail_event(size)) = script_word();
		break;
	default:
		used->idx++;
	}
}

/* Does the memory belong to the device: is it part of what is posted, or its token? */
bool hostile_has(const void *p, size_t len)
{
	unsigned int i, id;

	for (i = 0; i < machine.nqueue; i++) {
		const struct vei_ring *r = &machine.queue[i]->ring;

		for (id = 0; id < r->size; id++) {
			const void *token = r->slot[id].token;

			if (token && token >= p && token < p + len)
				return true;
		}
	}
	return false;
}

struct vei_dev *machine_begin(u64 features, const struct vei_dev_ops *ops, void *priv)
{
	struct vei_dev *dev = &machine.dev;

	memset(&machine, 0, sizeof(machine));
	memset(&registers, 0, sizeof(registers));
	registers.status = VEI_STATUS_ACKNOWLEDGE | VEI_STATUS_DRIVER | VEI_STATUS_DRIVER_OK;
	dev->pdev = &machine.pdev;
	dev->ops = ops;
	dev->priv = priv;
	dev->base = BASE;
	dev->bar_len = 0x100;
	dev->acked = features;
	dev->dialect = VEI_DIALECT_DRAFT;
	dev->queue = machine.queue;
	dev->live = true;
	return dev;
}

void machine_end(void)
{
	while (machine.nqueue)
		vei_queue_free(machine.queue[--machine.nqueue]);
}

struct vei_queue *machine_queue(const struct vei_queue_spec *spec, u16 size)
{
	struct vei_queue *q = vei_queue_create(&machine.dev, spec, machine.nqueue, size);

	MUST(q && machine.nqueue < MAX_QUEUES);
	machine.queue[machine.nqueue++] = q;
	machine.dev.nqueue = machine.nqueue;
	machine_renew(q, spec);
	return q;
}

void machine_renew(struct vei_queue *q, const struct vei_queue_spec *spec)
{
	MUST(!vei_queue_renew(q, spec));
}

static u32 register_read(const void __iomem *addr, unsigned int width)
{
	unsigned long at = addr - BASE;
	unsigned int config = vei_pci_config_offset(false, machine.dev.features_hi_open), i;
	u32 value = 0;

	if (registers.read)
		return registers.read(at, width);
	if (registers.status == 0xff)
		return 0xffffffff >> (32 - 8 * width);
	if (at == VEI_PCI_STATUS)
		return registers.status;
	MUST(at >= config && at + width <= machine.dev.bar_len);
	for (i = 0; i < width; i++, at++)
		value |= (registers.fickle ? script_byte() :
			  registers.config[(at - config) % sizeof(registers.config)]) << 8 * i;
	return value;
}

unsigned int ioread8(const void __iomem *addr)
{
	return register_read(addr, 1);
}

unsigned int ioread16(const void __iomem *addr)
{
	return register_read(addr, 2);
}

unsigned int ioread32(const void __iomem *addr)
{
	return register_read(addr, 4);
}

static void register_write(void __iomem *addr, unsigned int width, u32 value)
{
	unsigned int at = addr - BASE;

	if (registers.write)
		registers.write(at, width, value);
	else if (at == VEI_PCI_STATUS && registers.status != 0xff)
		registers.status = value;
}

void iowrite8(u8 value, void __iomem *addr)
{
	register_write(addr, 1, value);
}

void iowrite16(u16 value, void __iomem *addr)
{
	register_write(addr, 2, value);
}

void iowrite32(u32 value, void __iomem *addr)
{
	register_write(addr, 4, value);
}
