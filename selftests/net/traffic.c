// SPDX-License-Identifier: GPL-2.0
/*
 * Send from one end of a pair to the other and check every byte.
 *
 * Sender and receiver are threads of one process, each with its socket in a
 * namespace of its own, so that the number of packets under way is known and
 * held below what any queue on the path drops: on a path that does not lose,
 * each packet lost is a fault.
 *
 * Ends with one line of counts; exit status 0 if all is as it should be, 1 if
 * not, 2 if it could not run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "traffic.h"

#define MAGIC		0x76656921
#define MAX_PACKETS	(1ULL << 26)	/* the size of the map of what came */

struct options opt = {
	.count = 10000, .window = 128, .batch = 16, .patience = 10,
};

struct counts counts;
atomic_bool stopped, finished;

static uint8_t pattern[PATTERN_PERIOD + MAX_SIZE];
static uint8_t *seen;			/* a bit for each sequence number */
static uint64_t next_seq;
static volatile sig_atomic_t terminated;

void die(const char *what, ...)
{
	va_list args;

	va_start(args, what);
	fprintf(stderr, "traffic: ");
	vfprintf(stderr, what, args);
	fprintf(stderr, errno ? ": %s\n" : "\n", strerror(errno));
	va_end(args);
	exit(2);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* -- the pattern --------------------------------------------------------- */

static void pattern_init(void)
{
	uint32_t x = 2463534242;	/* xorshift32: any fixed sequence will do */
	size_t i;

	for (i = 0; i < sizeof(pattern); i++) {
		if (i >= PATTERN_PERIOD) {
			pattern[i] = pattern[i - PATTERN_PERIOD];
			continue;
		}
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		pattern[i] = x;
	}
}

const uint8_t *pattern_at(uint64_t pos)
{
	return pattern + pos % PATTERN_PERIOD;
}

/* Sizes go through the whole range, in no simple order. */
unsigned int payload_size(uint64_t seq)
{
	return opt.min + seq * 7919 % (opt.max - opt.min + 1);
}

void payload_fill(void *payload, uint64_t seq, unsigned int size)
{
	struct head head = { .magic = MAGIC, .size = size, .seq = seq };
	uint8_t *bytes = payload;

	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), pattern_at(seq), size - sizeof(head));
	if (opt.fault == FAULT_CORRUPT && seq == opt.count / 2)
		bytes[size - 1] ^= 0x40;
}

static void corrupt(const char *why, uint64_t seq, unsigned int size)
{
	if (!counts.corrupt++)
		fprintf(stderr, "traffic: packet %llu of %u bytes: %s\n",
			(unsigned long long)seq, size, why);
}

void payload_check(const void *payload, unsigned int size)
{
	const uint8_t *bytes = payload;
	struct head head;

	memcpy(&head, bytes, size < sizeof(head) ? size : sizeof(head));
	if (size < sizeof(head) || head.magic != MAGIC) {
		corrupt("no header of ours", 0, size);
		return;
	}
	if (head.seq >= MAX_PACKETS || head.seq >= atomic_load(&counts.sent)) {
		if (opt.rewound && head.seq < MAX_PACKETS) {
			counts.undone++;
			return;
		}
		corrupt("was never sent", head.seq, size);
		return;
	}
	if (head.size != size || payload_size(head.seq) != size) {
		corrupt("wrong size", head.seq, size);
		return;
	}
	if (memcmp(bytes + sizeof(head), pattern_at(head.seq), size - sizeof(head))) {
		corrupt("wrong bytes", head.seq, size);
		return;
	}
	if (seen[head.seq / 8] & 1 << head.seq % 8) {
		counts.duplicated++;
		return;
	}
	seen[head.seq / 8] |= 1 << head.seq % 8;
	if (head.seq < next_seq)
		counts.reordered++;
	next_seq = head.seq + 1;
	atomic_fetch_add(&counts.received, 1);
}

/* -- the run ------------------------------------------------------------- */

static unsigned long under_way(void)
{
	unsigned long sent = atomic_load(&counts.sent);
	unsigned long done = atomic_load(&counts.received) + atomic_load(&counts.forgiven);

	return done < sent ? sent - done : 0;
}

bool window_wait(void)
{
	unsigned long received = atomic_load(&counts.received);
	double since = now(), idle;

	while (!terminated) {
		if (opt.count && atomic_load(&counts.sent) >= opt.count)
			return false;
		if (!opt.count && atomic_load(&counts.sent) >= MAX_PACKETS)
			return false;
		if (under_way() < opt.window) {
			if (opt.pause)
				usleep(opt.pause);
			return true;
		}
		if (atomic_load(&counts.received) != received) {
			received = atomic_load(&counts.received);
			since = now();
		}
		idle = now() - since;
		if (opt.lossy && idle > 0.02) {
			atomic_fetch_add(&counts.forgiven, under_way());
		} else if (idle > opt.patience) {
			fprintf(stderr, "traffic: stalled with %lu under way\n", under_way());
			return false;
		}
		/* the receiver may want this processor; soon, others */
		usleep(idle < 0.002 ? 20 : 500);
	}
	return false;
}

