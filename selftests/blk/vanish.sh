#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk that is gone from one access to the next (QEMU's fault "gone"): at each access of a
# probe and of a reset, and with requests under way, in each of the four combinations. Nobody
# waits for it for long, nothing is left of a probe that fails, none succeeds that had not come
# to its end, and when the device is there again, a reset or a probe mends it. Rows of the table
# of Documentation/recovery.md, as in every_fault.sh.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_row.sh
. "$LIB_DIR/lib_row.sh"

# They are what is tested.
LOSSES_EXPECTED=1
TIMEOUTS=1
# Far more than a probe or a reset takes; and how long one may take that fails.
ACCESSES=400
PATIENCE=10
MODES=(1:1 1:0 0:1 0:0)

ALL_TESTS=()
for mode in "${MODES[@]}"; do
	ALL_TESTS+=("test_probe $mode" "test_reset $mode" "test_requests $mode")
done
ALL_TESTS+=(test_end)

# For this probe and those that follow.
probe_mode()
{
	drv_mode "used_event=${1%:*} avail_event=${1#*:}"
	check_err $? "the disks do not appear"
	log_mark
}

gone_after()
{
	device_fault "$DISK" gone any 0 "$1"
	check_err $? "cannot be given the fault"
}

back_again()
{
	device_faultless "$DISK"
	vei_set "$DISK" reset 1
	check_err $? "no reset when it is back"
	load_run "$DISK" 30 -d 4
	check_err $? "lost or spoiled when it is back"
}

# sweep STEP MODE HOW: gone after each number of accesses until STEP has all that it needs. It
# has to fail, and soon, as long as the device has not been told that its driver is ready; HOW
# it is mended.
sweep()
{
	local n began worst=0

	for ((n = 0; n < ACCESSES && RET == 0; n++)); do
		gone_after "$n"
		began=$SECONDS
		if "step_$1"; then
			device_faultless "$DISK"
			# or it went with the first request under way, for partitions
			device_runs "$DISK" || log_has "timeout:"
			check_err $? "access $n: done, and the device does not know"
			break
		fi
		[ "$worst" -ge $((SECONDS - began)) ] || worst=$((SECONDS - began))
		check_le "$worst" "$PATIENCE" "access $n: seconds"
		device_faultless "$DISK"
		"failed_$1" "$n"
	done
	check_ge "$n" 20 "accesses of a $1"
	check_le "$n" $((ACCESSES - 1)) "accesses of a $1"
	log_lacks "in use already"
	note "a $1 has $n accesses"
	row gone 0 "$1" "$2" "$3" "$worst"
}

step_probe()
{
	[ ! -e "$(pci_driver)/$(disk_bdf "$DISK")" ] || disk_unbind "$DISK"
	disk_bind "$DISK" 2>/dev/null
}

failed_probe()
{
	check_no_trace "$DISK"
}

test_probe()
{
	probe_mode "$1"
	disk_unbind "$DISK"
	sweep probe "$1" "bind anew"
	wait_for 20 disk_appears "$DISK" && back_again
}

step_reset()
{
	vei_set "$DISK" reset 1 2>/dev/null
}

# None is needed to be asked for twice.
failed_reset()
{
	step_reset && device_runs "$DISK"
	check_err $? "access $1: no reset when it is back"
	check_eq "$(vei_get "$DISK" vector_mode)" per-queue "access $1: vector_mode"
}

test_reset()
{
	probe_mode "$1"
	sweep reset "$1" reset
	back_again
}

test_requests()
{
	local began reader

	probe_mode "$1"
	disk_set "$DISK" queue/io_timeout 2000
	dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k iflag=direct 2>/dev/null &
	reader=$!
	gone_after 0
	began=$SECONDS
	wait_for 30 not kill -0 "$reader" 2>/dev/null
	check_err $? "a request waits for it"
	wait "$reader"
	check_fail $? "all was read"
	log_says "device is gone"
	row gone 0 requests "$1" reset $((SECONDS - began))
	back_again
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no watch")
fi
tests_run
