// SPDX-License-Identifier: GPL-2.0
/*
 * disk sync [-n NUMBER] [-s SECONDS] DIRECTORY ACKS
 *
 * Four writers, each in a way of its own to make data last, on a file system that will lose
 * its power. What fsync has acknowledged is told to ACKS, a piece of the same disk: sector W
 * has the last number that writer W was promised. In a log of all requests it stands where
 * the promise was made, so whoever cuts the log knows what was promised before the cut.
 * powercut.py looks whether it was kept.
 *
 *	0 append	records, one behind the other
 *	1 overwrite	one of eight slots of a file
 *	2 create	a new file, then its directory; the oldest is removed
 *	3 rename	a new file over the old one, then its directory
 *
 * A record is "vei-record WRITER NUMBER LENGTH CRC32\n", filled up to 64 bytes, and LENGTH
 * bytes. Until NUMBER records each are done or SECONDS are over:
 *	records=N
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"

#define HEAD 64
#define WRITERS 4
#define SLOTS 8
#define SLOT_BYTES 8192
#define KEPT 16

static const char *directory;
static unsigned long limit = ~0UL;
static unsigned int seconds = 3600;
static int acks;
static unsigned long promised[WRITERS];

static uint32_t crc32(const unsigned char *bytes, size_t length)
{
	uint32_t crc = ~0U;
	int bit;

	while (length--) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

/* Record NUMBER of a writer; its whole length. */
static size_t record(char *buffer, unsigned int writer, unsigned long number)
{
	uint64_t random = number << 3 | (writer + 1);
	size_t length, i;

	for (i = 0; i < 4; i++)
		disk_random(&random);
	length = 1 + disk_random(&random) % (SLOT_BYTES - HEAD - 1);
	for (i = 0; i < length; i++)
		buffer[HEAD + i] = (i & 7) ? (char)(random >> (i & 7) * 8) :
				   (char)disk_random(&random);
	memset(buffer, 0, HEAD);
	snprintf(buffer, HEAD, "vei-record %u %lu %zu %u\n", writer, number, length,
		 crc32((unsigned char *)buffer + HEAD, length));
	return HEAD + length;
}

static int open_in(unsigned int writer, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%u/%s", directory, writer, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		disk_die(path);
	return fd;
}

static void put(int fd, const char *buffer, size_t length, off_t where)
{
	if (pwrite(fd, buffer, length, where) != (ssize_t)length)
		disk_die("write");
}

static void last(int fd)
{
	if (fsync(fd))
		disk_die("fsync");
}

static void sync_directory(unsigned int writer)
{
	int fd = open_in(writer, ".", O_RDONLY | O_DIRECTORY);

	last(fd);
	close(fd);
}

static void whole_file(unsigned int writer, const char *name, const char *buffer, size_t length)
{
	int fd = open_in(writer, name, O_WRONLY | O_CREAT | O_TRUNC);

	put(fd, buffer, length, 0);
	last(fd);
	close(fd);
}

static void append(unsigned long number, const char *buffer, size_t length)
{
	static off_t end;
	static int fd = -1;

	(void)number;
	if (fd < 0) {
		fd = open_in(0, "data", O_WRONLY | O_CREAT);
		sync_directory(0);
	}
	put(fd, buffer, length, end);
	end += length;
	if (fdatasync(fd))
		disk_die("fdatasync");
}

static void overwrite(unsigned long number, const char *buffer, size_t length)
{
	static int fd = -1;

	if (fd < 0) {
		fd = open_in(1, "data", O_WRONLY | O_CREAT);
		sync_directory(1);
	}
	put(fd, buffer, length, (off_t)(number % SLOTS) * SLOT_BYTES);
	last(fd);
}

static void create(unsigned long number, const char *buffer, size_t length)
{
	char name[32], path[256];

	snprintf(name, sizeof(name), "%lu", number);
	whole_file(2, name, buffer, length);
	if (number > KEPT) {
		snprintf(path, sizeof(path), "%s/2/%lu", directory, number - KEPT);
		if (unlink(path))
			disk_die(path);
	}
	sync_directory(2);
}

static void rename_over(unsigned long number, const char *buffer, size_t length)
{
	char from[256], to[256];

	(void)number;
	whole_file(3, "new", buffer, length);
	snprintf(from, sizeof(from), "%s/3/new", directory);
	snprintf(to, sizeof(to), "%s/3/data", directory);
	if (rename(from, to))
		disk_die(to);
	sync_directory(3);
}

static void (*const ways[WRITERS])(unsigned long, const char *, size_t) = {
	append, overwrite, create, rename_over,
};

static void *work(void *data)
{
	unsigned int writer = (uintptr_t)data;
	char *buffer = disk_alloc(SLOT_BYTES), *sector = disk_alloc(512);
	time_t end = time(NULL) + seconds;
	unsigned long number;

	for (number = 1; number <= limit && time(NULL) < end && !disk_stop; number++) {
		ways[writer](number, buffer, record(buffer, writer, number));
		snprintf(sector, 512, "vei-ack %u %lu\n", writer, number);
		put(acks, sector, 512, (off_t)writer * 512);
		promised[writer] = number;
	}
	return NULL;
}

static void options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:s:")) != -1) {
		switch (option) {
		case 'n':
			limit = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seconds = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 2 != argc) {
		fprintf(stderr, "disk sync: a directory and where to tell are needed\n");
		exit(2);
	}
	directory = argv[optind];
}

int disk_sync(int argc, char **argv)
{
	unsigned long total = 0;
	pthread_t threads[WRITERS];
	char path[256];
	uintptr_t i;

	options(argc, argv);
	acks = open(argv[optind + 1], O_WRONLY | O_DIRECT | O_CLOEXEC);
	if (acks < 0)
		disk_die(argv[optind + 1]);
	for (i = 0; i < WRITERS; i++) {
		snprintf(path, sizeof(path), "%s/%u", directory, (unsigned int)i);
		if (mkdir(path, 0700))
			disk_die(path);
	}
	sync();
	for (i = 0; i < WRITERS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i))
			disk_die("thread");
	for (i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		total += promised[i];
	}
	printf("records=%lu\n", total);
	return 0;
}
