# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Traffic over the pair in use: all at once, or in the background while
# something happens to a device.

TRAFFIC_PID=""
TRAFFIC_LOG=/run/traffic.log
KIND_OPTIONS=()
# QEMU lets a frame overtake one that waits for receive buffers, so a test that
# has more under way than the receive ring holds must not ask for the order.
TRAFFIC_ORDERED=1

# Options that bring traffic of kind $1 from vei0 to vei1, or back if $2 is
# "back", and the peer's address.
traffic_ends()
{
	local kind=$1 way=${2:-there}

	if [ "$way" = back ]; then
		KIND_OPTIONS=(-i "$IF1" -n "/run/netns/$NS" -I "$IF0")
		set -- "$IP0" 2001:db8::1
	else
		KIND_OPTIONS=(-i "$IF0" -I "$IF1" -N "/run/netns/$NS")
		set -- "$IP1" 2001:db8::2
	fi
	case $kind in
	udp|tcp)	KIND_OPTIONS+=(-a "$1") ;;
	udp6|tcp6)	KIND_OPTIONS+=(-a "$2") ;;
	esac
}

# traffic_run KIND WAY [OPTION...]: packet, udp, udp6, tcp or tcp6; there or
# back. Every byte is checked, and frames between two single queues keep their
# order. Leaves the line of counts in TRAFFIC_COUNTS.
traffic_run()
{
	local kind=$1 way=$2 rc=0

	shift 2
	# what waits for a neighbour's address is dropped beyond a limit
	[ "${kind#udp}" = "$kind" ] || pair_answers 1
	traffic_ends "$kind" "$way"
	if [ "$kind" = packet ] && pair_is_hub && [ -n "$TRAFFIC_ORDERED" ]; then
		KIND_OPTIONS+=(-o)	# one queue: the order stays
	fi
	TRAFFIC_COUNTS=$("$TRAFFIC" "${kind%6}" "${KIND_OPTIONS[@]}" "$@" 2>"$TRAFFIC_LOG") || rc=$?
	if [ $rc != 0 ]; then
		note "traffic $kind $way $*: $TRAFFIC_COUNTS $(tr '\n' ' ' <"$TRAFFIC_LOG")"
	fi
	return $rc
}

# traffic_count NAME: from the last line of counts
traffic_count()
{
	local word

	for word in $TRAFFIC_COUNTS; do
		if [ "${word%%=*}" = "$1" ]; then
			echo "${word#*=}"
		fi
	done
}

# The same in the background until traffic_stop; packets may be lost meanwhile
# (the device is reset, unplugged, ...), but none may be spoiled or doubled. It leaves
# something of the processor to what happens meanwhile; -p 0 does not.
traffic_start()
{
	local kind=$1 way=$2

	shift 2
	traffic_ends "$kind" "$way"
	traffic_background "$kind" "${KIND_OPTIONS[@]}" "$@"
}

# traffic_follow NIC0 NIC1: frames between two devices, found by their PCI
# addresses again whenever they come back
traffic_follow()
{
	traffic_background packet -i "pci:$(nic_bdf "$1")" -I "pci:$(nic_bdf "$2")"
}

traffic_background()
{
	local kind=$1

	shift
	"$TRAFFIC" "${kind%6}" -c 0 -L -p 500 "$@" >"$TRAFFIC_LOG.out" 2>"$TRAFFIC_LOG" &
	TRAFFIC_PID=$!
}

traffic_running()
{
	[ -n "$TRAFFIC_PID" ] && kill -0 "$TRAFFIC_PID" 2>/dev/null
}

# End it; fails if it had ended before or found anything spoiled.
traffic_stop()
{
	local rc=0

	if ! traffic_running; then
		note "traffic ended early: $(tr '\n' ' ' <"$TRAFFIC_LOG")"
		rc=1
	fi
	kill "$TRAFFIC_PID" 2>/dev/null
	wait "$TRAFFIC_PID" || rc=1
	TRAFFIC_PID=""
	TRAFFIC_COUNTS=$(cat "$TRAFFIC_LOG.out")
	if [ $rc != 0 ]; then
		note "traffic: $TRAFFIC_COUNTS $(tr '\n' ' ' <"$TRAFFIC_LOG")"
	fi
	return $rc
}

# Packets that interface $1 of namespace $2 (none: this one) has received.
rx_packets()
{
	if_get "$1" statistics/rx_packets "${2-}" || echo 0
}

rx_beyond()
{
	local value

	if_read "$1" statistics/rx_packets "${3-}" && [ "$value" -ge "$2" ]
}

# nic_flows NIC [PACKETS]: NIC, whatever its interface is called now, receives
# that many more within 10 seconds
nic_flows()
{
	local name before

	wait_for 60 nic_appears "$1" || return 1
	name=$(nic_ifname "$1")
	before=$(rx_packets "$name")
	wait_for 10 rx_beyond "$name" $((before + ${2:-100}))
}

# traffic_flows [PACKETS]: the peer receives that many more within 10 seconds
traffic_flows()
{
	local before

	before=$(rx_packets "$IF1" "$NS") || return 1
	wait_for 10 rx_beyond "$IF1" $((before + ${1:-100})) "$NS"
}
