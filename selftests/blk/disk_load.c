// SPDX-License-Identifier: GPL-2.0
/*
 * disk load [-d THREADS] [-n BLOCKS] [-o OFFSET] [-r SEED] [-p PROGRESS] [-t OPS] [-l] DISK
 *
 * Each thread has BLOCKS blocks of 4 KiB to itself. It writes runs of them, each with a
 * number of its own, reads runs back at random and compares all bytes with what was
 * acknowledged last; now and then it flushes. Until SIGTERM, or OPS requests a thread; then
 * every block is read once more, past any cache.
 *
 * DISK is a block device, or pci:ADDRESS for the disk of that PCI device, which is looked
 * up again whenever it has gone. -l: requests may fail meanwhile. A block whose write
 * failed holds the one or the other, so it is written again before anyone looks at it; one
 * that was acknowledged has to be there whatever happened since.
 *
 * PROGRESS is a file that has the number of requests done, anew every 50 ms. At the end:
 *	requests=N written=N read=N flushes=N errors=N wrong=N
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"

#define RUN_MAX 8		/* blocks a request */
#define UNSURE (~0ULL)		/* a block whose last write failed */

struct stamp {
	uint64_t magic, seed, block, number, filler;
};

struct worker {
	pthread_t thread;
	uint64_t first, number, random;
	uint64_t *holds;	/* by block: the number acknowledged last; 0 none */
	unsigned long done, written, read, flushes, errors, wrong;
	int fd;
	char *buffer;
};

static const char *target, *progress;
static unsigned int threads = 4, blocks = 256;
static uint64_t offset, seed = 1, limit;
static bool lossy;

