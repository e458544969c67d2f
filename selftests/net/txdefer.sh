#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A sent packet is taken back in bounded time, also when it is the last one for
# long. Its timer may be on its way out at that moment: its function has looked,
# found nothing, and has not returned yet. That moment is made a long one here,
# and the packet is sent in it. Lost that way, it waits for ever: neither timer
# nor interrupt is there to wake anybody.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

ROUNDS=4
nic=${PAIR}0

ALL_TESTS=(test_start test_lone_packet)
CLEANUP=meddle_cleanup

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	quiet_pair
	# each packet to a closed port is answered
	in_peer sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=10000
}

# A processor each: the timer runs where its packet was sent, and this shell
# must not wait for it. No process is begun in a round, for the sake of time.
start_sender()
{
	taskset -p -c 1 $$ >/dev/null
	mkfifo /run/txdefer
	taskset -c 0 bash -c "while read -r; do echo ask >/dev/udp/$IP1/9; done" </run/txdefer &
	exec {sender}>/run/txdefer {lone}<>"/dev/udp/$NOBODY/9"
}

end_sender()
{
	exec {sender}>&- {lone}>&-
	wait
	rm /run/txdefer
}

# On a busy machine the second packet may not be close enough: then once more.
timer_fires()
{
	echo >&"$sender"
	sleep 0.02
	echo >&"$sender"
	watch_for 1 meddle_busy
}

test_lone_packet()
{
	local i sender lone met=0 stuck=0

	if ! has_function vei_txq_defer; then
		skip "the driver has no timer for this"
		return
	fi
	start_sender
	meddle func=vei_txq_defer at=return delay_us=1500000
	check_err $? "cannot delay the timer's function"
	# a machine that was away for that long has not met it
	for ((i = 0; i < ROUNDS || (met < ROUNDS / 2 && i < 5 * ROUNDS); i++)); do
		# a packet close behind another starts the timer, long enough for its
		# answer to have it taken back before
		ethtool -C "$IF0" tx-usecs 100000
		wait_for 120 timer_fires
		check_err $? "round $i: the timer does not fire"
		# what comes now is close behind
		ethtool -C "$IF0" tx-usecs 1000000
		if queue_is_empty "$nic" 1; then
			echo lone >&"$lone"
			meddle_busy && met=$((met + 1))
		fi
		if ! wait_for 20 queue_is_empty "$nic" 1; then
			stuck=$((stuck + 1))
			note "round $i: used_idx=${QUEUE_NOW[used_idx]}" \
				"last_used=${QUEUE_NOW[last_used]} armed=${QUEUE_NOW[armed]}"
		fi
		wait_for 30 not meddle_busy
	done
	meddle_end
	end_sender
	check_ge "$met" $((ROUNDS / 2)) "packets sent at that moment"
	check_eq "$stuck" 0 "packets that wait for ever, of $i"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
