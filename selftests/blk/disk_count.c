// SPDX-License-Identifier: GPL-2.0
/*
 * disk count [-d DEPTH] [-b BATCH] [-w] DISK NUMBER
 *
 * NUMBER requests of 512 bytes, DEPTH of them under way, handed over BATCH at a time: one
 * call for many, as under TCG a call costs more than a request. Odd sectors only, so that
 * no two can be merged. -w: writes instead of reads. Says how many of each were done:
 *	requests=N
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

#define SECTOR 512
#define PATIENCE 20	/* seconds without an answer */

static unsigned int depth = 128, batch = 32;
static bool writes;
static uint64_t random_state = 88172645463325252ULL;

struct disk {
	int fd;
	uint64_t pairs;		/* of sectors */
	char *buffer;
};

struct slot {
	struct iocb iocb;
	bool busy;
};

static void options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "d:b:w")) != -1) {
		switch (option) {
		case 'd':
			depth = atoi(optarg);
			break;
		case 'b':
			batch = atoi(optarg);
			break;
		case 'w':
			writes = true;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 2 != argc || !depth || !batch) {
		fprintf(stderr, "disk count: a disk and a number are needed\n");
		exit(2);
	}
	if (batch > depth)
		batch = depth;
}

/* Fill the list with requests for all that is free, and hand them over. */
static unsigned long submit(aio_context_t context, struct slot *slots, struct iocb **list,
			    const struct disk *disk, unsigned long left)
{
	unsigned long count = 0, handed = 0;
	unsigned int i;
	long got;

	for (i = 0; i < depth && count < batch && count < left; i++) {
		struct slot *slot = &slots[i];

		if (slot->busy)
			continue;
		slot->busy = true;
		slot->iocb = (struct iocb){
			.aio_data = i, .aio_fildes = disk->fd, .aio_nbytes = SECTOR,
			.aio_lio_opcode = writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
			.aio_buf = (uintptr_t)(disk->buffer + (size_t)i * SECTOR),
			.aio_offset = (disk_random(&random_state) % disk->pairs * 2 + 1) * SECTOR,
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
			  unsigned long least)
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

		if (!slot->busy || events[i].res != SECTOR) {
			fprintf(stderr, "request %llu: %s, result %lld\n",
				(unsigned long long)events[i].data,
				slot->busy ? "under way" : "answered twice",
				(long long)events[i].res);
			_exit(1);
		}
		slot->busy = false;
	}
	return got;
}

int disk_count(int argc, char **argv)
{
	unsigned long number, sent = 0, done = 0, under_way;
	aio_context_t context = 0;
	struct io_event *events;
	struct iocb **list;
	struct slot *slots;
	struct disk disk;
	uint64_t bytes;

	options(argc, argv);
	number = strtoul(argv[optind + 1], NULL, 0);
	disk.fd = open(argv[optind], (writes ? O_RDWR : O_RDONLY) | O_DIRECT);
	if (disk.fd < 0 || ioctl(disk.fd, BLKGETSIZE64, &bytes))
		disk_die(argv[optind]);
	disk.pairs = bytes / SECTOR / 2;
	disk.buffer = disk_alloc((size_t)depth * SECTOR);
	if (syscall(SYS_io_setup, depth, &context))
		disk_die("io_setup");
	slots = calloc(depth, sizeof(*slots));
	list = calloc(depth, sizeof(*list));
	events = calloc(depth, sizeof(*events));
	while (done < number && !disk_stop) {
		sent += submit(context, slots, list, &disk, number - sent);
		under_way = sent - done;
		done += reap(context, slots, events, under_way < batch ? under_way : batch);
	}
	printf("requests=%lu\n", done);
	return done != number;
}
