// SPDX-License-Identifier: GPL-2.0
/* virtio-net on the core: the module, the pci_driver and the net_device. */

#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "net.h"

#define VEI_NET_SUBDEVICE	1	/* virtio device type: network */

static unsigned int queue_pairs;
module_param(queue_pairs, uint, 0444);
MODULE_PARM_DESC(queue_pairs,
		 "pairs of queues: 0 as many as device and processors allow (default), else at most so many");

static bool csum = true;
module_param(csum, bool, 0444);
MODULE_PARM_DESC(csum, "let the device compute transmit checksums (default: Y)");

static bool gso = true;
module_param(gso, bool, 0444);
MODULE_PARM_DESC(gso, "let the device segment transmitted TCP; needs csum (default: Y)");

static bool guest_offloads = true;
module_param(guest_offloads, bool, 0444);
MODULE_PARM_DESC(guest_offloads,
		 "take received packets without checksum, and segments together (default: Y)");

static bool mrg_rxbuf = true;
module_param(mrg_rxbuf, bool, 0444);
MODULE_PARM_DESC(mrg_rxbuf, "mergeable receive buffers (default: Y)");

static const char *const vei_net_feature_names[] = {
	[VEI_NET_F_CSUM] = "CSUM",
	[VEI_NET_F_GUEST_CSUM] = "GUEST_CSUM",
	[VEI_NET_F_CTRL_GUEST_OFFLOADS] = "CTRL_GUEST_OFFLOADS",
	[VEI_NET_F_MTU] = "MTU",
	[VEI_NET_F_MAC] = "MAC",
	[VEI_NET_F_GSO] = "GSO",
	[VEI_NET_F_GUEST_TSO4] = "GUEST_TSO4",
	[VEI_NET_F_GUEST_TSO6] = "GUEST_TSO6",
	[VEI_NET_F_GUEST_ECN] = "GUEST_ECN",
	[VEI_NET_F_GUEST_UFO] = "GUEST_UFO",
	[VEI_NET_F_HOST_TSO4] = "HOST_TSO4",
	[VEI_NET_F_HOST_TSO6] = "HOST_TSO6",
	[VEI_NET_F_HOST_ECN] = "HOST_ECN",
	[VEI_NET_F_HOST_UFO] = "HOST_UFO",
	[VEI_NET_F_MRG_RXBUF] = "MRG_RXBUF",
	[VEI_NET_F_STATUS] = "STATUS",
	[VEI_NET_F_CTRL_VQ] = "CTRL_VQ",
	[VEI_NET_F_CTRL_RX] = "CTRL_RX",
	[VEI_NET_F_CTRL_VLAN] = "CTRL_VLAN",
	[VEI_NET_F_CTRL_RX_EXTRA] = "CTRL_RX_EXTRA",
	[VEI_NET_F_GUEST_ANNOUNCE] = "GUEST_ANNOUNCE",
	[VEI_NET_F_MQ] = "MQ",
	[VEI_NET_F_CTRL_MAC_ADDR] = "CTRL_MAC_ADDR",
};

/**
 * vei_net_wanted_features() - feature bits of the device type that are wanted
 *
 * Not among them: CTRL_VLAN, as a device without it passes all VLANs; UFO for
 * transmit, which Linux no longer makes.
 */
u64 vei_net_wanted_features(void)
{
	u64 want = BIT_ULL(VEI_NET_F_MAC) | BIT_ULL(VEI_NET_F_STATUS) | BIT_ULL(VEI_NET_F_MTU) |
		   BIT_ULL(VEI_NET_F_CTRL_VQ) | BIT_ULL(VEI_NET_F_CTRL_RX) |
		   BIT_ULL(VEI_NET_F_CTRL_MAC_ADDR) | BIT_ULL(VEI_NET_F_GUEST_ANNOUNCE);

	if (queue_pairs != 1)
		want |= BIT_ULL(VEI_NET_F_MQ);
	if (mrg_rxbuf)
		want |= BIT_ULL(VEI_NET_F_MRG_RXBUF);
	if (csum)
		want |= BIT_ULL(VEI_NET_F_CSUM);
	if (csum && gso)
		want |= BIT_ULL(VEI_NET_F_GSO) | BIT_ULL(VEI_NET_F_HOST_TSO4) |
			BIT_ULL(VEI_NET_F_HOST_TSO6) | BIT_ULL(VEI_NET_F_HOST_ECN);
	if (guest_offloads)
		want |= BIT_ULL(VEI_NET_F_GUEST_CSUM);
	if (guest_offloads)
		want |= BIT_ULL(VEI_NET_F_GUEST_TSO4) | BIT_ULL(VEI_NET_F_GUEST_TSO6) |
			BIT_ULL(VEI_NET_F_GUEST_ECN) | BIT_ULL(VEI_NET_F_GUEST_UFO);
	return want;
}

/*
 * Leave out bits that need others which there are not: coalesced packets without
 * mergeable buffers, as every single buffer had to hold 64 KiB; offloads without
 * checksums; what is set by commands without a control queue.
 */
