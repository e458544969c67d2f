/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-net on the core. The data path:
 *
 *   tx.c  ndo_start_xmit -> queue -> device -> reap (TX NAPI, RX NAPI, xmit)
 *   rx.c  refill -> queue -> device -> RX NAPI -> GRO
 *   hdr.c the header before each packet, both ways
 *
 * and around it:
 *
 *   main.c     parameters, features, the pci_driver, the net_device
 *   queues.c   what a reset destroys and builds anew: negotiation, queues, pools
 *   open.c     start and stop of the data path; restart of the device
 *   ctrl.c     commands on the control queue
 *   rx_mode.c  address filters
 *   link.c     link state, announcements
 *   ethtool.c  what ethtool shows and sets
 */
#ifndef _VEI_NET_H
#define _VEI_NET_H

#include <linux/average.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include <vei/dev.h>
#include <vei/queue.h>

#include "wire.h"

#define VEI_NET_NAME		"virtio_ei_net"

/* Header, linear part, fragments. */
#define VEI_NET_TX_SEGS		(MAX_SKB_FRAGS + 2)

/* ethtool -C, at first. */
#define VEI_NET_TX_USECS	500
#define VEI_NET_TX_FRAMES	16

DECLARE_EWMA(vei_net_len, 0, 64)

/**
 * struct vei_net_stats - what a queue has moved, one writer at a time
 * @syncp: for readers on 32-bit machines
 * @packets: packets
 * @bytes: bytes of them, without virtio headers
 * @drops: packets lost in the driver: malformed, or no memory
 */
struct vei_net_stats {
	struct u64_stats_sync syncp;
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t drops;
};

/**
 * struct vei_net_rxq - a receive queue; its NAPI is the one user of @q
 * @q: the virtqueue; NULL while the device is down
 * @net: the device
 * @napi: polls it
 * @pool: where the buffers come from
 * @avg_len: of packets, which decides on the size of the buffers
 * @descs: descriptors that a buffer takes
 * @truesize: of each buffer, where that does not vary
 * @refill: tries again when memory ran out and nothing is posted
 * @stats: what came
 */
struct vei_net_rxq {
	struct vei_queue *q;
	struct vei_net *net;
	struct napi_struct napi;
	struct page_pool *pool;
	struct ewma_vei_net_len avg_len;
	unsigned int descs;
	unsigned int truesize;
	struct delayed_work refill;
	struct vei_net_stats stats;
};

/**
 * struct vei_net_txq - a transmit queue; who holds the lock of @nq may use @q
 * @q: the virtqueue; NULL while the device is down
 * @net: the device
 * @nq: the stack's queue
 * @napi: reaps what was sent
 * @defer: makes sure of that while no interrupt was asked for
 * @defer_used: entries taken when @defer was started
 * @stop_below: free descriptors that a packet may need
 * @timeouts: in a row without progress, as of tx timeout
 * @timeout_used: used buffers at the last of them
 * @stats: what went
 */
struct vei_net_txq {
	struct vei_queue *q;
	struct vei_net *net;
	struct netdev_queue *nq;
	struct napi_struct napi;
	struct hrtimer defer;
	u16 defer_used;
	u16 stop_below;
	unsigned int timeouts;
	u64 timeout_used;
	struct vei_net_stats stats;
};

/**
 * struct vei_net - a virtio-net device
 * @dev: the core's view of it
 * @netdev: the stack's
 * @rxq: receive queues, @max_pairs of them
 * @txq: transmit queues, likewise
 * @max_pairs: pairs of queues that were set up
 * @pairs: how many of them are in use
 * @hdr_len: bytes of the header before each packet
 * @started: the data path runs; under RTNL
 * @tx_usecs: how long a few sent packets may wait to be reaped
 * @tx_frames: how many are a few
 * @tx_timeouts: times that the stack found a transmit queue stuck
 * @restarts: times that the device was reset and set up anew
 * @ctrl_q: control queue; NULL if there is none or the device is down
 * @ctrl_lock: one command at a time
 * @ctrl_done: the control queue's interrupt
 * @config_work: looks what changed in the configuration
 * @rx_mode_work: programs the address filters
 * @restart_work: restarts the device
 */
