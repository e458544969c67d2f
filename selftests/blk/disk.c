// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to a disk, each of whose answers is checked.
 *
 *	disk load ...	until SIGTERM: blocks written, read back and compared (disk_load.c)
 *	disk count ...	so many small reads, as fast as it goes (disk_count.c)
 *	disk sync ...	files written and synced, and what was acknowledged (disk_sync.c)
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

volatile bool disk_stop;

void disk_die(const char *what)
{
	perror(what);
	exit(1);
}

void *disk_alloc(size_t bytes)
{
	void *memory;

	if (posix_memalign(&memory, DISK_BLOCK, bytes)) {
		fprintf(stderr, "no memory\n");
		exit(1);
	}
	memset(memory, 0, bytes);
	return memory;
}

/* xorshift: the same numbers from the same seed, which is never 0 */
uint64_t disk_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void on_signal(int number)
{
	(void)number;
	disk_stop = true;
}

int main(int argc, char **argv)
{
	/* a write that waits is not to be interrupted for it */
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (argc > 1 && !strcmp(argv[1], "load"))
		return disk_load(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "count"))
		return disk_count(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "sync"))
		return disk_sync(argc - 1, argv + 1);
	fprintf(stderr, "usage: disk load|count|sync ...\n");
	return 2;
}
