// SPDX-License-Identifier: GPL-2.0
/*
 * What a device is about, and the one way from each state to another. All of it
 * under RTNL.
 *
 *	REMOVED   ASLEEP   RESET  <->  READY  <->  RUNNING
 *	   ^         ^       |           |            |
 *	   +---------+-------+-----------+------------+
 *
 * To READY and beyond every step is taken in turn (set up the queues, start the
 * data path), and back likewise. What is REMOVED stays so; what is ASLEEP is
 * left alone by everything but resume: a restart that had to wait for RTNL
 * finds out that it comes too late.
 */

#include <linux/rtnetlink.h>

#include "net.h"

/* READY -> RUNNING */
static void vei_net_start(struct vei_net *net)
{
	unsigned int i;

	for (i = 0; i < net->avail_pairs; i++) {
		vei_rxq_start(&net->rxq[i]);
		vei_txq_start(&net->txq[i]);
	}
}

/*
 * RUNNING -> READY. The stack sends nothing on return: its queues are stopped
 * only when nobody is left who would wake them.
 */
static void vei_net_halt(struct vei_net *net)
{
	unsigned int i;

	for (i = 0; i < net->avail_pairs; i++) {
		vei_rxq_stop(&net->rxq[i]);
		napi_disable(&net->txq[i].napi);
	}
	netif_tx_disable(net->netdev);
	for (i = 0; i < net->avail_pairs; i++)
		vei_txq_stop(&net->txq[i]);
}

/**
 * vei_net_set_state() - bring a device into a state
 * @net: the device
 * @to: the state
 *
 * Context: may sleep; RTNL held. Return: 0, which leaving READY always is; -ENODEV
 * if it is REMOVED; or another negative errno from setting the queues up, and then
 * the state is RESET.
 */
int vei_net_set_state(struct vei_net *net, enum vei_net_state to)
{
	int err;

	ASSERT_RTNL();
	if (net->state == VEI_NET_REMOVED)
		return -ENODEV;
	if (net->state == VEI_NET_RUNNING && to < VEI_NET_RUNNING) {
		net->state = VEI_NET_READY;
		vei_net_halt(net);
	}
	if (net->state >= VEI_NET_READY && to < VEI_NET_READY) {
		net->state = VEI_NET_RESET;
		vei_net_down(net);
	}
	if (net->state < VEI_NET_READY && to >= VEI_NET_READY) {
		net->state = VEI_NET_RESET;
		err = vei_net_up(net);
		if (err)
			return err;
		net->state = VEI_NET_READY;
	}
	if (net->state == VEI_NET_READY && to == VEI_NET_RUNNING)
		vei_net_start(net);
	net->state = to;
	return 0;
}

/**
 * vei_net_begin() - bring a new device to READY
 * @net: the device; its net_device is not registered yet
 *
 * Context: may sleep. Return: 0, or a negative errno and the device is left
 * reset.
 */
int vei_net_begin(struct vei_net *net)
{
	int err;

	rtnl_lock();
	err = vei_net_set_state(net, VEI_NET_READY);
	if (!err)
		err = vei_net_settle_new(net);
	if (err)
		vei_net_set_state(net, VEI_NET_RESET);
	rtnl_unlock();
	return err;
}

/*
 * In the stack's sight, or out of it. The watchdog looks at each queue once it has found
 * the device present, under this lock; of what is not registered the lock is none.
 */
static void vei_net_set_present(struct net_device *netdev, bool present)
{
	bool registered = netdev->reg_state == NETREG_REGISTERED;

	if (registered)
		netif_tx_lock_bh(netdev);
	if (present)
		netif_device_attach(netdev);
	else
		netif_device_detach(netdev);
	if (registered)
		netif_tx_unlock_bh(netdev);
}

/* Out of the stack's sight, and then to @to, which is below READY. */
static void vei_net_leave(struct vei_net *net, enum vei_net_state to)
{
	/* What the user has changed since was told on the way. */
	if (netif_device_present(net->netdev))
		net->told = (struct vei_net_limits){ net->netdev->features, net->netdev->mtu };
	vei_net_set_present(net->netdev, false);
	vei_net_set_state(net, to);
}

/* This message comes once, however often it is tried. Nobody else asks for memory later. */
static void vei_net_note_failure(struct vei_net *net, int err)
{
	if (err != -ENOMEM || !vei_again_waits(&net->restart_again))
		netdev_err(net->netdev, "cannot be set up again: %d\n", err);
	if (err == -ENOMEM)
		mod_delayed_work(system_percpu_wq, &net->restart_work,
				 vei_again_failed(&net->restart_again));
	else
		vei_again_over(&net->restart_again);
}

