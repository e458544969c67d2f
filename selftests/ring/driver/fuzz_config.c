// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration: driver/core/dev.c, driver/blk/limits.c and the parts of driver/net that read
 * it, of a device that says anything, another thing at each read.
 *
 * A disk or card is refused, or what the block layer and the stack are told is possible: blocks,
 * segments, ranges and an MTU that they could live with.
 */
#include <linux/etherdevice.h>
#include <linux/log2.h>

#include "../../../driver/blk/blk.h"
#include "../../../driver/net/net.h"
#include "hostile.h"

static struct vei_dev *dev;

/* As far as they are called by what is here. */

void netif_carrier_on(struct net_device *netdev)
{
	MUST(registers.status != 0xff || !vei_dev_has(dev, VEI_NET_F_STATUS));
}

void netif_carrier_off(struct net_device *netdev)
{
}

/* A multiple of @block, of which 32 bits hold the bytes. */
static void check_range(u32 sectors, u32 block)
{
	MUST(sectors >= block >> 9 && sectors % (block >> 9) == 0 && (u64)sectors << 9 <= U32_MAX);
}

/* A field of a configuration that does not change. */
static u64 says(unsigned int at, unsigned int width)
{
	u64 value = 0;

	while (width--)
		value = value << 8 | registers.config[at + width];
	return value;
}

static void check_limits(const struct vei_blk_limits *l)
{
	MUST(is_power_of_2(l->block) && l->block >= 512 && l->block <= 4096);
	MUST(l->seg_max >= 1 && l->size_max >= 4096);
	MUST(is_power_of_2(l->physical) && l->physical >= l->block);
	MUST(l->alignment % l->block == 0 && l->alignment <= 255 * l->block);
	MUST(l->io_min % l->block == 0 && l->io_opt % l->block == 0);
	if (!registers.fickle && registers.status != 0xff && dev->bar_len >= 0x100) {
		MUST(!l->io_min || l->io_min == says(26, 2) * l->block);
		MUST(!l->io_opt || l->io_opt == says(28, 4) * l->block);
		/* No limit is as good as the largest. */
		MUST(l->discard_sectors || says(36, 4) || !vei_dev_has(dev, VEI_BLK_F_DISCARD));
		MUST(l->zeroes_sectors || says(48, 4) ||
		     !vei_dev_has(dev, VEI_BLK_F_WRITE_ZEROES));
	}
	MUST(!l->discard_sectors || vei_dev_has(dev, VEI_BLK_F_DISCARD));
	if (l->discard_sectors) {
		check_range(l->discard_sectors, l->block);
		MUST(is_power_of_2(l->discard_granularity) && l->discard_granularity >= l->block);
		MUST(l->discard_granularity >> 9 <= l->discard_sectors);
		MUST(l->physical >> 9 <= l->discard_sectors);
	}
	MUST(!l->zeroes_sectors || vei_dev_has(dev, VEI_BLK_F_WRITE_ZEROES));
	if (l->zeroes_sectors)
		check_range(l->zeroes_sectors, l->block);
}

static void blk(void)
{
	struct vei_blk vblk = { .dev = dev, .max_segments = 1 + script_byte() };
	struct queue_limits lim;
	int err = vei_blk_read_limits(dev, &vblk.limits);

	MUST(err == 0 || err == -EINVAL);
	if (err)
		return;
	check_limits(&vblk.limits);
	MUST(vei_blk_limits_serve(&vblk.limits, &vblk.limits));
	vei_blk_queue_limits(&vblk, &lim);
	MUST(is_power_of_2(lim.dma_alignment + 1) && lim.max_hw_sectors);
	/* In bytes no more than the block layer's signed 64 bits. */
	MUST(vei_blk_read_capacity(&vblk) <= LLONG_MAX >> 9 || registers.status == 0xff);
}

static void net(void)
{
	struct net_device *netdev = calloc(1, sizeof(*netdev));
	static struct vei_queue ring;
	static struct vei_net_rxq rxq = { .q = &ring };
	static struct vei_net_txq txq = { .q = &ring };
	struct vei_net vnet = { .dev = dev, .netdev = netdev, .wanted_pairs = 1, .avail_pairs = 1,
				.rxq = &rxq, .txq = &txq };
	unsigned int most = vei_dev_has(dev, VEI_NET_F_MRG_RXBUF) ? 65535 : 32768, pairs;
	int err;

	vnet.wanted_mtu = script_byte() & 1 ? script_word() | 68 : 0;
	err = vei_net_limit(&vnet);
	MUST(err == 0 || err == -EINVAL);
	if (!err) {
		MUST(netdev->min_mtu == 68 && netdev->max_mtu >= 68 && netdev->max_mtu <= most);
		MUST(netdev->mtu >= netdev->min_mtu && netdev->mtu <= netdev->max_mtu);
		MUST(!vnet.wanted_mtu || netdev->mtu <= vnet.wanted_mtu);
	}
	pairs = vei_net_device_pairs(dev);
	MUST(pairs >= 1 && pairs <= 0x7fff);
	/* Gone, it wishes nothing and its link is down. */
	if (registers.status == 0xff)
		MUST(!vei_net_update_link(&vnet) || !vei_dev_has(dev, VEI_NET_F_STATUS));
	free(netdev);
}

int fuzz_one(const u8 *data, size_t size)
{
	static const struct vei_dev_ops ops;
	unsigned int i;
	u8 how;

	script_begin(data, size);
	dev = machine_begin(script_long() & GENMASK(23, 0), &ops, NULL);
	how = script_byte();
	registers.fickle = how & 0x10;
	for (i = 0; !registers.fickle && i < sizeof(registers.config); i++)
		registers.config[i] = script_byte();
	dev->features_hi_open = how & 1;
	if (how & 2)
		dev->bar_len = 20 + script_byte() % 64;
	if ((how & 0xc) == 0xc)
		registers.status = 0xff;
	do {
		blk();
		net();
	} while (!script_over());
	return 0;
}
