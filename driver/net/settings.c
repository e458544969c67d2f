// SPDX-License-Identifier: GPL-2.0
/*
 * What is set in the device and has to be set again after each reset; and what
 * the stack may have, which a device that was reset may offer less of.
 */

#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "net.h"

/* What is switched by ethtool -K. */
#define VEI_NET_SWITCHABLE	(NETIF_F_HW_CSUM | NETIF_F_SG | NETIF_F_TSO | NETIF_F_TSO6 | \
				 NETIF_F_TSO_ECN)

/* The stack's features that the negotiated bits allow to be switched on. */
static netdev_features_t vei_net_switchable(const struct vei_net *net)
{
	bool all_tso = vei_net_has(net, VEI_NET_F_GSO);
	netdev_features_t can = 0;

	if (!vei_net_has(net, VEI_NET_F_CSUM))
		return 0;
	can |= NETIF_F_HW_CSUM | NETIF_F_SG;
	if (all_tso || vei_net_has(net, VEI_NET_F_HOST_TSO4))
		can |= NETIF_F_TSO;
	if (all_tso || vei_net_has(net, VEI_NET_F_HOST_TSO6))
		can |= NETIF_F_TSO6;
	if (all_tso || vei_net_has(net, VEI_NET_F_HOST_ECN))
		can |= NETIF_F_TSO_ECN;
	return can;
}

/**
 * vei_net_fix_netdev_features() - ndo_fix_features
 * @netdev: the device
 * @features: what the user wants and the stack allows
 *
 * The user's wishes outlast a reset, the device's bits need not.
 *
 * Return: what can be had now.
 */
netdev_features_t vei_net_fix_netdev_features(struct net_device *netdev,
					      netdev_features_t features)
{
	return features & (~VEI_NET_SWITCHABLE | vei_net_switchable(netdev_priv(netdev)));
}

static void vei_net_limit_features(struct vei_net *net)
{
	struct net_device *netdev = net->netdev;
	netdev_features_t can = vei_net_switchable(net);

	netdev->hw_features = (netdev->hw_features & ~VEI_NET_SWITCHABLE) | can;
	netdev->vlan_features = (netdev->vlan_features & ~VEI_NET_SWITCHABLE) | can |
				NETIF_F_HIGHDMA;
	netdev->features &= ~(VEI_NET_SWITCHABLE | NETIF_F_RXCSUM) | can;
	netdev->features |= NETIF_F_HIGHDMA;
	if (vei_net_has(net, VEI_NET_F_GUEST_CSUM))
		netdev->features |= NETIF_F_RXCSUM;
}

/* The range of the MTU. Returns 0, or -EINVAL if the device wants an impossible one. */
static int vei_net_limit_mtu(struct vei_net *net)
{
	struct net_device *netdev = net->netdev;
	unsigned int max = vei_rxq_max_mtu(vei_net_has(net, VEI_NET_F_MRG_RXBUF));
	u16 mtu;

	if (vei_net_has(net, VEI_NET_F_MTU)) {
		mtu = vei_dev_config_read16(net->dev, VEI_NET_CONFIG_MTU);
		if (mtu < ETH_MIN_MTU || mtu > max) {
			netdev_err(netdev, "device wants an MTU of %u, possible are %u to %u\n",
				   mtu, ETH_MIN_MTU, max);
			return -EINVAL;
		}
		max = mtu;
	}
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = max;
	/* At first, what the device wants; later, what the user wanted, if it can be. */
	netdev->mtu = min(net->wanted_mtu ?: (vei_net_has(net, VEI_NET_F_MTU) ? max : ETH_DATA_LEN),
			  max);
	return 0;
}

/**
 * vei_net_limit() - what the stack may have of a device, by what was negotiated
 * @net: the device, just negotiated
 *
 * It may be less than before a reset, or more again.
 *
 * Context: may sleep; RTNL held. Return: 0 or a negative errno, with a message.
 */
