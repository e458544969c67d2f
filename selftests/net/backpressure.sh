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

test_start()
{
	drv_unload
	drv_load && pair_create "$1"
	check_err $? "the pair does not come up"
	# every frame is counted here, and what IPv6 sends by itself is filtered
	ipv6_off
}

# The interface takes no more packets. Its ring was full, and of what the device has
# taken meanwhile not yet a quarter of the ring is free, which is when a stopped
# queue goes on; or, through the qdisc, as many bytes wait as byte queue limits let
# it have.
no_room()
{
	local limits=/sys/class/net/$IF0/queues/tx-0/byte_queue_limits

	is_stock && return
	((QUEUE_NOW[free] < QUEUE_NOW[size] / 4)) && return
	[ "$1" != -q ] && [ "$(<"$limits/inflight")" -gt "$(<"$limits/limit")" ]
}

# held_up HOW TX: the sender has sent more than TX, there is no room for more, and
# since the last look neither has anything been sent nor has the device used any.
held_up()
{
	local sent now

	sent=$(if_get "$IF0" statistics/tx_packets)
	is_stock || queue_read "${PAIR}0" 1
	now="$sent ${QUEUE_NOW[used_idx]-}"
	if [ "$sent" -gt "$2" ] && no_room "$1" && [ "$now" = "$LAST_LOOK" ]; then
		return
	fi
	LAST_LOOK=$now
	return 1
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
	local pair=$1 tx rx sent received

	if ! pair_is_hub; then
		skip "a tap drops instead of holding up"
		return
	fi
	in_peer ip link set dev "$IF1" down
	tx=$(if_get "$IF0" statistics/tx_packets)
	rx=$(rx_packets "$IF1" "$NS")
	traffic_start packet there "$2" -w 4096 -s 60 -p 0
	wait_for 30 held_up "$2" "$tx"
	check_err $? "the sender is not held up: ${QUEUE_NOW[free]-} free"
	in_peer ip link set dev "$IF1" up
	traffic_flows
	check_err $? "the sender does not go on"
	traffic_stop
	check_err $? "the traffic was spoiled"
	wait_for 60 arrived "$tx" "$rx"
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

	if ! pair_is_hub; then
		skip "a tap drops instead of holding up"
		return
	fi
	in_peer ip link set dev "$IF1" down
	traffic_start packet there -q -w 4096 -s 60 -p 0
	wait_for 30 held_up -q 0
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
