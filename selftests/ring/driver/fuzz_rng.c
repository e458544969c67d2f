// SPDX-License-Identifier: GPL-2.0
/*
 * Entropy: driver/rng/main.c, all of it, on a queue whose device answers at once, while the reader
 * sleeps, or never; with any number of bytes, or none; that lies in the ring, is restarted and shut
 * down meanwhile.
 *
 * Each read ends, with what the device wrote and no more, which nobody gets twice, or with an error
 * that there is a reason for.
 */
#include <linux/hw_random.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "../../../driver/core/core.h"
#include "hostile.h"

#define MAX_OPS		64
#define MAX_SLEEPS	200
/* Kicks of one read, between two sleeps. */
#define MAX_KICKS	64

static struct {
	struct vei_dev *dev;
	struct pci_dev pdev;
	struct pci_driver *driver;
	struct hwrng *hwrng;
	const struct vei_dev_ops *ops;
	struct vei_queue *q;
	struct hostile device;
	u8 status;
	bool off;			/* it was shut down */
	bool lied;			/* since the last probe */
	u8 at_once;			/* answers so as it is kicked */
	unsigned int sleeps, kicks;
	bool answered, empty;		/* this read has had an answer; one of no bytes */
	u8 wrote[80];
	u32 said;
	u8 *mem;
	u8 next;
} f;

struct vei_params vei_params;
struct module __this_module;
const struct attribute_group *vei_dev_groups[1];
const struct pci_error_handlers vei_dev_pci_errors;

static u32 rng_read(unsigned int at, unsigned int width);
static void rng_write(unsigned int at, unsigned int width, u32 value);

/* The core, as far as it is not here. */

struct vei_dev *vei_dev_create(struct pci_dev *pdev, const struct vei_dev_ops *ops, void *priv)
{
	if (kernel_fail())
		return ERR_PTR(-ENODEV);
	f.ops = ops;
	f.dev = machine_begin(0, ops, priv);
	f.dev->live = false;
	registers.read = rng_read;
	registers.write = rng_write;
	pci_set_drvdata(pdev, f.dev);
	return f.dev;
}

int vei_dev_find_queues(struct vei_dev *dev, const struct vei_queue_spec *spec, unsigned int n)
{
	MUST(n == 1 && !dev->live);
	if (kernel_fail())
		return -ENOMEM;
	kernel_fails = 0;
	if (f.q)
		machine_renew(f.q, spec);
	else
		f.q = machine_queue(spec, 8);
	hostile_begin(&f.device, f.q);
	return 0;
}

void vei_dev_del_queues(struct vei_dev *dev)
{
	MUST(!f.q || !vei_queue_in_flight(f.q));
	machine_end();
	f.q = NULL;
}

void vei_dev_unwatch(struct vei_dev *dev)
{
}

void vei_dev_destroy(struct vei_dev *dev)
{
	MUST(!f.q);
	f.dev = NULL;
}

void __mutex_init(struct mutex *m, const char *name, struct lock_class_key *key)
{
}

void __init_waitqueue_head(struct wait_queue_head *head, const char *name,
			   struct lock_class_key *key)
{
	INIT_LIST_HEAD(&head->head);
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	return 0;
}

void pci_set_master(struct pci_dev *pdev)
{
}

int __pci_register_driver(struct pci_driver *driver, struct module *owner, const char *name)
{
	f.driver = driver;
	return 0;
}

int hwrng_register(struct hwrng *hwrng)
{
	if (kernel_fail())
		return -ENOMEM;
	f.hwrng = hwrng;
	return 0;
}

void hwrng_unregister(struct hwrng *hwrng)
{
	MUST(f.hwrng == hwrng);
	f.hwrng = NULL;
}

/* The device. */

static void answer(u8 how)
{
	struct piece piece[MAX_PIECES];
	u16 head;
	u32 i;

	hostile_fetch(&f.device);
	if (!f.device.nheld)
		return;
	head = hostile_release(&f.device, 0);
	f.said = how & 0x80 ? script_long() : how & 0x7f;
	if (!f.device.lied) {
		MUST(hostile_chain(&f.device, head, piece) == 1 && piece[0].write && piece[0].len);
		f.mem = piece[0].mem;
		for (i = 0; i < piece[0].len; i++) {
			f.wrote[i] = ++f.next | 1;
			f.mem[i] = f.wrote[i];
		}
		f.answered = true;
		f.empty |= !f.said;
	}
	hostile_use(&f.device, head, f.said);
	hostile_publish(&f.device);
}

