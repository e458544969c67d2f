#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The disk grows and shrinks while it is in use: the kernel knows at once, what was written
# stays, what is new can be used, what is gone is refused.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_start "test_size 24" "test_beyond 24" "test_size 8" "test_gone 8" "test_size 0"
	   test_often test_stop)

has_size()
{
	[ "$(disk_get "$DISK" size)" = $(($1 << 11)) ]
}

test_start()
{
	SIZE=$(disk_var SIZE)
	drv_load
	check_err $? "the disks do not appear"
	load_start "$DISK" -d 8
	load_flows
	check_err $? "no requests are done"
}

# So many MiB more than it began with.
test_size()
{
	device_resize "$DISK" $((SIZE + $1))
	check_err $? "the device does not change"
	wait_for 60 has_size $((SIZE + $1))
	check_err $? "sectors: $(disk_get "$DISK" size) instead of $(((SIZE + $1) << 11))"
	check_eq "$(blockdev --getsize64 "$(disk_dev "$DISK")")" $(((SIZE + $1) << 20)) "blockdev"
	load_flows 50
	check_err $? "the requests have stopped"
}

# at_end DISK MIB: the last 64 KiB of so many written and read
at_end()
{
	local dev

	dev=$(disk_dev "$1")
	head -c 65536 /dev/urandom >/run/data
	dd if=/run/data of="$dev" bs=64k seek=$(($2 * 16 - 1)) oflag=direct conv=notrunc \
		status=none 2>/dev/null &&
		dd if="$dev" bs=64k skip=$(($2 * 16 - 1)) count=1 iflag=direct status=none |
		cmp -s - /run/data
}

test_beyond()
{
	at_end "$DISK" $((SIZE + $1))
	check_err $? "the new end cannot be used"
}

test_gone()
{
	at_end "$DISK" $((SIZE + $1))
	check_err $? "the end cannot be used"
	at_end "$DISK" $((SIZE + $1 + 1))
	check_fail $? "written behind the end"
}

# The last of many changes counts.
test_often()
{
	local i

	for ((i = 1; i <= 10; i++)); do
		device_resize "$DISK" $((SIZE + i))
	done
	wait_for 60 has_size $((SIZE + 10))
	check_err $? "sectors: $(disk_get "$DISK" size) instead of $(((SIZE + 10) << 11))"
	# the next suite finds it as it was
	device_resize "$DISK" "$SIZE"
	wait_for 60 has_size "$SIZE"
	check_err $? "sectors: $(disk_get "$DISK" size) instead of $((SIZE << 11))"
}

test_stop()
{
	load_stop
	check_err $? "lost or spoiled"
	check_queues_idle "$DISK"
}

tests_run
