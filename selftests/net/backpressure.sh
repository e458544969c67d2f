#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A full transmit queue: the peer takes nothing, so on the hub the device takes
# nothing either. The ring fills to the last descriptor, the driver stops its
# queue, and when the peer comes back it wakes and all that was sent arrives.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=()
for pair in $VEI_PAIRS; do
	ALL_TESTS+=(
		"test_start $pair"
		"test_stop_and_wake $pair -q"
		"test_stop_and_wake $pair -b16"
		"test_unload_full $pair"
		"test_exact $pair"
	)
done
trap cleanup EXIT

test_start()
{
	drv_unload
	drv_load && pair_create "$1"
	check_err $? "the pair does not come up"
	# every frame is counted here, and what IPv6 sends by itself is filtered
	ipv6_off
}

# Nothing moves any more: the same number twice, and the ring is not empty.
stuck()
{
	local before

	before=$(if_get "$IF0" statistics/tx_packets)
	sleep 0.2
	[ "$(if_get "$IF0" statistics/tx_packets)" = "$before" ] &&
		[ "$before" -gt "$1" ]
}

arrived()
{
	local sent

	sent=$(if_get "$IF0" statistics/tx_packets)
	[ $(($(rx_packets "$IF1" "$NS") - $2)) -ge $((sent - $1)) ]
}

# $2: -q past the qdisc, to the ring's very end; -b16 through it, where byte
# queue limits stop earlier
test_stop_and_wake()
{
	local pair=$1 tx rx sent received free

	if ! pair_is_hub; then
		skip "a tap drops instead of holding up"
		return
	fi
	in_peer ip link set dev "$IF1" down
	tx=$(if_get "$IF0" statistics/tx_packets)
	rx=$(rx_packets "$IF1" "$NS")
	traffic_start packet there "$2" -w 4096 -s 60
	wait_for 10 stuck "$tx"
	check_err $? "the sender is not held up"
	if ! is_stock && [ "$2" = -q ]; then
		free=$(vei_queue "${pair}0" 1 free)
		check_le "$free" 20 "free descriptors in the full ring"
	fi
	in_peer ip link set dev "$IF1" up
	traffic_flows
	check_err $? "the sender does not go on"
	traffic_stop
	check_err $? "the traffic was spoiled"
	wait_for 5 arrived "$tx" "$rx"
	sent=$(($(if_get "$IF0" statistics/tx_packets) - tx))
	received=$(($(rx_packets "$IF1" "$NS") - rx))
	check_eq "$received" "$sent" "packets received"
	ping -q -n -i 0.01 -c 5 -w 10 "$IP1" >/dev/null
	check_err $? "no answer"
}

# The module goes while the ring is full and the device holds its buffers.
test_unload_full()
{
	local pair=$1

	pair_is_hub || return
	in_peer ip link set dev "$IF1" down
	traffic_start packet there -q -w 4096 -s 60
	wait_for 10 stuck 0
	check_err $? "the sender is not held up"
	# the sender goes first: Linux 6.1 divides by the number of queues, then
	# zero, where a packet socket bypasses the qdisc of a vanishing device
	kill -KILL "$TRAFFIC_PID"
	wait "$TRAFFIC_PID" 2>/dev/null
	TRAFFIC_PID=""
	nic_unbind "${pair}0"
	check_err $? "cannot unbind"
	nic_bind "${pair}0"
	check_err $? "cannot bind"
	pair_destroy
	pair_create "$pair"
	check_err $? "the pair does not come back"
	ipv6_off
}

test_exact()
{
	local way

	for way in there back; do
		traffic_run packet "$way" -c 2000
		check_err $? "packets lost or spoiled"
	done
}

tests_run