int vei_net_limit(struct vei_net *net)
{
	int err = vei_net_limit_mtu(net);

	if (err)
		return err;
	vei_net_limit_features(net);
	net->pairs = min(net->wanted_pairs, net->avail_pairs);
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

/* The device's address, or a random one, of which it is told. */
static int vei_net_read_mac(struct vei_net *net)
{
	struct net_device *netdev = net->netdev;
	u8 mac[ETH_ALEN];

	if (!vei_net_has(net, VEI_NET_F_MAC)) {
		eth_hw_addr_random(netdev);
		netdev_info(netdev, "random MAC address %pM\n", netdev->dev_addr);
		if (vei_net_write_mac(net, netdev->dev_addr))
			netdev_warn(netdev, "cannot tell the device its MAC address\n");
		return 0;
	}
	vei_dev_config_read(net->dev, VEI_NET_CONFIG_MAC, mac, sizeof(mac));
	if (!is_valid_ether_addr(mac)) {
		netdev_err(netdev, "device has no valid MAC address: %pM\n", mac);
		return -EINVAL;
	}
	eth_hw_addr_set(netdev, mac);
	return 0;
}

/* Tell the device how many pairs are in use. Returns 0 or a negative errno. */
static int vei_net_tell_pairs(struct vei_net *net, u16 pairs)
{
	if (!vei_net_has(net, VEI_NET_F_MQ))
		return 0;
	return vei_net_ctrl(net, VEI_NET_CTRL_MQ, VEI_NET_CTRL_MQ_PAIRS_SET, &pairs,
			    sizeof(pairs));
}

/* By the pairs from @pairs on nothing is sent any more, whoever has chosen one of them. */
static void vei_net_open_pairs(struct vei_net *net, unsigned int pairs)
{
	unsigned int i;

	for (i = 0; i < net->avail_pairs; i++) {
		struct vei_net_txq *txq = &net->txq[i];

		__netif_tx_lock_bh(txq->nq);
		txq->open = i < pairs;
		__netif_tx_unlock_bh(txq->nq);
	}
}

/*
 * The stack sends by the first @pairs. Where that is another number, senders are
 * spread anew; where it is not, what the user has set stays.
 */
static int vei_net_show_pairs(struct vei_net *net, unsigned int pairs)
{
	bool same = net->netdev->real_num_tx_queues == pairs;
	int err = netif_set_real_num_queues(net->netdev, pairs, pairs);

	if (!err && !same)
		vei_net_spread_senders(net, pairs);
	return err;
}

/*
 * The change has failed: all as before. A device that cannot be told serves more than
 * the stack sends by, or, where the stack cannot send by more again, than is shown.
 */
static void vei_net_stay(struct vei_net *net, unsigned int before)
{
	vei_net_open_pairs(net, before);
	vei_net_show_pairs(net, before);
	net->pairs = net->netdev->real_num_tx_queues;
	vei_net_open_pairs(net, net->pairs);
	vei_net_tell_pairs(net, net->pairs);
}

/*
 * The device is told how many pairs are in use, and the stack what came of it: fewer than
 * are wanted, where the device does not take so many, or there is no memory for it. That is
 * tried again at the next reset.
 */
static void vei_net_apply_pairs(struct vei_net *net)
{
	unsigned int fewer = 1;		/* what a device serves that was just reset */
	int err = vei_net_tell_pairs(net, net->pairs);

	if (!err) {
		vei_net_open_pairs(net, net->pairs);
		err = vei_net_show_pairs(net, net->pairs);
		fewer = net->netdev->real_num_tx_queues;
	}
	if (!err)
		return;
	/* One is served though it was not told of that. */
	if (net->pairs > 1)
		netdev_warn(net->netdev, "cannot use %u queue pairs: %d\n", net->pairs, err);
	vei_net_stay(net, fewer);
}

/**
 * vei_net_settle_new() - what the stack is to know of a new device
 * @net: the device, READY; its net_device is not registered yet
 *
 * Context: may sleep; RTNL held. Return: 0 or a negative errno, with a message.
 */
int vei_net_settle_new(struct vei_net *net)
{
	struct net_device *netdev = net->netdev;
	int err = vei_net_read_mac(net);

	if (err)
		return err;
	net->wanted_mtu = netdev->mtu;
	netdev->features |= netdev->hw_features;
	vei_net_apply_pairs(net);
	vei_net_spread_senders(net, net->pairs);
	return 0;
}

/**
 * vei_net_settle_again() - set what a device forgot in a reset, tell the stack what changed
 * @net: the device, READY; its net_device is registered, and detached
 *
 * Context: may sleep; RTNL held. Return: 0 or a negative errno.
 */
int vei_net_settle_again(struct vei_net *net)
{
	struct net_device *netdev = net->netdev;
	unsigned int pairs = netdev->real_num_tx_queues;
	const struct vei_net_limits before = net->told;
	int err;

	netdev_update_features(netdev);
	net->told = (struct vei_net_limits){ netdev->features, netdev->mtu };
	if (netdev->features != before.features) {
		netdev_info(netdev, "offloads were %pNF, are %pNF\n", &before.features,
			    &netdev->features);
		netdev_features_change(netdev);
	}
	if (netdev->mtu != before.mtu) {
		netdev_info(netdev, "MTU was %u, is %u\n", before.mtu, netdev->mtu);
		call_netdevice_notifiers(NETDEV_CHANGEMTU, netdev);
	}
	err = vei_net_write_mac(net, netdev->dev_addr);
	if (err == -ENOMEM)
		return err;
	if (err)
		netdev_warn(netdev, "cannot set the MAC address again\n");
	vei_net_apply_pairs(net);
	if (net->pairs != pairs)
		netdev_info(netdev, "queue pairs were %u, are %u\n", pairs, net->pairs);
	return 0;
}

/*
 * Nothing more is sent by the pairs from @pairs on: a device leaves what it finds in
 * a queue that it was told is not in use. Returns false if it is not done with it.
 */
static bool vei_net_leave_pairs(struct vei_net *net, unsigned int pairs)
{
	unsigned int i;
	bool done = true;

	for (i = pairs; i < net->pairs; i++) {
		struct vei_net_txq *txq = &net->txq[i];

		vei_txq_settle(txq);
		/* Who would have woken it may find that all was taken back. */
		__netif_tx_lock_bh(txq->nq);
		if (vei_queue_in_flight(txq->q))
			done = false;
		else
			netif_tx_wake_queue(txq->nq);
		__netif_tx_unlock_bh(txq->nq);
	}
	return done;
}

/* Fewer pairs by way of a reset, after which there may be fewer yet. */
static int vei_net_restart_with_pairs(struct vei_net *net, unsigned int pairs)
{
	int err;

	net->wanted_pairs = pairs;
	err = vei_net_restart(net);
	if (err)
		return err;
	return net->pairs < min(pairs, net->avail_pairs) ? -ENOMEM : 0;
}

/**
 * vei_net_set_pairs() - change how many pairs of queues are in use
 * @net: the device, READY or RUNNING
 * @pairs: 1..avail_pairs
 *
 * The stack never sends by a queue that the device does not serve. A device that
 * is not done with those that go is reset.
 *
 * Context: may sleep; RTNL held. Return: 0 or a negative errno.
 */
int vei_net_set_pairs(struct vei_net *net, unsigned int pairs)
{
	unsigned int before = net->pairs;
	int err;

	if (pairs < before) {
		err = vei_net_show_pairs(net, pairs);
		if (err)
			return err;
		vei_net_open_pairs(net, pairs);
		if (!vei_net_leave_pairs(net, pairs))
			return vei_net_restart_with_pairs(net, pairs);
	}
	err = vei_net_tell_pairs(net, pairs);
	if (!err) {
		vei_net_open_pairs(net, pairs);
		err = vei_net_show_pairs(net, pairs);
	}
	if (err) {
		vei_net_stay(net, before);
		return err;
	}
	net->pairs = pairs;
	net->wanted_pairs = pairs;
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

/**
 * vei_net_change_mtu() - ndo_change_mtu
 * @netdev: the device
 * @mtu: within the device's limits
 *
 * Mergeable buffers take packets of any size; others are made for an MTU, so
 * the device begins anew where they have to be larger.
 */
int vei_net_change_mtu(struct net_device *netdev, int mtu)
{
	struct vei_net *net = netdev_priv(netdev);
	int before = netdev->mtu;
	int err;

	net->wanted_mtu = mtu;
	netdev->mtu = mtu;
	if (net->state < VEI_NET_READY || !vei_rxq_outgrown(&net->rxq[0]))
		return 0;
	err = vei_net_restart(net);
	/* The device may allow less now than when the stack asked. */
	if (!err && netdev->mtu == mtu)
		return 0;
	net->wanted_mtu = before;
	/* Of what failed the stack may have been told nothing; of a smaller one it was. */
	if (err) {
		netdev->mtu = before;
		if (net->told.mtu == mtu)
			net->told.mtu = before;
	}
	vei_net_restart(net);
	return err ?: -EINVAL;
}
