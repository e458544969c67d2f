#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A device that is gone from one access to the next (QEMU's fault "gone"): at each access of a
# probe and of a reset, in a command, and under traffic, in each of the four combinations.
# Nobody waits for it for long, nothing is left of a probe that fails, none succeeds that had
# not come to its end, and when the device is there again, a reset or a probe mends it. Rows of
# the table of Documentation/recovery.md, as in every_fault.sh.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"
# shellcheck source=lib_row.sh
. "$LIB_DIR/lib_row.sh"
# shellcheck source=lib_storm.sh
. "$LIB_DIR/lib_storm.sh"

# They are what is tested.
LOSSES_EXPECTED=1
PAIR=${VEI_PAIRS%% *}
NIC=${PAIR}0
# Far more than a probe or a reset takes; and how long one may take that fails.
ACCESSES=400
PATIENCE=10
MODES=(1:1 1:0 0:1 0:0)

ALL_TESTS=(test_start)
for mode in "${MODES[@]}"; do
	ALL_TESTS+=("test_probe $mode" "test_reset $mode" "test_command $mode" "test_traffic $mode")
done
ALL_TESTS+=(test_end)

test_start()
{
	drv_reload && pair_create "$PAIR" && pair_answers
	check_err $? "the pair does not come up"
}

# For this probe and those that follow.
probe_mode()
{
	drv_unload && drv_load "used_event=${1%:*} avail_event=${1#*:}" &&
		wait_for 10 pair_create "$PAIR" && wait_for 20 pair_answers
	check_err $? "the pair does not come up"
	log_mark
}

gone_after()
{
	device_fault "$NIC" gone any 0 "$1"
	check_err $? "cannot be given the fault"
}

# The peer's frames have waited as well, for somebody to receive them.
back_again()
{
	device_faultless "$NIC"
	vei_set "$NIC" reset 1 && wait_for 10 if_is_running "$IF0" && wait_for 20 pair_answers
	check_err $? "no answer when it is back"
	log_forgive "NETDEV WATCHDOG"
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
			device_faultless "$NIC"
			device_runs "$NIC"
			check_err $? "access $n: done, and the device does not know"
			break
		fi
		[ "$worst" -ge $((SECONDS - began)) ] || worst=$((SECONDS - began))
		check_le "$worst" "$PATIENCE" "access $n: seconds"
		device_faultless "$NIC"
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
	[ ! -e "$(pci_driver)/$(nic_bdf "$NIC")" ] || nic_unbind "$NIC"
	nic_bind "$NIC" 2>/dev/null
}

failed_probe()
{
	check_no_trace "$NIC"
}

test_probe()
{
	probe_mode "$1"
	nic_unbind "$NIC"
	sweep probe "$1" "bind anew"
	wait_for 10 pair_create "$PAIR" && back_again
}

step_reset()
{
	vei_set "$NIC" reset 1 2>/dev/null
}

# None is needed to be asked for twice.
failed_reset()
{
	step_reset && wait_for 10 if_is_running "$IF0" && device_runs "$NIC"
	check_err $? "access $1: no reset when it is back"
	check_eq "$(vei_get "$NIC" vector_mode)" per-queue "access $1: vector_mode"
}

test_reset()
{
	probe_mode "$1"
	sweep reset "$1" reset
	back_again
}

# The command's own access, its kick, is the first that finds nobody.
test_command()
{
	local began

	probe_mode "$1"
	gone_after 0
	began=$SECONDS
	ip link set dev "$IF0" address 52:54:00:aa:bb:cc 2>/dev/null
	check_fail $? "the device has a new address"
	check_le $((SECONDS - began)) 5 "seconds"
	log_says "device is gone"
	row gone 0 command "$1" reset $((SECONDS - began))
	back_again
}

test_traffic()
{
	local began

	probe_mode "$1"
	traffic_start packet there
	traffic_flows
	check_err $? "no traffic"
	gone_after 0
	began=$SECONDS
	wait_for 30 not if_is_running "$IF0"
	check_err $? "there is a carrier"
	log_says "device is gone"
	check_eq "$(log_since | grep -c "$IF0: tx queue 0 stuck:")" 1 "times that it was stuck"
	row gone 0 traffic "$1" reset $((SECONDS - began))
	back_again
	traffic_flows
	check_err $? "the traffic does not go on"
	traffic_stop
	check_err $? "spoiled"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver shows no rings")
elif ! device_has_faults; then
	ALL_TESTS=("skip QEMU has not the faults for this")
fi
tests_run
