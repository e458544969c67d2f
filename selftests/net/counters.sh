#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The counters are exact: packets and bytes as sent, buffers as posted and
# used, kicks sent and suppressed as decided, interrupts as the kernel counts
# them in /proc/interrupts, per queue; and ethtool shows what debugfs does.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

COUNT=3000
SIZE=1000
READER_BYTES=192	# of vei_queue_read_stats()

ALL_TESTS=()
for mode in used_event=1,avail_event=1 used_event=0,avail_event=0; do
	ALL_TESTS+=(
		"test_start $mode"
		"test_packets $mode"
		"test_interrupts $mode"
		"test_kicks $mode"
		"test_buffers $mode"
		"test_ethtool $mode"
		"test_unused_direction $mode"
	)
done

ALL_TESTS+=("test_while_counting used_event=1,avail_event=1")
CLEANUP=meddle_cleanup

# ethtool_stat INTERFACE NAME, from the text in STATS
ethtool_stat()
{
	sed -n "s/^ *$1: //p" <<<"$STATS"
}

read_stats()
{
	STATS=$(ethtool -S "$IF0")
	PEER_STATS=$(in_peer ethtool -S "$IF1")
}

peer_stat()
{
	sed -n "s/^ *$1: //p" <<<"$PEER_STATS"
}

# Interrupts on the line of /proc/interrupts for queue $2 of NIC $1.
proc_interrupts()
{
	awk -v name="$(nic_bdf "$1")-$2" '
		index($NF, name) {
			for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++)
				sum += $i
		}
		END { print sum + 0 }' /proc/interrupts
}

# interrupts_read NIC QUEUE NAME: by the driver's count and the kernel's, with none in between,
# into COUNTED and HANDLED
interrupts_read()
{
	local i

	for ((i = 0; i < 20; i++)); do
		COUNTED=$(vei_queue "$1" "$2" interrupts)
		HANDLED=$(proc_interrupts "$1" "$3")
		[ "$(vei_queue "$1" "$2" interrupts)" != "$COUNTED" ] || return 0
	done
}

test_start()
{
	drv_unload
	drv_load "${1//,/ }" && pair_create
	check_err $? "the pair does not come up"
	ipv6_off
	read_stats
	tx_before=$(ethtool_stat tx0_packets)
	tx_bytes_before=$(ethtool_stat tx0_bytes)
	rx_before=$(peer_stat rx0_packets)
	rx_bytes_before=$(peer_stat rx0_bytes)
	traffic_run packet there -s "$SIZE" -c "$COUNT"
	check_err $? "lost or spoiled"
	wait_for 60 vei_settled "${PAIR}0" 1
	check_err $? "the transmit queue does not settle"
	read_stats
}

test_packets()
{
	local tx rx

	tx=$(($(ethtool_stat tx0_packets) - tx_before))
	rx=$(($(peer_stat rx0_packets) - rx_before))
	check_ge "$tx" "$COUNT" "tx0_packets"
	check_eq "$rx" "$tx" "the peer's rx0_packets"
	check_eq $(($(ethtool_stat tx0_bytes) - tx_bytes_before)) \
		$(($(peer_stat rx0_bytes) - rx_bytes_before)) "bytes sent and received"
	check_ge $(($(ethtool_stat tx0_bytes) - tx_bytes_before)) $((COUNT * SIZE)) "tx0_bytes"
	check_eq "$(if_get "$IF0" statistics/tx_packets)" "$(ethtool_stat tx0_packets)" \
		"the interface's tx_packets"
	check_eq "$(if_get "$IF1" statistics/rx_packets "$NS")" "$(peer_stat rx0_packets)" \
		"the interface's rx_packets"
}

test_interrupts()
{
	interrupts_read "${PAIR}0" 1 output.0
	check_eq "$COUNTED" "$HANDLED" "transmit: counter, /proc/interrupts"
	interrupts_read "${PAIR}1" 0 input.0
	check_eq "$COUNTED" "$HANDLED" "receive: counter, /proc/interrupts"
	check_ge "$COUNTED" 1 "receive interrupts"
}

# Sent and suppressed are all that was decided, and there were both.
test_kicks()
{
	local decisions kicks suppressed

	decisions=$(vei_queue "${PAIR}0" 1 kick_decisions)
	kicks=$(vei_queue "${PAIR}0" 1 kicks)
	suppressed=$(vei_queue "${PAIR}0" 1 kicks_suppressed)
	check_eq $((kicks + suppressed)) "$decisions" "kicks sent and suppressed, decisions"
	check_ge "$kicks" 1 "kicks"
	check_le "$decisions" "$(vei_queue "${PAIR}0" 1 adds)" "decisions"
	if [ "$1" = used_event=1,avail_event=1 ]; then
		check_ge "$suppressed" 1 "kicks suppressed by avail_event"
	fi
}