static u64 vei_net_fix_features(u64 features)
{
	if (!(features & BIT_ULL(VEI_NET_F_CSUM)))
		features &= ~(BIT_ULL(VEI_NET_F_GSO) | BIT_ULL(VEI_NET_F_HOST_TSO4) |
			      BIT_ULL(VEI_NET_F_HOST_TSO6) | BIT_ULL(VEI_NET_F_HOST_ECN));
	if (!(features & BIT_ULL(VEI_NET_F_GUEST_CSUM)) ||
	    !(features & BIT_ULL(VEI_NET_F_MRG_RXBUF)))
		features &= ~(BIT_ULL(VEI_NET_F_GUEST_TSO4) | BIT_ULL(VEI_NET_F_GUEST_TSO6) |
			      BIT_ULL(VEI_NET_F_GUEST_ECN) | BIT_ULL(VEI_NET_F_GUEST_UFO));
	if (!(features & BIT_ULL(VEI_NET_F_CTRL_VQ)))
		features &= ~(BIT_ULL(VEI_NET_F_CTRL_RX) | BIT_ULL(VEI_NET_F_CTRL_MAC_ADDR) |
			      BIT_ULL(VEI_NET_F_GUEST_ANNOUNCE) | BIT_ULL(VEI_NET_F_MQ));
	return features;
}

static void vei_net_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *to)
{
	struct vei_net *net = netdev_priv(netdev);
	unsigned int i;

	for (i = 0; i < net->max_pairs; i++) {
		struct vei_net_stats sum;

		vei_net_read_stats(&net->rxq[i].stats, &sum);
		to->rx_packets += u64_stats_read(&sum.packets);
		to->rx_bytes += u64_stats_read(&sum.bytes);
		to->rx_dropped += u64_stats_read(&sum.drops);
		vei_net_read_stats(&net->txq[i].stats, &sum);
		to->tx_packets += u64_stats_read(&sum.packets);
		to->tx_bytes += u64_stats_read(&sum.bytes);
		to->tx_dropped += u64_stats_read(&sum.drops);
	}
}

static const struct net_device_ops vei_net_ops = {
	.ndo_open = vei_net_open,
	.ndo_stop = vei_net_stop,
	.ndo_start_xmit = vei_net_start_xmit,
	.ndo_tx_timeout = vei_net_tx_timeout,
	.ndo_set_rx_mode = vei_net_set_rx_mode,
	.ndo_set_mac_address = vei_net_set_mac,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = vei_net_change_mtu,
	.ndo_fix_features = vei_net_fix_netdev_features,
	.ndo_get_stats64 = vei_net_get_stats64,
	.ndo_features_check = passthru_features_check,
};

static void vei_net_init_queues(struct vei_net *net)
{
	unsigned int i;

	for (i = 0; i < net->max_pairs; i++) {
		struct vei_net_rxq *rxq = &net->rxq[i];
		struct vei_net_txq *txq = &net->txq[i];

		rxq->net = net;
		rxq->txq = txq;
		rxq->index = i;
		u64_stats_init(&rxq->stats.syncp);
		INIT_DELAYED_WORK(&rxq->refill, vei_rxq_refill_work);
		vei_rxq_init_moder(rxq);
		netif_napi_add(net->netdev, &rxq->napi, vei_rxq_poll);

		txq->net = net;
		txq->nq = netdev_get_tx_queue(net->netdev, i);
		u64_stats_init(&txq->stats.syncp);
		timer_setup(&txq->defer, vei_txq_defer, 0);
		netif_napi_add_tx(net->netdev, &txq->napi, vei_txq_poll);
	}
}

/* Pairs that are to be set up: what device, processors and user allow. */
static unsigned int vei_net_choose_pairs(struct vei_dev *dev)
{
	unsigned int pairs = min(vei_net_device_pairs(dev), num_online_cpus());

	return queue_pairs ? min(pairs, queue_pairs) : pairs;
}

static struct vei_net *vei_net_alloc(struct vei_dev *dev)
{
	unsigned int pairs = vei_net_choose_pairs(dev);
	struct net_device *netdev;
	struct vei_net *net;

	netdev = alloc_etherdev_mq(sizeof(*net), pairs);
	if (!netdev)
		return NULL;
	SET_NETDEV_DEV(netdev, &dev->pdev->dev);
	netdev->netdev_ops = &vei_net_ops;
	netdev->ethtool_ops = &vei_net_ethtool_ops;
	netdev->watchdog_timeo = 5 * HZ;
	netdev->needed_headroom = VEI_NET_HDR_LEN_MRG;
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;

	net = netdev_priv(netdev);
	net->netdev = netdev;
	net->dev = dev;
	net->max_pairs = pairs;
	net->avail_pairs = pairs;
	net->wanted_pairs = pairs;
	net->state = VEI_NET_RESET;
	net->ctrl_cancelled = true;
	net->rx_copybreak = VEI_NET_RX_COPYBREAK;
	net->rx_adaptive = true;
	net->tx_usecs = VEI_NET_TX_USECS;
	net->tx_jiffies = usecs_to_jiffies(VEI_NET_TX_USECS);
	net->tx_frames = VEI_NET_TX_FRAMES;
	mutex_init(&net->ctrl_lock);
	init_waitqueue_head(&net->ctrl_wait);
	INIT_WORK(&net->config_work, vei_net_config_work);
	INIT_DELAYED_WORK(&net->rx_mode_work, vei_net_rx_mode_work);
	INIT_DELAYED_WORK(&net->restart_work, vei_net_restart_work);

