// SPDX-License-Identifier: GPL-2.0
/* What ethtool shows (-i -g -l -c -S) and sets (-L -C --set-tunable). */

#include <linux/ethtool.h>
#include <linux/pci.h>

#include "net.h"

static void vei_net_get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct vei_net *net = netdev_priv(netdev);

	strscpy(info->driver, VEI_NET_NAME, sizeof(info->driver));
	strscpy(info->version, VEI_VERSION, sizeof(info->version));
	strscpy(info->bus_info, pci_name(net->dev->pdev), sizeof(info->bus_info));
}

/* The legacy transport fixes the size of a ring. */
static void vei_net_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
				  struct kernel_ethtool_ringparam *kernel_ring,
				  struct netlink_ext_ack *extack)
{
	struct vei_net *net = netdev_priv(netdev);

	if (!net->rxq[0].q)
		return;
	ring->rx_max_pending = vei_queue_size(net->rxq[0].q);
	ring->tx_max_pending = vei_queue_size(net->txq[0].q);
	ring->rx_pending = ring->rx_max_pending;
	ring->tx_pending = ring->tx_max_pending;
}

static void vei_net_get_channels(struct net_device *netdev, struct ethtool_channels *ch)
{
	struct vei_net *net = netdev_priv(netdev);

	ch->max_combined = net->avail_pairs;
	ch->combined_count = net->pairs;
}

static int vei_net_set_channels(struct net_device *netdev, struct ethtool_channels *ch)
{
	struct vei_net *net = netdev_priv(netdev);

	if (ch->rx_count || ch->tx_count || ch->other_count)
		return -EINVAL;
	return vei_net_set_pairs(net, ch->combined_count);
}

static int vei_net_get_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
				struct kernel_ethtool_coalesce *kernel_c,
				struct netlink_ext_ack *extack)
{
	struct vei_net *net = netdev_priv(netdev);

	c->use_adaptive_rx_coalesce = net->rx_adaptive;
	c->rx_coalesce_usecs = net->rx_usecs;
	c->rx_max_coalesced_frames = net->rx_frames;
	c->tx_coalesce_usecs = net->tx_usecs;
	c->tx_max_coalesced_frames = net->tx_frames;
	return 0;
}

static int vei_net_set_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
				struct kernel_ethtool_coalesce *kernel_c,
				struct netlink_ext_ack *extack)
{
	struct vei_net *net = netdev_priv(netdev);

	if (c->tx_coalesce_usecs > USEC_PER_SEC) {
		NL_SET_ERR_MSG_MOD(extack, "tx-usecs over a second");
		return -EINVAL;
	}
	if (c->rx_coalesce_usecs > USEC_PER_SEC) {
		NL_SET_ERR_MSG_MOD(extack, "rx-usecs over a second");
		return -EINVAL;
	}
	WRITE_ONCE(net->rx_usecs, c->rx_coalesce_usecs);
	WRITE_ONCE(net->rx_frames, c->rx_max_coalesced_frames);
	WRITE_ONCE(net->rx_adaptive, c->use_adaptive_rx_coalesce);
	WRITE_ONCE(net->tx_usecs, c->tx_coalesce_usecs);
	WRITE_ONCE(net->tx_jiffies, usecs_to_jiffies(c->tx_coalesce_usecs));
	WRITE_ONCE(net->tx_frames, c->tx_max_coalesced_frames);
	return 0;
}

static int vei_net_get_tunable(struct net_device *netdev, const struct ethtool_tunable *tuna,
			       void *data)
{
	const struct vei_net *net = netdev_priv(netdev);

	if (tuna->id != ETHTOOL_RX_COPYBREAK)
		return -EOPNOTSUPP;
	*(u32 *)data = net->rx_copybreak;
	return 0;
}

/* What does not fit into one buffer is never copied, so any length will do. */
static int vei_net_set_tunable(struct net_device *netdev, const struct ethtool_tunable *tuna,
			       const void *data)
{
	struct vei_net *net = netdev_priv(netdev);

	if (tuna->id != ETHTOOL_RX_COPYBREAK)
		return -EOPNOTSUPP;
	WRITE_ONCE(net->rx_copybreak, *(const u32 *)data);
	return 0;
}

static const char vei_net_device_stats[][ETH_GSTRING_LEN] = {
	"tx_timeouts",
	"restarts",
	"config_interrupts",
	"shared_interrupts",
};

