#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Receive interrupts of a stream are fewer than its packets, as ethtool -C has it or by
# themselves; what comes alone, and what is answered, does not wait, and the end of a stream
# comes in time.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

# The window has to be wider than what is waited for, half of a ring: it may run out of buffers
TRAFFIC_ORDERED=""
COUNT=4000
nic=${PAIR}1		# it receives

ALL_TESTS=(
	test_start
	test_set
	test_refused
	"test_stream rx-usecs 50000 rx-frames 16"
	"test_stream rx-usecs 50000 rx-frames 0"
	"test_stream rx-usecs 1000000 rx-frames 32"
	"test_ahead 100"
	"test_ahead 0"
	test_end_of_a_stream
	test_lone
	test_adaptive
	test_dim
	test_by_flags
	test_reset
)
CLEANUP=meddle_cleanup

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	quiet_pair
}

# peer_set WORD...: of the receiver's ethtool -C
peer_set()
{
	in_peer ethtool -C "$IF1" "$@"
}

# what ethtool -c says of NAME
peer_get()
{
	in_peer ethtool -c "$IF1" | sed -n "s/^$1:[[:space:]]*//p"
}

test_set()
{
	in_peer ethtool -c "$IF1" | grep -q '^Adaptive RX: on'
	check_err $? "not adaptive by itself"
	peer_set adaptive-rx off rx-usecs 123 rx-frames 45
	check_err $? "cannot set"
	in_peer ethtool -c "$IF1" | grep -q '^Adaptive RX: off'
	check_err $? "still adaptive"
	check_eq "$(peer_get rx-usecs)" 123 "rx-usecs"
	check_eq "$(peer_get rx-frames)" 45 "rx-frames"
}

test_refused()
{
	peer_set rx-usecs 1000001 2>/dev/null
	check_fail $? "over a second is taken"
	check_eq "$(peer_get rx-usecs)" 123 "rx-usecs afterwards"
	peer_set adaptive-tx on 2>/dev/null
	check_fail $? "adaptive-tx is taken"
}

# Of the receiver since count_from: packets and interrupts.
count_from()
{
	queue_from "$nic" 0
}

count_to()
{
	queue_to "$nic" 0
	PACKETS=${QUEUE_MORE[used]} IRQS=${QUEUE_MORE[interrupts]}
	note "$IRQS interrupts for $PACKETS packets"
}

# One at a time, so that none comes together with another by itself.
stream()
{
	count_from
	traffic_run packet there -q -b 1 -w 200 -s 60 -c "$COUNT"
	check_err $? "lost or spoiled"
	count_to
	check_ge "$PACKETS" "$COUNT" "packets"
}

# <name value...>
test_stream()
{
	peer_set adaptive-rx off "$@"
	check_err $? "cannot set"
	stream
	check_le "$IRQS" $((COUNT / 8)) "interrupts"
	check_eq "$(in_peer ethtool -S "$IF1" | sed -n 's/^ *rx0_drops: //p')" 0 "drops"
}

# How far ahead the last poll of a stream has asked for an interrupt, into AHEAD. The timer
# undoes it after a second.
ahead_of_a_stream()
{
	local i

	for ((i = 0; i < 5; i++)); do
		traffic_run packet there -q -b 1 -w 200 -s 60 -c 1000
		check_err $? "lost or spoiled"
		queue_read "$nic" 0
		AHEAD=$(((QUEUE_NOW[used_event] - QUEUE_NOW[last_used]) & 0xffff))
		[ "$AHEAD" = 0 ] || return 0
	done
}

# As far as rx-frames says. Without, the device still has half of the buffers then, however long
# they may wait.
test_ahead()
{
	local most=$1

	peer_set adaptive-rx off rx-usecs 1000000 rx-frames "$1"
	check_err $? "cannot set"
	ahead_of_a_stream
	if [ "$most" = 0 ]; then
		check_ge "$AHEAD" 64 "packets waited for"
		check_le "$AHEAD" $((QUEUE_NOW[size] / 2 - 1)) "packets waited for"
	else
		check_eq "$AHEAD" $((most - 1)) "packets waited for"
	fi
}

