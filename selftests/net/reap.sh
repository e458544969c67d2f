#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sent packets are taken back without an interrupt for each, and none waits for
# ever: in passing while requests are answered, by the timer when one that followed
# another closely was the last, by an interrupt when there was none before it.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

COUNT=200
nic=${PAIR}0

ALL_TESTS=(
	test_start
	test_requests
	test_after_a_pause
	test_close_behind
	test_never_defer
)
CLEANUP=meddle_cleanup

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	quiet_pair
	# the slowest machine's packets follow each other within that
	ethtool -C "$IF0" tx-usecs 1000000
	check_err $? "cannot set tx-usecs"
}

# Of the transmit queue, since count_from: packets, and how often an interrupt was asked
# for. Whether it came is the device's affair: one that is quicker than the asking has
# its packet taken back without.
count_from()
{
	queue_from "$nic" 1
}

count_to()
{
	queue_to "$nic" 1
	PACKETS=${QUEUE_MORE[used]} ASKED=${QUEUE_MORE[rearms]}
}

requests()
{
	count_from
	ping -q -i 0.002 -c "$COUNT" "$IP1" >/dev/null
	check_err $? "requests are not answered"
	# the last ones wait for the timer perhaps
	wait_for 10 queue_is_empty "$nic" 1
	check_err $? "some wait for ever"
	count_to
}

test_requests()
{
	requests
	check_ge "$PACKETS" $((COUNT - 1)) "packets taken back, of $COUNT"
	check_le "$ASKED" $((COUNT / 10)) "interrupts asked for, for $PACKETS packets"
}

# Nothing passes by, and the timer is not due for a second.
test_after_a_pause()
{
	sleep 1.5
	count_from
	echo lone >"/dev/udp/$NOBODY/9"
	wait_for 10 queue_is_empty "$nic" 1
	check_err $? "it waits for ever"
	count_to
	check_eq "$PACKETS" 1 "packets taken back"
	check_ge "$ASKED" 1 "interrupts asked for"
}

# Nobody is asked, and the timer takes back the last one.
test_close_behind()
{
	local i

	for ((i = 0; i < 10; i++)); do
		echo first >"/dev/udp/$NOBODY/9"
		sleep 0.05
		count_from
		echo lone >"/dev/udp/$NOBODY/9"
		wait_for 10 queue_is_empty "$nic" 1
		check_err $? "it waits for ever"
		count_to
		check_ge "$PACKETS" 1 "packets taken back"
		# unless this machine was away for a second
		[ "$ASKED" != 0 ] || return 0
	done
	fail "an interrupt was asked for each of $i packets that were close behind another"
}

test_never_defer()
{
	local i

	ethtool -C "$IF0" tx-usecs 0
	check_err $? "cannot set tx-usecs"
	# some come together where the machine was away; not time after time
	for ((i = 0; i < 10; i++)); do
		requests
		[ "$ASKED" -lt $((COUNT / 2)) ] || break
	done
	check_ge "$ASKED" $((COUNT / 2)) "interrupts asked for, for $PACKETS packets"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
