// SPDX-License-Identifier: GPL-2.0
/*
 * Address filters. The stack asks for them in atomic context and a command
 * sleeps, so a work item does it.
 */

#include <linux/slab.h>

#include "net.h"

/**
 * vei_net_set_rx_mode() - ndo_set_rx_mode
 * @netdev: its address lists or flags changed
 */
void vei_net_set_rx_mode(struct net_device *netdev)
{
	struct vei_net *net = netdev_priv(netdev);

	if (vei_net_has(net, VEI_NET_F_CTRL_RX) && vei_net_has(net, VEI_NET_F_CTRL_VQ))
		mod_delayed_work(system_percpu_wq, &net->rx_mode_work, 0);
}

/* After a reset it is all set again; and without memory as well: that message comes once. */
static bool vei_net_rx_mode_warns(const struct vei_net *net, int err)
{
	if (err == -ENOMEM)
		return !vei_again_waits(&net->rx_mode_again);
	return err && err != -ECANCELED;
}

static int vei_net_rx_flag(struct vei_net *net, u8 cmd, bool on, const char *what)
{
	u8 arg = on;
	int err = vei_net_ctrl(net, VEI_NET_CTRL_RX, cmd, &arg, sizeof(arg));

	if (vei_net_rx_mode_warns(net, err))
		netdev_warn(net->netdev, "cannot switch %s %s: %d\n", what, on ? "on" : "off",
			    err);
	return err;
}

/* Unicast addresses, @first bytes, then multicast ones. Returns NULL without memory. */
static void *vei_net_build_mac_tables(struct net_device *netdev, size_t *len, size_t *first)
{
	struct vei_net_mac_table *uc, *mc;
	struct netdev_hw_addr *ha;
	void *buf;

	netif_addr_lock_bh(netdev);
	*len = 2 * sizeof(*uc) + (netdev_uc_count(netdev) + netdev_mc_count(netdev)) * ETH_ALEN;
	buf = kzalloc(*len, GFP_ATOMIC);
	if (!buf)
		goto out;
	uc = buf;
	netdev_for_each_uc_addr(ha, netdev)
		memcpy(uc->mac[uc->entries++], ha->addr, ETH_ALEN);
	mc = (void *)uc->mac[uc->entries];
	*first = (void *)mc - buf;
	netdev_for_each_mc_addr(ha, netdev)
		memcpy(mc->mac[mc->entries++], ha->addr, ETH_ALEN);
out:
	netif_addr_unlock_bh(netdev);
	return buf;
}

static int vei_net_tell_macs(struct vei_net *net)
{
	size_t len, first;
	void *tables = vei_net_build_mac_tables(net->netdev, &len, &first);
	int err = -ENOMEM;

	if (tables)
		err = vei_net_ctrl_tables(net, VEI_NET_CTRL_MAC, VEI_NET_CTRL_MAC_TABLE_SET,
					  tables, len, first);
	if (vei_net_rx_mode_warns(net, err))
		netdev_warn(net->netdev, "cannot set the MAC filter: %d\n", err);
	kfree(tables);
	return err;
}

/**
 * vei_net_rx_mode_work() - program the filters as the stack wants them now
 * @work: &vei_net.rx_mode_work
 *
 * The stack asks once. Without memory it would be deaf for good to what it waits for.
 */
void vei_net_rx_mode_work(struct work_struct *work)
{
	struct vei_net *net = container_of(to_delayed_work(work), struct vei_net, rx_mode_work);
	const unsigned int flags = net->netdev->flags;
	bool again;

	again = vei_net_rx_flag(net, VEI_NET_CTRL_RX_PROMISC, flags & IFF_PROMISC,
				"promiscuous mode") == -ENOMEM;
	again |= vei_net_rx_flag(net, VEI_NET_CTRL_RX_ALLMULTI, flags & IFF_ALLMULTI,
				 "all multicast") == -ENOMEM;
	again |= vei_net_tell_macs(net) == -ENOMEM;
	if (again)
		schedule_delayed_work(&net->rx_mode_work, vei_again_failed(&net->rx_mode_again));
	else
		vei_again_over(&net->rx_mode_again);
}
