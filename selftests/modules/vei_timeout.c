// SPDX-License-Identifier: GPL-2.0
/*
 * Tell a network driver that a transmit queue is stuck, as the stack's watchdog
 * does, without the seconds that this waits and the warning that it gives:
 *
 *	insmod vei_timeout.ko netdev=NAME [queue=N] [times=N] [gap_ms=N]
 *
 * On return it is done. An interface that the watchdog would leave alone (down,
 * detached, without carrier) is left alone, and that time does not count.
 */

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/net_namespace.h>

/* How often an interface that is not ready is looked at again. */
#define VEI_TIMEOUT_TRIES	200

static char *netdev;
module_param(netdev, charp, 0444);
MODULE_PARM_DESC(netdev, "name of the interface, in the first network namespace");

static unsigned int queue;
module_param(queue, uint, 0444);
MODULE_PARM_DESC(queue, "its transmit queue (default: 0)");

static unsigned int times = 1;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "how many times (default: 1)");

static unsigned int gap_ms;
module_param(gap_ms, uint, 0444);
MODULE_PARM_DESC(gap_ms, "between two times; 0 (default): not even a softirq runs in between");

static bool vei_timeout_once(struct net_device *dev)
{
	bool ready;

	netif_tx_lock_bh(dev);
	ready = netif_device_present(dev) && netif_running(dev) && netif_carrier_ok(dev);
	if (ready)
		dev->netdev_ops->ndo_tx_timeout(dev, queue);
	netif_tx_unlock_bh(dev);
	return ready;
}

static int vei_timeout_all(struct net_device *dev)
{
	unsigned int left = times, tries = VEI_TIMEOUT_TRIES + times;

	if (!gap_ms) {
		local_bh_disable();
		while (left && vei_timeout_once(dev))
			left--;
		local_bh_enable();
	}
	while (gap_ms && left && tries--) {
		if (vei_timeout_once(dev))
			left--;
		msleep(gap_ms);
	}
	if (left)
		pr_err("vei_timeout: %s was not ready, %u times are left\n", netdev, left);
	return left ? -EAGAIN : 0;
}

static int __init vei_timeout_init(void)
{
	struct net_device *dev = netdev ? dev_get_by_name(&init_net, netdev) : NULL;
	int err = -EINVAL;

	if (!dev) {
		pr_err("vei_timeout: netdev=%s is no interface\n", netdev ?: "");
		return -ENODEV;
	}
	if (!dev->netdev_ops->ndo_tx_timeout)
		pr_err("vei_timeout: %s has no transmit timeout\n", netdev);
	else if (queue >= dev->real_num_tx_queues)
		pr_err("vei_timeout: %s has no transmit queue %u\n", netdev, queue);
	else
		err = vei_timeout_all(dev);
	dev_put(dev);
	return err;
}

static void __exit vei_timeout_exit(void)
{
}

module_init(vei_timeout_init);
module_exit(vei_timeout_exit);
MODULE_DESCRIPTION("Tells a network driver that its transmit queue is stuck, for tests");
MODULE_LICENSE("GPL");