/* Of each queue; "rx0_" or the like comes before. */
static const char *const vei_net_queue_stats[] = {
	"packets",
	"bytes",
	"drops",
	"adds",
	"used",
	"kick_decisions",
	"kicks",
	"kicks_suppressed",
	"interrupts",
	"interrupts_empty",
	"rearms",
	"rearms_lost",
	"kicks_lost",
	"interrupts_lost",
};

static int vei_net_get_sset_count(struct net_device *netdev, int sset)
{
	struct vei_net *net = netdev_priv(netdev);

	if (sset != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return ARRAY_SIZE(vei_net_device_stats) +
	       2 * net->max_pairs * ARRAY_SIZE(vei_net_queue_stats);
}

static void vei_net_get_strings(struct net_device *netdev, u32 sset, u8 *data)
{
	struct vei_net *net = netdev_priv(netdev);
	unsigned int i, j;

	if (sset != ETH_SS_STATS)
		return;
	memcpy(data, vei_net_device_stats, sizeof(vei_net_device_stats));
	data += sizeof(vei_net_device_stats);
	for (i = 0; i < net->max_pairs; i++) {
		for (j = 0; j < ARRAY_SIZE(vei_net_queue_stats); j++)
			ethtool_sprintf(&data, "rx%u_%s", i, vei_net_queue_stats[j]);
		for (j = 0; j < ARRAY_SIZE(vei_net_queue_stats); j++)
			ethtool_sprintf(&data, "tx%u_%s", i, vei_net_queue_stats[j]);
	}
}

/* In the order of vei_net_queue_stats. Returns where the next queue's go. */
static u64 *vei_net_put_queue_stats(u64 *to, const struct vei_net_stats *stats,
				    const struct vei_queue *q)
{
	struct vei_net_stats sum;

	vei_net_read_stats(stats, &sum);
	to[0] = u64_stats_read(&sum.packets);
	to[1] = u64_stats_read(&sum.bytes);
	to[2] = u64_stats_read(&sum.drops);
	if (q) {
		struct vei_queue_stats s;

		vei_queue_read_stats(q, &s);
		to[3] = s.adds;
		to[4] = s.used;
		to[5] = s.kick_decisions;
		to[6] = s.kicks;
		to[7] = s.kicks_suppressed;
		to[8] = s.interrupts;
		to[9] = s.interrupts_empty;
		to[10] = s.rearms;
		to[11] = s.rearms_lost;
		to[12] = s.kicks_lost;
		to[13] = s.interrupts_lost;
	}
	return to + ARRAY_SIZE(vei_net_queue_stats);
}

static void vei_net_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats,
				      u64 *data)
{
	struct vei_net *net = netdev_priv(netdev);
	unsigned int i;

	*data++ = vei_count_read(&net->tx_timeouts);
	*data++ = vei_count_read(&net->restarts);
	*data++ = vei_count_read(&net->dev->config_interrupts);
	*data++ = vei_count_read(&net->dev->shared_interrupts);
	for (i = 0; i < net->max_pairs; i++) {
		data = vei_net_put_queue_stats(data, &net->rxq[i].stats, net->rxq[i].q);
		data = vei_net_put_queue_stats(data, &net->txq[i].stats, net->txq[i].q);
	}
}

/* The legacy device does not say; there is no wire. */
static int vei_net_get_link_ksettings(struct net_device *netdev,
				      struct ethtool_link_ksettings *cmd)
{
	cmd->base.speed = SPEED_UNKNOWN;
	cmd->base.duplex = DUPLEX_UNKNOWN;
	cmd->base.port = PORT_OTHER;
	return 0;
}

const struct ethtool_ops vei_net_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS | ETHTOOL_COALESCE_MAX_FRAMES |
				     ETHTOOL_COALESCE_USE_ADAPTIVE_RX,
	.get_drvinfo = vei_net_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ringparam = vei_net_get_ringparam,
	.get_channels = vei_net_get_channels,
	.set_channels = vei_net_set_channels,
	.get_coalesce = vei_net_get_coalesce,
	.set_coalesce = vei_net_set_coalesce,
	.get_tunable = vei_net_get_tunable,
	.set_tunable = vei_net_set_tunable,
	.get_sset_count = vei_net_get_sset_count,
	.get_strings = vei_net_get_strings,
	.get_ethtool_stats = vei_net_get_ethtool_stats,
	.get_link_ksettings = vei_net_get_link_ksettings,
	.get_ts_info = ethtool_op_get_ts_info,
};
