// SPDX-License-Identifier: GPL-2.0
/*
 * What a reset destroys and builds anew: negotiated bits, virtqueues, buffers.
 * The net_device and its NAPI contexts stay.
 */

#include <linux/cpu.h>
#include <linux/slab.h>

#include "net.h"

/* Queues of a device with n pairs: rx0, tx0, rx1, tx1, ..., and at last control. */
#define VEI_NET_RXQ(i)		(2 * (i))
#define VEI_NET_TXQ(i)		(2 * (i) + 1)

/* With the control queue behind them, as many as queue_select can name. */
#define VEI_NET_PAIRS_MAX	0x7fff

/**
 * vei_net_device_pairs() - how many pairs of queues a device has now
 * @dev: the device, negotiated
 *
 * The control queue lies behind all of them, used or not.
 */
unsigned int vei_net_device_pairs(struct vei_dev *dev)
{
	unsigned int pairs;

	if (!vei_dev_has(dev, VEI_NET_F_MQ) || !vei_dev_has(dev, VEI_NET_F_CTRL_VQ))
		return 1;
	pairs = vei_dev_config_read16(dev, VEI_NET_CONFIG_MAX_PAIRS);
	return clamp(pairs, 1U, VEI_NET_PAIRS_MAX);
}

/**
 * vei_net_queue_busy() - &vei_dev_ops.queue_busy: is a poll due, or a waiter awake?
 * @q: the queue
 */
bool vei_net_queue_busy(struct vei_queue *q)
{
	struct vei_net *net = q->dev->priv;
	const struct napi_struct *napi;

	if (q->handler == vei_rxq_interrupt)
		napi = &((struct vei_net_rxq *)q->priv)->napi;
	else if (q->handler == vei_txq_interrupt)
		napi = &((struct vei_net_txq *)q->priv)->napi;
	else
		return !wq_has_sleeper(&net->ctrl_wait);
	return test_bit(NAPI_STATE_SCHED, &napi->state);
}

static int vei_net_find_queues(struct vei_net *net, unsigned int pairs)
{
	bool ctrl = vei_net_has(net, VEI_NET_F_CTRL_VQ);
	unsigned int i, n = 2 * pairs + ctrl;
	struct vei_queue_spec *spec;
	char (*names)[16];
	int err = -ENOMEM;

	spec = kcalloc(n, sizeof(*spec), GFP_KERNEL);
	names = kcalloc(2 * net->avail_pairs, sizeof(*names), GFP_KERNEL);
	if (!spec || !names)
		goto out;
	/* Beyond, the device has pairs that nobody will use. */
	for (i = 0; i < net->avail_pairs; i++) {
		snprintf(names[VEI_NET_RXQ(i)], sizeof(*names), "input.%u", i);
		spec[VEI_NET_RXQ(i)] = (struct vei_queue_spec){
			.name = names[VEI_NET_RXQ(i)],
			.handler = vei_rxq_interrupt,
			.priv = &net->rxq[i],
			.standing = true,
			.strict_len = true,
		};
		snprintf(names[VEI_NET_TXQ(i)], sizeof(*names), "output.%u", i);
		spec[VEI_NET_TXQ(i)] = (struct vei_queue_spec){
			.name = names[VEI_NET_TXQ(i)],
			.handler = vei_txq_interrupt,
			.priv = &net->txq[i],
			.table_len = VEI_NET_TX_SEGS,
			/* Header and one piece fit in the ring as cheaply as a table. */
			.indirect_min = 3,
		};
	}
	if (ctrl)
		spec[n - 1] = (struct vei_queue_spec){
			.name = "control",
			.handler = vei_net_ctrl_interrupt,
			.priv = net,
		};
	err = vei_dev_find_queues(net->dev, spec, n);
out:
	kfree(names);
	kfree(spec);
	return err;
}

static int vei_net_attach_txq(struct vei_net_txq *txq, struct vei_queue *q)
{
	/* Header and packet: also with ANY_LAYOUT, as a header that is cloned cannot be pushed. */
	unsigned int least = vei_queue_descs(q, 2);

	if (vei_queue_size(q) < least) {
		netdev_err(txq->net->netdev, "%s: a packet takes %u descriptors, the ring has %u\n",
			   q->name, least, vei_queue_size(q));
		return -EINVAL;
	}
	txq->q = q;
	txq->awaited = false;
	txq->reaped = false;
	txq->fresh = false;
	txq->push = vei_net_has(txq->net, VIRTIO_F_ANY_LAYOUT);
	txq->stop_below = min(vei_queue_descs(q, VEI_NET_TX_SEGS), vei_queue_size(q));
	vei_queue_intr_disable(q);
	netdev_tx_reset_queue(txq->nq);
	return 0;
}

