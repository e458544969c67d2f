#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The same workloads over several pairs of NICs, and what each costs in kicks
# and interrupts. No test: it measures, and checks only its own figures.
#
#	workload.sh ROUNDS ROW...
#
# A ROW is LABEL:PAIR:USED_EVENT:AVAIL_EVENT, the last two being the toggles of
# virtio_ei_net; for a pair that belongs to the stock driver they are "-".
# Rounds are interleaved, so that a disturbance hits all rows alike. Prints for
# each run
#
#	RESULT LABEL WORKLOAD packets=N kicks=N txirqs=N rxirqs=N timers=N programs=N usecs=N agree=1
#
# packets: sent by either NIC; kicks and interrupts of both; timers: interrupts of
# the processors' local timers; programs: how often these were programmed, which
# on a real hypervisor is an exit each (-1 if no probe can be set). WORKLOAD "idle"
# is nothing for IDLE_SECONDS: what timers do anyway.
# agree: our counters equal /proc/interrupts (on a stock pair, which has no
# counters of its own for that, always 1).

set -u
LIB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$LIB_DIR/lib.sh"

PKTGEN_COUNT=${PKTGEN_COUNT:-20000}
PING_COUNT=${PING_COUNT:-1000}
TCP_BYTES=${TCP_BYTES:-12000000}
IDLE_SECONDS=${IDLE_SECONDS:-1}
TRACING=/sys/kernel/tracing
PROBED="lapic_next_deadline lapic_next_event"	# which of them depends on the processor

# Each pair has a namespace and a network of its own: p<pair>0 here, p<pair>1 there.
row_setup()
{
	local pair=$1 net=$2 ns=peer-$1

	ip netns add "$ns" && nic_rename "${pair}0" "p${pair}0" && nic_rename "${pair}1" "p${pair}1" &&
		ip link set dev "p${pair}1" netns "$ns" || return 1
	# No chatter of the stack's own among the packets that are counted.
	sysctl -qw "net.ipv6.conf.p${pair}0.disable_ipv6=1"
	ip netns exec "$ns" sysctl -qw "net.ipv6.conf.p${pair}1.disable_ipv6=1"
	ip addr add "192.0.2.$((net * 4 + 1))/30" dev "p${pair}0"
	ip -n "$ns" addr add "192.0.2.$((net * 4 + 2))/30" dev "p${pair}1"
	ip link set dev "p${pair}0" up && ip -n "$ns" link set dev "p${pair}1" up || return 1
	peer_of[$pair]=192.0.2.$((net * 4 + 2))
	mac_of[$pair]=$(ip netns exec "$ns" cat "/sys/class/net/p${pair}1/address")
	wait_for 10 ping -q -n -c 1 -W 1 "${peer_of[$pair]}" >/dev/null
}

is_ours()
{
	[ -d "$(nic_sysfs "$1")/virtio_ei" ]
}

# interrupts NIC QUEUE: of /proc/interrupts, all processors; QUEUE is input.0 or output.0
interrupts()
{
	local name line sum=0 word

	if is_ours "$1"; then
		name=virtio_ei-$(nic_bdf "$1")-$2
	else
		name=$(basename "$(echo "$(nic_sysfs "$1")"/virtio*)")-$2
	fi
	line=$(grep -w -- "$name" /proc/interrupts) || return 1
	# shellcheck disable=SC2086 # words
	set -- $line
	shift
	for word; do
		case $word in
		*[!0-9]*) break ;;
		*) sum=$((sum + word)) ;;
		esac
	done
	echo "$sum"
}

kicks()
{
	if is_ours "$1"; then
		echo $(($(vei_queue "$1" 0 kicks) + $(vei_queue "$1" 1 kicks)))
	elif [ "${1%0}" != "$1" ]; then
		stock_kicks "p$1"
	else
		ip netns exec "peer-${1%1}" bash -c "$(declare -f stock_kicks); stock_kicks p$1"
	fi
}

stock_kicks()
{
	ethtool -S "$1" | awk '/_queue_0_kicks:/ { sum += $2 } END { print sum }'
}

# Have the programmings of the timer counted, if the kernel can.
probe_set()
{
	local name

	PROBED_FILE=
	for name in $PROBED; do
		echo "p:vei/$name $name" >>$TRACING/kprobe_events && continue
		echo "no probe at $name" >&2
		return
	done 2>/dev/null
	for name in $PROBED; do
		echo 1 >$TRACING/events/vei/"$name"/enable
	done
	PROBED_FILE=$TRACING/kprobe_profile
}

# Leave the sums in PROGRAMS and TIMERS.
timers_read()
{
	local line words word hits misses

	PROGRAMS=0 TIMERS=0
	if [ -n "$PROBED_FILE" ]; then
		while read -r _ hits misses; do
			((PROGRAMS += hits + misses))
		done <"$PROBED_FILE"
	fi
	while read -r line; do
		[[ $line == LOC:* ]] || continue
		read -r -a words <<<"$line"
		for word in "${words[@]:1}"; do
			[[ $word == *[!0-9]* ]] && break
			((TIMERS += word))
		done
	done </proc/interrupts
}

