#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Snapshot and restore with requests under way: the hypervisor saves machine and disk, lets
# them run on for a while and puts them back. The device's view of the rings is the one that
# it had when saved; nothing may stall, in any mode, and the disk is as it was.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=()
for mode in $(modes); do
	ALL_TESTS+=("test_snapshot $mode")
done

snapshot()
{
	qmp "{\"execute\":\"snapshot\",\"arguments\":{\"ms\":$1}}" >/dev/null
	check_err $? "no snapshot"
}

test_snapshot()
{
	local ms

	drv_mode "$1"
	check_err $? "the disks do not appear"
	load_start "$DISK" -d 8
	load_flows
	check_err $? "no requests are done"
	for ms in 100 300; do
		snapshot "$ms"
		load_flows
		check_err $? "the requests stall after a restore"
	done
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
	check_queues_idle "$DISK"
}

tests_run
