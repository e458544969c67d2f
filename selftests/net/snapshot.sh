#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Snapshot and restore under traffic: the hypervisor saves the machine, lets it
# run on for a while and puts it back. The device's view of the rings is the
# one it had when saved; nothing may stall, in any mode.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=()
for mode in ${VEI_MODES:-used_event=1,avail_event=1 used_event=0,avail_event=0}; do
	ALL_TESTS+=(
		"test_start $mode"
		"test_snapshot packet there"
		"test_snapshot packet back"
		"test_snapshot_tcp"
		test_exact
	)
done

test_start()
{
	drv_unload
	drv_load "${1//,/ }" && pair_create
	check_err $? "the pair does not come up"
	set_toggles_expected "${1//,/ }"
	is_stock || check_negotiated "${PAIR}0"
}

set_toggles_expected()
{
	local word

	for word in $1; do
		declare -g "$word"
	done
}

snapshot()
{
	qmp "{\"execute\":\"snapshot\",\"arguments\":{\"ms\":$1}}" >/dev/null
	check_err $? "no snapshot"
}

flows_back_too()
{
	local before

	before=$(rx_packets "$IF0")
	wait_for 10 rx_beyond "$IF0" $((before + 50))
}

test_snapshot()
{
	local ms

	traffic_start packet "$2"
	for ms in 100 300; do
		snapshot "$ms"
		if [ "$2" = there ]; then
			traffic_flows
		else
			flows_back_too
		fi
		check_err $? "the traffic stalls after a restore"
	done
	is_stock || check_negotiated "${PAIR}0"
	traffic_stop
	check_err $? "the traffic was spoiled"
}

# TCP stalls if a single wake-up is lost.
test_snapshot_tcp()
{
	local tcp

	traffic_ends tcp there
	"$TRAFFIC" tcp "${KIND_OPTIONS[@]}" -c 60000000 >/run/tcp 2>&1 &
	tcp=$!
	wait_for 10 traffic_flows
	snapshot 300
	wait "$tcp"
	check_err $? "$(tr '\n' ' ' </run/tcp)"
}

test_exact()
{
	traffic_run packet there -c 3000 && traffic_run packet back -o -c 3000
	check_err $? "packets lost or spoiled"
}

tests_run