/* Everything that is attached, back. The device was reset. */
static void vei_net_detach_queues(struct vei_net *net)
{
	unsigned int i;

	vei_net_ctrl_drain(net);
	for (i = 0; i < net->avail_pairs; i++) {
		if (net->rxq[i].q)
			vei_rxq_drain(&net->rxq[i]);
		if (net->txq[i].q)
			vei_txq_drain(&net->txq[i]);
	}
}

/* The processor for the nth of several pairs. */
static unsigned int vei_net_processor(unsigned int n)
{
	unsigned int cpu;

	/* None of those that are looked through may go meanwhile. */
	cpus_read_lock();
	cpu = cpumask_local_spread(n, NUMA_NO_NODE);
	cpus_read_unlock();
	return cpu;
}

/**
 * vei_net_spread_senders() - have each processor send by the pair whose interrupts it takes
 * @net: the device
 * @pairs: by how many of its pairs the stack sends
 *
 * Where there are more processors than pairs, they share. It is a hint: without memory
 * for it, the stack chooses by a hash of the flow.
 *
 * Context: may sleep; RTNL held.
 */
void vei_net_spread_senders(struct vei_net *net, unsigned int pairs)
{
	unsigned int i, n;
	cpumask_var_t mask;

	if (pairs == 1 || !zalloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	for (i = 0; i < pairs; i++) {
		cpumask_clear(mask);
		for (n = i; n == i || n < num_online_cpus(); n += pairs)
			cpumask_set_cpu(vei_net_processor(n), mask);
		netif_set_xps_queue(net->netdev, mask, i);
	}
	free_cpumask_var(mask);
}

/* One processor a pair, where there are several pairs. */
static void vei_net_spread_pair(struct vei_net *net, unsigned int i)
{
	const struct cpumask *mask;

	if (net->avail_pairs == 1)
		return;
	mask = cpumask_of(vei_net_processor(i));
	vei_queue_set_affinity(net->rxq[i].q, mask);
	vei_queue_set_affinity(net->txq[i].q, mask);
}

static int vei_net_attach_queues(struct vei_net *net)
{
	struct vei_dev *dev = net->dev;
	unsigned int i;
	int err;

	for (i = 0; i < net->avail_pairs; i++) {
		net->rxq[i].q = dev->queue[VEI_NET_RXQ(i)];
		vei_queue_intr_disable(net->rxq[i].q);
		err = vei_net_attach_txq(&net->txq[i], dev->queue[VEI_NET_TXQ(i)]);
		if (!err)
			err = vei_rxq_create_pool(&net->rxq[i]);
		if (err)
			return err;
		vei_net_spread_pair(net, i);
	}
	return 0;
}

/**
 * vei_net_up() - negotiate and give the device its queues; it may go on return
 * @net: a device that was reset
 *
 * Context: may sleep. Return: 0, or a negative errno and the device is left
 * reset.
 */
int vei_net_up(struct vei_net *net)
{
	struct vei_dev *dev = net->dev;
	unsigned int pairs;
	int err = vei_dev_start(dev);

	if (err)
		return err;
	err = vei_dev_negotiate(dev, vei_net_wanted_features());
	if (err) {
		vei_dev_reset(dev);
		return err;
	}
	net->hdr_len = vei_net_has(net, VEI_NET_F_MRG_RXBUF) ? VEI_NET_HDR_LEN_MRG
							    : VEI_NET_HDR_LEN;
	pairs = vei_net_device_pairs(dev);
	net->avail_pairs = min(pairs, net->max_pairs);
	/* Before buffers are made for an MTU. */
	err = vei_net_limit(net);
	if (!err)
		err = vei_net_find_queues(net, pairs);
	if (err) {
		vei_dev_reset(dev);
		return err;
	}
	err = vei_net_attach_queues(net);
	if (!err)
		err = vei_dev_ready(dev);
	if (err) {
		vei_net_down(net);
		return err;
	}
	vei_net_ctrl_start(net, vei_net_has(net, VEI_NET_F_CTRL_VQ) ? dev->queue[dev->nqueue - 1]
								    : NULL);
	return 0;
}

/**
 * vei_net_down() - reset the device and take everything back from it
 * @net: a device whose data path is stopped
 *
 * Context: may sleep.
 */
void vei_net_down(struct vei_net *net)
{
	vei_net_ctrl_cancel(net);
	vei_dev_reset(net->dev);
	vei_net_detach_queues(net);
}