/* The path of the disk now, or NULL. */
static const char *find_disk(char *path, size_t size)
{
	static const char *const patterns[] = {
		"/sys/bus/pci/devices/%s/block/*", "/sys/bus/pci/devices/%s/virtio*/block/*",
	};
	char pattern[128];
	unsigned int i;
	glob_t found;

	if (strncmp(target, "pci:", 4))
		return target;
	for (i = 0; i < 2; i++) {
		snprintf(pattern, sizeof(pattern), patterns[i], target + 4);
		if (!glob(pattern, 0, NULL, &found) && found.gl_pathc) {
			snprintf(path, size, "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
			globfree(&found);
			return path;
		}
		globfree(&found);
	}
	return NULL;
}

/* The disk, waiting for it if it may be away. */
static int open_disk(void)
{
	char path[64];
	const char *name;
	int fd;

	for (;;) {
		name = find_disk(path, sizeof(path));
		fd = name ? open(name, O_RDWR | O_DIRECT | O_CLOEXEC) : -1;
		if (fd >= 0)
			return fd;
		if (!lossy)
			disk_die(target);
		usleep(20000);
	}
}

static void fill(char *block, uint64_t index, uint64_t number)
{
	struct stamp *stamp = (struct stamp *)block;
	uint64_t *words = (uint64_t *)block, mix = seed ^ index << 32 ^ number << 8 ^ 1;
	unsigned int i;

	for (i = sizeof(*stamp) / 8; i < DISK_BLOCK / 8; i++)
		words[i] = mix += 0x9e3779b97f4a7c15ULL;
	*stamp = (struct stamp){ 0x4b53494456454921ULL, seed, index, number, 0 };
}

static void compare(struct worker *w, const char *block, uint64_t index)
{
	static __thread char expected[DISK_BLOCK];
	const struct stamp *got = (const struct stamp *)block;
	uint64_t number = w->holds[index - w->first];
	unsigned int i;

	if (!number || number == UNSURE)
		return;
	fill(expected, index, number);
	if (!memcmp(expected, block, DISK_BLOCK))
		return;
	for (i = 0; i < DISK_BLOCK && block[i] == expected[i];)
		i++;
	if (!w->wrong++)
		fprintf(stderr,
			"block %llu, byte %u: write %llu of block %llu instead of write %llu\n",
			(unsigned long long)index, i, (unsigned long long)got->number,
			(unsigned long long)got->block, (unsigned long long)number);
}

/* A request has failed. */
static void failed(struct worker *w, const char *what)
{
	if (!w->errors++ && !lossy)
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
	if (!lossy) {
		disk_stop = true;
		return;
	}
	close(w->fd);
	usleep(2000);
	w->fd = open_disk();
}

static bool write_run(struct worker *w, unsigned int start, unsigned int count)
{
	size_t bytes = (size_t)count * DISK_BLOCK;
	uint64_t number = ++w->number;
	unsigned int i;
	ssize_t got;

	for (i = 0; i < count; i++)
		fill(w->buffer + (size_t)i * DISK_BLOCK, w->first + start + i, number);
	got = pwrite(w->fd, w->buffer, bytes, offset + (w->first + start) * DISK_BLOCK);
	for (i = 0; i < count; i++)
		w->holds[start + i] = got == (ssize_t)bytes ? number : UNSURE;
	if (got != (ssize_t)bytes) {
		failed(w, "write");
		return false;
	}
	w->written += count;
	return true;
}

static bool read_run(struct worker *w, unsigned int start, unsigned int count)
{
	size_t bytes = (size_t)count * DISK_BLOCK;
	unsigned int i;

	/* what is left from before must not pass for an answer */
	for (i = 0; i < count; i++)
		memset(w->buffer + (size_t)i * DISK_BLOCK, 0x55, 64);
	if (pread(w->fd, w->buffer, bytes, offset + (w->first + start) * DISK_BLOCK) !=
	    (ssize_t)bytes) {
		failed(w, "read");
		return false;
	}
	for (i = 0; i < count; i++)
		compare(w, w->buffer + (size_t)i * DISK_BLOCK, w->first + start + i);
	w->read += count;
	return true;
}

static bool flush_all(struct worker *w)
{
	w->flushes++;
	if (!fdatasync(w->fd))
		return true;
	failed(w, "flush");
	return false;
}

/* One request, at random. Returns whether it succeeded. */
static bool some_request(struct worker *w)
{
	unsigned int start = disk_random(&w->random) % blocks;
	unsigned int count = 1 + disk_random(&w->random) % RUN_MAX;

	if (count > blocks - start)
		count = blocks - start;
	if (disk_random(&w->random) % 64 == 0)
		return flush_all(w);
	return disk_random(&w->random) % 2 ? write_run(w, start, count)
					   : read_run(w, start, count);
}

static void *work(void *data)
{
	struct worker *w = data;
	unsigned int i;

	/* What fails is no progress. */
	while (!disk_stop && (!limit || w->done < limit))
		if (some_request(w))
			__atomic_add_fetch(&w->done, 1, __ATOMIC_RELAXED);
	/* whatever failed is written once more, and then all is looked at */
	for (i = 0; i < blocks; i++)
		while (w->holds[i] == UNSURE && !write_run(w, i, 1) && lossy)
			;
	for (i = 0; i < blocks; i += RUN_MAX)
		while (!read_run(w, i, blocks - i < RUN_MAX ? blocks - i : RUN_MAX) && lossy)
			;
	return NULL;
}

static unsigned long sum(const struct worker *workers, size_t member)
{
	unsigned long total = 0;
	unsigned int i;

	for (i = 0; i < threads; i++) {
		const char *worker = (const char *)&workers[i];

		total += __atomic_load_n((const unsigned long *)(worker + member),
					 __ATOMIC_RELAXED);
	}
	return total;
}

/* For whoever waits for progress: in one write, never half a number. */
static void *tell(void *data)
{
	char text[32];
	int fd = open(progress, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		disk_die(progress);
	for (;;) {
		int length = snprintf(text, sizeof(text), "%020lu\n",
				      sum(data, offsetof(struct worker, done)));

		if (pwrite(fd, text, length, 0) != length)
			disk_die(progress);
		usleep(50000);
	}
	return NULL;
}

static void options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "d:n:o:r:p:t:l")) != -1) {
		switch (option) {
		case 'd':
			threads = atoi(optarg);
			break;
		case 'n':
			blocks = atoi(optarg);
			break;
		case 'o':
			offset = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			seed = strtoull(optarg, NULL, 0) | 1;
			break;
		case 'p':
			progress = optarg;
			break;
		case 't':
			limit = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			lossy = true;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || !threads || !blocks) {
		fprintf(stderr, "disk load: one disk is needed\n");
		exit(2);
	}
	target = argv[optind];
}

int disk_load(int argc, char **argv)
{
	struct worker *workers;
	unsigned long wrong;
	pthread_t teller;
	unsigned int i;

	options(argc, argv);
	workers = calloc(threads, sizeof(*workers));
	for (i = 0; i < threads; i++) {
		struct worker *w = &workers[i];

		w->first = (uint64_t)i * blocks;
		w->random = seed * 0x9e3779b97f4a7c15ULL + i + 1;
		w->holds = calloc(blocks, sizeof(*w->holds));
		w->buffer = disk_alloc((size_t)RUN_MAX * DISK_BLOCK);
		w->fd = open_disk();
		if (pthread_create(&w->thread, NULL, work, w))
			disk_die("thread");
	}
	if (progress && pthread_create(&teller, NULL, tell, workers))
		disk_die("thread");
	for (i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	wrong = sum(workers, offsetof(struct worker, wrong));
	printf("requests=%lu written=%lu read=%lu flushes=%lu errors=%lu wrong=%lu\n",
	       sum(workers, offsetof(struct worker, done)),
	       sum(workers, offsetof(struct worker, written)),
	       sum(workers, offsetof(struct worker, read)),
	       sum(workers, offsetof(struct worker, flushes)),
	       sum(workers, offsetof(struct worker, errors)), wrong);
	return wrong || (!lossy && sum(workers, offsetof(struct worker, errors)));
}
