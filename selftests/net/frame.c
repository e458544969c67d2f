// SPDX-License-Identifier: GPL-2.0
/*
 * Send one frame, given in hex from its Ethernet header on, so many times:
 *
 *	frame [-s BYTES] INTERFACE COUNT HEX...
 *
 * With -s a frame of TCP over IPv4 without options may be larger than the MTU: it
 * is to be segmented in pieces of so many bytes by whoever needs that.
 */

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FRAME	65536

/* What <linux/virtio_net.h> calls virtio_net_hdr, with VIRTIO_NET_HDR_F_NEEDS_CSUM, _GSO_TCPV4. */
struct header {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
};

static unsigned char frame[MAX_FRAME];
static size_t size;

/* Put a header in front that asks for segments. Returns 0 or 1. */
static int ask_for_segments(int fd, unsigned int gso_size)
{
	const struct header header = {
		.flags = 1, .gso_type = 1, .hdr_len = 54, .gso_size = gso_size,
		.csum_start = 34, .csum_offset = offsetof(struct tcphdr, check),
	};
	int on = 1;

	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    size + sizeof(header) > sizeof(frame))
		return 1;
	memmove(frame + sizeof(header), frame, size);
	memcpy(frame, &header, sizeof(header));
	size += sizeof(header);
	return 0;
}

/* Returns 0, or 1 if it is no hex or too long. */
static int append(const char *hex)
{
	unsigned int byte;
	int used;

	for (; *hex; hex += used) {
		if (size == sizeof(frame) || sscanf(hex, "%2x%n", &byte, &used) != 1 || used != 2)
			return 1;
		frame[size++] = byte;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	unsigned int gso_size = 0;
	long count;
	int fd, i;

	if (argc > 2 && !strcmp(argv[1], "-s")) {
		gso_size = strtoul(argv[2], NULL, 0);
		argc -= 2;
		argv += 2;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: frame [-s BYTES] INTERFACE COUNT HEX...\n");
		return 2;
	}
	to.sll_ifindex = if_nametoindex(argv[1]);
	if (!to.sll_ifindex) {
		perror(argv[1]);
		return 1;
	}
	for (i = 3; i < argc; i++) {
		if (append(argv[i])) {
			fprintf(stderr, "frame: '%s' is no hex, or too much of it\n", argv[i]);
			return 2;
		}
	}
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (gso_size && ask_for_segments(fd, gso_size)) {
		perror("frame: -s");
		return 1;
	}
	for (count = strtol(argv[2], NULL, 0); count > 0; count--) {
		if (sendto(fd, frame, size, 0, (struct sockaddr *)&to, sizeof(to)) !=
		    (ssize_t)size) {
			perror("frame");
			return 1;
		}
	}
	return 0;
}
