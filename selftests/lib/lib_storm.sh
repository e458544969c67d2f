# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How the rest of the guest fares while a device storms: a pulse beside it (pulse.c), held
# against the same without a storm.

PULSE=$LIB_DIR/pulse
PULSE_LOG=/run/pulse
PULSE_PID=""
STORM_PID=""
HOG_PID=""
UNBINDS=20
# A processor that has a tenth of the naps that it had without a storm still works; what is
# late by seconds on this machine is not.
SHARE_LEAST=10
POSSIBLE_LEAST=50
LATE_MOST=50
LATE_ALWAYS_US=2000000

# pulse_start [USECS]: of a nap
pulse_start()
{
	"$PULSE" "$@" >$PULSE_LOG &
	PULSE_PID=$!
}

# pulse_stop: leaves PULSE_POSSIBLE, PULSE_STEPS, PULSE_SHARE and PULSE_WORST
pulse_stop()
{
	local word

	kill "$PULSE_PID" && wait "$PULSE_PID"
	check_err $? "there is no pulse"
	PULSE_PID="" PULSE_POSSIBLE=0 PULSE_STEPS=0 PULSE_SHARE=0 PULSE_WORST=0
	[[ $(<$PULSE_LOG) =~ ^possible=[0-9]+\ steps=[0-9]+\ share=[0-9]+\ worst_us=[0-9]+$ ]]
	check_err $? "the pulse is not understood: '$(<$PULSE_LOG)'"
	for word in $(<$PULSE_LOG); do
		case $word in
		possible=*)	PULSE_POSSIBLE=${word#*=} ;;
		steps=*)	PULSE_STEPS=${word#*=} ;;
		share=*)	PULSE_SHARE=${word#*=} ;;
		worst_us=*)	PULSE_WORST=${word#*=} ;;
		esac
	done
}

pulse_kill()
{
	[ -z "$PULSE_PID" ] || kill "$PULSE_PID"
	PULSE_PID=""
}

# calm COMMAND...: what the storms' pulses are held against
calm()
{
	local rc

	pulse_start
	"$@"
	rc=$?
	pulse_stop
	CALM_SHARE=$PULSE_SHARE CALM_WORST=$PULSE_WORST
	check_ge "$CALM_SHARE" 1 "naps of a thousand"
	note "calm: $PULSE_STEPS steps, $PULSE_SHARE of a thousand, the latest by $PULSE_WORST us"
	return $rc
}

# storm COMMAND...: whoever else wants a processor has it
storm()
{
	local rc most=$((CALM_WORST * LATE_MOST + LATE_ALWAYS_US))

	pulse_start
	"$@"
	rc=$?
	pulse_stop
	note "storm: $PULSE_STEPS steps, $PULSE_SHARE of a thousand, the latest by $PULSE_WORST us"
	# what was over at once says nothing of shares
	[ "$PULSE_POSSIBLE" -lt $POSSIBLE_LEAST ] ||
		check_ge $((PULSE_SHARE * SHARE_LEAST)) "$CALM_SHARE" "naps, $SHARE_LEAST times as many"
	check_le "$PULSE_WORST" "$most" "us that a nap was late"
	return $rc
}

# host_storm TIMES COMMAND...: QMP commands, as fast as QEMU takes them
host_storm()
{
	local times=$1 list

	shift
	printf -v list '%s,' "$@"
	qmp "{\"execute\":\"storm\",\"arguments\":{\"times\":$times,\"commands\":[${list%,}]}}" >/dev/null
}

# Until host_storm_end: the same without end.
host_storm_start()
{
	rm -f /run/storm-ends
	while [ ! -e /run/storm-ends ]; do
		host_storm 50 "$@"
	done &
	STORM_PID=$!
}

host_storm_end()
{
	[ -n "$STORM_PID" ] || return 0
	touch /run/storm-ends
	wait "$STORM_PID"
	STORM_PID=""
}

# hog_start PROCESSOR: until hog_end it has no time for the kernel's workers, but now and then as
# the scheduler has it; interrupts come there. Those of devices that are bound meanwhile do.
hog_start()
{
	IRQS_WERE=$(</proc/irq/default_smp_affinity)
	printf '%x\n' $((1 << $1)) >/proc/irq/default_smp_affinity
	taskset -c "$1" chrt -f 1 bash -c "while :; do :; done" &
	HOG_PID=$!
}

hog_end()
{
	[ -n "$HOG_PID" ] || return 0
	kill "$HOG_PID"
	wait "$HOG_PID"
	HOG_PID=""
	echo "$IRQS_WERE" >/proc/irq/default_smp_affinity
}

# config_changes BDF: has it told of some, since it was bound?
config_changes()
{
	awk -v name="virtio_ei-$1-config" '$NF == name { sum += $2 + $3 } END { exit sum < 5 }' \
		/proc/interrupts
}

# storm_unbinds BIND UNBIND DEVICE BDF COMMAND...: it is unbound again and again while the host
# changes its configuration by these QMP commands, and who is to look at that has not come yet.
storm_unbinds()
{
	local bind=$1 unbind=$2 device=$3 bdf=$4 i

	shift 4
	"$unbind" "$device"
	hog_start 1
	host_storm_start "$@"
	for ((i = 0; i < UNBINDS && RET == 0; i++)); do
		"$bind" "$device" && wait_for 60 config_changes "$bdf"
		check_err $? "round $i: no change of the configuration"
		"$unbind" "$device"
		check_err $? "round $i: it cannot be unbound"
	done
	host_storm_end
	hog_end
	"$bind" "$device"
}
