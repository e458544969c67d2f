// SPDX-License-Identifier: GPL-2.0
/* The header before each packet: checksum and segmentation, both ways. */

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/flow_dissector.h>

#include "net.h"

/*
 * The least that a segment may hold: of the smallest packets that TCP lets
 * itself be negotiated down to, what its options leave. Less would make many
 * thousand segments of one packet.
 */
#define VEI_NET_GSO_MIN		8

static bool vei_net_can_tso(const struct vei_net *net, unsigned int feature)
{
	return vei_net_has(net, VEI_NET_F_GSO) || vei_net_has(net, feature);
}

/**
 * vei_net_hdr_offload() - describe what the device is to do to a packet
 * @net: the device
 * @hdr: all zero; filled
 * @skb: to be sent; its checksum is computed if the device cannot
 *
 * The stack asks only for what it was offered, but a packet may have been on its
 * way over a reset, after which the device can do less.
 *
 * Return: 0, or -EINVAL for an offload that was not negotiated.
 */
int vei_net_hdr_offload(struct vei_net *net, struct vei_net_hdr *hdr, struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		if (unlikely(!vei_net_has(net, VEI_NET_F_CSUM)))
			return skb_is_gso(skb) || skb_checksum_help(skb) ? -EINVAL : 0;
		hdr->flags = VEI_NET_HDR_F_NEEDS_CSUM;
		hdr->csum_start = skb_checksum_start_offset(skb);
		hdr->csum_offset = skb->csum_offset;
	}
	if (!skb_is_gso(skb))
		return 0;

	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4 && vei_net_can_tso(net, VEI_NET_F_HOST_TSO4))
		hdr->gso_type = VEI_NET_HDR_GSO_TCPV4;
	else if (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6 &&
		 vei_net_can_tso(net, VEI_NET_F_HOST_TSO6))
		hdr->gso_type = VEI_NET_HDR_GSO_TCPV6;
	else
		return -EINVAL;
	if (skb_shinfo(skb)->gso_type & SKB_GSO_TCP_ECN) {
		if (!vei_net_can_tso(net, VEI_NET_F_HOST_ECN))
			return -EINVAL;
		hdr->gso_type |= VEI_NET_HDR_GSO_ECN;
	}
	hdr->gso_size = skb_shinfo(skb)->gso_size;
	hdr->hdr_len = skb_headlen(skb);
	return 0;
}

/* What a segmentation type of the device is to the stack. */
struct vei_net_gso {
	unsigned int type;	/* SKB_GSO_* */
	unsigned int feature;	/* the bit that allows it */
	__be16 proto;
	u8 ip_proto;
	u8 hdr_len;		/* of the transport protocol, the least */
	u8 csum_offset;
};

static const struct vei_net_gso vei_net_gso_tcp4 = {
	SKB_GSO_TCPV4, VEI_NET_F_GUEST_TSO4, htons(ETH_P_IP), IPPROTO_TCP,
	sizeof(struct tcphdr), offsetof(struct tcphdr, check),
};

static const struct vei_net_gso vei_net_gso_tcp6 = {
	SKB_GSO_TCPV6, VEI_NET_F_GUEST_TSO6, htons(ETH_P_IPV6), IPPROTO_TCP,
	sizeof(struct tcphdr), offsetof(struct tcphdr, check),
};

/* Of either version of IP. */
static const struct vei_net_gso vei_net_gso_udp = {
	SKB_GSO_UDP, VEI_NET_F_GUEST_UFO, 0, IPPROTO_UDP,
	sizeof(struct udphdr), offsetof(struct udphdr, check),
};

static const struct vei_net_gso *vei_net_gso_of(u8 gso_type)
{
	switch (gso_type & ~VEI_NET_HDR_GSO_ECN) {
	case VEI_NET_HDR_GSO_TCPV4:
		return &vei_net_gso_tcp4;
	case VEI_NET_HDR_GSO_TCPV6:
		return &vei_net_gso_tcp6;
	case VEI_NET_HDR_GSO_UDP:
		return &vei_net_gso_udp;
	}
	return NULL;
}

