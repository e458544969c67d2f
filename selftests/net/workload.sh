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
#	RESULT LABEL WORKLOAD packets=N kicks=N txirqs=N rxirqs=N usecs=N agree=1
#
# packets, kicks and txirqs are of the sending NIC, rxirqs of the receiving one.
# agree: our counters equal /proc/interrupts (on a stock pair, which has no
# counters of its own for that, always 1).

set -u
LIB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$LIB_DIR/lib.sh"

PKTGEN_COUNT=${PKTGEN_COUNT:-20000}
PING_COUNT=${PING_COUNT:-1000}
TCP_BYTES=${TCP_BYTES:-12M}

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
		vei_queue "$1" 1 kicks
	else
		ethtool -S "p$1" | sed -n 's/^ *tx_queue_0_kicks: //p'
	fi
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
run_tcp() { iperf3 -c "${peer_of[$1]}" -n "$TCP_BYTES" >/dev/null; }

stat_of()
{
	echo "$(<"/sys/class/net/p${1}0/statistics/$2")"
}

# The receiver has seen all that the sender has sent.
settled()
{
	[ "$(stat_of "$1" tx_packets)" -ge "$2" ]
}

measure()	# <label> <workload> <pair>
{
	local a=${3}0 b=${3}1 p k t r pt pr t_end r_end pt_end pr_end start agree=0

	p=$(stat_of "$3" tx_packets) k=$(kicks "$a")
	read -r t pt <<<"$(counted "$a" 1 output.0)"
	read -r r pr <<<"$(counted "$b" 0 input.0)"
	start=${EPOCHREALTIME/./}
	"run_$2" "$3" || { echo "FAILED $1 $2"; return 1; }
	local usecs=$((${EPOCHREALTIME/./} - start))

	# The last ones are reaped a moment later.
	[ "$2" = ping ] || [ "$2" = tcp ] || wait_for 5 settled "$3" $((p + PKTGEN_COUNT))
	k=$(($(kicks "$a") - k)) p=$(($(stat_of "$3" tx_packets) - p))
	read -r t_end pt_end <<<"$(counted "$a" 1 output.0)"
	read -r r_end pr_end <<<"$(counted "$b" 0 input.0)"
	local dt=$((t_end - t)) dr=$((r_end - r))
	[ $dt = $((pt_end - pt)) ] && [ $dr = $((pr_end - pr)) ] && agree=1
	echo "RESULT $1 $2 packets=$p kicks=$k txirqs=$dt rxirqs=$dr usecs=$usecs agree=$agree"
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
	for work in ${WORKLOADS:-pktgen burst ping tcp}; do
		measure "$label" "$work" "$pair" || return 1
	done
}

declare -A peer_of mac_of
rounds=$1 net=0
shift
modprobe pktgen || exit 1
for PAIR in $VEI_PAIRS; do
	if ! row_setup "$PAIR" $net; then
		echo "FAILED setting up pair $PAIR"
		exit 1
	fi
	ip netns exec "peer-$PAIR" iperf3 -s -D >/dev/null
	net=$((net + 1))
done
for ((round = 1; round <= rounds; round++)); do
	for row; do
		echo "ROUND $round ${row%%:*}"
		run_row "$row" || { echo "FAILED $row"; exit 1; }
	done
done
echo COMPLETE
