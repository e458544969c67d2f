/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VEI_DISK_H
#define VEI_DISK_H

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>

#define DISK_BLOCK 4096

/* Set by SIGTERM and SIGINT. */
extern volatile bool disk_stop;

__attribute__((noreturn)) void disk_die(const char *what);
void *disk_alloc(size_t bytes);
uint64_t disk_random(uint64_t *state);

int disk_load(int argc, char **argv);
int disk_count(int argc, char **argv);
int disk_sync(int argc, char **argv);

#endif