/* Set up again as the stack has it, and be seen. */
static int vei_net_return(struct vei_net *net)
{
	struct net_device *netdev = net->netdev;
	int err;

	/* This is the try that was to come; once it runs, it may ask for another. */
	cancel_delayed_work(&net->restart_work);
	err = vei_net_set_state(net, VEI_NET_READY);
	if (!err)
		err = vei_net_settle_again(net);
	if (err) {
		vei_net_set_state(net, VEI_NET_RESET);
		netif_carrier_off(netdev);
		vei_net_note_failure(net, err);
		return err;
	}
	vei_again_over(&net->restart_again);
	if (netif_running(netdev))
		vei_net_set_state(net, VEI_NET_RUNNING);
	vei_net_set_present(netdev, true);
	vei_net_set_rx_mode(netdev);
	if (vei_net_update_link(net))
		schedule_work(&net->config_work);
	return 0;
}

/**
 * vei_net_restart() - reset the device and go on
 * @net: the device; what was in flight is lost
 *
 * Context: may sleep; RTNL held. Return: 0; -ENODEV if the device is removed or
 * asleep; or another negative errno, and the device is left reset: it may be
 * tried again.
 */
int vei_net_restart(struct vei_net *net)
{
	ASSERT_RTNL();
	if (net->state < VEI_NET_RESET || net->removing)
		return -ENODEV;
	vei_count_inc(&net->restarts);
	vei_net_leave(net, VEI_NET_RESET);
	return vei_net_return(net);
}

/**
 * vei_net_restart_dev() - vei_net_restart() on behalf of the core
 * @dev: the device
 *
 * Context: may sleep. Return: as vei_net_restart().
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
	struct vei_net *net = container_of(to_delayed_work(work), struct vei_net,
					   restart_work);

	vei_net_restart_dev(net->dev);
}

/**
 * vei_net_suspend() - reset the device for sleep, of the machine or a reset by the bus
 * @dev: the device
 *
 * Context: may sleep.
 */
void vei_net_suspend(struct vei_dev *dev)
{
	struct vei_net *net = dev->priv;

	cancel_delayed_work_sync(&net->restart_work);
	rtnl_lock();
	vei_again_over(&net->restart_again);
	vei_net_leave(net, VEI_NET_ASLEEP);
	vei_dev_sleep(dev);
	rtnl_unlock();
}

/**
 * vei_net_resume() - begin anew after sleep
 * @dev: the device
 *
 * Context: may sleep. Return: 0 or a negative errno; then the device is left
 * reset.
 */
int vei_net_resume(struct vei_dev *dev)
{
	struct vei_net *net = dev->priv;
	int err;

	rtnl_lock();
	err = vei_net_return(net);
	rtnl_unlock();
	return err;
}

/**
 * vei_net_forsake() - prepare for the net_device to be unregistered
 * @net: the device; it goes on, so that the stack can take its leave
 *
 * Context: may sleep. From here on there is no restart, which would show the stack a
 * net_device that has gone, nor news of the link.
 */
void vei_net_forsake(struct vei_net *net)
{
	rtnl_lock();
	net->removing = true;
	rtnl_unlock();
	cancel_work_sync(&net->config_work);
	cancel_delayed_work_sync(&net->restart_work);
}

/**
 * vei_net_end() - reset the device for good
 * @net: the device
 *
 * Context: may sleep. Nothing runs for the device on return, and nothing will.
 */
void vei_net_end(struct vei_net *net)
{
	rtnl_lock();
	vei_net_leave(net, VEI_NET_REMOVED);
	rtnl_unlock();
	cancel_work_sync(&net->config_work);
	cancel_delayed_work_sync(&net->rx_mode_work);
	cancel_delayed_work_sync(&net->restart_work);
}

/**
 * vei_net_open() - ndo_open
 * @netdev: the device
 */
int vei_net_open(struct net_device *netdev)
{
	struct vei_net *net = netdev_priv(netdev);
	unsigned int i;

	if (net->state != VEI_NET_READY)
		return -ENODEV;	/* a restart failed */
	for (i = 0; i < net->avail_pairs; i++)
		net->txq[i].timeouts = 0;
	vei_net_set_state(net, VEI_NET_RUNNING);
	if (vei_net_update_link(net))
		schedule_work(&net->config_work);
	netif_tx_start_all_queues(netdev);
	return 0;
}

/**
 * vei_net_stop() - ndo_stop
 * @netdev: the device
 *
 * What was sent is taken back, if the device is done with it soon; a stalled
 * device keeps the rest until it is opened again, or reset.
 */
int vei_net_stop(struct net_device *netdev)
{
	struct vei_net *net = netdev_priv(netdev);

	unsigned int i;

	if (net->state != VEI_NET_RUNNING)
		return 0;
	vei_net_set_state(net, VEI_NET_READY);
	for (i = 0; i < net->avail_pairs; i++)
		vei_txq_settle(&net->txq[i]);
	return 0;
}
