// SPDX-License-Identifier: GPL-2.0
/*
 * UDP datagrams, fragmented where they are larger than the link's MTU, and a
 * TCP stream written and read in pieces of all sizes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traffic.h"

#define PORT		4096
#define MAX_BATCH	64

static int from_fd = -1, to_fd = -1;

static socklen_t address(struct sockaddr_storage *addr)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)addr;
	struct sockaddr_in *v4 = (struct sockaddr_in *)addr;

	memset(addr, 0, sizeof(*addr));
	if (!opt.address)
		die("-a is needed");
	if (inet_pton(AF_INET6, opt.address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(PORT);
		return sizeof(*v6);
	}
	if (inet_pton(AF_INET, opt.address, &v4->sin_addr) != 1)
		die("no address: %s", opt.address);
	v4->sin_family = AF_INET;
	v4->sin_port = htons(PORT);
	return sizeof(*v4);
}

static void set_timeout(int fd)
{
	struct timeval wait = { .tv_usec = 20000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
}

/* -- UDP ----------------------------------------------------------------- */

static int udp_socket(const char *end)
{
	bool sender = end == opt.from;
	struct sockaddr_storage addr;
	socklen_t len = address(&addr);
	int fd = socket(addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int size = 64 << 20;

	if (fd < 0)
		die("udp: socket");
	setsockopt(fd, SOL_SOCKET, sender ? SO_SNDBUFFORCE : SO_RCVBUFFORCE, &size, sizeof(size));
	if (!sender)
		set_timeout(fd);
	if (sender ? connect(fd, (struct sockaddr *)&addr, len) :
		     bind(fd, (struct sockaddr *)&addr, len))
		die("udp: address %s", opt.address);
	return fd;
}

static void udp_open(void)
{
	if (!opt.min)
		opt.min = 18, opt.max = 1472;
	if (opt.min < sizeof(struct head) || opt.max > 65507 || opt.batch > MAX_BATCH)
		die("udp: sizes 16:65507, a batch up to %d", MAX_BATCH);
	opt.from = "from";
	opt.to = "to";
	to_fd = in_namespace(opt.to_ns, udp_socket, opt.to);
	from_fd = in_namespace(opt.from_ns, udp_socket, opt.from);
}

static void *udp_send(void *unused)
{
	static uint8_t payloads[MAX_BATCH][MAX_SIZE];
	struct mmsghdr msgs[MAX_BATCH];
	struct iovec iov[MAX_BATCH];
	unsigned int n, size;
	uint64_t seq = 0;
	int done;

	while (window_wait()) {
		for (n = 0; n < opt.batch && (!opt.count || seq + n < opt.count); n++) {
			size = payload_size(seq + n);
			payload_fill(payloads[n], seq + n, size);
			iov[n] = (struct iovec){ payloads[n], size };
			msgs[n].msg_hdr = (struct msghdr){ .msg_iov = iov + n, .msg_iovlen = 1 };
		}
		atomic_fetch_add(&counts.sent, n);
		done = sendmmsg(from_fd, msgs, n, 0);
		if (done < 0) {
			/* refused: the receiver's socket is not there, or an unreachable link */
			if (errno != ENOBUFS && errno != EINTR && errno != EAGAIN && !opt.lossy)
				die("udp: send");
			done = 0;
		}
		atomic_fetch_sub(&counts.sent, n - done);
		seq += done;
	}
	return unused;
}

static void *udp_receive(void *unused)
{
	static uint8_t payloads[MAX_BATCH][MAX_SIZE];
	struct mmsghdr msgs[MAX_BATCH];
	struct iovec iov[MAX_BATCH];
	int i, n;

	for (i = 0; i < MAX_BATCH; i++) {
		iov[i] = (struct iovec){ payloads[i], MAX_SIZE };
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = iov + i, .msg_iovlen = 1 };
	}
	while (!atomic_load(&finished)) {
		n = recvmmsg(to_fd, msgs, MAX_BATCH, MSG_WAITFORONE, NULL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			die("udp: receive");
		for (i = 0; i < n; i++)
			payload_check(payloads[i], msgs[i].msg_len);
	}
	return unused;
}

/* -- TCP ----------------------------------------------------------------- */

static int tcp_listen(const char *unused)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr);
	int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	(void)unused;
	if (fd < 0)
		die("tcp: socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 1))
		die("tcp: listen on %s", opt.address);
	return fd;
}

static int tcp_connect(const char *unused)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr);
	int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = opt.patience };

	(void)unused;
	/* neither connecting nor sending waits for ever */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, len))
		die("tcp: connect to %s", opt.address);
	return fd;
}

static void tcp_open(void)
{
	int listener;

	if (!opt.min)
		opt.min = 1, opt.max = MAX_SIZE;
	/* counted in bytes, of which more are under way than packets would be */
	opt.window = ~0U;
	listener = in_namespace(opt.to_ns, tcp_listen, NULL);
	from_fd = in_namespace(opt.from_ns, tcp_connect, NULL);
	to_fd = accept(listener, NULL, NULL);
	if (to_fd < 0)
		die("tcp: accept");
	close(listener);
	set_timeout(to_fd);
}

static void *tcp_send(void *unused)
{
	static uint8_t spoiled[MAX_SIZE];
	uint64_t pos = 0, round = 0;
	unsigned int size;
	const void *bytes;
	ssize_t done;

	while (window_wait()) {
		size = payload_size(round++);
		if (opt.count && size > opt.count - pos)
			size = opt.count - pos;
		bytes = pattern_at(pos);
		if (opt.fault == FAULT_CORRUPT &&
		    pos <= opt.count / 2 && opt.count / 2 < pos + size) {
			memcpy(spoiled, bytes, size);
			spoiled[opt.count / 2 - pos] ^= 1;
			bytes = spoiled;
		}
		atomic_fetch_add(&counts.sent, size);
		done = send(from_fd, bytes, size, MSG_NOSIGNAL);
		if (done < 0)
			die("tcp: send");
		atomic_fetch_sub(&counts.sent, size - done);
		pos += done;
	}
	shutdown(from_fd, SHUT_WR);
	return unused;
}

static void *tcp_receive(void *unused)
{
	static uint8_t bytes[MAX_SIZE];
	uint64_t pos = 0;
	ssize_t n;

	while (!atomic_load(&finished)) {
		n = recv(to_fd, bytes, sizeof(bytes), 0);
		if (n == 0)
			break;
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				die("tcp: receive");
			continue;
		}
		if (memcmp(bytes, pattern_at(pos), n) && !counts.corrupt++)
			fprintf(stderr, "traffic: wrong bytes in %zd from byte %llu\n", n,
				(unsigned long long)pos);
		pos += n;
		atomic_fetch_add(&counts.received, n);
	}
	return unused;
}

const struct transport udp_transport = {
	.name = "udp", .open = udp_open, .send = udp_send, .receive = udp_receive,
};

const struct transport tcp_transport = {
	.name = "tcp", .open = tcp_open, .send = tcp_send, .receive = tcp_receive,
};