# counted NIC QUEUE NAME: our counter and the kernel's, of the same instant: no
# interrupt came between. A stock driver has no counter, so it is the kernel's twice.
counted()
{
	local ours kernel again

	if ! is_ours "$1"; then
		kernel=$(interrupts "$1" "$3")
		echo "$kernel $kernel"
		return
	fi
	again=$(vei_queue "$1" "$2" interrupts)
	until [ "$again" = "${ours-}" ]; do
		ours=$again
		kernel=$(interrupts "$1" "$3")
		again=$(vei_queue "$1" "$2" interrupts)
	done
	echo "$ours $kernel"
}

pktgen()
{
	local thread=/proc/net/pktgen/kpktgend_0 dev=/proc/net/pktgen/p${1}0 line

	echo rem_device_all >$thread
	echo "add_device p${1}0" >$thread
	for line in "count $PKTGEN_COUNT" "pkt_size 60" "clone_skb 0" "burst $2" "delay 0" \
		    "dst_mac ${mac_of[$1]}" "dst ${peer_of[$1]}" "src_min 192.0.2.254"; do
		echo "$line" >"$dev" || return 1
	done
	echo start >/proc/net/pktgen/pgctrl
	grep -q 'Result: OK' "$dev"
}

# shellcheck disable=SC2317 # called by name
run_pktgen() { pktgen "$1" 1; }
# shellcheck disable=SC2317
run_burst() { pktgen "$1" 32; }
# shellcheck disable=SC2317
run_ping() { ping -q -n -f -c "$PING_COUNT" "${peer_of[$1]}" >/dev/null; }
# shellcheck disable=SC2317
run_tcp()
{
	"$LIB_DIR/load" stream -c "$TCP_BYTES" -s 65536 -a "${peer_of[$1]}" -n /proc/1/ns/net \
		-N "/run/netns/peer-$1" >/dev/null
}
# shellcheck disable=SC2317
run_idle() { sleep "$IDLE_SECONDS"; }

# By either NIC.
sent()
{
	local here there

	here=$(<"/sys/class/net/p${1}0/statistics/tx_packets")
	there=$(ip netns exec "peer-$1" cat "/sys/class/net/p${1}1/statistics/tx_packets")
	echo $((here + there))
}

# The receiver has seen all that the sender has sent.
settled()
{
	[ "$(sent "$1")" -ge "$2" ]
}

# All vectors of pair $1: TXIRQS and RXIRQS by our counters, KERNEL by the kernel's.
irqs_read()
{
	local nic ours kernel

	TXIRQS=0 RXIRQS=0 KERNEL=0
	for nic in "${1}0" "${1}1"; do
		read -r ours kernel <<<"$(counted "$nic" 1 output.0)"
		((TXIRQS += ours, KERNEL += kernel))
		read -r ours kernel <<<"$(counted "$nic" 0 input.0)"
		((RXIRQS += ours, KERNEL += kernel))
	done
}

measure()	# <label> <workload> <pair>
{
	local a=${3}0 b=${3}1 p k tx rx kernel start usecs timers programs agree=0

	p=$(sent "$3") k=$(($(kicks "$a") + $(kicks "$b")))
	irqs_read "$3"
	tx=$TXIRQS rx=$RXIRQS kernel=$KERNEL
	timers_read
	timers=$TIMERS programs=$PROGRAMS
	start=${EPOCHREALTIME/./}
	"run_$2" "$3" || { echo "FAILED $1 $2"; return 1; }
	usecs=$((${EPOCHREALTIME/./} - start))

	# The last ones are reaped a moment later.
	case $2 in
	pktgen | burst)	wait_for 5 settled "$3" $((p + PKTGEN_COUNT)) ;;
	esac
	timers_read
	timers=$((TIMERS - timers)) programs=$((PROGRAMS - programs))
	[ -n "$PROBED_FILE" ] || programs=-1
	k=$(($(kicks "$a") + $(kicks "$b") - k)) p=$(($(sent "$3") - p))
	irqs_read "$3"
	tx=$((TXIRQS - tx)) rx=$((RXIRQS - rx))
	[ $((tx + rx)) = $((KERNEL - kernel)) ] && agree=1
	echo "RESULT $1 $2 packets=$p kicks=$k txirqs=$tx rxirqs=$rx timers=$timers" \
		"programs=$programs usecs=$usecs agree=$agree"
}

run_row()	# <row>
{
	local label pair used avail work

	IFS=: read -r label pair used avail <<<"$1"
	if [ "$used" != - ]; then
		for nic in "${pair}0" "${pair}1"; do
			vei_set "$nic" used_event "$used" && vei_set "$nic" avail_event "$avail" || return 1
		done
		wait_for 10 ping -q -n -c 1 -W 1 "${peer_of[$pair]}" >/dev/null || return 1
	fi
	for work in idle ${WORKLOADS:-pktgen burst ping tcp}; do
		measure "$label" "$work" "$pair" || return 1
	done
}

declare -A peer_of mac_of
rounds=$1 net=0
shift
modprobe pktgen || exit 1
probe_set
for PAIR in $VEI_PAIRS; do
	if ! row_setup "$PAIR" $net; then
		echo "FAILED setting up pair $PAIR"
		exit 1
	fi
	net=$((net + 1))
done
for ((round = 1; round <= rounds; round++)); do
	for row; do
		echo "ROUND $round ${row%%:*}"
		run_row "$row" || { echo "FAILED $row"; exit 1; }
	done
done
echo COMPLETE