# Fewer than were waited for, and nothing comes behind them: the time does.
test_end_of_a_stream()
{
	peer_set adaptive-rx off rx-usecs 300000 rx-frames 100
	check_err $? "cannot set"
	count_from
	# the last 30 or so are not a hundred
	traffic_run packet there -q -b 1 -w 200 -s 60 -c 530
	check_err $? "lost or spoiled"
	count_to
	ping -q -c 1 -W 5 "$IP1" >/dev/null
	check_err $? "no answer"
}

# Alone after a pause of longer than that, none waits for the second that was set. If one does
# the machine may have been away; not time after time.
test_lone()
{
	local i out rtt

	peer_set adaptive-rx off rx-usecs 1000000 rx-frames 100
	check_err $? "cannot set"
	for ((i = 0; i < 5; i++)); do
		sleep 2
		out=$(ping -q -c 4 -i 1.2 -W 5 "$IP1")
		check_err $? "no answer"
		rtt=$(rtt_max "$out")
		[ "$rtt" -gt 500 ] || break
	done
	check_le "$rtt" 500 "ms for an answer"
}

# rtt_max OUTPUT: whole milliseconds
rtt_max()
{
	sed -n 's|.* = [0-9.]*/[0-9.]*/\([0-9]*\).*|\1|p' <<<"$1"
}

# Whatever time the kernel's dim finds, it is 50 ms: long enough for the slowest machine's
# stream, and too long for who waits for an answer, who has to get it without.
test_adaptive()
{
	local i

	drv_unload
	meddle func=net_dim_get_rx_moderation skip=1 ret=50000
	check_err $? "cannot meddle"
	drv_load && pair_create
	check_err $? "the pair does not come up"
	quiet_pair
	stream
	check_le "$IRQS" $((COUNT / 4)) "interrupts"
	# more than one is under way where the machine was away
	for ((i = 0; i < 10; i++)); do
		count_from
		ping -q -f -c 300 "$IP1" >/dev/null
		check_err $? "no answer"
		count_to
		[ "$IRQS" -lt $((PACKETS * 8 / 10)) ] || break
	done
	check_ge "$IRQS" $((PACKETS * 8 / 10)) "interrupts of requests"
	meddle_end
}

# And while there is a stream it is asked for a better one.
test_dim()
{
	meddle func=net_dim delay_us=1
	check_err $? "cannot meddle"
	traffic_start packet there -q -b 1 -s 60 -p 0
	wait_for 20 meddle_struck 10
	check_err $? "the kernel's dim is not asked"
	traffic_stop
	check_err $? "spoiled"
	meddle_end
}

# By flags there is nothing to postpone, and it is not tried.
test_by_flags()
{
	vei_set "$nic" used_event 0
	check_err $? "cannot toggle"
	wait_for 60 if_is_running "$IF1" "$NS"
	peer_set adaptive-rx off rx-usecs 1000000 rx-frames 100
	check_err $? "cannot set"
	stream
	queue_read "$nic" 0
	check_eq "${QUEUE_NOW[intr_mode]}" flags "mode"
	ping -q -c 1 -W 5 "$IP1" >/dev/null
	check_err $? "no answer"
	vei_set "$nic" used_event 1
	check_err $? "cannot toggle back"
	wait_for 60 if_is_running "$IF1" "$NS"
}

# What was set outlasts it, and what was waited for does not.
test_reset()
{
	peer_set adaptive-rx off rx-usecs 100000 rx-frames 64
	check_err $? "cannot set"
	traffic_start packet there -q -b 1 -s 60
	traffic_flows 500
	check_err $? "no traffic"
	vei_set "$nic" reset 1
	check_err $? "cannot reset"
	check_eq "$(peer_get rx-frames)" 64 "rx-frames after a reset"
	traffic_flows 500
	check_err $? "the traffic has stopped"
	traffic_stop
	check_err $? "lost or spoiled"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
