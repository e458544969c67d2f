#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The machine moves to another QEMU under traffic: what was negotiated moves
# along, no wake-up is lost on the way, and all goes on, in any mode.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=()
for mode in ${VEI_MODES:-used_event=1,avail_event=1 used_event=0,avail_event=0}; do
	ALL_TESTS+=("test_start $mode" "test_migrate there" "test_migrate back" test_exact)
done
ALL_TESTS+=(test_tcp)

test_start()
{
	local word

	drv_unload
	drv_load "${1//,/ }" && pair_create
	check_err $? "the pair does not come up"
	for word in ${1//,/ }; do
		declare -g "$word"
	done
	is_stock || check_negotiated "${PAIR}0"
}

migrate()
{
	qmp '{"execute":"migrate"}' >/dev/null
	check_err $? "the machine cannot be moved"
}

flows()
{
	if [ "$1" = there ]; then
		nic_flows_in "$IF1" "$NS"
	else
		nic_flows_in "$IF0"
	fi
}

nic_flows_in()
{
	local before

	before=$(rx_packets "$@")
	wait_for 10 rx_beyond "$1" $((before + 100)) "${2-}"
}

test_migrate()
{
	traffic_start packet "$1"
	flows "$1"
	check_err $? "no traffic"
	migrate
	flows "$1"
	check_err $? "the traffic stalls after the move"
	if ! is_stock; then
		check_negotiated "${PAIR}0"
		check_negotiated "${PAIR}1"
		check_no_timeouts
	fi
	traffic_stop
	check_err $? "the traffic was spoiled"
}

test_exact()
{
	traffic_run packet there -c 3000 && traffic_run packet back -c 3000
	check_err $? "packets lost or spoiled"
}

# TCP stalls if a single wake-up is lost.
test_tcp()
{
	local tcp

	traffic_ends tcp there
	"$TRAFFIC" tcp "${KIND_OPTIONS[@]}" -c 60000000 >/run/tcp 2>&1 &
	tcp=$!
	flows there
	check_err $? "no traffic"
	migrate
	wait "$tcp"
	check_err $? "$(tr '\n' ' ' </run/tcp)"
}

tests_run
