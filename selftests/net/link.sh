#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The link goes and comes: carrier follows by the configuration interrupt,
# again and again, idle and under traffic.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(
	test_start
	"test_flap 5"
	test_down_at_up
	test_traffic_flap
	test_exact
	test_monitor_sees
)

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	check_eq "$(if_get "$IF0" carrier)" 1 "carrier"
	# by work of the kernel's own, which may take a second
	wait_for 5 is_up
	check_err $? "operstate: $(if_get "$IF0" operstate)"
}

is_up()
{
	[ "$(if_get "$IF0" operstate)" = up ]
}

flap()
{
	device_link "${PAIR}0" false
	wait_for 5 not if_is_running "$IF0"
	check_err $? "link down is not seen"
	device_link "${PAIR}0" true
	wait_for 5 if_is_running "$IF0"
	check_err $? "link up is not seen"
}

test_flap()
{
	local i

	for ((i = 0; i < $1; i++)); do
		flap
	done
	check_ge "$(if_get "$IF0" carrier_changes)" $((2 * $1)) "carrier_changes"
	pair_answers
	check_err $? "no answer after the flaps"
}

# A link that is down when the interface is set up, and one that comes while
# the interface is down.
test_down_at_up()
{
	ip link set dev "$IF0" down
	device_link "${PAIR}0" false
	ip link set dev "$IF0" up
	wait_for 5 not if_is_running "$IF0"
	check_err $? "carrier without a link"
	ip link set dev "$IF0" down
	device_link "${PAIR}0" true
	pair_up
	check_err $? "no carrier"
	pair_answers
	check_err $? "no answer"
}

test_traffic_flap()
{
	local i

	traffic_start packet there
	traffic_flows
	check_err $? "no traffic"
	for ((i = 0; i < 5; i++)); do
		flap
		traffic_flows
		check_err $? "the traffic does not go on after flap $i"
	done
	traffic_stop
	check_err $? "the traffic was spoiled"
}

test_exact()
{
	local way

	for way in there back; do
		traffic_run packet "$way" -c 2000
		check_err $? "packets lost or spoiled"
	done
}

flap_is_logged()
{
	flap
	grep -q NO-CARRIER "$1" && grep -q LOWER_UP "$1"
}

# ip monitor, as other programs do, sees one message for each change. It is
# not known when it has begun to listen, so the link may have to flap again.
test_monitor_sees()
{
	local log=/run/monitor

	ip monitor link dev "$IF0" >"$log" &
	wait_for 10 flap_is_logged "$log"
	check_err $? "no message of the changes"
	kill $!
	wait $! 2>/dev/null
	return 0
}

tests_run
