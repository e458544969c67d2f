// SPDX-License-Identifier: GPL-2.0
/* Link state and announcements, told by the configuration interrupt. */

#include <linux/rtnetlink.h>

#include "net.h"

/**
 * vei_net_config_changed() - the device changed its configuration
 * @dev: the device
 *
 * Context: hard interrupt.
 */
void vei_net_config_changed(struct vei_dev *dev)
{
	struct vei_net *net = dev->priv;

	schedule_work(&net->config_work);
}

/**
 * vei_net_queue_broken() - the device lied about a queue
 * @q: the queue
 *
 * It stays as it is, to be looked at, until somebody resets the device. The
 * carrier goes, so that a bond fails over and nobody waits for packets.
 *
 * Context: any.
 */
void vei_net_queue_broken(struct vei_queue *q)
{
	struct vei_net *net = q->dev->priv;

	schedule_work(&net->config_work);
}

static bool vei_net_is_broken(const struct vei_net *net)
{
	unsigned int i;

	for (i = 0; i < net->avail_pairs; i++)
		if (vei_queue_broken(net->rxq[i].q) || vei_queue_broken(net->txq[i].q))
			return true;
	return false;
}

/* What the device says now, as VEI_NET_S_*. */
static u16 vei_net_read_status(struct vei_net *net)
{
	u16 status = VEI_NET_S_LINK_UP;

	if (vei_net_has(net, VEI_NET_F_STATUS))
		status = vei_dev_config_read16(net->dev, VEI_NET_CONFIG_STATUS);
	/* A device that was pulled reads as all ones. */
	if (status == U16_MAX && vei_dev_is_gone(net->dev))
		return 0;
	return status;
}

/**
 * vei_net_update_link() - carry the device's link state to the stack
 * @net: the device
 *
 * Without a STATUS field the link is up. With a broken queue it is down.
 *
 * Context: may sleep; RTNL held. Return: true if the device wishes an
 * announcement.
 */
bool vei_net_update_link(struct vei_net *net)
{
	u16 status = vei_net_read_status(net);

	if (status & VEI_NET_S_LINK_UP && !vei_net_is_broken(net))
		netif_carrier_on(net->netdev);
	else
		netif_carrier_off(net->netdev);
	return status & VEI_NET_S_ANNOUNCE && vei_net_has(net, VEI_NET_F_GUEST_ANNOUNCE);
}

/* Say again where we are, after a migration, and tell the device that we did. */
static void vei_net_announce(struct vei_net *net)
{
	netdev_notify_peers(net->netdev);
	vei_net_ctrl(net, VEI_NET_CTRL_ANNOUNCE, VEI_NET_CTRL_ANNOUNCE_ACK, NULL, 0);
}

/**
 * vei_net_config_work() - look what changed
 * @work: &vei_net.config_work
 */
void vei_net_config_work(struct work_struct *work)
{
	struct vei_net *net = container_of(work, struct vei_net, config_work);
	bool announce;

	rtnl_lock();
	announce = !net->removing && netif_device_present(net->netdev) && vei_net_update_link(net);
	rtnl_unlock();
	/* Takes RTNL itself. */
	if (announce)
		vei_net_announce(net);
}
