// SPDX-License-Identifier: GPL-2.0
/*
 * Commands on the control queue, one at a time. Who waits for an answer holds
 * ctrl_lock and not RTNL perhaps, so a reset, which holds RTNL and needs the
 * queue, tells the waiter to leave: vei_net_ctrl_cancel().
 */

#include <linux/slab.h>

#include "net.h"

/* A device that does not answer by then gets no more commands until it is reset. */
#define VEI_NET_CTRL_TIMEOUT	(10 * HZ)
/* Meanwhile, how often to look whether it is still there. */
#define VEI_NET_CTRL_LOOK	(HZ / 4)

/* The device's as long as it is posted, so its own piece of memory. */
struct vei_net_cmd {
	u8 class;
	u8 cmd;
	u8 status;
	u8 data[];
};

/**
 * vei_net_ctrl_interrupt() - interrupt of the control queue
 * @q: the queue
 */
void vei_net_ctrl_interrupt(struct vei_queue *q)
{
	struct vei_net *net = q->priv;

	wake_up(&net->ctrl_wait);
}

/* Something to look at for the one who waits. Under ctrl_lock. */
static bool vei_net_ctrl_over(struct vei_net *net)
{
	return READ_ONCE(net->ctrl_cancelled) || vei_queue_pending(net->ctrl_q);
}

/*
 * For the answer to @c, the only command that is posted. Under ctrl_lock. After an
 * error the device still has @c, and takes no more commands before a reset.
 */
static int vei_net_ctrl_wait(struct vei_net *net, const struct vei_net_cmd *c)
{
	unsigned long deadline = jiffies + VEI_NET_CTRL_TIMEOUT;
	struct vei_queue *q = net->ctrl_q;
	bool over = false;
	u32 len;

	lockdep_assert_held(&net->ctrl_lock);
	while (vei_queue_get(q, &len) != c) {
		if (vei_queue_broken(q))
			return -EIO;
		if (READ_ONCE(net->ctrl_cancelled))
			return -ECANCELED;
		if (over) {
			vei_queue_went_back(q);
			return -EIO;
		}
		over = !vei_queue_intr_enable(q) ||
		       wait_event_timeout(net->ctrl_wait, vei_net_ctrl_over(net),
					  VEI_NET_CTRL_LOOK);
		if (over)
			continue;
		if (vei_dev_is_gone(net->dev)) {
			vei_queue_break(q);
			return -ENODEV;
		}
		if (time_before(jiffies, deadline))
			continue;
		netdev_err(net->netdev,
			   "control queue: no answer in %u s, no more commands before a reset\n",
			   VEI_NET_CTRL_TIMEOUT / HZ);
		vei_queue_break(q);
		return -ETIMEDOUT;
	}
	return 0;
}

/* Does the device take such a command, since its last reset? Under ctrl_lock. */
static bool vei_net_ctrl_takes(const struct vei_net *net, u8 class, u8 cmd)
{
	lockdep_assert_held(&net->ctrl_lock);
	switch (class) {
	case VEI_NET_CTRL_RX:
		return vei_net_has(net, VEI_NET_F_CTRL_RX);
	case VEI_NET_CTRL_MAC:
		return vei_net_has(net, cmd == VEI_NET_CTRL_MAC_ADDR_SET ?
					VEI_NET_F_CTRL_MAC_ADDR : VEI_NET_F_CTRL_RX);
	case VEI_NET_CTRL_MQ:
		return vei_net_has(net, VEI_NET_F_MQ);
	case VEI_NET_CTRL_ANNOUNCE:
		return vei_net_has(net, VEI_NET_F_GUEST_ANNOUNCE);
	}
	return false;
}

