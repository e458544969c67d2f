#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Suppression acts in each direction alone. On a device in the draft's dialect,
# over the four combinations: kicks drop when avail_event comes in, interrupts when
# used_event does, and neither changes the other; the device's own counters say
# by which means it kept quiet; the field and the flag of the means not in use
# stay zero.
#
# The driver's counters are held against the device's: every doorbell that the
# one rang the other has heard, and no interrupt was handled that was not raised.
#
# The first pair's devices have ioeventfd=off, so that they see every kick; the
# second pair's do not: there a device is as slow to raise its flag as it is in
# the field, and flags suppress little.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${VEI_DIRECTION_PACKETS:-20000}
MODES="0:0 1:0 0:1 1:1"		# used_event:avail_event

ALL_TESTS=(test_start)
for mode in $MODES; do
	ALL_TESTS+=(
		"test_traffic $mode"
		"test_kicks $mode"
		"test_interrupts $mode"
		"test_means $mode"
		"test_unused $mode"
	)
done
ALL_TESTS+=(test_interrupts_drop test_second_pair)
for mode in $MODES; do
	ALL_TESTS+=("test_blast $mode")
done
ALL_TESTS+=(test_kicks_drop)

declare -A COUNTERS IRQS SUPPRESSED BLAST

# counters_read WHEN: the device's and the driver's, of queues 0 and 1
counters_read()
{
	local queue key

	for queue in 0 1; do
		both_read "$NIC" "$queue"
		check_err $? "queue $queue: the counters cannot be read"
		for key in kicks interrupts suppressed-by-flag suppressed-by-index forced-on-empty; do
			COUNTERS[$1,$queue,$key]=${DEVICE_NOW[$key]}
		done
		for key in kicks kick_decisions interrupts adds; do
			COUNTERS[$1,$queue,driver_$key]=${QUEUE_NOW[$key]}
		done
	done
}

# delta QUEUE KEY
delta()
{
	echo $((COUNTERS[after,$1,$2] - COUNTERS[before,$1,$2]))
}

settled()
{
	[ "$(vei_queue "$NIC" 1 used)" = "$(vei_queue "$NIC" 1 adds)" ]
}

start()
{
	PAIR=$1 NIC=${1}0
	drv_reload && pair_create "$1"
	check_err $? "the pair does not come up"
	# no address, no protocol that sends by itself: the test's packets alone
	ipv6_off
	ip addr flush dev "$IF0"
	ip -n "$NS" addr flush dev "$IF1"
	modprobe pktgen
	check_err $? "no pktgen"
	check_eq "$(vei_get "$NIC" dialect)" draft "dialect"
}

test_start()
{
	start "${VEI_PAIRS%% *}"
	check_eq "$(device_prop "$NIC" ioeventfd on)" off "$NIC: ioeventfd"
}

test_second_pair()
{
	start "${VEI_PAIRS##* }"
	check_eq "$(device_prop "$NIC" ioeventfd on)" on "$NIC: ioeventfd"
}

