#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sleep and back (S3, woken by the host) with traffic under way: the device
# comes back reset, is negotiated and set up anew as it was, and the traffic
# goes on.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_start test_suspend test_as_before test_suspend_down test_exact)

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	vei_set "${PAIR}0" indirect 0
	check_err $? "cannot set a toggle"
	indirect=0
	ip link set dev "$IF0" mtu 1400
}

test_suspend()
{
	local restarts

	traffic_start packet there -s 60:1000
	traffic_flows
	check_err $? "no traffic"
	suspend
	check_err $? "the machine does not sleep"
	wait_for 60 if_is_running "$IF0"
	check_err $? "no carrier afterwards"
	traffic_flows
	check_err $? "the traffic has stopped"
	traffic_stop
	check_err $? "the traffic was spoiled"
	restarts=$(dmesg | grep -c "PM: suspend exit")
	check_ge "$restarts" 1 "times that the machine slept"
}

test_as_before()
{
	check_negotiated "${PAIR}0"
	check_eq "$(if_get "$IF0" mtu)" 1400 "mtu"
	pair_answers
	check_err $? "no answer"
}

# An interface that is down comes back down, and works when it is up again.
test_suspend_down()
{
	ip link set dev "$IF0" down
	suspend
	check_err $? "the machine does not sleep"
	pair_up && pair_answers
	check_err $? "no answer"
}

test_exact()
{
	local way

	for way in there back; do
		traffic_run packet "$way" -c 3000 -s 60:1000
		check_err $? "packets lost or spoiled"
	done
}

if ! can_sleep; then
	ALL_TESTS=("skip this machine cannot sleep")
elif is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
