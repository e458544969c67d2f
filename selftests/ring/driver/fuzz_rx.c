// SPDX-License-Identifier: GPL-2.0
/*
 * Received packets: driver/net/rx.c and hdr.c, with the kernel's skbs, on a queue that a hostile
 * device fills. It writes headers and packets of all kinds, true and false, says any length, leaves
 * buffers of a packet out, changes what it still has at any time and headers that were read, and
 * lies in the ring; memory runs out now and then.
 *
 * Of what the device published a model knows which packets these are. What goes to the stack is one
 * of them, whole, in order, each once; what asks for nothing does go there. Whatever it says of
 * checksum and segmentation is within the packet, was negotiated, is what the packet's own headers
 * say, and what the kernel's own virtio_net_hdr_to_skb() makes of the same header. Buffers come
 * back, each once, none while it is posted.
 */
#include <linux/etherdevice.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/virtio_net.h>

#include "../../../driver/net/net.h"
#include "../../../driver/net/pool.h"
#include "hostile.h"

#define MAX_OPS		64
#define MAX_ENTRIES	512
#define MAX_PACKET	0x11000
/* So many in a row make the average such that larger buffers are better. */
#define LONG_PACKET	16000
#define LONG_STREAK	8

/* A used buffer, as the device left it; of the first of a packet, where its header is. */
struct entry {
	u8 *hdr;
	u8 *data;
	u32 len;
};

/* A packet that the stack has to get, or may. */
struct packet {
	struct vei_net_hdr hdr;
	u8 *data;
	u32 len;
	bool optional;
};

static struct {
	struct vei_dev *dev;
	struct net_device *netdev;
	struct vei_net net;
	struct vei_net_rxq rxq;
	struct vei_net_txq txq;
	struct vei_queue *q, txring;
	struct hostile device;
	struct vei_queue_spec spec;
	bool mergeable;
	bool short_of_memory;		/* some allocation has failed, or may have */
	/* published and not taken */
	struct entry entry[MAX_ENTRIES];
	unsigned int nentry;
	/* of this poll */
	u8 *head[MAX_ENTRIES];
	u16 began;
	bool racing;			/* headers change once they were read */
	struct packet packet[MAX_ENTRIES];
	unsigned int npacket, next;
	u32 serial;
	unsigned int streak;		/* long packets in a row */
	struct sk_buff *kept[8];
	unsigned int nkept;
} f;

/* What rx.c shares with files that are not here. */

bool vei_rxq_postpone(struct vei_net_rxq *rxq)
{
	return vei_rxq_next(rxq);
}

void vei_rxq_start_moder(struct vei_net_rxq *rxq)
{
}

void vei_rxq_stop_moder(struct vei_net_rxq *rxq)
{
}

void vei_txq_reap_beside_rx(struct vei_net_txq *txq, int budget)
{
}

bool napi_complete_done(struct napi_struct *n, int work)
{
	return true;
}

bool napi_schedule_prep(struct napi_struct *n)
{
	return true;
}

void napi_enable(struct napi_struct *n)
{
}

void __napi_schedule(struct napi_struct *n)
{
}

__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	const struct ethhdr *eth = (const struct ethhdr *)skb->data;

	MUST(skb_headlen(skb) >= ETH_HLEN);
	skb->dev = dev;
	skb_reset_mac_header(skb);
	__skb_pull(skb, ETH_HLEN);
	return eth->h_proto;
}

/* What must be true of a packet that the stack gets. */

static bool has(unsigned int bit)
{
	return f.dev->acked & BIT_ULL(bit);
}

