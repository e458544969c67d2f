#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk that storms: with interrupts that nobody asked for, with changes of its size. What
# that takes is bounded: requests go on, and so does the rest of the guest.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_storm.sh
. "$LIB_DIR/lib_storm.sh"

REQUESTS=2000
CHANGES=1500

ALL_TESTS=(test_start "test_interrupts 1:1" "test_interrupts 0:0" test_sizes test_unbinds)
CLEANUP=storm_cleanup

storm_cleanup()
{
	pulse_kill
	host_storm_end
	hog_end
	cleanup
}

load()
{
	load_run "$DISK" "$REQUESTS" -d 8
}

test_start()
{
	drv_load
	check_err $? "the disk does not appear"
	calm load
	check_err $? "lost or spoiled"
}

# For each request one, whatever the driver has asked for.
test_interrupts()
{
	local before

	vei_set "$DISK" used_event "${1%:*}" && vei_set "$DISK" avail_event "${1#*:}"
	check_err $? "cannot be toggled"
	before=$(vei_queue "$DISK" 0 interrupts)
	device_set "$DISK" x-draft-fault '"unsuppressed-interrupts"'
	check_err $? "cannot set the fault"
	storm load
	check_err $? "lost or spoiled"
	device_set "$DISK" x-draft-fault '"none"'
	note "$(($(vei_queue "$DISK" 0 interrupts) - before)) interrupts of queue 0"
	load
	check_err $? "lost or spoiled afterwards"
	check_queues_idle "$DISK"
}

size_json()
{
	echo "{\"execute\":\"block_resize\",\"arguments\":{\"node-name\":\"$DISK\",\"size\":$(($1 << 20))}}"
}

size_is()
{
	disk_is "$DISK" size $(($1 << 11))
}

test_sizes()
{
	local size

	size=$(disk_var SIZE)
	load_start "$DISK" -d 4
	load_flows 20
	check_err $? "no requests are done"
	storm host_storm "$CHANGES" "$(size_json $((size + 8)))" "$(size_json $((size + 16)))"
	check_err $? "the disk does not change"
	wait_for 60 size_is $((size + 16))
	check_err $? "sectors in the end: $(disk_get "$DISK" size)"
	load_flows 20
	check_err $? "the requests do not go on"
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
	device_resize "$DISK" "$size"
	wait_for 60 size_is "$size"
	check_err $? "sectors afterwards: $(disk_get "$DISK" size)"
}

# What is to look at a change has not yet when the disk goes.
test_unbinds()
{
	local size

	size=$(disk_var SIZE)
	storm_unbinds disk_bind disk_unbind "$DISK" "$(disk_bdf "$DISK")" \
		"$(size_json $((size + 8)))" "$(size_json "$size")"
	wait_for 60 disk_appears "$DISK"
	check_err $? "the disk does not appear"
	wait_for 60 size_is "$size"
	check_err $? "sectors afterwards: $(disk_get "$DISK" size)"
	load
	check_err $? "lost or spoiled"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_blk")
fi
tests_run
