#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The device is taken out and put back by the hypervisor: idle, under traffic,
# its peer, both at once. What comes back works; nothing is left over.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(
	test_start
	test_idle
	"test_under_traffic 0"
	"test_under_traffic 1"
	test_rounds
	test_exact
	test_unbound
)

plug()
{
	plug_in "$1"
	wait_for 60 nic_appears "$1"
	check_err $? "$1 has no interface"
}

test_start()
{
	drv_load && pair_create && pair_answers
	check_err $? "the pair does not come up"
}

test_idle()
{
	unplug "${PAIR}0"
	ip link show dev "$IF0" >/dev/null 2>&1
	check_fail $? "$IF0 is left over"
	[ ! -e "/sys/kernel/debug/virtio_ei/$(nic_bdf "${PAIR}0")" ]
	check_err $? "its debugfs is left over"
	plug "${PAIR}0"
	pair_create && pair_answers
	check_err $? "no answer after it is back"
}

# Out goes the sender, or the receiver.
test_under_traffic()
{
	local nic=$PAIR$1

	pair_destroy
	traffic_follow "${PAIR}0" "${PAIR}1"
	nic_flows "${PAIR}1"
	check_err $? "no traffic"
	unplug "$nic"
	plug "$nic"
	nic_flows "${PAIR}1"
	check_err $? "no traffic after $nic is back"
	traffic_stop
	check_err $? "the traffic was spoiled"
}

test_rounds()
{
	local i

	traffic_follow "${PAIR}0" "${PAIR}1"
	for ((i = 0; i < 5; i++)); do
		nic_flows "${PAIR}1"
		check_err $? "no traffic in round $i"
		unplug "${PAIR}0"
		unplug "${PAIR}1"
		plug "${PAIR}1"
		plug "${PAIR}0"
	done
	nic_flows "${PAIR}1"
	check_err $? "no traffic at last"
	traffic_stop
	check_err $? "the traffic was spoiled"
}

test_exact()
{
	local way

	pair_create
	check_err $? "the pair does not come up"
	for way in there back; do
		traffic_run packet "$way" -c 2000
		check_err $? "packets lost or spoiled"
	done
}

# A device without a driver goes and comes as well.
test_unbound()
{
	pair_destroy
	nic_unbind "${PAIR}0"
	check_err $? "cannot unbind"
	unplug "${PAIR}0"
	plug "${PAIR}0"
	pair_create && pair_answers
	check_err $? "no answer after it is back"
}

tests_run
