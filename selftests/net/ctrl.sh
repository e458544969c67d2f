#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands on the control queue when the device does not answer, answers with a
# length that means nothing, or is reset in the midst of them. A reset ends the
# wait for an answer at once, and the settings follow.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

# Nobody shall kick for it.
VEI_CORE_PARAMS+=" watch_ms=0"

ROUNDS=10
MCAST=01:00:5e:11:22:33
CONTROL=2	# its queue, where there is one pair of others
COMPLAINTS='virtio_ei.*(no answer|no more commands|cannot|broken)'

ALL_TESTS=(
	test_start
	"test_waiting reset"
	"test_waiting toggle"
	"test_waiting bind"
	test_segments
	"test_length $CONTROL total-used-len 0"
	"test_length $CONTROL used-len 9"
	"test_length 1 total-used-len 0"
	"test_length 1 used-len 9"
	test_back_to_back
)
CLEANUP=ctrl_cleanup

nic=${PAIR}0

ctrl_cleanup()
{
	local pid

	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null
	done
	meddle_cleanup
}

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
}

# What the device filters by: member $1 of QEMU's report is $2.
filter_is()
{
	[ "$(qmp "{\"execute\":\"query-rx-filter\",\"pick\":\"0.$1\",
		   \"arguments\":{\"name\":\"$nic\"}}")" = "$2" ]
}

filter_has_mcast()
{
	qmp "{\"execute\":\"query-rx-filter\",\"pick\":\"0.multicast-table\",
	      \"arguments\":{\"name\":\"$nic\"}}" | grep -qi "$MCAST"
}

# The device's view of what the stack wishes: promiscuous or not, one more address.
check_filter()
{
	wait_for 5 filter_is promiscuous "$1"
	check_err $? "the device does not know that promiscuous is $1"
	wait_for 5 filter_has_mcast
	check_err $? "the device does not have $MCAST"
}

forget()
{
	ip link set dev "$IF0" promisc off
	ip maddr del "$MCAST" dev "$IF0"
	wait_for 5 filter_is promiscuous false
	check_err $? "promiscuous mode stays"
}

# The kick of a command is lost and somebody waits for its answer; meanwhile the
# device is reset, by $1.
test_waiting()
{
	faults_here || return 0
	log_mark
	device_fault "$nic" lost-kick "$CONTROL"
	check_err $? "cannot set the fault"
	ip link set dev "$IF0" promisc on
	ip maddr add "$MCAST" dev "$IF0"
	wait_for 30 queue_waits "$nic" "$CONTROL"
	check_err $? "the kick was not lost"
	device_faultless "$nic"
	case $1 in
	reset)	vei_set "$nic" reset 1 ;;
	toggle)	vei_set "$nic" indirect 0 && vei_set "$nic" indirect 1 ;;
	bind)	nic_unbind "$nic" ;;
	esac
	check_err $? "cannot $1"
	log_lacks "$COMPLAINTS"
	if [ "$1" = bind ]; then
		nic_bind "$nic" && pair_create
		check_err $? "the pair does not come back"
	else
		check_filter true
		forget
	fi
	pair_answers
	check_err $? "no answer"
}

# Is the device not done with the command before index $1?
queue_waits_at()
{
	queue_waits "$nic" "$CONTROL" && [ "${QUEUE_NOW[avail_idx]}" = "$1" ]
}

# The kick of a command with tables of addresses is lost, so its descriptors can be counted.
# Devices of the draft's age want each piece in one of its own: the command, unicast
# addresses, multicast ones, the answer.
test_segments()
{
	local third

	faults_here || return 0
	device_fault "$nic" lost-kick "$CONTROL"
	check_err $? "cannot set the fault"
	# promiscuous and all multicast go before
	device_set "$nic" x-draft-fault-after 2
	check_err $? "cannot let two commands pass"
	queue_read "$nic" "$CONTROL"
	third=$(((QUEUE_NOW[avail_idx] + 3) & 0xffff))
	ip maddr add "$MCAST" dev "$IF0"
	wait_for 30 queue_waits_at "$third"
	check_err $? "the kick was not lost"
	check_eq $((QUEUE_NOW[size] - QUEUE_NOW[free])) 4 "descriptors of the command"
	device_faultless "$nic"
	vei_set "$nic" reset 1
	check_err $? "cannot reset"
	check_filter false
	forget
}

# A used length that is not what was written. Transmit and control queues do not
# go by it, and devices in the field put the length of the whole chain there.
test_length()
{
	local queue=$1 way

	faults_here || return 0
	log_mark
	device_fault "$nic" "$2" "$queue" "$3"
	check_err $? "cannot set the fault"
	ip maddr add "$MCAST" dev "$IF0"
	ip link set dev "$IF0" promisc on
	check_filter true
	for way in there back; do
		traffic_run packet "$way" -c 500
		check_err $? "packets lost or spoiled"
	done
	queue_read "$nic" "$queue"
	check_eq "${QUEUE_NOW[broken]}" no "queue $queue: broken"
	log_lacks "$COMPLAINTS"
	device_faultless "$nic"
	vei_set "$nic" reset 1
	check_err $? "cannot reset"
	forget
}

# Filters that change all the time, in a process of their own until it is killed.
change_filters()
{
	local i

	for ((i = 0; i < 50; i++)); do
		printf 'link set dev %s promisc %s\nlink set dev %s allmulticast %s\n' \
			"$IF0" on "$IF0" on "$IF0" off "$IF0" off
	done >/run/filters
	while [ -e /run/filters ]; do
		ip -batch /run/filters
	done
}

# Both ends receive that many more packets.
flows_both_ways()
{
	local before

	traffic_flows "$1" || return 1
	before=$(rx_packets "$IF0")
	wait_for 10 rx_beyond "$IF0" $((before + $1))
}

# Resets one after the other while filters change, under a stream in each direction.
test_back_to_back()
{
	local i filters stream

	log_mark
	in_peer iperf3 -s -1 >/dev/null &
	wait_for 60 listens
	iperf3 -c "$IP1" --bidir -t 120 >/dev/null &
	stream=$!
	flows_both_ways 100
	check_err $? "no stream"
	change_filters &
	filters=$!
	for ((i = 0; i < ROUNDS; i++)); do
		vei_set "$nic" used_event $((i & 1)) && vei_set "$nic" reset 1 &&
			vei_set "$nic" avail_event $((i >> 1 & 1))
		check_err $? "round $i: cannot toggle and reset"
	done
	# a batch that is under way ends first, lest it undo what follows
	rm /run/filters
	wait "$filters"
	flows_both_ways 100
	check_err $? "the stream is dead"
	kill "$stream"
	ip maddr add "$MCAST" dev "$IF0"
	ip link set dev "$IF0" allmulticast off
	ip link set dev "$IF0" promisc on
	check_filter true
	log_lacks "$COMPLAINTS"
	forget
	vei_set "$nic" used_event 1 && vei_set "$nic" avail_event 1
	check_no_timeouts
}

listens()
{
	in_peer ss -Htln sport = 5201 | grep -q .
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
