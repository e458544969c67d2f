// SPDX-License-Identifier: GPL-2.0
/*
 * Start and stop of the data path, and the restart of a device under it: after
 * a toggle, a transmit timeout, or sleep.
 */

#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "net.h"

/* RTNL held. */
static void vei_net_start(struct vei_net *net)
{
	unsigned int i;

	for (i = 0; i < net->max_pairs; i++) {
		vei_rxq_start(&net->rxq[i]);
		vei_txq_start(&net->txq[i]);
	}
	net->started = true;
}

/*
 * RTNL held. The stack sends nothing on return: its queues are stopped only
 * when nobody is left who would wake them.
 */
static void vei_net_halt(struct vei_net *net)
{
	unsigned int i;

	if (!net->started)
		return;
	net->started = false;
	for (i = 0; i < net->max_pairs; i++) {
		vei_rxq_stop(&net->rxq[i]);
		napi_disable(&net->txq[i].napi);
	}
	netif_tx_disable(net->netdev);
	for (i = 0; i < net->max_pairs; i++)
		vei_txq_stop(&net->txq[i]);
}

/**
 * vei_net_open() - ndo_open
 * @netdev: the device
 */
int vei_net_open(struct net_device *netdev)
{
	struct vei_net *net = netdev_priv(netdev);

	if (!net->dev->nqueue)
		return -ENODEV;	/* a restart failed */
	vei_net_start(net);
	if (vei_net_update_link(net))
		schedule_work(&net->config_work);
	netif_tx_start_all_queues(netdev);
	return 0;
}

/**
 * vei_net_stop() - ndo_stop
 * @netdev: the device
 */
int vei_net_stop(struct net_device *netdev)
{
	vei_net_halt(netdev_priv(netdev));
	return 0;
}

/**
 * vei_net_set_pairs() - tell the device how many pairs of queues are in use
 * @net: the device
 * @pairs: 1..max_pairs
 *
 * Context: may sleep. Return: 0 or a negative errno.
 */
int vei_net_set_pairs(struct vei_net *net, unsigned int pairs)
{
	u16 arg = pairs;
	int err;

	if (vei_net_has(net, VEI_NET_F_MQ)) {
		err = vei_net_ctrl(net, VEI_NET_CTRL_MQ, VEI_NET_CTRL_MQ_PAIRS_SET, &arg,
				   sizeof(arg));
		if (err)
			return err;
	}
	net->pairs = pairs;
	return 0;
}

/* Give the device its MAC address. Returns 0 or a negative errno. */
static int vei_net_write_mac(struct vei_net *net, const u8 *mac)
{
	if (vei_net_has(net, VEI_NET_F_CTRL_MAC_ADDR))
		return vei_net_ctrl(net, VEI_NET_CTRL_MAC, VEI_NET_CTRL_MAC_ADDR_SET, mac,
				    ETH_ALEN);
	if (vei_net_has(net, VEI_NET_F_MAC))
		vei_dev_config_write(net->dev, VEI_NET_CONFIG_MAC, mac, ETH_ALEN);
	return 0;
}

/**
 * vei_net_set_mac() - ndo_set_mac_address
 * @netdev: the device
 * @addr: a sockaddr
 */
int vei_net_set_mac(struct net_device *netdev, void *addr)
{
	struct vei_net *net = netdev_priv(netdev);
	const struct sockaddr *sa = addr;
	int err;

	if (!is_valid_ether_addr(sa->sa_data))
		return -EADDRNOTAVAIL;
	err = vei_net_write_mac(net, sa->sa_data);
	if (err)
		return err;
	eth_hw_addr_set(netdev, sa->sa_data);
	return 0;
}

/* What the device forgot in a reset. RTNL held. */
static void vei_net_apply_settings(struct vei_net *net)
{
	if (net->pairs > 1 && vei_net_set_pairs(net, net->pairs))
		netdev_warn(net->netdev, "cannot set %u queue pairs again\n", net->pairs);
	if (vei_net_write_mac(net, net->netdev->dev_addr))
		netdev_warn(net->netdev, "cannot set the MAC address again\n");
	vei_net_set_rx_mode(net->netdev);
	if (vei_net_update_link(net))
		schedule_work(&net->config_work);
}

/**
 * vei_net_quiesce() - stop the device and take everything from it
 * @net: the device
 *
 * Context: may sleep; RTNL held.
 */
void vei_net_quiesce(struct vei_net *net)
{
	netif_device_detach(net->netdev);
	vei_net_halt(net);
	vei_net_down(net);
}

/**
 * vei_net_revive() - begin anew after vei_net_quiesce()
 * @net: the device
 *
 * Context: may sleep; RTNL held. Return: 0, or a negative errno and the device
 * stays detached.
 */
int vei_net_revive(struct vei_net *net)
{
	int err = vei_dev_start(net->dev);

	if (!err)
		err = vei_net_up(net);
	if (err) {
		netif_carrier_off(net->netdev);
		netdev_err(net->netdev, "cannot be set up again: %d\n", err);
		return err;
	}
	if (netif_running(net->netdev))
		vei_net_start(net);
	netif_device_attach(net->netdev);
	vei_net_apply_settings(net);
	return 0;
}

/**
 * vei_net_restart() - reset the device and go on
 * @net: the device; what was in flight is lost
 *
 * Context: may sleep; RTNL held. Return: 0 or a negative errno.
 */
int vei_net_restart(struct vei_net *net)
{
	net->restarts++;
	vei_net_quiesce(net);
	return vei_net_revive(net);
}

/**
 * vei_net_restart_dev() - vei_net_restart() on behalf of the core
 * @dev: the device
 */
int vei_net_restart_dev(struct vei_dev *dev)
{
	int err;

	rtnl_lock();
	err = vei_net_restart(dev->priv);
	rtnl_unlock();
	return err;
}

/**
 * vei_net_restart_work() - restart a device that is stuck
 * @work: &vei_net.restart_work
 */
void vei_net_restart_work(struct work_struct *work)
{
	struct vei_net *net = container_of(work, struct vei_net, restart_work);

	vei_net_restart_dev(net->dev);
}

/**
 * vei_net_change_mtu() - ndo_change_mtu
 * @netdev: the device
 * @mtu: within the device's limits
 *
 * Mergeable buffers take packets of any size; others are made for an MTU, so
 * the device begins anew with larger ones.
 */
int vei_net_change_mtu(struct net_device *netdev, int mtu)
{
	struct vei_net *net = netdev_priv(netdev);
	int before = netdev->mtu;
	int err;

	netdev->mtu = mtu;
	if (vei_net_has(net, VEI_NET_F_MRG_RXBUF))
		return 0;
	err = vei_net_restart(net);
	if (err) {
		netdev->mtu = before;
		vei_net_restart(net);
	}
	return err;
}
