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

COUNT=60
# Each for itself takes a millisecond; by the timer, half of them would take a second.
LIMIT_MS=$((COUNT * 1000 / 4))

ALL_TESTS=()
for PAIR in $VEI_PAIRS; do
	ALL_TESTS+=("test_start $PAIR" test_lone "test_waits least" "test_waits zerocopy" test_bql)
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
	for ((i = 0; i < 4; i++)); do
		echo first >"/dev/udp/$NOBODY/9"
		sleep 0.05
		echo second >"/dev/udp/$NOBODY/9"
		sleep 0.2
		queue_is_empty "${PAIR}0" 1 || late=$((late + 1))
		wait_for 10 queue_is_empty "${PAIR}0" 1
		check_err $? "it waits for ever"
	done
	check_ge "$late" 1 "packets left to the timer, of $i"
}

test_waits()
{
	local ms

	ms=$("$LIB_DIR/waiter" "$1" "$NOBODY" "$COUNT" 2>&1)
	check_err $? "$1: $ms"
	note "$COUNT datagrams in $ms ms"
	check_le "${ms:-$LIMIT_MS}" "$LIMIT_MS" "ms for $COUNT datagrams"
}

nothing_in_flight()
{
	[ "$(<"$LIMITS/inflight")" = 0 ]
}

# One packet at a time: the next is sent when that one is taken back, and counted so.
test_bql()
{
	local sender inflight most=0 before begun=$SECONDS

	if [ ! -w "$LIMITS/limit_max" ]; then
		skip "this kernel has no byte queue limits"
		return
	fi
	before=$(<"$LIMITS/limit_max")
	echo 1000 >"$LIMITS/limit_max"
	traffic_ends udp there
	"$TRAFFIC" udp "${KIND_OPTIONS[@]}" -c "$COUNT" -s 1000 >/run/out 2>&1 &
	sender=$!
	while kill -0 "$sender" 2>/dev/null; do
		inflight=$(<"$LIMITS/inflight")
		[ "$inflight" -le "$most" ] || most=$inflight
		sleep 0.01
	done
	wait "$sender"
	check_err $? "$(tr '\n' ' ' </run/out)"
	check_le $(((SECONDS - begun) * 1000)) "$LIMIT_MS" "ms for $COUNT datagrams"
	note "at the most $most bytes seen in flight"
	check_le "$most" 2200 "bytes in flight"
	wait_for 10 nothing_in_flight
	check_err $? "bytes in flight: $(<"$LIMITS/inflight")"
	echo "$before" >"$LIMITS/limit_max"
	is_stock || check_no_timeouts
}

tests_run