static u32 rng_read(unsigned int at, unsigned int width)
{
	return at == VEI_PCI_STATUS ? f.status : 0;
}

static void rng_write(unsigned int at, unsigned int width, u32 value)
{
	if (at == VEI_PCI_STATUS)
		f.status = value;
	if (at == VEI_PCI_STATUS && !value && f.q)
		hostile_begin(&f.device, f.q);
	if (at != VEI_PCI_QUEUE_NOTIFY)
		return;
	MUST(f.dev->live && ++f.kicks < MAX_KICKS);
	if (f.at_once)
		answer(f.at_once & 0xfe);
}

static void lie(void)
{
	if (!f.q)
		return;
	f.lied = true;
	hostile_lie(&f.device);
}

static void off(void)
{
	f.driver->shutdown(&f.pdev);
	f.off = true;
}

/* The reader sleeps. */
void schedule(void)
{
	u8 how = script_byte();

	/* Who could be told nothing more does not wait. */
	MUST(!f.off && f.dev->live && !f.q->ring.broken);
	f.kicks = 0;
	if (script_over() || ++f.sleeps > MAX_SLEEPS) {
		off();
		return;
	}
	switch (how & 7) {
	case 0:
	case 1:
	case 2:
	case 3:
		answer(script_byte());
		break;
	case 4:
		lie();
		break;
	case 5:
		f.ops->restart(f.dev);
		return;
	case 6:
		off();
		return;
	}
	if (how & 8 && f.dev->live)
		f.q->handler(f.q);
}

static void op_read(u8 how)
{
	u8 to[100];
	size_t max = 1 + script_byte() % 80;
	int n, i;

	f.sleeps = 0;
	f.kicks = 0;
	f.answered = vei_queue_in_flight(f.q) && f.answered;
	f.empty = false;
	n = f.hwrng->read(f.hwrng, to, max, how & 8);
	switch (n) {
	case 0:
		/* Who waits gets something, if there is an end of what is nothing. */
		MUST(!(how & 8) || f.empty || f.lied);
		return;
	case -ENODEV:
		MUST(f.off || !f.dev->live);
		return;
	case -EIO:
		MUST(f.q->ring.broken);
		return;
	}
	MUST(n > 0 && n <= max);
	if (f.lied)
		return;
	MUST(f.answered && n == min_t(u32, f.said, max) && !memcmp(to, f.wrote, n));
	for (i = 0; i < n; i++)
		MUST(!f.mem[i]);
	f.answered = false;
}

static void probe(void)
{
	static const struct pci_device_id id;
	int err;

	f.off = false;
	f.lied = false;
	f.answered = false;
	err = f.driver->probe(&f.pdev, &id);
	if (err)
		MUST(!f.dev && !f.hwrng && !kernel_allocated && !kernel_pages);
	else
		MUST(f.dev->live && f.hwrng);
}

static void step(void)
{
	u8 op = script_byte();

	if (!f.dev) {
		probe();
		return;
	}
	switch (op & 7) {
	case 0:
	case 1:
	case 2:
		op_read(op);
		break;
	case 3:
		f.at_once = script_byte();
		break;
	case 4:
		if (op & 0x80)
			lie();
		else if (f.q)
			answer(script_byte());
		break;
	case 5:
		kernel_fails = op >> 4;
		break;
	case 6:
		if (op & 0x80)
			f.ops->restart(f.dev);
		else if (f.dev->live)
			f.q->handler(f.q);
		break;
	default:
		if (op & 0x80)
			off();
		else
			f.driver->remove(&f.pdev);
	}
}

int fuzz_one(const u8 *data, size_t size)
{
	memset(&f, 0, sizeof(f));
	script_begin(data, size);
	MUST(!init_module());
	script_run(step, MAX_OPS);
	if (f.dev)
		f.driver->remove(&f.pdev);
	script_end();
	return 0;
}
