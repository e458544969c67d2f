// SPDX-License-Identifier: GPL-2.0
/* The header before each packet: checksum and segmentation, both ways. */

#include <linux/skbuff.h>
#include <linux/string.h>

#include "net.h"

/**
 * vei_net_hdr_from_skb() - describe a packet to the device
 * @hdr: filled
 * @skb: to be sent
 *
 * Return: 0, or -EINVAL for an offload that was never advertised.
 */
int vei_net_hdr_from_skb(struct vei_net_hdr *hdr, const struct sk_buff *skb)
{
	memset(hdr, 0, sizeof(*hdr));
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		hdr->flags = VEI_NET_HDR_F_NEEDS_CSUM;
		hdr->csum_start = skb_checksum_start_offset(skb);
		hdr->csum_offset = skb->csum_offset;
	}
	if (!skb_is_gso(skb))
		return 0;

	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4)
		hdr->gso_type = VEI_NET_HDR_GSO_TCPV4;
	else if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6)
		hdr->gso_type = VEI_NET_HDR_GSO_TCPV6;
	else
		return -EINVAL;
	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCP_ECN)
		hdr->gso_type |= VEI_NET_HDR_GSO_ECN;
	hdr->gso_size = skb_shinfo(skb)->gso_size;
	hdr->hdr_len = skb_headlen(skb);
	return 0;
}

static int vei_net_hdr_gso_to_skb(struct sk_buff *skb, const struct vei_net_hdr *hdr)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int type;

	switch (hdr->gso_type & ~VEI_NET_HDR_GSO_ECN) {
	case VEI_NET_HDR_GSO_TCPV4:
		type = SKB_GSO_TCPV4;
		break;
	case VEI_NET_HDR_GSO_TCPV6:
		type = SKB_GSO_TCPV6;
		break;
	case VEI_NET_HDR_GSO_UDP:
		type = SKB_GSO_UDP;
		break;
	default:
		return -EINVAL;
	}
	if (hdr->gso_type & VEI_NET_HDR_GSO_ECN)
		type |= SKB_GSO_TCP_ECN;
	/* Without a checksum to fill in, where the segments' headers end is a guess. */
	if (!hdr->gso_size || skb->ip_summed != CHECKSUM_PARTIAL)
		return -EINVAL;

	shinfo->gso_size = hdr->gso_size;
	/* Whoever segments it checks the headers first: the device is not trusted. */
	shinfo->gso_type = type | SKB_GSO_DODGY;
	shinfo->gso_segs = 0;
	return 0;
}

/**
 * vei_net_hdr_to_skb() - take over what the device says of a packet
 * @skb: the packet, at its Ethernet header
 * @hdr: from the device; a copy, or private memory by now
 *
 * Return: 0, or -EINVAL if it makes no sense.
 */
int vei_net_hdr_to_skb(struct sk_buff *skb, const struct vei_net_hdr *hdr)
{
	if (hdr->flags & VEI_NET_HDR_F_NEEDS_CSUM) {
		if (!skb_partial_csum_set(skb, hdr->csum_start, hdr->csum_offset))
			return -EINVAL;
	} else if (hdr->flags & VEI_NET_HDR_F_DATA_VALID) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	if (hdr->gso_type == VEI_NET_HDR_GSO_NONE)
		return 0;
	return vei_net_hdr_gso_to_skb(skb, hdr);
}
