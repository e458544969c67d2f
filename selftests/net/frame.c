// SPDX-License-Identifier: GPL-2.0
/*
 * Send one frame, given in hex from its Ethernet header on, so many times:
 *
 *	frame INTERFACE COUNT HEX...
 */

#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FRAME	65536

static unsigned char frame[MAX_FRAME];
static size_t size;

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
	long count;
	int fd, i;

	if (argc < 4) {
		fprintf(stderr, "usage: frame INTERFACE COUNT HEX...\n");
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
	for (count = strtol(argv[2], NULL, 0); count > 0; count--) {
		if (sendto(fd, frame, size, 0, (struct sockaddr *)&to, sizeof(to)) !=
		    (ssize_t)size) {
			perror("frame");
			return 1;
		}
	}
	return 0;
}