/* After the sender's end: until all has come, or nothing comes any more. */
static void drain(void)
{
	unsigned long received = atomic_load(&counts.received);
	double since = now(), patience = opt.lossy ? 0.5 : opt.patience;

	while (atomic_load(&counts.received) < atomic_load(&counts.sent)) {
		if (atomic_load(&counts.received) != received) {
			received = atomic_load(&counts.received);
			since = now();
		}
		if (now() - since > patience)
			break;
		usleep(1000);
	}
	/* a duplicate would come right behind */
	usleep(opt.fault == FAULT_DUPLICATE ? 100000 : 5000);
	atomic_store(&finished, true);
}

int in_namespace(const char *path, int (*open_socket)(const char *), const char *arg)
{
	int here, there, fd;

	if (!path)
		return open_socket(arg);
	here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET))
		die("namespace %s", path);
	fd = open_socket(arg);
	if (setns(here, CLONE_NEWNET))
		die("back to the first namespace");
	close(here);
	close(there);
	return fd;
}

static void on_signal(int sig)
{
	(void)sig;
	terminated = 1;
}

static int verdict(double seconds)
{
	unsigned long sent = atomic_load(&counts.sent);
	unsigned long received = atomic_load(&counts.received);

	printf("sent=%lu received=%lu lost=%ld duplicated=%lu corrupt=%lu reordered=%lu",
	       sent, received, (long)(sent - received), counts.duplicated, counts.corrupt,
	       counts.reordered);
	printf(" undone=%lu ms=%.0f\n", counts.undone, seconds * 1000);
	if (!received || counts.duplicated || counts.corrupt)
		return 1;
	if (!opt.lossy && (received != sent || (opt.count && sent < opt.count && !terminated)))
		return 1;
	return opt.ordered && counts.reordered;
}

static enum fault parse_fault(const char *name)
{
	static const char *const names[] = { "none", "corrupt", "lose", "duplicate", "shorten" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return i;
	die("unknown fault %s", name);
}

static const struct transport *parse(int argc, char **argv)
{
	static const struct transport *const all[] = {
		&packet_transport, &udp_transport, &tcp_transport
	};
	const char *usage = "usage: traffic packet|udp|tcp -i FROM -I TO [-n NS] [-N NS]\n"
			    "[-a ADDRESS] [-c COUNT] [-s MIN[:MAX]] [-w WINDOW] [-b BATCH] [-p USECS]\n"
			    "[-t SECONDS] [-L] [-o] [-q] [-u] [-x corrupt|lose|duplicate|shorten]";
	unsigned int i;
	int option;

	opt.mode = argc > 1 ? argv[1] : "";
	optind = 2;
	while ((option = getopt(argc, argv, "i:I:n:N:a:c:s:w:b:p:t:x:Loqu")) != -1) {
		switch (option) {
		case 'i': opt.from = optarg; break;
		case 'I': opt.to = optarg; break;
		case 'n': opt.from_ns = optarg; break;
		case 'N': opt.to_ns = optarg; break;
		case 'a': opt.address = optarg; break;
		case 'c': opt.count = strtoull(optarg, NULL, 0); break;
		case 's':
			if (sscanf(optarg, "%u:%u", &opt.min, &opt.max) == 1)
				opt.max = opt.min;
			break;
		case 'w': opt.window = atoi(optarg); break;
		case 'b': opt.batch = atoi(optarg); break;
		case 'p': opt.pause = atoi(optarg); break;
		case 't': opt.patience = atoi(optarg); break;
		case 'x': opt.fault = parse_fault(optarg); break;
		case 'L': opt.lossy = true; break;
		case 'o': opt.ordered = true; break;
		case 'q': opt.bypass = true; break;
		case 'u': opt.rewound = true; break;
		default: die("%s", usage);
		}
	}
	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(opt.mode, all[i]->name))
			return all[i];
	errno = 0;
	die("%s", usage);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const struct transport *transport = parse(argc, argv);
	pthread_t sender, receiver;
	double start;

	if (opt.min > opt.max || opt.max > MAX_SIZE || opt.count > MAX_PACKETS * 1024)
		die("sizes or count out of range");
	pattern_init();
	seen = calloc(MAX_PACKETS / 8, 1);
	if (!seen)
		die("no memory");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	transport->open();
	start = now();
	if (pthread_create(&receiver, NULL, transport->receive, NULL) ||
	    pthread_create(&sender, NULL, transport->send, NULL))
		die("no thread");
	pthread_join(sender, NULL);
	atomic_store(&stopped, true);
	drain();
	pthread_join(receiver, NULL);
	return verdict(now() - start);
}
