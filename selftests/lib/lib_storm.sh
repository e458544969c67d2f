# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How the rest of the guest fares while a device storms: a pulse beside it (pulse.c), held
# against the same without a storm.

PULSE=$LIB_DIR/pulse
PULSE_LOG=/run/pulse
PULSE_PID=""
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

# log_forgive PATTERN: in the kernel's log since log_mark nothing is wrong but lines like these,
# which were to come; they are taken out of it, as the guest looks at all of it in the end.
log_forgive()
{
	local lines

	dmesg -c >/run/dmesg
	if lines=$(grep -E -f /usr/share/vei/kernel-log /run/dmesg | grep -vE -- "$1"); then
		fail "in the log: $(head -n 3 <<<"$lines" | tr '\n' ';')"
		# for the guest to find as well
		head -n 20 <<<"$lines" >/dev/kmsg
	fi
}