	net->rxq = kvcalloc(pairs, sizeof(*net->rxq), GFP_KERNEL);
	net->txq = kvcalloc(pairs, sizeof(*net->txq), GFP_KERNEL);
	if (!net->rxq || !net->txq) {
		kvfree(net->rxq);
		kvfree(net->txq);
		free_netdev(netdev);
		return NULL;
	}
	vei_net_init_queues(net);
	dev->priv = net;
	return net;
}

static void vei_net_free(struct vei_net *net)
{
	struct vei_net_rxq *rxq = net->rxq;
	struct vei_net_txq *txq = net->txq;

	/* The stack may have asked for one while it let go of the net_device. */
	cancel_delayed_work_sync(&net->rx_mode_work);
	/* It still has the NAPI contexts of the queues on its list. */
	free_netdev(net->netdev);
	kvfree(rxq);
	kvfree(txq);
}

static const struct vei_dev_ops vei_net_dev_ops = {
	.feature_names = vei_net_feature_names,
	.nfeature_names = ARRAY_SIZE(vei_net_feature_names),
	.fix_features = vei_net_fix_features,
	.config_changed = vei_net_config_changed,
	.queue_broken = vei_net_queue_broken,
	.queue_busy = vei_net_queue_busy,
	.restart = vei_net_restart_dev,
	.sleep = vei_net_suspend,
	.wake = vei_net_resume,
};

static int vei_net_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vei_net *net;
	struct vei_dev *dev;
	int err;

	dev = vei_dev_create(pdev, &vei_net_dev_ops, NULL);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	/* How many queues there are is known only after negotiation, so it comes twice. */
	err = vei_dev_negotiate(dev, vei_net_wanted_features());
	if (err)
		goto err_dev;
	err = -ENOMEM;
	net = vei_net_alloc(dev);
	if (!net)
		goto err_dev;
	err = vei_net_begin(net);
	if (err)
		goto err_net;
	netif_carrier_off(net->netdev);
	err = register_netdev(net->netdev);
	if (err)
		goto err_net;
	schedule_work(&net->config_work);
	return 0;

err_net:
	vei_net_end(net);
	vei_dev_unwatch(dev);
	vei_net_free(net);
err_dev:
	vei_dev_fail(dev);
	vei_dev_del_queues(dev);
	vei_dev_destroy(dev);
	return err;
}

static void vei_net_remove(struct pci_dev *pdev)
{
	struct vei_dev *dev = pci_get_drvdata(pdev);
	struct vei_net *net = dev->priv;

	vei_dev_is_gone(dev);
	vei_net_forsake(net);
	unregister_netdev(net->netdev);
	vei_net_end(net);
	vei_dev_unwatch(dev);
	vei_net_free(net);
	vei_dev_del_queues(dev);
	vei_dev_destroy(dev);
}

/* The next kernel must find neither an asserted pin nor a device that masters the bus. */
static void vei_net_shutdown(struct pci_dev *pdev)
{
	struct vei_dev *dev = pci_get_drvdata(pdev);

	vei_net_end(dev->priv);
}

static int __maybe_unused vei_net_pm_suspend(struct device *d)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	vei_net_suspend(dev);
	return 0;
}

static int __maybe_unused vei_net_pm_resume(struct device *d)
{
	struct vei_dev *dev = dev_get_drvdata(d);

	return vei_net_resume(dev);
}

static SIMPLE_DEV_PM_OPS(vei_net_pm_ops, vei_net_pm_suspend, vei_net_pm_resume);

/*
 * By the subsystem's id, as the legacy transport says it. No
 * MODULE_DEVICE_TABLE: an installed package must not take a network card from
 * another driver at boot. What is unbound when the module is loaded is taken.
 */
static const struct pci_device_id vei_net_ids[] = {
	{ PCI_DEVICE_SUB(PCI_VENDOR_ID_REDHAT_QUMRANET, PCI_ANY_ID, PCI_ANY_ID,
			 VEI_NET_SUBDEVICE) },
	{}
};

static struct pci_driver vei_net_driver = {
	.name = VEI_NET_NAME,
	.id_table = vei_net_ids,
	.probe = vei_net_probe,
	.remove = vei_net_remove,
	.shutdown = vei_net_shutdown,
	.err_handler = &vei_dev_pci_errors,
	.driver.pm = &vei_net_pm_ops,
	.dev_groups = vei_dev_groups,
};

module_pci_driver(vei_net_driver);
MODULE_DESCRIPTION("virtio-net over legacy virtio-pci with an event index for each direction");
MODULE_VERSION(VEI_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(VEI_NS);
