/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a legacy virtio-net device and its driver exchange: feature bits, the
 * header before each packet, configuration, commands. All in the guest's byte
 * order. The kernel's own <linux/virtio_net.h> would bring in <linux/virtio.h>.
 */
#ifndef _VEI_NET_WIRE_H
#define _VEI_NET_WIRE_H

#include <linux/build_bug.h>
#include <linux/if_ether.h>
#include <linux/types.h>

#define VEI_NET_F_CSUM			0
#define VEI_NET_F_GUEST_CSUM		1
#define VEI_NET_F_CTRL_GUEST_OFFLOADS	2
#define VEI_NET_F_MTU			3
#define VEI_NET_F_MAC			5
#define VEI_NET_F_GSO			6	/* obsolete: all of HOST_TSO* */
#define VEI_NET_F_GUEST_TSO4		7
#define VEI_NET_F_GUEST_TSO6		8
#define VEI_NET_F_GUEST_ECN		9
#define VEI_NET_F_GUEST_UFO		10
#define VEI_NET_F_HOST_TSO4		11
#define VEI_NET_F_HOST_TSO6		12
#define VEI_NET_F_HOST_ECN		13
#define VEI_NET_F_HOST_UFO		14
#define VEI_NET_F_MRG_RXBUF		15
#define VEI_NET_F_STATUS		16
#define VEI_NET_F_CTRL_VQ		17
#define VEI_NET_F_CTRL_RX		18
#define VEI_NET_F_CTRL_VLAN		19
#define VEI_NET_F_CTRL_RX_EXTRA		20
#define VEI_NET_F_GUEST_ANNOUNCE	21
#define VEI_NET_F_MQ			22
#define VEI_NET_F_CTRL_MAC_ADDR		23

/* Offsets in the configuration. */
#define VEI_NET_CONFIG_MAC		0	/* u8[6] */
#define VEI_NET_CONFIG_STATUS		6	/* u16 */
#define VEI_NET_CONFIG_MAX_PAIRS	8	/* u16 */
#define VEI_NET_CONFIG_MTU		10	/* u16 */

#define VEI_NET_S_LINK_UP		0x01
#define VEI_NET_S_ANNOUNCE		0x02

#define VEI_NET_HDR_F_NEEDS_CSUM	0x01
#define VEI_NET_HDR_F_DATA_VALID	0x02

#define VEI_NET_HDR_GSO_NONE		0x00
#define VEI_NET_HDR_GSO_TCPV4		0x01
#define VEI_NET_HDR_GSO_UDP		0x03
#define VEI_NET_HDR_GSO_TCPV6		0x04
#define VEI_NET_HDR_GSO_ECN		0x80	/* or'ed to the TCP ones */

/* Before each packet; without MRG_RXBUF num_buffers is not there. */
struct vei_net_hdr {
	u8 flags;
	u8 gso_type;
	u16 hdr_len;
	u16 gso_size;
	u16 csum_start;
	u16 csum_offset;
	u16 num_buffers;
};

#define VEI_NET_HDR_LEN_MRG		12
#define VEI_NET_HDR_LEN			10
static_assert(sizeof(struct vei_net_hdr) == VEI_NET_HDR_LEN_MRG);
static_assert(offsetof(struct vei_net_hdr, num_buffers) == VEI_NET_HDR_LEN);

/* Commands: class and number, then data, then a status that the device writes. */
#define VEI_NET_CTRL_RX			0
#define VEI_NET_CTRL_RX_PROMISC		0	/* u8 */
#define VEI_NET_CTRL_RX_ALLMULTI	1	/* u8 */
#define VEI_NET_CTRL_MAC		1
#define VEI_NET_CTRL_MAC_TABLE_SET	0	/* two struct vei_net_mac_table */
#define VEI_NET_CTRL_MAC_ADDR_SET	1	/* u8[6] */
#define VEI_NET_CTRL_ANNOUNCE		3
#define VEI_NET_CTRL_ANNOUNCE_ACK	0
#define VEI_NET_CTRL_MQ			4
#define VEI_NET_CTRL_MQ_PAIRS_SET	0	/* u16 */
#define VEI_NET_CTRL_OFFLOADS		5
#define VEI_NET_CTRL_OFFLOADS_SET	0	/* u64 */

#define VEI_NET_CTRL_OK			0

struct vei_net_mac_table {
	u32 entries;
	u8 mac[][ETH_ALEN];
} __packed;

#endif /* _VEI_NET_WIRE_H */