static void check_csum(const struct sk_buff *skb, const struct packet *p)
{
	switch (skb->ip_summed) {
	case CHECKSUM_NONE:
		MUST(!(p->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM));
		break;
	case CHECKSUM_UNNECESSARY:
		MUST(p->hdr.flags & VIRTIO_NET_HDR_F_DATA_VALID && has(VEI_NET_F_GUEST_CSUM));
		MUST(!(p->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM));
		break;
	default:
		MUST(skb->ip_summed == CHECKSUM_PARTIAL);
		MUST(p->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
		MUST(skb_checksum_start_offset(skb) == p->hdr.csum_start);
		MUST(skb->csum_offset == p->hdr.csum_offset);
		MUST(skb_transport_offset(skb) == p->hdr.csum_start);
		/* Behind the least that is in front of any transport header. */
		MUST(p->hdr.csum_start >= ETH_HLEN + 20);
		MUST(p->hdr.csum_start + p->hdr.csum_offset + 2 <= skb_headlen(skb));
	}
}

/*
 * Where the transport header of an IP packet begins that is just that, and of which protocol it
 * is; 0 if it is anything else.
 */
static unsigned int plain(const u8 *data, u32 len, u8 *proto, bool *v6)
{
	u16 type = data[12] << 8 | data[13];

	*v6 = type == ETH_P_IPV6;
	if (type == ETH_P_IP && len >= 34 && data[14] >> 4 == 4 && (data[14] & 15) >= 5) {
		*proto = data[23];
		return 14 + 4 * (data[14] & 15);
	}
	if (type == ETH_P_IPV6 && len >= 54) {
		*proto = data[20];
		return 54;
	}
	return 0;
}

static void check_gso(const struct sk_buff *skb, const struct packet *p)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	unsigned int thoff = skb_transport_offset(skb), least, behind, at;
	u8 type = p->hdr.gso_type & 0x7f, proto;
	bool v6;

	MUST(!info->gso_size == !info->gso_type && !info->gso_segs);
	if (!info->gso_size)
		return;
	MUST(info->gso_size == p->hdr.gso_size && info->gso_size >= 8);
	MUST(info->gso_size != GSO_BY_FRAGS);
	switch (info->gso_type & ~(SKB_GSO_DODGY | SKB_GSO_TCP_ECN)) {
	case SKB_GSO_TCPV4:
		MUST(type == VIRTIO_NET_HDR_GSO_TCPV4 && has(VIRTIO_NET_F_GUEST_TSO4));
		break;
	case SKB_GSO_TCPV6:
		MUST(type == VIRTIO_NET_HDR_GSO_TCPV6 && has(VIRTIO_NET_F_GUEST_TSO6));
		break;
	default:
		MUST(info->gso_type == (SKB_GSO_UDP | SKB_GSO_DODGY));
		MUST(type == VIRTIO_NET_HDR_GSO_UDP && has(VIRTIO_NET_F_GUEST_UFO));
	}
	MUST(info->gso_type & SKB_GSO_DODGY);
	MUST(!(info->gso_type & SKB_GSO_TCP_ECN) == !(p->hdr.gso_type & VIRTIO_NET_HDR_GSO_ECN));
	MUST(!(info->gso_type & SKB_GSO_TCP_ECN) || has(VIRTIO_NET_F_GUEST_ECN));

	/* The transport header lies in one piece, and behind it more than one segment. */
	MUST(skb_transport_header_was_set(skb));
	least = type == VIRTIO_NET_HDR_GSO_UDP ? 8 : 20;
	behind = type == VIRTIO_NET_HDR_GSO_UDP ? thoff : thoff + least;
	MUST(thoff >= ETH_HLEN + 20 && thoff + least <= skb_headlen(skb));
	MUST(skb->len > behind && skb->len - behind > info->gso_size);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		MUST(skb->csum_offset == (type == VIRTIO_NET_HDR_GSO_UDP ? 6 : 16));

	/* And it is the one that the packet has. */
	at = plain(p->data, p->len, &proto, &v6);
	if (at && (proto == IPPROTO_TCP || proto == IPPROTO_UDP)) {
		MUST(thoff == at);
		MUST(proto == (type == VIRTIO_NET_HDR_GSO_UDP ? IPPROTO_UDP : IPPROTO_TCP));
		MUST(type == VIRTIO_NET_HDR_GSO_UDP || v6 == (type == VIRTIO_NET_HDR_GSO_TCPV6));
	}
}

