#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the device is told by commands: the MAC address, and which packets to let through. It
# forgets all of it in a reset, and is told again.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

MAC=02:00:5e:00:00:10
UCAST=02:00:5e:00:00:99
MCAST=01:00:5e:11:22:33
nic=${PAIR}0

ALL_TESTS=(test_start test_mac test_unicast test_multicast test_allmulti test_promisc test_undone)

# The device's filter: member $1 of QEMU's report.
filter()
{
	qmp "{\"execute\":\"query-rx-filter\",\"pick\":\"0.$1\",\"arguments\":{\"name\":\"$nic\"}}"
}

filter_is()
{
	[ "$(filter "$1")" = "$2" ]
}

filter_has()
{
	filter "$1" | grep -qi "$2"
}

reset()
{
	vei_set "$nic" reset 1
	check_err $? "cannot be reset"
	wait_for 60 if_is_running "$IF0"
}

# device_knows is|has MEMBER VALUE: now, and after a reset
device_knows()
{
	wait_for 60 "filter_$1" "$2" "$3"
	check_err $? "$2: '$(filter "$2")', expected '$3'"
	is_stock && return
	reset
	wait_for 60 "filter_$1" "$2" "$3"
	check_err $? "after a reset $2: '$(filter "$2")', expected '$3'"
}

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
}

test_mac()
{
	ip link set dev "$IF0" address "$MAC"
	check_err $? "cannot be set"
	device_knows is main-mac "$MAC"
	pair_answers
	check_err $? "no answer"
}

test_unicast()
{
	bridge fdb add "$UCAST" dev "$IF0" self
	check_err $? "cannot be set"
	device_knows has unicast-table "$UCAST"
}

test_multicast()
{
	ip maddr add "$MCAST" dev "$IF0"
	check_err $? "cannot be set"
	device_knows has multicast-table "$MCAST"
}

test_allmulti()
{
	ip link set dev "$IF0" allmulticast on
	check_err $? "cannot be set"
	device_knows is multicast all
}

test_promisc()
{
	ip link set dev "$IF0" promisc on
	check_err $? "cannot be set"
	device_knows is promiscuous true
}

# And what is not wished any more goes.
test_undone()
{
	ip link set dev "$IF0" promisc off
	ip link set dev "$IF0" allmulticast off
	ip maddr del "$MCAST" dev "$IF0"
	bridge fdb del "$UCAST" dev "$IF0" self
	device_knows is promiscuous false
	device_knows is multicast normal
	filter_has multicast-table "$MCAST"
	check_fail $? "$MCAST is still let through"
	filter_has unicast-table "$UCAST"
	check_fail $? "$UCAST is still let through"
	pair_answers
	check_err $? "no answer"
}

tests_run
