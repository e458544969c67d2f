#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest's side of the bench: the same traffic by different drivers on the same
# pairs of NICs, and what it cost.
#
#	guest.sh ROUNDS "WORKLOAD..." ROW...
#
# A ROW is LABEL:PAIR:DRIVER:USED_EVENT:AVAIL_EVENT; DRIVER is ours or stock, and
# the last two are the toggles of virtio_ei_net ("-" for stock). In each round the
# rows come in turn, every other round in the opposite order; whoever has the
# pair is unbound before. For each run a line
#
#	RESULT LABEL WORKLOAD ROUND NAME=NUMBER...
#
# of all that was counted between two marks on both NICs of the pair together:
# what the guest counts here, and what the plugin of QEMU counts by itself
# in the windows that the marks open and close (their number is "window").

set -u
# shellcheck source=selftests/net/lib.sh disable=SC1091
. /opt/kselftest/drivers/net/virtio_ei/lib.sh

MARK=/sys/module/vei_mark/parameters/mark
TRACING=/sys/kernel/tracing
declare -A COUNT=()
# A workload's size, which the environment may change.
: "${N_PKTGEN:=10000}" "${N_PING:=1000}" "${N_PING3MS:=300}" "${N_PING1S:=100}"
: "${TCP_BYTES:=8000000}" "${N_UDP:=8000}" "${N_RR16:=8000}" "${TSO_BYTES:=200000000}"
: "${IDLE_SECONDS:=60}"
# Without a clock that jumps these would take their time.
if [ "${PLUGIN-}" != icount ]; then
	N_PING3MS=200 N_PING1S=5 IDLE_SECONDS=5
fi

say() { echo "$*" >/dev/ttyS2; }

##############################################################################
# The pair

# pair_take PAIR DRIVER: both NICs to that driver, under names and addresses of ours.
# Bound anew even if it has them: every run begins in the same state.
pair_take()
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

	[ "$2" != - ] || return 0
	for half in 0 1; do
		vei_set "$1$half" used_event "$2" && vei_set "$1$half" avail_event "$3" || return 1
	done
	wait_for 10 ping -q -n -c 1 -W 1 "$PEER" >/dev/null
}

##############################################################################
# What is counted

# The sum over all processors of the lines of /proc/interrupts that match.
interrupts()	# <pattern> <name>
{
	local line word words sum=0

	for line in "${LINES_NOW[@]}"; do
		[[ $line =~ $1 ]] || continue
		read -r -a words <<<"$line"
		for word in "${words[@]:1}"; do
			case $word in
			*[!0-9]*) break ;;
			*) ((sum += word)) ;;
			esac
		done
	done
	COUNT[$2]=$sum
}

# As the driver names the vectors of NIC $1.
irq_name()
{
	if [ -d "$(nic_sysfs "$1")/virtio_ei" ]; then
		echo "virtio_ei-$(nic_bdf "$1")"
	else
		basename "$(echo "$(nic_sysfs "$1")"/virtio*)"
	fi
}

packets()	# <pair>
{
	local line sum=0 fields words

	for line in "$(</proc/net/dev)" "$(ip netns exec "peer-$1" cat /proc/net/dev)"; do
		fields=${line##*p"$1"[01]:}
		read -r -a words <<<"$fields"
		((sum += words[9]))
	done
	COUNT[packets]=$sum
}

count_all()	# <pair>
{
	local misses

	mapfile -t LINES_NOW </proc/interrupts
	interrupts "(${IRQ0}|${IRQ1})-output" txirqs
	interrupts "(${IRQ0}|${IRQ1})-input" rxirqs
	interrupts "^ *LOC:" timerirqs
	COUNT[programs]=0
	if [ -n "$PROBE" ]; then
		while read -r _ hits misses; do
			((COUNT[programs] += hits + misses))
		done <$TRACING/kprobe_profile
	fi
}

# Programmings of the timer: without a plugin a probe counts them, if it can.
probe_set()
{
	local name

	PROBE=
	[ -z "${PLUGIN-}" ] || return 0
	for name in lapic_next_deadline lapic_next_event; do
		echo "p:bench/$name $name" >>$TRACING/kprobe_events
	done
	for name in lapic_next_deadline lapic_next_event; do
		echo 1 >$TRACING/events/bench/$name/enable || return 1
	done
	PROBE=1
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
run_rr16() { load "$1" there rr -f 16 -c "$N_RR16"; }
run_tso() { load "$1" there stream -c "$TSO_BYTES" -s 65536; }
run_tso4() { load "$1" there stream -f 4 -c "$TSO_BYTES" -s 65536; }
run_idle() { pause "$IDLE_SECONDS"; }

# load PAIR there|back ARGUMENT...: sets the marks by itself, once all is connected
load()
{
	local here=/proc/1/ns/net there=/run/netns/peer-$1

	if [ "$2" = there ]; then
		set -- "${@:3}" -n $here -N "$there" -a "$PEER"
	else
		set -- "${@:3}" -n "$there" -N $here -a "$SELF"
	fi
	/opt/kselftest/drivers/net/virtio_ei/load "$@" -m $MARK >/run/load.log 2>&1
}

# One packet under way: 2, with a device that answers at once.
first_mark()
{
	case $1 in
	rr | rr3ms | rr1s)	echo "${DEVICE_MARK:-2}" ;;
	*)			echo 1 ;;
	esac
}

