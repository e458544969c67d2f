// SPDX-License-Identifier: GPL-2.0
/*
 * One access to a file of a PCI device in sysfs, resource0 (an I/O BAR) or
 * config, in one width, as the device sees it:
 *
 *	regs FILE OFFSET b|w|l [VALUE]
 *
 * Prints what was read, in hex, or writes VALUE.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	uint32_t value = 0;
	ssize_t width, done;
	off_t offset;
	int fd;

	if (argc < 4 || argc > 5 || !strchr("bwl", argv[3][0]) || argv[3][1]) {
		fprintf(stderr, "usage: regs FILE OFFSET b|w|l [VALUE]\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	offset = strtoul(argv[2], NULL, 0);
	width = argv[3][0] == 'b' ? 1 : argv[3][0] == 'w' ? 2 : 4;
	if (argc == 5) {
		value = strtoul(argv[4], NULL, 0);
		done = pwrite(fd, &value, width, offset);
	} else {
		done = pread(fd, &value, width, offset);
	}
	if (done != width) {
		perror("regs");
		return 1;
	}
	if (argc == 4)
		printf("0x%0*x\n", (int)width * 2, value);
	return 0;
}