set_mode()
{
	local nic

	used_event=${1%:*} avail_event=${1#*:}
	for nic in "${PAIR}0" "${PAIR}1"; do
		vei_set "$nic" used_event "$used_event" && vei_set "$nic" avail_event "$avail_event"
		check_err $? "$nic: cannot be toggled"
	done
	check_negotiated "$NIC"
	wait_for 60 if_is_running "$IF0"
}

pktgen_blast()
{
	local dev=/proc/net/pktgen/$IF0 line

	echo rem_device_all >/proc/net/pktgen/kpktgend_0
	echo "add_device $IF0" >/proc/net/pktgen/kpktgend_0
	for line in "count $COUNT" "pkt_size 60" "clone_skb 0" "delay 0" \
		    "dst_mac $(if_get "$IF1" address "$NS")" "dst $IP1"; do
		echo "$line" >"$dev" || return 1
	done
	echo start >/proc/net/pktgen/pgctrl
	grep -q "Result: OK" "$dev"
}

# By index all have come that the device has raised, but for the first of all.
interrupts_came()
{
	local queue

	counters_read after
	[ "$used_event" = 1 ] || return 0
	for queue in 0 1; do
		[ $(($(delta "$queue" driver_interrupts) + 1)) -ge "$(delta "$queue" interrupts)" ] ||
			return 1
	done
}

# A blast there, and checked packets back, so that both queues have to do.
test_traffic()
{
	set_mode "$1"
	counters_read before
	pktgen_blast
	check_err $? "pktgen"
	traffic_run packet back -c 2000
	check_err $? "lost or spoiled"
	wait_for 60 settled
	check_err $? "the transmit queue does not settle"
	wait_for 10 interrupts_came
	IRQS[$1]=$(delta 0 interrupts)
	SUPPRESSED[$1]=$(($(delta 0 suppressed-by-flag) + $(delta 0 suppressed-by-index)))
	note "$1: $(delta 1 driver_adds) sent, $(delta 1 kicks) kicks;" \
		"receive: $(delta 0 interrupts) interrupts, ${SUPPRESSED[$1]} suppressed"
}

test_kicks()
{
	local queue

	for queue in 0 1; do
		check_eq "$(delta "$queue" kicks)" "$(delta "$queue" driver_kicks)" \
			"queue $queue: kicks that the device heard, that the driver sent"
		check_le "$(delta "$queue" driver_kicks)" "$(delta "$queue" driver_kick_decisions)" \
			"queue $queue: kicks, decisions"
	done
	check_ge "$(delta 1 driver_adds)" "$COUNT" "buffers sent"
}

# Two messages of one vector may become one interrupt, if the second comes before
# the first is taken; the reverse cannot be.
test_interrupts()
{
	local queue

	for queue in 0 1; do
		check_le "$(delta "$queue" driver_interrupts)" "$(delta "$queue" interrupts)" \
			"queue $queue: interrupts handled, raised by the device"
		if [ "$used_event" = 1 ]; then
			# By index none is raised before the last one's re-arming, but for the
			# first of all, which this device raises without having been asked.
			check_ge $(($(delta "$queue" driver_interrupts) + 1)) \
				"$(delta "$queue" interrupts)" \
				"queue $queue: interrupts handled and one, raised by used_event"
		fi
	done
	check_ge "$(delta 0 driver_interrupts)" 1 "receive interrupts"
}

# By what the device kept quiet.
test_means()
{
	local queue

	for queue in 0 1; do
		if [ "$used_event" = 1 ]; then
			check_eq "$(delta "$queue" suppressed-by-flag)" 0 "queue $queue: suppressed by flag"
		else
			check_eq "$(delta "$queue" suppressed-by-index)" 0 "queue $queue: suppressed by index"
		fi
		check_eq "$(delta "$queue" forced-on-empty)" 0 "queue $queue: forced on empty"
	done
	[ "$used_event" = 0 ] || check_ge "${SUPPRESSED[$1]}" 1 "receive interrupts suppressed"
}

test_unused()
{
	local queue unused

	for queue in 0 1; do
		unused=$([ "$used_event" = 1 ] && echo avail_flags || echo used_event)
		check_eq "$(vei_queue "$NIC" "$queue" "$unused")" 0 "queue $queue: $unused"
		unused=$([ "$avail_event" = 1 ] && echo used_flags || echo avail_event)
		check_eq "$(vei_queue "$NIC" "$queue" "$unused")" 0 "queue $queue: $unused"
	done
}

# about LESS MORE WHAT: within a factor of two of each other
about()
{
	check_le "$1" $(($2 * 2)) "$3"
	check_le "$2" $(($1 * 2)) "$3"
}

# used_event makes them fewer, whatever kicks go by; avail_event does not.
test_interrupts_drop()
{
	local avail

	for avail in 0 1; do
		check_le $((${IRQS[1:$avail]} * 2)) "${IRQS[0:$avail]}" \
			"avail_event=$avail: twice the interrupts by used_event, those by flags"
	done
	about "${IRQS[0:0]}" "${IRQS[0:1]}" "interrupts by flags, without and with avail_event"
}

test_blast()
{
	local before

	set_mode "$1"
	before=$(vei_queue "$NIC" 1 kicks)
	pktgen_blast
	check_err $? "pktgen"
	BLAST[$1]=$(($(vei_queue "$NIC" 1 kicks) - before))
	note "$1: $COUNT sent, ${BLAST[$1]} kicks"
}

# avail_event makes them fewer, whatever interrupts go by; used_event does not.
test_kicks_drop()
{
	local used

	for used in 0 1; do
		check_le $((${BLAST[$used:1]} * 2)) "${BLAST[$used:0]}" \
			"used_event=$used: twice the kicks by avail_event, those by flags"
	done
	about "${BLAST[0:0]}" "${BLAST[1:0]}" "kicks by flags, without and with used_event"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no directions")
fi
tests_run
