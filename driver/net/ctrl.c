// SPDX-License-Identifier: GPL-2.0
/* Commands on the control queue. */

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

	complete(&net->ctrl_done);
}

/* Under ctrl_lock. */
static int vei_net_ctrl_wait(struct vei_net *net)
{
	unsigned long deadline = jiffies + VEI_NET_CTRL_TIMEOUT;
	struct vei_queue *q = net->ctrl_q;
	u32 len;

	while (!vei_queue_get(q, &len)) {
		if (q->ring.broken)
			return -EIO;
		if (!vei_queue_intr_enable(q))
			continue;
		if (wait_for_completion_timeout(&net->ctrl_done, VEI_NET_CTRL_LOOK))
			continue;
		if (vei_dev_is_gone(net->dev))
			return -ENODEV;
		if (time_before(jiffies, deadline) || vei_ring_pending(&q->ring))
			continue;
		netdev_err(net->netdev,
			   "control queue: no answer in %u s, no more commands before a reset\n",
			   VEI_NET_CTRL_TIMEOUT / HZ);
		vei_queue_break(q);
		return -ETIMEDOUT;
	}
	return 0;
}

/**
 * vei_net_ctrl() - have the device carry out a command
 * @net: the device
 * @class: of the command
 * @cmd: the command
 * @data: that goes with it
 * @len: bytes of @data
 *
 * Context: may sleep. Return: 0; -EOPNOTSUPP if the device has no control queue
 * now; -EINVAL if it refused; -ETIMEDOUT, -ENODEV or -EIO if it does not answer.
 */
int vei_net_ctrl(struct vei_net *net, u8 class, u8 cmd, const void *data, size_t len)
{
	struct vei_net_cmd *c;
	struct vei_seg seg[3];
	unsigned int out = 0;
	int err;

	c = kmalloc(sizeof(*c) + len, GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->class = class;
	c->cmd = cmd;
	c->status = 0xff;
	memcpy(c->data, data, len);

	seg[out++] = (struct vei_seg){ virt_to_phys(&c->class), 2 };
	if (len)
		seg[out++] = (struct vei_seg){ virt_to_phys(c->data), len };
	seg[out] = (struct vei_seg){ virt_to_phys(&c->status), 1 };

	mutex_lock(&net->ctrl_lock);
	if (!net->ctrl_q) {
		err = -EOPNOTSUPP;
		goto out_unlock;
	}
	reinit_completion(&net->ctrl_done);
	err = vei_queue_add(net->ctrl_q, seg, out, 1, c);
	if (err)
		goto out_unlock;
	vei_queue_kick(net->ctrl_q);
	err = vei_net_ctrl_wait(net);
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
 * vei_net_ctrl_drain() - take the control queue out of use
 * @net: a device that was reset
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
