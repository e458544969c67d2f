#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# netpoll, which sends the kernel's messages: it may call in the midst of anything, with
# interrupts off, and where the transmit queue is full or held by another processor it polls
# with a budget of 0, to have sent packets taken back and nothing else. Not a message is
# lost, and the traffic beside it goes on.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

MESSAGES=3000
MANY=1200	# more than both rings hold
TRACE=/sys/kernel/tracing
nic=${PAIR}0

ALL_TESTS=(test_start "test_beside there" "test_beside back" test_within test_full)
CLEANUP=netpoll_cleanup

netpoll_cleanup()
{
	polls_end
	[ ! -d /sys/module/netconsole ] || rmmod netconsole
	meddle_cleanup
}

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	quiet_pair
	# nobody listens to the messages, and nobody has to say so
	in_peer sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=0
	modprobe netconsole \
		netconsole="6665@$IP0/$IF0,6666@$IP1/$(if_get "$IF1" address "$NS")"
	check_err $? "no netconsole"
	echo on >/proc/sys/kernel/printk_devkmsg	# no limit to their rate
}

# Calls of both polls without a budget are counted from here on.
polls_begin()
{
	polls_end
	echo "p:vei/rx vei_rxq_poll budget=%si:s32" >"$TRACE"/kprobe_events &&
		echo "p:vei/tx vei_txq_poll budget=%si:s32" >>"$TRACE"/kprobe_events &&
		echo "budget == 0" >"$TRACE"/events/vei/filter &&
		echo 1 >"$TRACE"/events/vei/enable
}

polls_end()
{
	[ ! -e "$TRACE"/events/vei ] || echo 0 >"$TRACE"/events/vei/enable
	echo >"$TRACE"/kprobe_events
	echo >"$TRACE"/trace
}

# polls rx|tx
polls()
{
	grep -c " $1: (" "$TRACE"/trace
}

# Datagrams that came to a port on which nobody listens.
messages_come()
{
	in_peer cat /proc/net/snmp | awk '/^Udp: [0-9]/ { print $3 }'
}

# say NUMBER: so many messages
say()
{
	local i

	for ((i = 0; i < $1; i++)); do
		echo "netpoll.sh: message $i of $1"
	done >/dev/kmsg
}

all_came()
{
	[ "$(messages_come)" -ge "$1" ]
}

test_beside()
{
	local before other="" i

	polls_begin
	check_err $? "polls cannot be counted"
	# who holds the transmit queue, so that netpoll has to poll, while something is received
	if [ "$1" = back ]; then
		traffic_ends packet there
		"$TRAFFIC" packet "${KIND_OPTIONS[@]}" -c 0 -L -q -b 32 -s 60 >/dev/null 2>&1 &
		other=$!
	fi
	traffic_start packet "$1" -q -b 32 -s 60 -p 0
	traffic_both_run "$1"
	check_err $? "no traffic"
	# how often the queue is held meanwhile is chance
	for ((i = 0; i < 20 && RET == 0; i++)); do
		before=$(messages_come)
		dmesg -n 8
		say "$MESSAGES"
		dmesg -n 1
		wait_for 60 all_came $((before + MESSAGES))
		check_err $? "$(($(messages_come) - before)) of $MESSAGES messages came"
		[ "$(polls rx)" -lt 100 ] || break
	done
	note "polled without a budget: $(polls rx) times receive, $(polls tx) times transmit"
	traffic_both_run "$1"
	check_err $? "the traffic has stopped"
	traffic_stop
	check_err $? "lost or spoiled"
	if [ -n "$other" ]; then
		kill "$other"
		wait "$other"
	fi
	check_ge "$(polls rx)" 100 "polls of receive without a budget"
	polls_end
	check_eq "$(nic_count tx_timeouts)" 0 "tx_timeouts"
}

traffic_both_run()
{
	if [ "$1" = there ]; then
		traffic_flows 1000
	else
		wait_for 60 rx_beyond "$IF0" $(($(rx_packets "$IF0") + 1000))
	fi
}

# The driver itself has something to say, with the transmit queue locked.
test_within()
{
	local before

	before=$(messages_come)
	dmesg -n 8
	time_out 2
	check_err $? "cannot time out"
	dmesg -n 1
	wait_for 60 all_came $((before + 2))
	check_err $? "$(($(messages_come) - before)) of 2 messages came"
	ping -q -c 3 -i 0.01 -w 10 "$IP1" >/dev/null
	check_err $? "no answer"
}

# The ring is full, as the peer takes no more than its own holds: each message polls in vain,
# and has to come when the peer is back. What was received meanwhile must not be left lying.
test_full()
{
	local before

	polls_begin
	check_err $? "polls cannot be counted"
	before=$(messages_come)
	in_peer ip link set dev "$IF1" down
	dmesg -n 8
	say "$MANY"
	dmesg -n 1
	check_ge "$(polls rx)" 1 "polls of receive without a budget"
	check_ge "$(polls tx)" 1 "polls of transmit without a budget"
	polls_end
	in_peer ip link set dev "$IF1" up
	pair_up
	quiet_pair
	wait_for 20 all_came $((before + MANY))
	check_err $? "$(($(messages_come) - before)) of $MANY messages came"
	rmmod netconsole
	check_err $? "netconsole does not go"
	pair_create && pair_answers
	check_err $? "no answer"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