marks_itself() { [[ $1 =~ ^(tcp|udp|rr16|tso) ]]; }

# Without a process.
pause() { read -r -t "$1" <>/run/never || :; }

# measure LABEL PAIR WORKLOAD ROUND
measure()
{
	local name start usecs pair=$2 work=$3 settle=0.02 mark
	local -A from

	IRQ0=$(irq_name "${pair}0") IRQ1=$(irq_name "${pair}1")
	if [ "$(type -t "before_$work")" = function ]; then
		"before_$work" "$pair" || return 1
	fi
	pause 0.05
	packets "$pair"
	count_all
	for name in "${!COUNT[@]}"; do
		from[$name]=${COUNT[$name]}
	done
	mark=$(first_mark "$work")
	marks_itself "$work" || echo "$mark" >$MARK
	start=${EPOCHREALTIME/./}
	if ! "run_$work" "$pair"; then
		say "FAILED $1 $work: $(tail -n 3 /run/load.log 2>/dev/null)"
		return 1
	fi
	# the last ones are reaped a moment later
	pause $settle
	usecs=$((${EPOCHREALTIME/./} - start))
	if marks_itself "$work"; then
		usecs=$(sed -n 's/.*usecs=//p' /run/load.log)
	else
		echo 0 >$MARK
	fi
	count_all
	packets "$pair"
	((windows++))
	local out=""
	for name in "${!from[@]}"; do
		out+=" $name=$((COUNT[$name] - from[$name]))"
	done
	if [ "$(type -t "after_$work")" = function ]; then
		"after_$work" "$pair" || return 1
	fi
	local -a queues=("/sys/class/net/p${pair}0/queues/"tx-*)
	say "RESULT $1 $work $4 window=$windows usecs=$usecs queues=${#queues[@]}$out"
}

run_row()	# <round> <row>
{
	local label pair driver used avail work

	IFS=: read -r label pair driver used avail <<<"$2"
	pair_take "$pair" "$driver" && toggle "$pair" "$used" "$avail" || return 1
	for work in $workloads; do
		measure "$label" "$pair" "$work" "$1" || return 1
	done
}

# Symbols of all modules, or of all there is: where functions begin; and where
# modules begin and how long they are, since others may come and go beside them.
symbols()
{
	say "SYMBOLS"
	if [ "$1" = all ]; then
		awk '$2 ~ /[tTwW]/ { print $1, $3, $4 }' /proc/kallsyms | gzip -9 | base64 >/dev/ttyS2
	else
		awk '$2 ~ /[tTwW]/ && NF == 4 { print $1, $3, $4 }' /proc/kallsyms >/dev/ttyS2
	fi
	say "SYMBOLS END"
	awk '{ print "MODULE", $1, $6, $2 }' /proc/modules >/dev/ttyS2
}

main()
{
	local rounds=$1 workloads=$2 round row pair number=0
	local -a rows backwards

	shift 2
	rows=("$@")
	for row; do
		backwards=("$row" "${backwards[@]}")
	done
	echo pfifo >/proc/sys/net/core/default_qdisc
	mkfifo /run/never
	declare -gA NET=()
	for pair in $VEI_PAIRS; do
		NET[$pair]=$((number++))
	done
	modprobe virtio_pci && modprobe virtio_net &&
		insmod /opt/virtio_ei.ko && insmod /opt/virtio_ei_net.ko &&
		insmod /opt/vei_mark.ko || return 1
	for pair in $VEI_PAIRS; do
		ip netns add "peer-$pair"
	done
	probe_set || say "NOTE no probe of timer programmings"
	[ -z "${PLUGIN-}" ] || symbols "${SYMBOLS:-modules}"
	for ((round = 1; round <= rounds; round++)); do
		((round % 2)) || rows=("${backwards[@]}")
		for row in "${rows[@]}"; do
			run_row "$round" "$row" || { say "FAILED round $round $row"; return 1; }
		done
		rows=("$@")
	done
	say COMPLETE
}

windows=0
main "$@"
