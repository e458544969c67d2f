#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who waits for a packet that was sent does not wait for the timer: a sender whose
# buffer is full, one who wants his pages back, a queue that holds as many bytes as it
# may. The timer is a second here, so each of them would wait that long.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

# over several ticks of the clock
COUNT=400
# Each takes a fraction of a millisecond; who is left to the timer but once, a second.
LIMIT_MS=900

ALL_TESTS=()
for PAIR in $VEI_PAIRS; do
	ALL_TESTS+=("test_start $PAIR" test_lone "test_waits least" "test_waits zerocopy"
		    test_messages test_bql)
done

test_start()
{
	drv_unload
	# one queue, whichever processor sends
	drv_load "" queue_pairs=1 && pair_create "$1"
	check_err $? "the pair does not come up"
	quiet_pair
	is_stock || ethtool -C "$IF0" tx-usecs 1000000
	check_err $? "cannot set tx-usecs"
	LIMITS=/sys/class/net/$IF0/queues/tx-0/byte_queue_limits
}

# The control: nobody waits, and then it is the timer's.
test_lone()
{
	local i late=0

	if is_stock; then
		skip "the stock driver has no timer"
		return
	fi
	for ((i = 0; i < 4 || (late < 1 && i < 20); i++)); do
		echo first >"/dev/udp/$NOBODY/9"
		sleep 0.05
		echo second >"/dev/udp/$NOBODY/9"
		sleep 0.2
		if ! queue_is_empty "${PAIR}0" 1; then
			late=$((late + 1))
			[ ! -e "$LIMITS/inflight" ] || check_ge "$(<"$LIMITS/inflight")" 40 "bytes in flight"
		fi
		wait_for 10 queue_is_empty "${PAIR}0" 1
		check_err $? "it waits for ever"
	done
	check_ge "$late" 1 "packets left to the timer, of $i"
}

# quickest COMMAND...: which leaves in MS how long it took; the machine may have been away
quickest()
{
	local i best=1000000

	for ((i = 0; i < 6 && best > LIMIT_MS; i++)); do
		"$@" || return
		[ "$MS" -ge "$best" ] || best=$MS
	done
	note "$*: $best ms"
	check_le "$best" "$LIMIT_MS" "ms for all of them"
}

datagrams()
{
	local rc=0

	MS=$(timeout 5 "$LIB_DIR/waiter" "$1" "$NOBODY" "$COUNT" 2>&1) || rc=$?
	# it has not come to its end
	[ "$rc" != 124 ] || rc=0 MS=5000
	check_err "$rc" "$1: $MS"
}

test_waits()
{
	quickest datagrams "$1"
}

# Small messages that are acknowledged late: TCP holds one back while the one before it is
# with the driver (autocorking), whatever TCP_NODELAY says.
messages()
{
	local sink sender

	in_peer "$LIB_DIR/waiter" sink >/run/sink 2>&1 &
	sink=$!
	wait_for 60 peer_is listening
	"$LIB_DIR/waiter" messages "$IP1" 8 >/run/messages 2>&1 &
	sender=$!
	wait_for 60 peer_is established
	in_peer tc qdisc add dev "$IF1" root netem delay 700ms
	check_err $? "cannot delay the answers"
	wait "$sender"
	check_err $? "messages: $(</run/messages)"
	MS=$(</run/messages)
	in_peer tc qdisc del dev "$IF1" root
	wait "$sink"
	check_eq "$(</run/sink)" 800 "bytes that came"
}

# Is there a socket of the peer's in state $1?
peer_is()
{
	in_peer ss -Htn state "$1" 'sport = :9' | grep -q .
}

test_messages()
{
	# less than until the first answer, which would take back what is there in passing
	local LIMIT_MS=500

	modprobe sch_netem
	quickest messages
}

nothing_in_flight()
{
	[ "$(<"$LIMITS/inflight")" = 0 ]
}

# More of them than the queue may hold, so that each waits for the one before.
limited()
{
	local sender inflight

	"$TRAFFIC" udp "${KIND_OPTIONS[@]}" -c "$COUNT" -s 1000 >/run/out 2>&1 &
	sender=$!
	while kill -0 "$sender" 2>/dev/null; do
		inflight=$(<"$LIMITS/inflight")
		[ "$inflight" -le "$MOST" ] || MOST=$inflight
		# a process, or bash would not see that the other has ended
		sleep 0.01
	done
	wait "$sender"
	check_err $? "$(tr '\n' ' ' </run/out)"
	MS=$(sed -n 's/.* ms=\([0-9]*\).*/\1/p' /run/out)
}

# One packet at a time: the next is sent when that one is taken back, and counted so.
test_bql()
{
	local before

	if [ ! -w "$LIMITS/limit_max" ]; then
		skip "this kernel has no byte queue limits"
		return
	fi
	before=$(<"$LIMITS/limit_max")
	echo 1000 >"$LIMITS/limit_max"
	# from the next packet that is done on
	echo first >"/dev/udp/$NOBODY/9"
	wait_for 10 nothing_in_flight
	check_err $? "bytes in flight: $(<"$LIMITS/inflight")"
	traffic_ends udp there
	MOST=0
	quickest limited
	note "at the most $MOST bytes seen in flight"
	check_le "$MOST" 2200 "bytes in flight"
	wait_for 10 nothing_in_flight
	check_err $? "bytes in flight: $(<"$LIMITS/inflight")"
	echo "$before" >"$LIMITS/limit_max"
	is_stock || check_no_timeouts
}

tests_run