/**
 * vei_net_ctrl_tables() - have the device carry out a command with two pieces of data
 * @net: the device
 * @class: of the command
 * @cmd: the command
 * @data: that goes with it
 * @len: bytes of @data
 * @first: bytes of it in a descriptor of their own; 0 or @len: all in one. Without
 *	ANY_LAYOUT a device may insist on how a command is split
 *
 * Context: may sleep. Return: 0; -EOPNOTSUPP if the device has no control queue;
 * -ECANCELED if it was, or is being, reset, or does not take such commands since;
 * -EINVAL if it refused; -ETIMEDOUT, -ENODEV or -EIO if it does not answer; -ENOMEM.
 */
int vei_net_ctrl_tables(struct vei_net *net, u8 class, u8 cmd, const void *data, size_t len,
			size_t first)
{
	struct vei_net_cmd *c;
	struct vei_seg seg[4];
	unsigned int out = 0;
	int err;

	if (!vei_net_has(net, VEI_NET_F_CTRL_VQ))
		return -EOPNOTSUPP;
	c = kmalloc(sizeof(*c) + len, GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->class = class;
	c->cmd = cmd;
	c->status = 0xff;
	memcpy(c->data, data, len);

	seg[out++] = (struct vei_seg){ virt_to_phys(&c->class), 2 };
	if (first)
		seg[out++] = (struct vei_seg){ virt_to_phys(c->data), first };
	if (len > first)
		seg[out++] = (struct vei_seg){ virt_to_phys(c->data + first), len - first };
	seg[out] = (struct vei_seg){ virt_to_phys(&c->status), 1 };

	mutex_lock(&net->ctrl_lock);
	if (!net->ctrl_q || READ_ONCE(net->ctrl_cancelled) ||
	    !vei_net_ctrl_takes(net, class, cmd)) {
		err = -ECANCELED;
		goto out_unlock;
	}
	err = vei_queue_add(net->ctrl_q, seg, out, 1, c);
	if (err)
		goto out_unlock;
	vei_queue_kick(net->ctrl_q);
	err = vei_net_ctrl_wait(net, c);
	vei_queue_intr_disable(net->ctrl_q);
	if (err)
		c = NULL;	/* the device still has it: vei_net_ctrl_drain() */
	else if (c->status != VEI_NET_CTRL_OK)
		err = -EINVAL;
out_unlock:
	mutex_unlock(&net->ctrl_lock);
	kfree(c);
	return err;
}

/**
 * vei_net_ctrl() - have the device carry out a command
 * @net: the device
 * @class: of the command
 * @cmd: the command
 * @data: that goes with it
 * @len: bytes of @data
 *
 * Context: may sleep. Return: as vei_net_ctrl_tables().
 */
int vei_net_ctrl(struct vei_net *net, u8 class, u8 cmd, const void *data, size_t len)
{
	return vei_net_ctrl_tables(net, class, cmd, data, len, 0);
}

/**
 * vei_net_ctrl_start() - take commands
 * @net: the device
 * @q: its control queue, as new; NULL if it has none. The device may go: before
 *	that it need not look at a kick
 */
void vei_net_ctrl_start(struct vei_net *net, struct vei_queue *q)
{
	mutex_lock(&net->ctrl_lock);
	net->ctrl_q = q;
	if (q)
		vei_queue_intr_disable(q);
	WRITE_ONCE(net->ctrl_cancelled, false);
	mutex_unlock(&net->ctrl_lock);
}

/**
 * vei_net_ctrl_cancel() - let nobody wait for an answer any more
 * @net: a device that is about to be reset
 */
void vei_net_ctrl_cancel(struct vei_net *net)
{
	WRITE_ONCE(net->ctrl_cancelled, true);
	wake_up(&net->ctrl_wait);
}

/**
 * vei_net_ctrl_drain() - take the control queue out of use
 * @net: a device that was reset, its commands cancelled
 */
void vei_net_ctrl_drain(struct vei_net *net)
{
	u16 cursor = 0;
	void *cmd;

	mutex_lock(&net->ctrl_lock);
	if (net->ctrl_q) {
		while ((cmd = vei_queue_drain(net->ctrl_q, &cursor)))
			kfree(cmd);
		net->ctrl_q = NULL;
	}
	mutex_unlock(&net->ctrl_lock);
}
