// SPDX-License-Identifier: GPL-2.0
/*
 * Ethernet frames of any size through packet sockets, many a system call.
 * An end may be named by its PCI address: when the device goes away and comes
 * back, under whatever name, the sockets follow it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traffic.h"

#define ETHERTYPE	0x88b5		/* IEEE 802: local experiments */
#define MAX_BATCH	64
#define FRAME_MAX	(ETH_HLEN + 4 + MAX_SIZE)

static int from_fd = -1, to_fd = -1;
static struct ether_header ether;

/* The first entry of a directory that is prefix and a digit, or anything if "". */
static bool first_entry(const char *path, const char *prefix, char *name, size_t size)
{
	size_t skip = strlen(prefix);
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, skip) ||
		    (skip && !isdigit((unsigned char)entry->d_name[skip])))
			continue;
		found = snprintf(name, size, "%s", entry->d_name) < (int)size;
	}
	closedir(dir);
	return found;
}

/* The interface of a PCI device: ours is its child, stock virtio's grandchild. */
static bool pci_ifname(const char *address, char *name)
{
	char path[128], child[32];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/net", address);
	if (first_entry(path, "", name, IFNAMSIZ))
		return true;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
	if (!first_entry(path, "virtio", child, sizeof(child)))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s/net", address, child);
	return first_entry(path, "", name, IFNAMSIZ);
}

static bool is_pci(const char *spec)
{
	return !strncmp(spec, "pci:", 4);
}

static bool find_interface(const char *spec, char *name)
{
	if (is_pci(spec))
		return pci_ifname(spec + 4, name);
	snprintf(name, IFNAMSIZ, "%s", spec);
	return true;
}

/* A socket bound to the interface; the interface's address goes into ether. */
static int packet_socket(const char *spec)
{
	bool sender = spec == opt.from;
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };
	int fd, size = 64 << 20, yes = 1;
	struct ifreq ifr = { 0 };

	if (!find_interface(spec, ifr.ifr_name))
		return -1;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		goto error;
	/* one that is named by its interface is the test's to set up and down */
	if (!(ifr.ifr_flags & IFF_UP) && is_pci(spec)) {
		ifr.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &ifr))
			goto error;
	}
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		goto error;
	memcpy(sender ? ether.ether_shost : ether.ether_dhost, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	if (ioctl(fd, SIOCGIFINDEX, &ifr))
		goto error;
	setsockopt(fd, SOL_SOCKET, sender ? SO_SNDBUFFORCE : SO_RCVBUFFORCE, &size, sizeof(size));
	if (sender && opt.bypass)
		setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes));
	addr.sll_ifindex = ifr.ifr_ifindex;
	addr.sll_protocol = sender ? 0 : htons(ETHERTYPE);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		goto error;
	if (!sender) {
		struct timeval wait = { .tv_usec = 20000 };

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	}
	return fd;
error:
	close(fd);
	return -1;
}

static void packet_open(void)
{
	if (!opt.min)
		opt.min = 60, opt.max = 1514;
	if (opt.min < 60 || !opt.from || !opt.to || opt.batch > MAX_BATCH)
		die("packet: -i, -I, sizes from 60, a batch up to %d", MAX_BATCH);
	/* from here on sizes are those of the payload */
	opt.min -= ETH_HLEN;
	opt.max -= ETH_HLEN;
	ether.ether_type = htons(ETHERTYPE);
	to_fd = in_namespace(opt.to_ns, packet_socket, opt.to);
	from_fd = in_namespace(opt.from_ns, packet_socket, opt.from);
	if (!opt.lossy && (from_fd < 0 || to_fd < 0))
		die("packet: cannot open %s or %s", opt.from, opt.to);
}

/* A device that has gone, or is down, is waited for, by its PCI address also looked for. */
static int reopen(int fd, const char *ns, const char *spec)
{
	if (!is_pci(spec)) {
		usleep(2000);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	fd = in_namespace(ns, packet_socket, spec);
	if (fd < 0)
		usleep(2000);
	return fd;
}

static bool gone(int error)
{
	return opt.lossy && (error == ENXIO || error == ENODEV || error == ENETDOWN ||
			     error == EBADF || error == EIO);
}

/* Build up to a batch of frames; how many the window allows. */
static unsigned int prepare(uint8_t (*frames)[FRAME_MAX], struct mmsghdr *msgs, struct iovec *iov,
			    uint64_t seq)
{
	unsigned int n = 0, size;

	do {
		size = payload_size(seq + n);
		memcpy(frames[n], &ether, ETH_HLEN);
		payload_fill(frames[n] + ETH_HLEN, seq + n, size);
		if (opt.fault == FAULT_SHORTEN && seq + n == opt.count / 2)
			size--;
		iov[n].iov_base = frames[n];
		iov[n].iov_len = ETH_HLEN + size;
		msgs[n].msg_hdr = (struct msghdr){ .msg_iov = iov + n, .msg_iovlen = 1 };
		n++;
	} while (n < opt.batch && (!opt.count || seq + n < opt.count));
	return n;
}

static void send_fault(uint64_t seq, unsigned int n, struct mmsghdr *msgs)
{
	if (opt.fault == FAULT_DUPLICATE && seq <= opt.count / 2 && opt.count / 2 < seq + n)
		sendmmsg(from_fd, msgs + (opt.count / 2 - seq), 1, 0);
}

static void *packet_send(void *unused)
{
	static uint8_t frames[MAX_BATCH][FRAME_MAX];
	struct mmsghdr msgs[MAX_BATCH];
	struct iovec iov[MAX_BATCH];
	uint64_t seq = 0;
	unsigned int n;
	int done;

	while (window_wait()) {
		n = prepare(frames, msgs, iov, seq);
		/* counted before they leave: the receiver may be quicker */
		atomic_fetch_add(&counts.sent, n);
		if (opt.fault == FAULT_LOSE && seq == 0) {
			seq += n;
			continue;
		}
		done = sendmmsg(from_fd, msgs, n, 0);
		if (done < 0) {
			if (gone(errno))
				from_fd = reopen(from_fd, opt.from_ns, opt.from);
			else if (errno != ENOBUFS && errno != EINTR && errno != EAGAIN)
				die("packet: send");
			done = 0;
		} else {
			send_fault(seq, done, msgs);
		}
		atomic_fetch_sub(&counts.sent, n - done);
		seq += done;
	}
	return unused;
}

static void *packet_receive(void *unused)
{
	static uint8_t frames[MAX_BATCH][FRAME_MAX];
	struct mmsghdr msgs[MAX_BATCH];
	struct iovec iov[MAX_BATCH];
	int i, n;

	for (i = 0; i < MAX_BATCH; i++) {
		iov[i].iov_base = frames[i];
		iov[i].iov_len = FRAME_MAX;
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = iov + i, .msg_iovlen = 1 };
	}
	while (!atomic_load(&finished)) {
		n = recvmmsg(to_fd, msgs, MAX_BATCH, MSG_WAITFORONE, NULL);
		if (n < 0 && gone(errno))
			to_fd = reopen(to_fd, opt.to_ns, opt.to);
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			die("packet: receive");
		for (i = 0; i < n; i++)
			payload_check(frames[i] + ETH_HLEN, msgs[i].msg_len - ETH_HLEN);
	}
	return unused;
}

const struct transport packet_transport = {
	.name = "packet", .open = packet_open, .send = packet_send, .receive = packet_receive,
};