struct vei_net {
	struct vei_dev *dev;
	struct net_device *netdev;
	struct vei_net_rxq *rxq;
	struct vei_net_txq *txq;
	unsigned int max_pairs;
	unsigned int pairs;
	unsigned int hdr_len;
	bool started;
	unsigned int tx_usecs;
	unsigned int tx_frames;
	u64 tx_timeouts;
	u64 restarts;

	struct vei_queue *ctrl_q;
	struct mutex ctrl_lock;		/* one command at a time */
	struct completion ctrl_done;

	struct work_struct config_work;
	struct work_struct rx_mode_work;
	struct work_struct restart_work;
};

/**
 * vei_net_read_stats() - a consistent copy of a queue's counters
 * @from: being written perhaps
 * @to: private
 */
static inline void vei_net_read_stats(const struct vei_net_stats *from, struct vei_net_stats *to)
{
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&from->syncp);
		to->packets = from->packets;
		to->bytes = from->bytes;
		to->drops = from->drops;
	} while (u64_stats_fetch_retry(&from->syncp, start));
}

/**
 * vei_net_has() - was a feature bit negotiated?
 * @net: the device
 * @bit: 0..63
 */
static inline bool vei_net_has(const struct vei_net *net, unsigned int bit)
{
	return vei_dev_has(net->dev, bit);
}

/* main.c */
u64 vei_net_wanted_features(void);

/* queues.c */
int vei_net_up(struct vei_net *net);
void vei_net_down(struct vei_net *net);

/* open.c */
int vei_net_open(struct net_device *netdev);
int vei_net_stop(struct net_device *netdev);
int vei_net_restart(struct vei_net *net);
int vei_net_restart_dev(struct vei_dev *dev);
void vei_net_restart_work(struct work_struct *work);
void vei_net_quiesce(struct vei_net *net);
int vei_net_revive(struct vei_net *net);
int vei_net_set_pairs(struct vei_net *net, unsigned int pairs);
int vei_net_set_mac(struct net_device *netdev, void *addr);
int vei_net_change_mtu(struct net_device *netdev, int mtu);

/* rx.c */
void vei_rxq_interrupt(struct vei_queue *q);
int vei_rxq_poll(struct napi_struct *napi, int budget);
int vei_rxq_create_pool(struct vei_net_rxq *rxq);
void vei_rxq_start(struct vei_net_rxq *rxq);
void vei_rxq_stop(struct vei_net_rxq *rxq);
void vei_rxq_drain(struct vei_net_rxq *rxq);
void vei_rxq_refill_work(struct work_struct *work);
unsigned int vei_rxq_max_mtu(bool mergeable);

/* tx.c */
netdev_tx_t vei_net_start_xmit(struct sk_buff *skb, struct net_device *netdev);
void vei_net_tx_timeout(struct net_device *netdev, unsigned int index);
void vei_txq_interrupt(struct vei_queue *q);
int vei_txq_poll(struct napi_struct *napi, int budget);
enum hrtimer_restart vei_txq_defer(struct hrtimer *timer);
void vei_txq_reap_beside_rx(struct vei_net_txq *txq, int budget);
void vei_txq_start(struct vei_net_txq *txq);
void vei_txq_stop(struct vei_net_txq *txq);
void vei_txq_drain(struct vei_net_txq *txq);

/* hdr.c */
int vei_net_hdr_from_skb(struct vei_net_hdr *hdr, const struct sk_buff *skb);
int vei_net_hdr_to_skb(struct sk_buff *skb, const struct vei_net_hdr *hdr);

/* ctrl.c */
void vei_net_ctrl_interrupt(struct vei_queue *q);
int vei_net_ctrl(struct vei_net *net, u8 class, u8 cmd, const void *data, size_t len);
void vei_net_ctrl_drain(struct vei_net *net);

/* rx_mode.c */
void vei_net_set_rx_mode(struct net_device *netdev);
void vei_net_rx_mode_work(struct work_struct *work);

/* link.c */
void vei_net_config_changed(struct vei_dev *dev);
void vei_net_queue_broken(struct vei_queue *q);
void vei_net_config_work(struct work_struct *work);
bool vei_net_update_link(struct vei_net *net);

/* ethtool.c */
extern const struct ethtool_ops vei_net_ethtool_ops;

#endif /* _VEI_NET_H */