test_buffers()
{
	local adds used size

	adds=$(vei_queue "${PAIR}0" 1 adds)
	check_ge "$adds" "$COUNT" "buffers added to transmit"
	check_eq $((adds & 0xffff)) "$(vei_queue "${PAIR}0" 1 avail_idx)" "avail->idx of transmit"
	# received buffers were taken, and as many or fewer posted again
	adds=$(vei_queue "${PAIR}1" 0 adds)
	used=$(vei_queue "${PAIR}1" 0 used)
	size=$(vei_queue "${PAIR}1" 0 size)
	check_ge "$used" "$COUNT" "receive buffers used"
	check_le $((adds - used)) "$size" "receive buffers posted"
	check_eq $((used & 0xffff)) "$(vei_queue "${PAIR}1" 0 used_idx)" "used->idx of receive"
}

test_ethtool()
{
	local key

	read_stats
	for key in adds used kick_decisions kicks kicks_suppressed interrupts interrupts_empty \
		   rearms rearms_lost kicks_lost interrupts_lost; do
		check_eq "$(ethtool_stat "tx0_$key")" "$(vei_queue "${PAIR}0" 1 "$key")" \
			"tx0_$key and queue 1's $key"
		check_eq "$(ethtool_stat "rx0_$key")" "$(vei_queue "${PAIR}0" 0 "$key")" \
			"rx0_$key and queue 0's $key"
	done
	check_eq "$(ethtool_stat tx_timeouts)" 0 "tx_timeouts"
}

# Each direction uses either flags or its index; the other field stays zero.
test_unused_direction()
{
	local nic queue

	for nic in "${PAIR}0" "${PAIR}1"; do
		for queue in 0 1; do
			check_unused "$nic" "$queue"
		done
	done
}

# delayed_reads US: whoever reads is delayed so long at each instruction in turn, so that packets
# pass in between; how often that was, and of these with packets, into MET and GROWN
delayed_reads()
{
	local offset seen

	MET=0 GROWN=0
	for ((offset = 1; offset < READER_BYTES; offset++)); do
		meddle func=vei_queue_read_stats at="$offset" delay_us="$1" 2>/dev/null || continue
		queue_read "${PAIR}0" 1
		meddle_read hits
		meddle_end
		[ "$MEDDLED" != 0 ] || continue
		MET=$((MET + 1))
		check_part kicks_suppressed kick_decisions "$offset"
		check_part used adds "$offset"
		check_part rearms_lost rearms "$offset"
		check_part interrupts_empty interrupts "$offset"
		# each packet is one buffer and one decision, which are read in this order: the
		# more packets went between these two, the more decisions there seem to be
		seen=$((QUEUE_NOW[kick_decisions] - QUEUE_NOW[adds]))
		queue_read "${PAIR}0" 1
		if [ "$seen" -gt $((QUEUE_NOW[kick_decisions] - QUEUE_NOW[adds])) ]; then
			GROWN=$((GROWN + 1))
		fi
	done
}

# Read while they grow: a part is never more than the whole, and nothing falls below 0.
test_while_counting()
{
	local us

	drv_unload
	drv_load "${1//,/ }" && pair_create
	check_err $? "the pair does not come up"
	# each packet a kick of its own, so that next to none is suppressed
	traffic_start packet there -s 60 -w 1 -b 1 -p 0
	traffic_flows 100
	check_err $? "no traffic"
	check_ge "$(nproc)" 2 "processors, one for the traffic"
	# who reads is delayed with interrupts off: the traffic's come to the other processor
	taskset -p -c 1 $$ >/dev/null
	taskset -a -p -c 0 "$TRAFFIC_PID" >/dev/null
	irq_on "virtio_ei-$(nic_bdf "${PAIR}1")-input.0" 0
	check_err $? "the interrupt cannot be moved"
	# on a busy machine the traffic may stand still for as long
	for us in 50000 250000 1000000; do
		delayed_reads "$us"
		[ "$GROWN" = 0 ] || break
	done
	taskset -p 3 $$ >/dev/null
	check_ge "$MET" 20 "instructions at which the reader was delayed"
	check_ge "$GROWN" 1 "of these, where packets were seen to go meanwhile"
	traffic_stop
	check_err $? "lost or spoiled"
}

# check_part PART WHOLE OFFSET
check_part()
{
	# the shell's numbers have 63 bits
	[ ${#QUEUE_NOW[$1]} -lt 19 ] && [ "${QUEUE_NOW[$1]}" -le "${QUEUE_NOW[$2]}" ]
	check_err $? "delayed at $3: $1 ${QUEUE_NOW[$1]} of $2 ${QUEUE_NOW[$2]}"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has none")
fi
tests_run
