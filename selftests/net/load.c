// SPDX-License-Identifier: GPL-2.0
/*
 * Load for measuring, the same at every run: both ends are threads of one
 * process, the amount is fixed, TCP's buffers have a size of ours (what the
 * kernel tunes by itself depends on how fast the machine happens to be), and
 * what is measured is what is sent: connections and threads are made before.
 * UDP's send buffer is the system's, as with any program: who fills it waits
 * for the driver to be done with packets.
 *
 *	load rr|stream|udp -a ADDRESS [-n NS] [-N NS] [-f FLOWS] [-c COUNT] [-s SIZE]
 *	     [-m MARK]
 *
 * rr: COUNT requests of SIZE bytes, each answered by as many, FLOWS at a time.
 * stream: COUNT bytes in writes of SIZE, shared by FLOWS connections.
 * udp: COUNT datagrams of SIZE, as fast as they go; loss is not minded.
 * MARK is written "1" before and "0" after (see vei_mark.c).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FLOWS	64
#define MAX_SIZE	65536
#define PORT		4097
#define BUFFER		(1 << 20)

static const char *mode, *from_ns, *to_ns, *mark;
static struct sockaddr_in address = { .sin_family = AF_INET };
static unsigned long count = 10000;
static unsigned int flows = 1, size = 1;
static int from_fd[MAX_FLOWS], to_fd[MAX_FLOWS];
static pthread_barrier_t ready;
static atomic_ulong received;
static atomic_bool over;

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void enter(const char *ns)
{
	int fd = open(ns ? ns : "/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("namespace");
	close(fd);
}

static int new_socket(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), bytes = BUFFER, yes = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (type == SOCK_STREAM) {
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	}
	return fd;
}

static void connect_all(void)
{
	struct sockaddr *addr = (struct sockaddr *)&address;
	int type = strcmp(mode, "udp") ? SOCK_STREAM : SOCK_DGRAM, listener = -1;
	struct timeval wait = { .tv_usec = 100000 };
	unsigned int i;

	enter(to_ns);
	listener = new_socket(type);
	if (bind(listener, addr, sizeof(address)))
		die("bind");
	if (type == SOCK_STREAM && listen(listener, MAX_FLOWS))
		die("listen");
	for (i = 0; i < flows; i++) {
		enter(from_ns);
		from_fd[i] = new_socket(type);
		if (connect(from_fd[i], addr, sizeof(address)))
			die("connect");
		to_fd[i] = type == SOCK_STREAM ? accept(listener, NULL, NULL) : listener;
		if (to_fd[i] < 0)
			die("accept");
		if (type == SOCK_DGRAM)
			setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		else
			setsockopt(to_fd[i], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	}
}

/* All of it, or false at the end of the stream. */
static bool take(int fd, char *bytes, size_t want)
{
	ssize_t n;

	for (; want; want -= n) {
		n = recv(fd, bytes, want, MSG_WAITALL);
		if (n == 0)
			return false;
		if (n < 0)
			die("recv");
	}
	return true;
}

static void give(int fd, const char *bytes, size_t left)
{
	ssize_t n;

	for (; left; left -= n) {
		n = send(fd, bytes, left, MSG_NOSIGNAL);
		if (n < 0)
			die("send");
	}
}

static unsigned long share(unsigned int flow)
{
	return count / flows + (flow < count % flows);
}

static void *sender(void *arg)
{
	unsigned int flow = (uintptr_t)arg, n;
	unsigned long left = share(flow);
	char bytes[MAX_SIZE] = { 0 };

	pthread_barrier_wait(&ready);
	for (; left; left -= n) {
		n = 1;
		if (!strcmp(mode, "stream")) {
			n = left < size ? left : size;
			give(from_fd[flow], bytes, n);
		} else if (!strcmp(mode, "rr")) {
			give(from_fd[flow], bytes, size);
			if (!take(from_fd[flow], bytes, size))
				die("closed");
		} else if (send(from_fd[flow], bytes, size, 0) < 0 && errno != ENOBUFS) {
			die("send");
		}
	}
	if (strcmp(mode, "udp"))
		shutdown(from_fd[flow], SHUT_WR);
	return NULL;
}

static void *receiver(void *arg)
{
	unsigned int flow = (uintptr_t)arg;
	char bytes[MAX_SIZE];
	ssize_t n;

	pthread_barrier_wait(&ready);
	if (!strcmp(mode, "rr")) {
		while (take(to_fd[flow], bytes, size)) {
			atomic_fetch_add(&received, 1);
			give(to_fd[flow], bytes, size);
		}
		return NULL;
	}
	for (;;) {
		n = recv(to_fd[flow], bytes, sizeof(bytes), 0);
		if (n > 0)
			atomic_fetch_add(&received, strcmp(mode, "udp") ? n : 1);
		else if (n == 0 || (errno == EAGAIN && atomic_load(&over)))
			return NULL;
		else if (errno != EAGAIN)
			die("recv");
	}
}

static void say_mark(const char *text)
{
	static int fd = -1;

	if (!mark)
		return;
	if (fd < 0)
		fd = open(mark, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, 1) != 1)
		die(mark);
}

static void run(void)
{
	pthread_t from[MAX_FLOWS], to[MAX_FLOWS];
	struct timespec begin, end;
	unsigned int i;

	pthread_barrier_init(&ready, NULL, 2 * flows + 1);
	for (i = 0; i < flows; i++)
		if (pthread_create(to + i, NULL, receiver, (void *)(uintptr_t)i) ||
		    pthread_create(from + i, NULL, sender, (void *)(uintptr_t)i))
			die("thread");
	usleep(20000);			/* all wait at the barrier */
	clock_gettime(CLOCK_MONOTONIC, &begin);
	say_mark("1");
	pthread_barrier_wait(&ready);
	for (i = 0; i < flows; i++)
		pthread_join(from[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	usleep(20000);			/* the last ones are reaped a moment later */
	say_mark("0");
	atomic_store(&over, true);
	for (i = 0; i < flows; i++)
		pthread_join(to[i], NULL);
	printf("sent=%lu received=%lu usecs=%ld\n", count, atomic_load(&received),
	       (end.tv_sec - begin.tv_sec) * 1000000L + (end.tv_nsec - begin.tv_nsec) / 1000);
}

int main(int argc, char **argv)
{
	int option;

	mode = argc > 1 ? argv[1] : "";
	optind = 2;
	address.sin_port = htons(PORT);
	while ((option = getopt(argc, argv, "a:n:N:f:c:s:m:")) != -1) {
		switch (option) {
		case 'a': inet_pton(AF_INET, optarg, &address.sin_addr); break;
		case 'n': from_ns = optarg; break;
		case 'N': to_ns = optarg; break;
		case 'f': flows = atoi(optarg); break;
		case 'c': count = strtoul(optarg, NULL, 0); break;
		case 's': size = atoi(optarg); break;
		case 'm': mark = optarg; break;
		default: return 2;
		}
	}
	if ((strcmp(mode, "rr") && strcmp(mode, "stream") && strcmp(mode, "udp")) ||
	    !flows || flows > MAX_FLOWS || !size || size > MAX_SIZE || !address.sin_addr.s_addr) {
		fprintf(stderr, "usage: load rr|stream|udp -a ADDRESS [-n NS] [-N NS] [-f FLOWS]\n"
				"[-c COUNT] [-s SIZE] [-m MARK]\n");
		return 2;
	}
	connect_all();
	run();
	return strcmp(mode, "udp") && atomic_load(&received) != count;
}
