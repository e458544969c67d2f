#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The toggles at run time with requests under way: the device is reset and negotiated anew,
# every request is done once, and what was written stays written.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_start)
for toggle in used_event avail_event features_hi indirect notify_on_empty; do
	ALL_TESTS+=("test_toggle $toggle 0" "test_toggle $toggle 1")
done
ALL_TESTS+=(test_many test_stop)

test_start()
{
	drv_load
	check_err $? "the disks do not appear"
	check_negotiated "$DISK" 0 0
	load_start "$DISK" -d 8
	load_flows
	check_err $? "no requests are done"
}

test_toggle()
{
	vei_set "$DISK" "$1" "$2"
	check_err $? "cannot set $1"
	declare -g "$1=$2"
	load_flows 50
	check_err $? "the requests have stopped"
	check_negotiated "$DISK" 0 0
}

# One after the other, whatever is under way.
test_many()
{
	local i

	for ((i = 0; i < 10; i++)); do
		vei_set "$DISK" indirect $((i & 1)) && vei_set "$DISK" used_event $((i >> 1 & 1))
		check_err $? "cannot be set in round $i"
	done
	load_flows 50
	check_err $? "the requests have stopped"
}

test_stop()
{
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
	check_queues_idle "$DISK"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has none")
fi
tests_run
