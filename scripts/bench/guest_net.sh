#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The bench on pairs of NICs, see guest_lib.sh. All that is counted is of both NICs
# of a pair together; a unit is a packet sent by either.

set -u
# shellcheck source=selftests/net/lib.sh disable=SC1091
. /opt/kselftest/drivers/net/virtio_ei/lib.sh

# shellcheck source=scripts/bench/guest_lib.sh disable=SC1091
. "$(dirname "$0")/guest_lib.sh"

declare -A NET=()
# A workload's size, which the environment may change.
: "${N_PKTGEN:=10000}" "${N_PING:=1000}" "${N_PING3MS:=300}" "${N_PING1S:=100}"
: "${TCP_BYTES:=8000000}" "${N_UDP:=8000}" "${N_WAITER:=4000}" "${N_RR16:=8000}" "${TSO_BYTES:=200000000}"
# Without a clock that jumps these would take their time.
if [ "${PLUGIN-}" != icount ]; then
	N_PING3MS=200 N_PING1S=5
fi

##############################################################################
# The pair

# take PAIR DRIVER: both NICs to that driver, under names and addresses of ours.
# Bound anew even if it has them: every run begins in the same state.
take()
{
	local pair=$1 driver=virtio_ei_net half dir

	[ "$2" = ours ] || driver=virtio-pci
	for half in 0 1; do
		dir=$(nic_sysfs "$pair$half")
		[ ! -e "$dir/driver" ] || nic_bdf "$pair$half" >"$dir/driver/unbind" || return 1
	done
	for half in 0 1; do
		vei-bind "$(nic_bdf "$pair$half")" $driver >/dev/null || return 1
	done
	for half in 0 1; do
		wait_for 10 nic_appears "$pair$half" && nic_rename "$pair$half" "p$pair$half" || return 1
	done
	ip link set dev "p${pair}1" netns "peer-$pair" || return 1
	pair_configure "$pair" || return 1
	wait_for 10 ping -q -n -c 1 -W 1 "$PEER" >/dev/null
}

# Addresses; no chatter of the stack's own among what is counted.
pair_configure()
{
	local pair=$1 ns=peer-$1 net=${NET[$1]} mac0 mac1

	sysctl -qw "net.ipv6.conf.p${pair}0.disable_ipv6=1"
	ip netns exec "$ns" sysctl -qw "net.ipv6.conf.p${pair}1.disable_ipv6=1"
	SELF=192.0.2.$((net * 4 + 1)) PEER=192.0.2.$((net * 4 + 2))
	mac0=$(<"/sys/class/net/p${pair}0/address")
	mac1=$(ip netns exec "$ns" cat "/sys/class/net/p${pair}1/address")
	MAC=$mac1
	ip -batch - <<-EOT && ip -n "$ns" -batch - <<-EOT2
		addr add $SELF/30 dev p${pair}0
		link set dev p${pair}0 up
		neigh replace $PEER lladdr $mac1 dev p${pair}0 nud permanent
	EOT
		link set dev lo up
		addr add $PEER/30 dev p${pair}1
		link set dev p${pair}1 up
		neigh replace $SELF lladdr $mac0 dev p${pair}1 nud permanent
	EOT2
}

toggle()	# <pair> <used_event> <avail_event>
{
	local half

	for half in 0 1; do
		vei_set "$1$half" used_event "$2" && vei_set "$1$half" avail_event "$3" || return 1
	done
	wait_for 10 ping -q -n -c 1 -W 1 "$PEER" >/dev/null
}

##############################################################################
# What is counted

# As the driver names the vectors of NIC $1.
irq_name()
{
	if [ -d "$(nic_sysfs "$1")/virtio_ei" ]; then
		echo "virtio_ei-$(nic_bdf "$1")"
	else
		basename "$(echo "$(nic_sysfs "$1")"/virtio*)"
	fi
}

irq_patterns()	# <pair>
{
	local both

	both="($(irq_name "${1}0")|$(irq_name "${1}1"))"
	IRQS=([txirqs]="$both-output" [rxirqs]="$both-input")
}