/* The kernel's own, of the same header and packet. */
static void check_kernel(const struct sk_buff *skb, const struct packet *p, bool network)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	unsigned int fails = kernel_fails;
	struct virtio_net_hdr hdr;
	struct sk_buff *other;

	kernel_fails = 0;
	other = __alloc_skb(NET_SKB_PAD + p->len, GFP_KERNEL, 0, NUMA_NO_NODE);
	skb_reserve(other, NET_SKB_PAD);
	skb_put_data(other, p->data, p->len);
	other->dev = f.netdev;
	if (network) {
		skb_set_network_header(other, ETH_HLEN);
		other->protocol = ((struct ethhdr *)p->data)->h_proto;
	}
	memcpy(&hdr, &p->hdr, sizeof(hdr));
	if (virtio_net_hdr_to_skb(other, &hdr, true)) {
		dprintf(2, "flags %x type %x size %u start %u offset %u of %u, dissected %d\n",
			hdr.flags, hdr.gso_type, hdr.gso_size, hdr.csum_start, hdr.csum_offset,
			p->len, network);
		MUST(!"the kernel refuses what the driver takes");
	}
	MUST((other->ip_summed == CHECKSUM_PARTIAL) == (skb->ip_summed == CHECKSUM_PARTIAL));
	/* Where it does not know where the packet's headers end, it takes any for segments. */
	if (network || other->ip_summed == CHECKSUM_PARTIAL) {
		MUST(skb_shinfo(other)->gso_size == info->gso_size);
		MUST(skb_shinfo(other)->gso_type == info->gso_type);
	}
	if (other->ip_summed == CHECKSUM_PARTIAL) {
		MUST(skb_checksum_start_offset(other) == skb_checksum_start_offset(skb));
		MUST(other->csum_offset == skb->csum_offset);
	}
	kfree_skb(other);
	kernel_fails = fails;
}

/* The stack. */
gro_result_t napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	static u8 data[MAX_PACKET];
	const struct packet *p;
	u32 len;

	MUST(napi == &f.rxq.napi && skb->dev == f.netdev);
	skb_push(skb, ETH_HLEN);
	len = skb->len;
	MUST(len <= sizeof(data) && !skb_copy_bits(skb, 0, data, len));
	if (!f.device.lied) {
		for (;; f.next++) {
			MUST(f.next < f.npacket);
			p = &f.packet[f.next];
			if (p->len == len && !memcmp(p->data, data, len))
				break;
			MUST(p->optional || f.short_of_memory);
		}
		f.next++;
		check_csum(skb, p);
		check_gso(skb, p);
		check_kernel(skb, p, false);
		if (skb_shinfo(skb)->gso_size || p->hdr.gso_type == VIRTIO_NET_HDR_GSO_NONE)
			check_kernel(skb, p, true);
	}
	f.streak = len >= LONG_PACKET ? f.streak + 1 : 0;
	if (f.nkept == ARRAY_SIZE(f.kept))
		kfree_skb(f.kept[--f.nkept]);
	f.kept[f.nkept++] = skb;
	return GRO_NORMAL;
}

/* What the device does. */

/* A header and a packet, all in one; returns their length. */
static u32 compose(u8 *to, unsigned int hdr_len)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP };
	static const u16 sizes[] = { 0, 1, 7, 8, 9, 100, 536, 1448, 4000, 20000, 65535, 65534 };
	u8 kind = script_byte(), how = script_byte();
	unsigned int thoff, thlen, payload, i, at;
	u8 *data = to + hdr_len;
	struct vei_net_hdr hdr = { .num_buffers = 1 };
	u8 proto = protos[kind & 3];
	bool v6 = kind & 4;

	payload = kind & 8 ? script_byte() : sizes[script_byte() % 12] + (script_byte() & 15);
	thlen = proto == IPPROTO_TCP ? 20 : 8;
	at = ETH_HLEN + (kind & 16 ? 4 : 0);
	thoff = at + (v6 ? 40 : 20);
	memset(data, 0, thoff + thlen);
	data[12] = kind & 16 ? 0x81 : v6 ? 0x86 : 0x08;
	data[13] = kind & 16 ? 0x00 : v6 ? 0xdd : 0x00;
	if (kind & 16) {
		data[16] = v6 ? 0x86 : 0x08;
		data[17] = v6 ? 0xdd : 0x00;
	}
	data[at] = v6 ? 0x60 : 0x45;
	if (v6) {
		data[at + 6] = proto;
		data[at + 7] = 64;
	} else {
		data[at + 8] = 64;
		data[at + 9] = proto;
	}
	if (proto == IPPROTO_TCP)
		data[thoff + 12] = 0x50;
	for (i = 0; i < payload; i++)
		data[thoff + thlen + i] = i * 7 + kind;

	if (how & 1) {
		hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr.csum_start = thoff;
		hdr.csum_offset = proto == IPPROTO_TCP ? 16 : 6;
	}
	if (how & 2)
		hdr.flags |= VIRTIO_NET_HDR_F_DATA_VALID;
	if (how & 4) {
		hdr.gso_type = proto == IPPROTO_UDP ? VIRTIO_NET_HDR_GSO_UDP :
			       v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		hdr.gso_size = sizes[script_byte() % 12];
		hdr.hdr_len = thoff + thlen;
	}
	if (how & 8)
		hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	if (how & 0x10) {
		switch (script_byte() % 6) {
		case 0:
			hdr.flags = script_byte();
			break;
		case 1:
			hdr.gso_type = script_byte();
			break;
		case 2:
			hdr.gso_size = script_word();
			break;
		case 3:
			hdr.csum_start = script_byte() & 1 ? script_word() :
					 hdr.csum_start + (s8)script_byte();
			break;
		case 4:
			hdr.csum_offset = script_byte() & 1 ? script_word() :
					  hdr.csum_offset + (s8)script_byte();
			break;
		default:
			hdr.hdr_len = script_word();
		}
	}
	/* Any bytes of the packet's own headers. */
	for (i = how >> 5; i; i--)
		data[script_byte() % (thoff + thlen)] = script_byte();
	/* No two are alike, whatever is refused. */
	f.serial++;
	memcpy(data + 6, &f.serial, sizeof(f.serial));
	memcpy(to, &hdr, hdr_len);
	if (kind & 0x40 && payload + thlen > 4)
		return hdr_len + script_byte() % (thoff + thlen);
	return hdr_len + thoff + thlen + payload;
}

