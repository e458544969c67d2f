#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Reset, unbound, bound, asleep and unloaded while somebody reads: nobody is left waiting,
# and bytes come again as soon as the device is back.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=8

ALL_TESTS=(test_start test_reset test_rounds test_waiting test_sleep test_shutdown test_unload)

test_start()
{
	drv_load
	check_err $? "the device does not appear"
	reader_start
	reader_flows
	check_err $? "no bytes come"
}

test_reset()
{
	local i

	for ((i = 0; i < ROUNDS; i++)); do
		vei_set "$RNG" reset 1
		check_err $? "no reset in round $i"
		reader_flows
		check_err $? "no bytes come after reset $i"
		[ "$RET" = 0 ] || break
	done
}

# Bound again, with a new reader.
read_anew()
{
	rng_bind
	wait_for 60 rng_selected
	check_err $? "the device does not come back"
	reader_start
	reader_flows
	check_err $? "no bytes come"
}

test_rounds()
{
	local i

	for ((i = 0; i < ROUNDS; i++)); do
		rng_unbind
		check_err $? "cannot unbind"
		rng_name >/dev/null
		check_fail $? "the device is left over"
		rng_bind
		check_err $? "cannot bind"
		wait_for 60 rng_selected
		check_err $? "the device does not come back"
		reader_flows
		check_err $? "no bytes come after round $i"
		[ "$RET" = 0 ] || break
	done
}

# Somebody waits for a device that does not answer: it can go, and the wait ends.
test_waiting()
{
	local pid

	reader_stop
	if ! device_set "$RNG" x-draft-fault '"lost-interrupt"' 2>/dev/null; then
		skip "this QEMU's device cannot be silenced"
		reader_start
		return
	fi
	dd if=/dev/hwrng of=/dev/null bs=64 count=1000 status=none 2>/dev/null &
	pid=$!
	sleep 1
	kill -0 "$pid" 2>/dev/null
	check_err $? "the reader does not wait"
	LOSSES_EXPECTED=1
	rng_unbind
	check_err $? "cannot unbind"
	LOSSES_EXPECTED=""
	wait_for 10 not kill -0 "$pid" 2>/dev/null
	check_err $? "the reader still waits"
	kill -9 "$pid" 2>/dev/null
	device_set "$RNG" x-draft-fault '"none"'
	read_anew
}

test_sleep()
{
	if ! can_sleep; then
		skip "this machine cannot sleep"
		return
	fi
	suspend
	check_err $? "the machine does not sleep"
	reader_flows
	check_err $? "no bytes come after sleep"
}

# The end of the kernel: the device is reset, and who reads is told that there is nothing.
test_shutdown()
{
	device_runs "$RNG"
	check_err $? "the device does not run at first"
	insmod "$MODULES/vei_shutdown.ko" bdf="$VEI_BDF_r" && rmmod vei_shutdown
	check_err $? "cannot shut it down"
	device_runs "$RNG"
	check_fail $? "the device runs"
	timeout 10 dd if=/dev/hwrng of=/dev/null bs=64 count=1 status=none 2>/dev/null
	check_eq $? 1 "dd's exit code"
	reader_stop
	rng_unbind
	read_anew
}

test_unload()
{
	drv_unload
	check_err $? "modules do not unload"
	drv_load
	check_err $? "the device does not appear"
	reader_flows
	check_err $? "no bytes come"
	reader_stop
	check_eq "$(vei_queue "$RNG" 0 broken)" no "broken"
}

tests_run
