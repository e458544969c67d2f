#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Several queue pairs: as many as the device, the processors and the parameter
# allow; all of them carry traffic, and their number changes at run time.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

# the first pair of the guest with more than one queue
for PAIR in $VEI_PAIRS; do
	[ "$(pair_var QUEUES)" -le 1 ] || break
done
QUEUES=$(pair_var QUEUES)

CLEANUP=meddle_cleanup
ALL_TESTS=(
	"test_pairs 0 $QUEUES"
	test_all_used
	test_senders
	test_refused
	test_change
	test_change_under_load
	"test_pairs 1 1"
	"test_pairs 1000 $QUEUES"
)

combined()
{
	ethtool -l "$IF0" | sed -n 's/^Combined:[[:space:]]*//p' | tail -n 1
}

# Parameter $1 gives $2 pairs.
test_pairs()
{
	drv_unload
	drv_load "" "queue_pairs=$1" && pair_create
	check_err $? "the pair does not come up with queue_pairs=$1"
	check_eq "$(combined)" "$2" "combined channels"
	traffic_run tcp there -c 5000000 && traffic_run tcp back -c 5000000
	check_err $? "spoiled"
}

queue_packets()
{
	ethtool -S "$IF0" | sed -n "s/^ *${1}_packets: //p"
}

# A sender on each processor; past the qdisc a packet socket takes the
# processor's number for the queue's.
test_all_used()
{
	local i before after

	for ((i = 0; i < QUEUES; i++)); do
		before=$(queue_packets "tx$i")
		traffic_ends packet there
		taskset -c "$i" "$TRAFFIC" packet "${KIND_OPTIONS[@]}" -q -L -c 500 >/run/out 2>&1
		check_err $? "processor $i: $(tr '\n' ' ' </run/out)"
		after=$(queue_packets "tx$i")
		check_ge $((after - before)) 400 "packets on transmit queue $i"
	done
}

# Processors that send by queue $1, as a list.
senders_of()
{
	echo $((16#$(tr -d , <"/sys/class/net/$IF0/queues/tx-$1/xps_cpus")))
}

# Each processor sends by the queue whose interrupts it takes; until the user says otherwise,
# and anew when there are others.
test_senders()
{
	local i cpus all=0

	for ((i = 0; i < QUEUES; i++)); do
		cpus=$(senders_of "$i")
		check_eq $((cpus & all)) 0 "processors of queue $i and of another"
		check_eq "$cpus" $((1 << i)) "processors of queue $i"
		all=$((all | cpus))
	done
	check_eq "$all" $(((1 << $(nproc)) - 1)) "processors that have a queue"
	echo 0 >"/sys/class/net/$IF0/queues/tx-0/xps_cpus"
	vei_set "${PAIR}0" reset 1
	check_err $? "cannot reset"
	check_eq "$(senders_of 0)" 0 "processors of queue 0, taken from it, after a reset"
	ethtool -L "$IF0" combined 1 && ethtool -L "$IF0" combined "$QUEUES"
	check_err $? "cannot change the number of queues"
	check_eq "$(senders_of 0)" 1 "processors of queue 0 after a change"
}

# What the device does not take leaves all as it was.
test_refused()
{
	meddle func=vei_net_ctrl skip=1 ret=-5
	check_err $? "cannot meddle"
	ethtool -L "$IF0" combined 1 2>/dev/null
	check_fail $? "the device has refused it"
	meddle_end
	check_eq "$(combined)" "$QUEUES" "combined channels"
	check_eq "$(senders_of 0)" 1 "processors of queue 0"
	test_all_used
	# Nor is there more of what is refused; what the user has set of the others stays.
	ethtool -L "$IF0" combined $((QUEUES - 1))
	check_err $? "cannot use one pair less"
	echo $((1 << (QUEUES - 1))) >"/sys/class/net/$IF0/queues/tx-0/xps_cpus"
	meddle func=vei_net_ctrl skip=1 ret=-5
	check_err $? "cannot meddle again"
	ethtool -L "$IF0" combined "$QUEUES" 2>/dev/null
	check_fail $? "the device has refused more"
	meddle_end
	check_eq "$(combined)" $((QUEUES - 1)) "combined channels after more were refused"
	check_eq "$(senders_of 0)" $((1 << (QUEUES - 1))) "processors of queue 0 after more were refused"
	ethtool -L "$IF0" combined "$QUEUES"
	check_err $? "cannot use all pairs again"
	test_all_used
}

test_change()
{
	local tcp n

	traffic_ends tcp there
	"$TRAFFIC" tcp "${KIND_OPTIONS[@]}" -c 20000000 >/run/tcp 2>&1 &
	tcp=$!
	for n in 1 "$QUEUES" 1 "$QUEUES"; do
		ethtool -L "$IF0" combined "$n"
		check_err $? "cannot set $n"
		check_eq "$(combined)" "$n" "combined channels"
	done
	wait "$tcp"
	check_err $? "$(tr '\n' ' ' </run/tcp)"
	ethtool -L "$IF0" combined $((QUEUES + 1)) 2>/dev/null
	check_fail $? "more queues than there are"
	ethtool -L "$IF0" combined 0 2>/dev/null
	check_fail $? "no queue at all"
}

# A device leaves what it finds in a queue that it was told is not in use: it has to be done
# with all of it before.
test_change_under_load()
{
	local i last=$((QUEUES - 1)) sender

	traffic_ends packet there
	taskset -c "$last" "$TRAFFIC" packet "${KIND_OPTIONS[@]}" -c 0 -L -q -b 64 -w 2000 -s 60 \
		>/run/out 2>&1 &
	sender=$!
	for ((i = 0; i < 30; i++)); do
		wait_for 60 sent_by_queue "$last"
		check_err $? "round $i: nothing is sent by queue $last"
		ethtool -L "$IF0" combined 1
		check_err $? "round $i: cannot set 1"
		wait_for 30 queue_is_empty "${PAIR}0" $((2 * last + 1))
		check_err $? "round $i: queue $last: ${QUEUE_NOW[free]} of ${QUEUE_NOW[size]} free"
		ethtool -L "$IF0" combined "$QUEUES"
		check_err $? "round $i: cannot set $QUEUES"
		[ "$RET" = 0 ] || break
	done
	kill "$sender"
	wait "$sender"
	check_err $? "$(tr '\n' ' ' </run/out)"
	check_no_timeouts
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no such parameter")
fi
tests_run
