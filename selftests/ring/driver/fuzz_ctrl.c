// SPDX-License-Identifier: GPL-2.0
/*
 * Commands: driver/net/ctrl.c on a control queue whose device answers, or does not, while the
 * driver sleeps: with any status and any length, by lies in the ring, late, or never; it leaves the
 * bus, and somebody else resets it meanwhile.
 *
 * Each command ends within its time, with an error that is documented; one that is said to have
 * been carried out was, with the data that it was given. What the device still has is freed by
 * nobody, and all of it when it was reset.
 */
#include <linux/jiffies.h>

#include "../../../driver/net/net.h"
#include "hostile.h"

#define MAX_OPS		64
#define MAX_SLEEPS	200
/* Of a command, in all: the driver's own limit and one look more. */
#define LONGEST		(11 * HZ)

static struct {
	struct vei_dev *dev;
	struct net_device *netdev;
	struct vei_net net;
	struct vei_queue *q;
	struct vei_queue_spec spec;
	struct hostile device;
	unsigned int sleeps;
	bool busy;			/* a command waits */
	unsigned long gone;		/* when the device went, if it has */
	bool answered;			/* this command has come back, and so: */
	u8 status;
	bool intact;			/* the device read what was sent */
	u8 class, cmd;
	u8 data[64];
	size_t len;
} f;

/* Did the device get the command as it was sent, in pieces that it can tell apart? */
static bool reads(const struct piece *piece, unsigned int n, size_t first)
{
	size_t at = 0;
	unsigned int i;

	if (n < 2 || piece[0].write || piece[0].len != 2 || piece[0].mem[0] != f.class ||
	    piece[0].mem[1] != f.cmd || !piece[n - 1].write || piece[n - 1].len != 1)
		return false;
	if (first && (n < 3 || piece[1].len != first))
		return false;
	for (i = 1; i < n - 1; i++) {
		if (piece[i].write || memcmp(piece[i].mem, f.data + at, piece[i].len))
			return false;
		at += piece[i].len;
	}
	return at == f.len;
}

static size_t first_of;

static void answer(u8 how)
{
	struct piece piece[MAX_PIECES];
	unsigned int n;
	u16 head;
	u32 len = 1;

	hostile_fetch(&f.device);
	if (!f.device.nheld)
		return;
	MUST(f.device.nheld == 1 || f.device.lied);
	head = hostile_release(&f.device, 0);
	/* Who has lied may have been given no more. */
	if (f.device.lied) {
		hostile_use(&f.device, head, script_long());
		hostile_publish(&f.device);
		return;
	}
	n = hostile_chain(&f.device, head, piece);
	f.intact = reads(piece, n, first_of);
	f.status = how & 0x40 ? script_byte() : 0;
	f.answered = true;
	*piece[n - 1].mem = f.status;
	if (how & 0x80)
		len = script_long();
	hostile_use(&f.device, head, len);
	hostile_publish(&f.device);
	vei_net_ctrl_interrupt(f.q);
}

/* The driver sleeps: what the device and others do meanwhile, and how long that takes. */
signed long schedule_timeout(signed long timeout)
{
	u8 how = script_byte();
	signed long slept;

	MUST(timeout > 0 && ++f.sleeps < MAX_SLEEPS);
	/* What was posted stays as long as the command does. */
	MUST(f.busy);
	switch (how & 7) {
	case 0:
	case 1:
	case 2:
		answer(how);
		break;
	case 3:
		hostile_lie(&f.device);
		break;
	case 4:
		vei_net_ctrl_cancel(&f.net);
		break;
	case 5:
		if (how & 0x80 && registers.status != 0xff) {
			registers.status = 0xff;
			f.gone = jiffies;
		}
		break;
	case 6:
		/* For nothing. */
		vei_net_ctrl_interrupt(f.q);
	}
	/* Time passes whatever the script says, and at its end. */
	slept = how & 0x20 || f.sleeps > MAX_SLEEPS / 4 || script_over() ?
		timeout : min_t(signed long, timeout, (how >> 3) + 1);
	jiffies += slept;
	return timeout - slept;
}

static bool takes(u8 class, u8 cmd)
{
	u64 acked = f.dev->acked;

	switch (class) {
	case 0:
		return acked & BIT(18);
	case 1:
		return acked & (cmd == 1 ? BIT(23) : BIT(18));
	case 3:
		return acked & BIT(21);
	case 4:
		return acked & BIT(22);
	}
	return false;
}

