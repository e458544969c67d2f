#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sleep and back (S3, woken by the clock) with requests under way: the device comes back
# reset, is negotiated and set up anew as it was, and every request is done once.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_suspend test_as_before test_exact)

test_suspend()
{
	drv_load
	check_err $? "the disks do not appear"
	if ! is_stock; then
		vei_set "$DISK" indirect 0
		check_err $? "cannot set a toggle"
		indirect=0
	fi
	load_start "$DISK" -d 8
	load_flows
	check_err $? "no requests are done"
	suspend
	check_err $? "the machine does not sleep"
	load_flows
	check_err $? "the requests have stopped"
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
	check_ge "$(dmesg | grep -c "PM: suspend exit")" 1 "times that the machine slept"
}

test_as_before()
{
	is_stock || check_negotiated "$DISK" 0 0
	check_eq "$(disk_get "$DISK" size)" $(($(disk_var SIZE) << 11)) "sectors"
}

test_exact()
{
	suspend
	check_err $? "the machine does not sleep"
	load_run "$DISK" 100 -d 8
	check_err $? "lost or spoiled"
	check_queues_idle "$DISK"
}

if ! can_sleep; then
	ALL_TESTS=("skip this machine cannot sleep")
fi
tests_run
