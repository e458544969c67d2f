#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every MTU that the driver says it can do, it does: frames up to the limit
# arrive whole, idle or under traffic, with mergeable and with plain buffers.
# Beyond the limits it refuses.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

TRAFFIC_ORDERED=""

ALL_TESTS=(test_start)
for pair in $VEI_PAIRS; do
	ALL_TESTS+=("test_limits $pair")
	for mtu in 68 576 1280 1500 4000 9000 max; do
		ALL_TESTS+=("test_mtu $pair $mtu")
	done
done
ALL_TESTS+=(test_under_traffic)

# limit min|max of interface $1
limit()
{
	ip -d link show dev "$1" | sed -n "s/.* ${2}mtu \([0-9]*\).*/\1/p"
}

set_mtu()
{
	ip link set dev "$IF0" mtu "$1" && ip -n "$NS" link set dev "$IF1" mtu "$1"
}

test_start()
{
	drv_load
	check_err $? "modules do not load"
}

test_limits()
{
	local min max

	pair_destroy
	pair_create "$1"
	check_err $? "the pair does not come up"
	min=$(limit "$IF0" min)
	max=$(limit "$IF0" max)
	check_eq "$min" 68 "lowest MTU"
	check_ge "$max" 1500 "highest MTU"
	ip link set dev "$IF0" mtu $((min - 1)) 2>/dev/null
	check_fail $? "an MTU of $((min - 1)) was taken"
	ip link set dev "$IF0" mtu $((max + 1)) 2>/dev/null
	check_fail $? "an MTU of $((max + 1)) was taken"
	check_eq "$(if_get "$IF0" mtu)" 1500 "MTU after the refusals"
}

test_mtu()
{
	local mtu=$2 max way

	max=$(limit "$IF0" max)
	[ "$mtu" = max ] && mtu=$max
	if [ "$mtu" -gt "$max" ]; then
		skip "the driver's limit is $max"
		return
	fi
	set_mtu "$mtu"
	check_err $? "an MTU of $mtu is refused"
	check_eq "$(if_get "$IF0" mtu)" "$mtu" "MTU"
	for way in there back; do
		traffic_run packet "$way" -c 300 -w 32 -s "60:$((mtu + 14))"
		check_err $? "frames up to $((mtu + 14)) lost or spoiled"
		# the largest alone
		traffic_run packet "$way" -c 50 -w 16 -s "$((mtu + 14))"
		check_err $? "frames of $((mtu + 14)) lost or spoiled"
	done
	set_mtu 1500
	check_err $? "cannot go back to 1500"
}

test_under_traffic()
{
	local mtu

	traffic_start packet there -s 60:1400
	traffic_flows
	check_err $? "no traffic"
	for mtu in 9000 1500 1400 4000 1500; do
		set_mtu "$mtu"
		check_err $? "an MTU of $mtu is refused"
		wait_for 60 if_is_running "$IF0"
		check_err $? "the link is gone"
		traffic_flows
		check_err $? "the traffic does not go on with $mtu"
	done
	traffic_stop
	check_err $? "the traffic was spoiled"
}

tests_run
