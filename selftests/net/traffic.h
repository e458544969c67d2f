/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What traffic.c and its transports share: the options, the counts of one run,
 * and the pattern that makes every byte on the wire checkable.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault { FAULT_NONE, FAULT_CORRUPT, FAULT_LOSE, FAULT_DUPLICATE, FAULT_SHORTEN };

struct options {
	const char *mode;
	const char *from;		/* interface name or pci:ADDRESS */
	const char *to;
	const char *from_ns;		/* path of a namespace, or NULL: here */
	const char *to_ns;
	const char *address;		/* the receiver's, for udp and tcp */
	uint64_t count;			/* packets, tcp: bytes; 0: until SIGTERM */
	unsigned int min, max;		/* sizes */
	unsigned int window;		/* packets under way at most */
	unsigned int batch;		/* packets a system call */
	unsigned int pause;		/* microseconds before each batch */
	unsigned int patience;		/* seconds without progress: stalled */
	bool lossy;			/* devices go away: loss is no failure */
	bool ordered;			/* one queue: a change of order is one */
	bool bypass;			/* past the qdisc, straight to the driver */
	bool rewound;			/* the machine may be put back, but not what it has sent */
	enum fault fault;		/* what the sender does wrong, once */
};

struct counts {
	atomic_ulong sent, received;
	atomic_ulong forgiven;		/* lossy: taken off the window */
	unsigned long duplicated, corrupt, reordered;
	unsigned long undone;		/* rewound: not sent any more, or not yet */
};

extern struct options opt;
extern struct counts counts;
extern atomic_bool stopped;		/* the sender has ended */
extern atomic_bool finished;		/* nothing more will come */

#define PATTERN_PERIOD	65521		/* a prime: no shift by a power of two fits */
#define MAX_SIZE	66000

/* The bytes that belong at position pos of the pattern, MAX_SIZE of them. */
const uint8_t *pattern_at(uint64_t pos);

/* Head of each packet's payload; the pattern at seq follows up to size. */
struct head {
	uint32_t magic;
	uint32_t size;			/* of the payload, this head included */
	uint64_t seq;
} __attribute__((packed));

void payload_fill(void *payload, uint64_t seq, unsigned int size);
void payload_check(const void *payload, unsigned int size);
unsigned int payload_size(uint64_t seq);

/* Wait until another packet may be under way; false: time to end. */
bool window_wait(void);

int in_namespace(const char *path, int (*open_socket)(const char *), const char *arg);
void die(const char *what, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A transport sends until count or SIGTERM, and receives until finished. */
struct transport {
	const char *name;
	void (*open)(void);
	void *(*send)(void *unused);
	void *(*receive)(void *unused);
};

extern const struct transport packet_transport, udp_transport, tcp_transport;

#endif /* TRAFFIC_H */