/*
 * Where the transport header begins, from the Ethernet header, or -EINVAL. The
 * packet says it; a device that leaves the checksum to be computed has to agree.
 */
static int vei_net_gso_transport(struct vei_net *net, struct sk_buff *skb,
				 const struct vei_net_gso *gso)
{
	const struct ethhdr *eth = (const struct ethhdr *)skb->data;
	struct flow_keys_basic keys;

	if (!skb_flow_dissect_flow_keys_basic(dev_net(net->netdev), skb, &keys, skb->data,
					      eth->h_proto, ETH_HLEN, skb_headlen(skb), 0))
		return -EINVAL;
	if (keys.basic.ip_proto != gso->ip_proto ||
	    (gso->proto && keys.basic.n_proto != gso->proto))
		return -EINVAL;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return skb->csum_offset == gso->csum_offset &&
		       skb_checksum_start_offset(skb) == keys.control.thoff ? keys.control.thoff
									     : -EINVAL;
	skb_set_transport_header(skb, keys.control.thoff);
	return keys.control.thoff;
}

static int vei_net_hdr_gso_to_skb(struct vei_net *net, struct sk_buff *skb,
				  const struct vei_net_hdr *hdr)
{
	const struct vei_net_gso *gso = vei_net_gso_of(hdr->gso_type);
	struct skb_shared_info *shinfo;
	unsigned int type;
	int offset;

	if (!gso || !vei_net_has(net, gso->feature))
		return -EINVAL;
	if (hdr->gso_size < VEI_NET_GSO_MIN || hdr->gso_size == GSO_BY_FRAGS)
		return -EINVAL;
	type = gso->type;
	if (hdr->gso_type & VEI_NET_HDR_GSO_ECN) {
		if (gso->ip_proto != IPPROTO_TCP || !vei_net_has(net, VEI_NET_F_GUEST_ECN))
			return -EINVAL;
		type |= SKB_GSO_TCP_ECN;
	}
	offset = vei_net_gso_transport(net, skb, gso);
	if (offset < 0 || !pskb_may_pull(skb, offset + gso->hdr_len))
		return -EINVAL;
	/* One segment is none. A fragment of UDP counts the header, as it has just one. */
	if (gso->ip_proto == IPPROTO_TCP)
		offset += gso->hdr_len;
	if (skb->len - offset <= hdr->gso_size)
		return 0;

	/* Not before the pull, which may have moved it. */
	shinfo = skb_shinfo(skb);
	shinfo->gso_size = hdr->gso_size;
	/* Whoever segments it checks the headers first: the device is not trusted. */
	shinfo->gso_type = type | SKB_GSO_DODGY;
	shinfo->gso_segs = 0;
	return 0;
}

/**
 * vei_net_hdr_accept() - take over what the device has done to a packet, or left undone
 * @net: the device
 * @skb: the packet, at its Ethernet header
 * @hdr: from the device; a copy, or private memory by now
 *
 * Return: 0, or -EINVAL if it makes no sense.
 */
int vei_net_hdr_accept(struct vei_net *net, struct sk_buff *skb, const struct vei_net_hdr *hdr)
{
	if (hdr->flags & VEI_NET_HDR_F_NEEDS_CSUM) {
		/* One within the headers below would trip whoever fills it in. */
		if (hdr->csum_start < ETH_HLEN + sizeof(struct iphdr) ||
		    !skb_partial_csum_set(skb, hdr->csum_start, hdr->csum_offset))
			return -EINVAL;
	} else if (hdr->flags & VEI_NET_HDR_F_DATA_VALID &&
		   vei_net_has(net, VEI_NET_F_GUEST_CSUM)) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	if (hdr->gso_type == VEI_NET_HDR_GSO_NONE)
		return 0;
	return vei_net_hdr_gso_to_skb(net, skb, hdr);
}
