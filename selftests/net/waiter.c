// SPDX-License-Identifier: GPL-2.0
/*
 * What a socket sees of the driver: memory that is charged to it, and when it is
 * given back.
 *
 *	waiter charged PORT		bytes of the receive buffer that the first datagram
 *					to PORT takes, within 10 s
 *	waiter least ADDRESS COUNT	ms for COUNT datagrams of 1000 bytes, sent with the
 *					least send buffer: each waits for the one before
 *	waiter zerocopy ADDRESS COUNT	likewise with MSG_ZEROCOPY, each sent when the one
 *					before was told to be done with
 *	waiter messages ADDRESS COUNT	ms for COUNT messages of 100 bytes over TCP, 2 ms
 *					apart, each sent when TCP has let the one before go;
 *					begins a second after it is connected
 *	waiter sink			takes one TCP connection, until its end
 *
 * Prints one number; exit status 0, or 1 with a message.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT		9
#define SIZE		1000
#define PATIENCE_MS	10000

static struct sockaddr_in address = { .sin_family = AF_INET };
static char data[SIZE];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void set(int fd, int option, int value)
{
	if (setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)))
		die("setsockopt");
}

/* Nobody reads it, so what the socket holds is what it was charged. */
static long charged(int fd)
{
	uint32_t info[SK_MEMINFO_VARS];
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	socklen_t len = sizeof(info);

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("bind");
	if (poll(&waiting, 1, PATIENCE_MS) != 1) {
		fprintf(stderr, "nothing came\n");
		exit(1);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		die("SO_MEMINFO");
	return info[SK_MEMINFO_RMEM_ALLOC];
}

static void send_one(int fd, int flags)
{
	if (sendto(fd, data, sizeof(data), flags, (struct sockaddr *)&address,
		   sizeof(address)) != sizeof(data))
		die("sendto");
}

static long least(int fd, int count)
{
	long begun = now_ms();

	set(fd, SO_SNDBUF, 0);
	while (count--)
		send_one(fd, 0);
	return now_ms() - begun;
}

/* Wait for the notification that the kernel is done with the data. */
static void wait_until_done(int fd)
{
	struct pollfd waiting = { .fd = fd };	/* POLLERR comes unasked */
	char control[128];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	const struct sock_extended_err *error;
	struct cmsghdr *cmsg;

	if (poll(&waiting, 1, PATIENCE_MS) != 1) {
		fprintf(stderr, "no notification\n");
		exit(1);
	}
	if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
		die("recvmsg");
	cmsg = CMSG_FIRSTHDR(&msg);
	error = cmsg ? (const void *)CMSG_DATA(cmsg) : NULL;
	if (!error || error->ee_origin != SO_EE_ORIGIN_ZEROCOPY) {
		fprintf(stderr, "no notification of zero copy\n");
		exit(1);
	}
}

static long zerocopy(int fd, int count)
{
	long begun = now_ms();

	set(fd, SO_ZEROCOPY, 1);
	while (count--) {
		send_one(fd, MSG_ZEROCOPY);
		wait_until_done(fd);
	}
	return now_ms() - begun;
}

/* Until TCP has handed on all that was written, acknowledged or not. */
static void wait_until_sent(int fd)
{
	long deadline = now_ms() + PATIENCE_MS;
	int unsent;

	while (1) {
		if (ioctl(fd, SIOCOUTQNSD, &unsent))
			die("SIOCOUTQNSD");
		if (!unsent)
			return;
		if (now_ms() > deadline) {
			fprintf(stderr, "%d bytes are not sent\n", unsent);
			exit(1);
		}
		usleep(200);
	}
}

static long messages(int count)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	long begun;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die("connect");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		die("TCP_NODELAY");
	/* Time to make the way back longer. */
	sleep(1);
	begun = now_ms();
	while (count--) {
		if (write(fd, data, 100) != 100)
			die("write");
		wait_until_sent(fd);
		usleep(2000);
	}
	return now_ms() - begun;
}

static long sink(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, from;
	long sum = 0, n;

	set(fd, SO_REUSEADDR, one);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		die("listen");
	from = accept(fd, NULL, NULL);
	if (from < 0)
		die("accept");
	while ((n = read(from, data, sizeof(data))) > 0)
		sum += n;
	return sum;
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long number;

	if (fd < 0)
		die("socket");
	address.sin_port = htons(PORT);
	if (argc == 3 && !strcmp(argv[1], "charged")) {
		address.sin_port = htons(atoi(argv[2]));
		number = charged(fd);
	} else if (argc == 4 && !strcmp(argv[1], "least") &&
		   inet_aton(argv[2], &address.sin_addr)) {
		number = least(fd, atoi(argv[3]));
	} else if (argc == 4 && !strcmp(argv[1], "zerocopy") &&
		   inet_aton(argv[2], &address.sin_addr)) {
		number = zerocopy(fd, atoi(argv[3]));
	} else if (argc == 4 && !strcmp(argv[1], "messages") &&
		   inet_aton(argv[2], &address.sin_addr)) {
		number = messages(atoi(argv[3]));
	} else if (argc == 2 && !strcmp(argv[1], "sink")) {
		number = sink();
	} else {
		fprintf(stderr, "usage: see waiter.c\n");
		return 1;
	}
	printf("%ld\n", number);
	return 0;
}