/* What is posted lies in the buffers that were taken from the pool. */
static void fetch(void)
{
	unsigned int i = f.device.nheld, n;
	struct piece piece[MAX_PIECES];

	hostile_fetch(&f.device);
	if (f.device.lied)
		return;
	for (; i < f.device.nheld; i++) {
		n = hostile_chain(&f.device, f.device.held[i], piece);
		while (n--)
			MUST(!__asan_region_is_poisoned(piece[n].mem, piece[n].len));
	}
}

/* How much goes into a chain, and what is put there. */
static u32 fill(u16 head, const u8 *data, u32 len)
{
	struct piece piece[MAX_PIECES];
	unsigned int n = hostile_chain(&f.device, head, piece), i;
	u32 done = 0;

	for (i = 0; i < n; i++) {
		u32 part = min(piece[i].len, len - done);

		MUST(piece[i].write);
		memcpy(piece[i].mem, data + done, part);
		done += part;
	}
	return done;
}

static u32 capacity(u16 head)
{
	struct piece piece[MAX_PIECES];
	unsigned int n = hostile_chain(&f.device, head, piece), i;
	u32 len = 0;

	for (i = 0; i < n; i++)
		len += piece[i].len;
	return len;
}

static void op_packet(u8 how)
{
	static u8 data[MAX_PACKET + 1024];
	u32 len = compose(data, f.net.hdr_len), done = 0, cut = how & 0x20 ? script_word() : ~0U;
	u16 heads[256];
	u32 lens[256];
	unsigned int n = 0, i;
	u8 *first = NULL;

	fetch();
	/* Who has lied may have been given no more. */
	if (f.device.lied) {
		if (f.device.nheld)
			hostile_use(&f.device, hostile_release(&f.device, 0), script_long());
		hostile_publish(&f.device);
		return;
	}
	/* A device writes no more buffers than it needs, and there are. */
	while (f.device.nheld && n < ARRAY_SIZE(heads)) {
		unsigned int pick = how & 0x10 ? script_byte() % f.device.nheld : 0;
		u16 head = hostile_release(&f.device, pick);

		heads[n] = head;
		lens[n] = fill(head, data + done, min(len - done, cut));
		if (!n) {
			struct piece piece[MAX_PIECES];

			hostile_chain(&f.device, head, piece);
			first = piece[0].mem;
		}
		done += lens[n++];
		if (done == len || !f.mergeable)
			break;
	}
	if (!n)
		return;
	if (f.mergeable && lens[0] >= VEI_NET_HDR_LEN_MRG) {
		u16 number = how & 0x40 ? script_value(n, 16) : n;

		memcpy(first + VEI_NET_HDR_LEN, &number, sizeof(number));
	}
	for (i = 0; i < n; i++) {
		struct piece piece[MAX_PIECES];
		unsigned int k, pieces = hostile_chain(&f.device, heads[i], piece);
		struct entry *e = &f.entry[f.nentry];
		u32 says = lens[i], at = 0, all = capacity(heads[i]);

		if (how & 0x80 && i + 1 == n)
			says = script_value(says, all);
		hostile_use(&f.device, heads[i], says);
		if (says > all) {
			/* The ring breaks here. */
			f.device.lied = true;
			says = all;
		}
		MUST(f.nentry < MAX_ENTRIES);
		f.nentry++;
		e->hdr = i || says < f.net.hdr_len ? NULL : piece[0].mem;
		e->len = says;
		e->data = malloc(says + 1);
		for (k = 0; k < pieces && at < says; k++) {
			u32 part = min(piece[k].len, says - at);

			memcpy(e->data + at, piece[k].mem, part);
			at += part;
		}
	}
	if (!(how & 8))
		hostile_publish(&f.device);
}

