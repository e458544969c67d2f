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
	test_announce
)

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	check_eq "$(if_get "$IF0" carrier)" 1 "carrier"
	# by work of the kernel's own, which may take a second
	wait_for 60 is_up
	check_err $? "operstate: $(if_get "$IF0" operstate)"
}

is_up()
{
	[ "$(if_get "$IF0" operstate)" = up ]
}

flap()
{
	device_link "${PAIR}0" false
	wait_for 60 not if_is_running "$IF0"
	check_err $? "link down is not seen"
	device_link "${PAIR}0" true
	wait_for 60 if_is_running "$IF0"
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
	wait_for 60 not if_is_running "$IF0"
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

# The kernel tells of changes once a second, and then how it is: so each lasts until it is told.
flap_is_logged()
{
	device_link "${PAIR}0" false
	wait_for 3 grep -q NO-CARRIER "$1"
	device_link "${PAIR}0" true
	wait_for 3 grep -q LOWER_UP "$1" && grep -q NO-CARRIER "$1"
}

# ip monitor, as other programs do, sees one message for each change. It is
# not known when it has begun to listen, so the link may have to flap again.
test_monitor_sees()
{
	local log=/run/monitor

	ip monitor link dev "$IF0" >"$log" &
	wait_for 120 flap_is_logged "$log"
	check_err $? "no message of the changes"
	kill $!
	wait $! 2>/dev/null
	return 0
}

tx_beyond()
{
	[ "$(if_get "$IF0" statistics/tx_packets)" -gt "$1" ]
}

acked_beyond()
{
	[ "$(vei_queue "${PAIR}0" 2 used)" -gt "$1" ]
}

# When the machine has moved the device asks for it to be said where it is now, and is told
# when that was done: again and again, as the one request ends with the answer.
test_announce()
{
	local i tx acked

	if is_stock; then
		skip "the stock driver shows no rings"
		return
	fi
	ipv6_off
	for ((i = 0; i < 3; i++)); do
		tx=$(if_get "$IF0" statistics/tx_packets)
		acked=$(vei_queue "${PAIR}0" 2 used)
		qmp '{"execute":"announce-self","arguments":{"initial":50,"max":50,"rounds":1,"step":1}}' \
			>/dev/null
		check_err $? "the device cannot be made to ask"
		wait_for 60 tx_beyond "$tx"
		check_err $? "nothing is announced in round $i"
		wait_for 60 acked_beyond "$acked"
		check_err $? "the device is not answered in round $i"
	done
}

tests_run
