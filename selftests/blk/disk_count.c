// SPDX-License-Identifier: GPL-2.0
/*
 * disk count [-d DEPTH] [-b BATCH] [-s SIZE] [-a BYTES] [-w] [-q] [-f] [-m MARK=VALUE]
 *	DISK NUMBER
 *
 * NUMBER requests of SIZE (512) bytes, DEPTH of them under way, handed over BATCH at a time:
 * one call for many, as under TCG a call costs more than a request. BATCH 0: whatever has
 * come is taken, and replaced in one call. Every other place of that size only, so that no
 * two can be merged. -a: into memory so many bytes behind the beginning of a page; -w: writes
 * instead of reads; -q: one behind the other; -f: each is flushed, of a depth of 1. Says how
 * many were done, in what time, and how long one took, the median and the 99th percentile:
 *	requests=N usecs=N p50=NSECS p99=NSECS
 * MARK=VALUE: that is written to the file MARK before, and 0 after (see vei_mark.c).
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/fs.h>

#include "disk.h"

#define PATIENCE 20	/* seconds without an answer */

static unsigned int depth = 128, batch = 32, size = 512, off_page;
static bool writes, in_turn, flush;
static const char *mark, *first_mark;
static uint64_t random_state = 88172645463325252ULL;

struct disk {
	int fd;
	uint64_t places;	/* of that size */
	uint64_t next;
	char *buffer;
	uint64_t *took;		/* by request, in the order of their ends: ns */
};

struct slot {
	struct iocb iocb;
	uint64_t since;
	bool busy;
};

static void options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "d:b:s:a:wqfm:")) != -1) {
		switch (option) {
		case 'd':
			depth = atoi(optarg);
			break;
		case 'b':
			batch = atoi(optarg);
			break;
		case 's':
			size = atoi(optarg);
			break;
		case 'a':
			off_page = atoi(optarg);
			break;
		case 'w':
			writes = true;
			break;
		case 'q':
			in_turn = true;
			break;
		case 'f':
			flush = true;
			break;
		case 'm':
			mark = strtok(optarg, "=");
			first_mark = strtok(NULL, "");
			break;
		default:
			exit(2);
		}
	}
	if (optind + 2 != argc || !depth || !size || size % 512 || (flush && depth != 1) ||
	    (mark && !first_mark)) {
		fprintf(stderr, "disk count: a disk and a number are needed\n");
		exit(2);
	}
	if (batch > depth)
		batch = depth;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void set_mark(const char *value)
{
	int fd;

	if (!mark)
		return;
	fd = open(mark, O_WRONLY);
	if (fd < 0 || write(fd, value, 1) != 1)
		disk_die(mark);
	close(fd);
}

static uint64_t place(struct disk *disk)
{
	if (in_turn)
		return disk->next++ % disk->places;
	return disk_random(&random_state) % (disk->places / 2) * 2 + 1;
}

/* Fill the list with requests for all that is free, and hand them over. */
static unsigned long submit(aio_context_t context, struct slot *slots, struct iocb **list,
			    struct disk *disk, unsigned long left)
{
	unsigned long count = 0, handed = 0, most = batch ? batch : depth;
	unsigned int i;
	long got;

	for (i = 0; i < depth && count < most && count < left; i++) {
		struct slot *slot = &slots[i];

		if (slot->busy)
			continue;
		slot->busy = true;
		slot->since = now();
		slot->iocb = (struct iocb){
			.aio_data = i, .aio_fildes = disk->fd, .aio_nbytes = size,
			.aio_lio_opcode = writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
			.aio_buf = (uintptr_t)(disk->buffer + (size_t)i * size),
			.aio_offset = place(disk) * size,
		};
		list[count++] = &slot->iocb;
	}
	while (handed < count) {
		got = syscall(SYS_io_submit, context, count - handed, list + handed);
		if (got <= 0)
			disk_die("io_submit");
		handed += got;
	}
	return count;
}

/* Take what has come: each must be one that was under way, and whole. */
static unsigned long reap(aio_context_t context, struct slot *slots, struct io_event *events,
			  unsigned long least, uint64_t *took)
{
	struct timespec patience = { .tv_sec = PATIENCE };
	long got, i;

	got = syscall(SYS_io_getevents, context, least, depth, events, &patience);
	if (got < (long)least) {
		fprintf(stderr, "no answer within %d s\n", PATIENCE);
		_exit(1);
	}
	for (i = 0; i < got; i++) {
		struct slot *slot = &slots[events[i].data];

		if (!slot->busy || events[i].res != size) {
			fprintf(stderr, "request %llu: %s, result %lld\n",
				(unsigned long long)events[i].data,
				slot->busy ? "under way" : "answered twice",
				(long long)events[i].res);
			_exit(1);
		}
		slot->busy = false;
		took[i] = now() - slot->since;
	}
	return got;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int disk_count(int argc, char **argv)
{
	unsigned long number, sent = 0, done = 0, least, under_way;
	aio_context_t context = 0;
	struct io_event *events;
	struct iocb **list;
	struct slot *slots;
	struct disk disk = { 0 };
	uint64_t bytes, begun, usecs;

	options(argc, argv);
	number = strtoul(argv[optind + 1], NULL, 0);
	disk.fd = open(argv[optind], (writes ? O_RDWR : O_RDONLY) | O_DIRECT);
	if (disk.fd < 0 || ioctl(disk.fd, BLKGETSIZE64, &bytes))
		disk_die(argv[optind]);
	disk.places = bytes / size;
	disk.buffer = disk_alloc((size_t)depth * size + off_page) + off_page;
	disk.took = calloc(number + 1, sizeof(*disk.took));
	if (syscall(SYS_io_setup, depth, &context))
		disk_die("io_setup");
	slots = calloc(depth, sizeof(*slots));
	list = calloc(depth, sizeof(*list));
	events = calloc(depth, sizeof(*events));
	if (!disk.took || !slots || !list || !events || disk.places < 2)
		disk_die("memory, or the disk's size");
	set_mark(first_mark);
	begun = now();
	while (done < number && !disk_stop) {
		sent += submit(context, slots, list, &disk, number - sent);
		under_way = sent - done;
		least = batch ? batch : 1;
		done += reap(context, slots, events, under_way < least ? under_way : least,
			     disk.took + done);
		if (flush && fdatasync(disk.fd))
			disk_die("fdatasync");
	}
	usecs = (now() - begun) / 1000;
	set_mark("0");
	qsort(disk.took, done, sizeof(*disk.took), compare);
	printf("requests=%lu usecs=%llu p50=%llu p99=%llu\n", done,
	       (unsigned long long)usecs, (unsigned long long)disk.took[done / 2],
	       (unsigned long long)disk.took[done * 99 / 100]);
	return done != number;
}