/* Into a buffer that the device still has. */
static void op_scribble(void)
{
	struct piece piece[MAX_PIECES];
	u16 head;

	fetch();
	if (!f.device.nheld || f.device.lied)
		return;
	head = f.device.held[script_byte() % f.device.nheld];
	hostile_chain(&f.device, head, piece);
	memset(piece[0].mem + script_byte() % piece[0].len, script_byte(), 1);
}

/* The packets that the driver will find. */

static void forget_packets(void)
{
	while (f.npacket)
		free(f.packet[--f.npacket].data);
	f.next = 0;
	memset(f.head, 0, sizeof(f.head));
}

static void forget_entries(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		free(f.entry[i].data);
	f.nentry -= n;
	memmove(f.entry, f.entry + n, f.nentry * sizeof(f.entry[0]));
}

/* Returns how many entries make up the packet that begins at number @i. */
static unsigned int expect_one(unsigned int i, unsigned int published)
{
	const struct entry *e = &f.entry[i];
	struct packet *p = &f.packet[f.npacket];
	unsigned int n = 1, k, take;
	u32 len = 0;

	memset(p, 0, sizeof(*p));
	if (e->len >= f.net.hdr_len) {
		memcpy(&p->hdr, e->data, f.net.hdr_len);
		if (f.mergeable && p->hdr.num_buffers > 1)
			n = p->hdr.num_buffers;
	}
	/* Is it the first, in the driver's eyes? */
	f.head[i] = e->hdr;
	take = min(n, published - i);
	if (take < n || e->len < f.net.hdr_len + ETH_HLEN)
		return take;
	for (k = 0; k < n; k++)
		len += e[k].len;
	len -= f.net.hdr_len;
	/* What IP can say, and what frames it. */
	if (len > 65536 + 22)
		return take;
	p->data = malloc(len + 1);
	p->len = len;
	len = e->len - f.net.hdr_len;
	memcpy(p->data, e->data + f.net.hdr_len, len);
	for (k = 1; k < n; k++) {
		memcpy(p->data + len, e[k].data, e[k].len);
		len += e[k].len;
	}
	p->optional = p->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM || p->hdr.gso_type;
	f.npacket++;
	return take;
}

/* A packet is being made of the buffer that was taken last: its header is another one now. */
static void change_header(void)
{
	u16 i = f.q->ring.last_used - f.began;

	if (!f.device.lied && i && f.head[i - 1])
		memset(f.head[i - 1], script_lie(), f.net.hdr_len);
}

static void op_poll(int budget)
{
	unsigned int published, i = 0, packets = 0;
	int taken;
	u64 before = u64_stats_read(&f.rxq.stats.packets) + u64_stats_read(&f.rxq.stats.drops);
	u64 drops;

	/* Entries that were not published yet wait at the end. */
	published = (u16)(((struct vei_used *)(f.q->cfg.mem +
		    vei_layout_used(f.q->cfg.size)))->idx - f.q->ring.last_used);
	if (!f.device.lied) {
		MUST(published <= f.nentry);
		for (; i < published && packets < budget; packets++)
			i += expect_one(i, published);
	}
	if (kernel_fails)
		f.short_of_memory = true;
	f.began = f.q->ring.last_used;
	kernel_meanwhile = f.racing ? change_header : NULL;
	pages_smallest = UINT_MAX;
	drops = u64_stats_read(&f.rxq.stats.drops);
	taken = vei_rxq_poll(&f.rxq.napi, budget);
	kernel_meanwhile = NULL;
	/* What was dropped may have been short. */
	if (drops != u64_stats_read(&f.rxq.stats.drops))
		f.streak = 0;
	if (f.streak >= LONG_STREAK)
		MUST(pages_smallest >= f.rxq.truesize[1]);
	fetch();
	MUST(taken >= 0 && taken <= budget);
	if (!f.device.lied) {
		/* Called again, it says so by the whole budget. */
		MUST(taken == packets || taken == budget);
		MUST(u64_stats_read(&f.rxq.stats.packets) + u64_stats_read(&f.rxq.stats.drops) ==
		     before + packets);
		for (; f.next < f.npacket; f.next++)
			MUST(f.packet[f.next].optional || f.short_of_memory);
		MUST(!f.q->ring.broken);
		forget_entries(i);
	}
	forget_packets();
	if (!kernel_fails)
		f.short_of_memory = false;
}

