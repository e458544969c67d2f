#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Small rings: many more requests than there is room for, of more segments than there is
# room for. Whoever finds the ring full goes on when there is room again, and nobody starves.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=()
for mode in $(modes); do
	ALL_TESTS+=("test_load $mode")
	for disk in $VEI_DISKS; do
		ALL_TESTS+=("test_crowd $disk" "test_large $disk" "test_small $disk")
	done
done

test_crowd()
{
	load_run "$1" "${VEI_FULL_REQUESTS:-60}" -d 24 -n 64
	check_err $? "lost or spoiled"
	check_queues_idle "$1"
}

# Pages from everywhere: as many segments as a request can have
test_large()
{
	local dev

	dev=$(disk_dev "$1")
	head -c 4M /dev/urandom >/run/data
	dd if=/run/data of="$dev" bs=2M oflag=direct status=none &&
		dd if="$dev" bs=1M count=4 iflag=direct status=none | cmp - /run/data
	check_err $? "spoiled"
	# through the page cache, whose pages are not neighbours
	dd if=/run/data of="$dev" bs=4k seek=4096 conv=fsync status=none
	echo 3 >/proc/sys/vm/drop_caches
	dd if="$dev" bs=4M skip=4 count=1 iflag=fullblock status=none | cmp - /run/data
	check_err $? "spoiled through the cache"
}

test_small()
{
	requests "$1" "${VEI_FULL_SMALL:-3000}" -d 128 -b 64
	check_err $? "a request is not answered"
	check_queues_idle "$1"
}

tests_run