count_own()	# <pair>
{
	local line sum=0 fields words

	for line in "$(</proc/net/dev)" "$(ip netns exec "peer-$1" cat /proc/net/dev)"; do
		fields=${line##*p"$1"[01]:}
		read -r -a words <<<"$fields"
		((sum += words[9]))
	done
	COUNT[units]=$sum
}

width()	# <pair>
{
	local -a queues=("/sys/class/net/p${1}0/queues/"tx-*)

	echo ${#queues[@]}
}

##############################################################################
# Workloads

pktgen()	# <pair> <burst>
{
	local dev=/proc/net/pktgen/p${1}0 line

	for line in "count $N_PKTGEN" "pkt_size 60" "clone_skb 0" "burst $2" "delay 0" \
		    "dst_mac $MAC" "dst $PEER" "src_min 192.0.2.254"; do
		echo "$line" >"$dev" || return 1
	done
	echo start >/proc/net/pktgen/pgctrl
	read -r -d '' line <"$dev"
	[[ $line == *"Result: OK"* ]]
}

pinged()	# <count> <argument...>
{
	local count=$1 out

	shift
	out=$(ping -q -n -c "$count" "$@" "$PEER") && [[ $out == *" $count received"* ]]
}

# before_WORKLOAD is not counted
before_pktgen1()
{
	modprobe pktgen && echo "add_device p${1}0" >/proc/net/pktgen/kpktgend_0
}
before_pktgen32() { before_pktgen1 "$1"; }
# its threads wake up ten times a second
after_pktgen1() { rmmod pktgen; }
after_pktgen32() { rmmod pktgen; }
run_pktgen1() { pktgen "$1" 1; }
run_pktgen32() { pktgen "$1" 32; }
run_rr() { pinged "$N_PING" -f -w 60; }
run_rr3ms() { pinged "$N_PING3MS" -i 0.003; }
run_rr1s() { pinged "$N_PING1S" -i 1; }
run_tcp() { load "$1" there stream -c "$TCP_BYTES" -s 65536; }
run_tcpr() { load "$1" back stream -c "$TCP_BYTES" -s 65536; }
run_udp() { load "$1" there udp -c "$N_UDP" -s 512; }
run_sndbuf() { waiter least; }
run_zerocopy() { waiter zerocopy; }
run_rr16() { load "$1" there rr -f 16 -c "$N_RR16"; }
run_tso() { load "$1" there stream -c "$TSO_BYTES" -s 65536; }
run_tso4() { load "$1" there stream -f 4 -c "$TSO_BYTES" -s 65536; }

# load PAIR there|back ARGUMENT...: sets the marks by itself, once all is connected
load()
{
	local here=/proc/1/ns/net there=/run/netns/peer-$1

	if [ "$2" = there ]; then
		set -- "${@:3}" -n $here -N "$there" -a "$PEER"
	else
		set -- "${@:3}" -n "$there" -N $here -a "$SELF"
	fi
	/opt/kselftest/drivers/net/virtio_ei/load "$@" -m $MARK >$LOG 2>&1
}

# Datagrams whose sender waits until the driver is done with one before it sends the next.
waiter()
{
	/opt/kselftest/drivers/net/virtio_ei/waiter "$1" "$PEER" "$N_WAITER" >$LOG 2>&1
}

# One packet under way: 2, with a device that answers at once.
first_mark()
{
	case $1 in
	rr | rr3ms | rr1s)		echo "${DEVICE_MARK:-2}" ;;
	tcp* | udp | rr16 | tso*)	echo 0 ;;
	*)				echo 1 ;;
	esac
}

begin()
{
	local pair number=0

	echo pfifo >/proc/sys/net/core/default_qdisc
	for pair in $VEI_PAIRS; do
		NET[$pair]=$((number++))
		ip netns add "peer-$pair" || return 1
	done
	modprobe virtio_pci && modprobe virtio_net &&
		insmod /opt/virtio_ei.ko && insmod /opt/virtio_ei_net.ko || return 1
	# shellcheck disable=SC2086 # words
	probe_set $PROGRAMS || say "NOTE no probe of timer programmings"
}

bench_main "$@"