static void op_command(u8 how)
{
	static const u8 classes[] = { 0, 1, 3, 4, 5, 2 };
	unsigned long began = jiffies;
	bool was_broken = f.q->ring.broken, was_cancelled = f.net.ctrl_cancelled;
	bool was_up = f.net.ctrl_q;
	u16 in_flight = vei_queue_in_flight(f.q);
	size_t first;
	unsigned int i;
	int err;

	f.class = classes[script_byte() % 6];
	f.cmd = script_byte() & 1;
	f.len = how & 8 ? script_byte() % sizeof(f.data) : how >> 4;
	for (i = 0; i < f.len; i++)
		f.data[i] = i + how;
	first = f.len ? script_byte() % (f.len + 1) : 0;
	first_of = first;
	f.answered = false;
	f.intact = false;
	f.sleeps = 0;
	f.busy = true;
	err = vei_net_ctrl_tables(&f.net, f.class, f.cmd, f.data, f.len, first);
	f.busy = false;

	MUST(jiffies - began <= LONGEST);
	MUST(!atomic_long_read(&f.net.ctrl_lock.owner));
	if (!f.device.lied) {
		MUST(err != -EIO || was_broken);
		if (!err)
			MUST(f.answered && !f.status && f.intact);
		if (err == -EINVAL)
			MUST(f.answered && f.status && f.intact);
		if (f.answered && !err)
			MUST(vei_queue_in_flight(f.q) == in_flight);
	}
	switch (err) {
	case 0:
		MUST(takes(f.class, f.cmd) && was_up && !was_cancelled && !was_broken);
		break;
	case -EOPNOTSUPP:
		MUST(!(f.dev->acked & BIT(VEI_NET_F_CTRL_VQ)));
		break;
	case -ENOMEM:
	case -EINVAL:
	case -EIO:
		break;
	case -ECANCELED:
		MUST(!was_up || f.net.ctrl_cancelled || !takes(f.class, f.cmd));
		break;
	case -ETIMEDOUT:
		MUST(jiffies - began >= 10 * HZ && f.q->ring.broken);
		/* It would have been noticed. */
		MUST(registers.status != 0xff || jiffies - f.gone < HZ);
		break;
	case -ENODEV:
		MUST(registers.status == 0xff && f.q->ring.broken);
		break;
	default:
		MUST(!"an error that is not documented");
	}
	/* The device has at most one command, and then takes no more. */
	MUST(vei_queue_in_flight(f.q) <= 1);
	if (vei_queue_in_flight(f.q))
		MUST(f.q->ring.broken || f.net.ctrl_cancelled);
	MUST(kernel_allocated == 3 + vei_queue_in_flight(f.q));
}

static void ctrl_down(void)
{
	vei_net_ctrl_cancel(&f.net);
	/* Whoever writes 0 to the status has reset it. */
	registers.status = 0;
	vei_net_ctrl_drain(&f.net);
	MUST(!f.net.ctrl_q && !vei_queue_in_flight(f.q) && kernel_allocated == 3);
}

static void ctrl_up(bool ctrl)
{
	f.dev->gone = false;
	registers.status = VEI_STATUS_DRIVER_OK;
	machine_renew(f.q, &f.spec);
	hostile_begin(&f.device, f.q);
	vei_net_ctrl_start(&f.net, ctrl ? f.q : NULL);
}

static void step(void)
{
	u8 op = script_byte();

	switch (op & 7) {
	case 0:
	case 1:
	case 2:
	case 3:
		op_command(op);
		break;
	case 4:
		/* Late, or once more. */
		if (op & 0x80)
			answer(op);
		else if (op & 0x40)
			hostile_lie(&f.device);
		break;
	case 5:
		kernel_fails = op >> 4;
		break;
	case 6:
		vei_net_ctrl_cancel(&f.net);
		break;
	default:
		ctrl_down();
		if (op & 0x80)
			f.dev->acked = (u64)script_byte() << 17 | (op & 0x40 ? BIT(29) : 0);
		ctrl_up(!(op & 0x20));
	}
}

int fuzz_one(const u8 *data, size_t size)
{
	static const struct vei_dev_ops ops;
	u8 how;

	memset(&f, 0, sizeof(f));
	script_begin(data, size);
	how = script_byte();
	f.netdev = calloc(1, sizeof(*f.netdev));
	f.dev = machine_begin((u64)how << 17 | BIT(VEI_NET_F_CTRL_VQ) |
			      (script_byte() & 1 ? BIT(29) : 0), &ops, &f.net);
	f.net.dev = f.dev;
	f.net.netdev = f.netdev;
	f.spec = (struct vei_queue_spec){ .name = "control", .handler = vei_net_ctrl_interrupt,
					  .priv = &f.net };
	f.q = machine_queue(&f.spec, 16);
	ctrl_up(true);
	script_run(step, MAX_OPS);
	ctrl_down();
	machine_end();
	script_end();
	free(f.netdev);
	return 0;
}