static void start(void)
{
	MUST(!vei_rxq_create_pool(&f.rxq));
	hostile_begin(&f.device, f.q);
	f.short_of_memory = false;
	f.streak = 0;
	pages_largest = 0;
	vei_rxq_start(&f.rxq);
	/* Of no packet yet. */
	MUST(pages_largest <= f.rxq.truesize[0]);
}

static void stop(void)
{
	kernel_fails = 0;
	vei_rxq_drain(&f.rxq);
	while (f.nkept)
		kfree_skb(f.kept[--f.nkept]);
	MUST(!pages_out());
	forget_entries(f.nentry);
	f.rxq.q = f.q;
}

static void step(void)
{
	u8 op = script_byte();

	switch (op & 7) {
	case 0:
	case 1:
	case 2:
		if (f.nentry < MAX_ENTRIES - 256)
			op_packet(op);
		break;
	case 3:
	case 4:
		op_poll(op & 0x80 ? NAPI_POLL_WEIGHT : (op >> 3) + 1);
		break;
	case 5:
		if (op & 0x80)
			f.racing = op & 0x40;
		else
			op_scribble();
		break;
	case 6:
		if (op & 0x80)
			hostile_lie(&f.device);
		else
			hostile_publish(&f.device);
		break;
	default:
		if (op & 0x80) {
			stop();
			machine_renew(f.q, &f.spec);
			start();
		} else {
			kernel_fails = script_byte();
		}
	}
}

int fuzz_one(const u8 *data, size_t size)
{
	static const u16 mtus[] = { 68, 1500, 9000, 65535 };
	static const struct vei_dev_ops ops;
	u64 features;
	u8 how;

	memset(&f, 0, sizeof(f));
	if (!init_net.ifindex) {
		init_net.ifindex = 1;
		skb_begin();
	}
	script_begin(data, size);
	pages_begin();
	features = (u64)script_word() << 5;
	features &= BIT(VEI_NET_F_GUEST_TSO4) | BIT(VEI_NET_F_GUEST_TSO6) |
		    BIT(VEI_NET_F_GUEST_ECN) | BIT(VEI_NET_F_GUEST_UFO) | BIT(VEI_NET_F_MRG_RXBUF);
	how = script_byte();
	features |= how & 1 ? BIT(VEI_NET_F_GUEST_CSUM) : 0;
	features |= how & 2 ? BIT(VIRTIO_F_ANY_LAYOUT) : 0;
	features |= how & 4 ? BIT(VIRTIO_RING_F_USED_EVENT_IDX) : 0;
	f.mergeable = features & BIT(VEI_NET_F_MRG_RXBUF);

	f.netdev = calloc(1, sizeof(*f.netdev));
	f.netdev->mtu = min_t(u32, mtus[how >> 3 & 3], vei_rxq_max_mtu(f.mergeable));
	f.netdev->real_num_rx_queues = 1;
	write_pnet(&f.netdev->nd_net, &init_net);
	f.dev = machine_begin(features, &ops, &f.net);
	f.netdev->dev.parent = &f.dev->pdev->dev;
	f.net.dev = f.dev;
	f.net.netdev = f.netdev;
	f.net.hdr_len = f.mergeable ? VEI_NET_HDR_LEN_MRG : VEI_NET_HDR_LEN;
	f.net.rx_copybreak = how & 0x80 ? 0 : VEI_NET_RX_COPYBREAK;
	f.spec = (struct vei_queue_spec){ .name = "input.0", .priv = &f.rxq, .strict_len = true };
	f.q = machine_queue(&f.spec, 4U << (how >> 5 & 3) << 1);
	f.txq.q = &f.txring;
	f.rxq.q = f.q;
	f.rxq.net = &f.net;
	f.rxq.txq = &f.txq;
	start();
	script_run(step, MAX_OPS);
	stop();
	skb_end();
	machine_end();
	script_end();
	free(f.netdev);
	return 0;
}
