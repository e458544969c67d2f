# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The guest's side of the bench, whatever the type of the devices: the same work by
# different drivers on the same devices, and what it cost. guest_net.sh and
# guest_blk.sh source it, and are called as
#
#	guest_TYPE.sh ROUNDS "WORKLOAD..." ROW...
#
# A ROW is LABEL:DEVICE:DRIVER:USED_EVENT:AVAIL_EVENT; DRIVER is ours or stock, and
# the last two are the toggles of our driver ("-" for stock). In each round the
# rows come in turn, every other round in the opposite order; whoever has the
# device is unbound before. For each run a line
#
#	RESULT LABEL WORKLOAD ROUND NAME=NUMBER...
#
# of all that was counted between two marks: what the guest counts here, and what
# the plugin of QEMU counts by itself in the windows that the marks open and close
# (their number is "window"). A type defines
#
#	begin			drivers loaded, nothing bound to the wrong one
#	take DEVICE DRIVER	the device to that driver, bound anew
#	toggle DEVICE USED AVAIL
#	irq_patterns DEVICE	IRQS: by name of the count what its lines of
#				/proc/interrupts match
#	count_own DEVICE	COUNT: whatever else grows
#	width DEVICE		how many queues it works with
#	first_mark WORKLOAD	1, or 2 for a device that answers at once; 0 if the
#				program sets the marks and its log has usecs=
#	run_WORKLOAD DEVICE	and before_WORKLOAD, after_WORKLOAD, which do not count;
#				noted_WORKLOAD prints more of NAME=NUMBER
#
# "units", packets or requests, come from count_own or from what was noted.

MARK=/sys/module/vei_mark/parameters/mark
TRACING=/sys/kernel/tracing
PROGRAMS="lapic_next_deadline lapic_next_event"	# which of them depends on the processor
LOG=/run/load.log
declare -A COUNT=() IRQS=()
# Without a clock that jumps it takes its time.
if [ "${PLUGIN-}" = icount ]; then
	: "${IDLE_SECONDS:=60}"
else
	: "${IDLE_SECONDS:=3}"
fi
windows=0

say() { echo "$*" >/run/line/report; }

# Without a process.
pause() { read -r -t "$1" <>/run/never || :; }

is_function() { [ "$(type -t "$1")" = function ]; }

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

# How often a function was called that probe_set has set a probe at.
probed()	# <name of the count> <function...>
{
	local name hits misses sum=0

	while read -r name hits misses; do
		case " ${*:2} " in
		*" $name "*) ((sum += hits + misses)) ;;
		esac
	done <$TRACING/kprobe_profile
	COUNT[$1]=$sum
}

count_kernels()
{
	local name

	mapfile -t LINES_NOW </proc/interrupts
	for name in "${!IRQS[@]}"; do
		interrupts "${IRQS[$name]}" "$name"
	done
	interrupts "^ *LOC:" timerirqs
	COUNT[programs]=0
	# shellcheck disable=SC2086 # words
	[ -z "$PROBES" ] || probed programs $PROGRAMS
}

# Without a plugin probes count, if they can.
probe_set()	# <function...>
{
	local name

	PROBES=
	[ -z "${PLUGIN-}" ] || return 0
	for name; do
		echo "p:bench/$name $name" >>$TRACING/kprobe_events
	done
	for name; do
		echo 1 >"$TRACING/events/bench/$name/enable" || return 1
	done
	PROBES=1
}

run_idle() { pause "$IDLE_SECONDS"; }

measure()	# <label> <device> <workload> <round>
{
	local name start usecs device=$2 work=$3 mark out=""
	local -A from

	irq_patterns "$device"
	if is_function "before_$work"; then
		"before_$work" "$device" || return 1
	fi
	pause 0.05
	# what may need processes is before the one, and behind the other
	count_own "$device"
	count_kernels
	for name in "${!COUNT[@]}"; do
		from[$name]=${COUNT[$name]}
	done
	mark=1
	[ "$work" = idle ] || mark=$(first_mark "$work")
	[ "$mark" = 0 ] || echo "$mark" >$MARK
	start=${EPOCHREALTIME/./}
	if ! "run_$work" "$device"; then
		say "FAILED $1 $work: $(tail -n 3 $LOG 2>/dev/null)"
		return 1
	fi
	# the last ones are reaped a moment later
	pause 0.02
	usecs=$((${EPOCHREALTIME/./} - start))
	if [ "$mark" = 0 ]; then
		usecs=$(sed -n 's/.*usecs=\([0-9]*\).*/\1/p' $LOG)
	else
		echo 0 >$MARK
	fi
	count_kernels
	count_own "$device"
	((windows++))
	for name in "${!from[@]}"; do
		out+=" $name=$((COUNT[$name] - from[$name]))"
	done
	if is_function "after_$work"; then
		"after_$work" "$device" || return 1
	fi
	if is_function "noted_$work"; then
		out+=" $("noted_$work")"
	fi
	say "RESULT $1 $work $4 window=$windows usecs=$usecs queues=$(width "$device")$out"
}

run_row()	# <round> <row>
{
	local label device driver used avail work

	IFS=: read -r label device driver used avail <<<"$2"
	take "$device" "$driver" || return 1
	[ "$used" = - ] || toggle "$device" "$used" "$avail" || return 1
	for work in $workloads; do
		measure "$label" "$device" "$work" "$1" || return 1
	done
}

# Symbols of all modules, or of all there is: where functions begin; and where
# modules begin and how long they are, since others may come and go beside them.
symbols()
{
	say "SYMBOLS"
	if [ "$1" = all ]; then
		awk '$2 ~ /[tTwW]/ { print $1, $3, $4 }' /proc/kallsyms | gzip -9 | base64 >/run/line/report
	else
		awk '$2 ~ /[tTwW]/ && NF == 4 { print $1, $3, $4 }' /proc/kallsyms >/run/line/report
	fi
	say "SYMBOLS END"
	awk '{ print "MODULE", $1, $6, $2 }' /proc/modules >/run/line/report
}

bench_main()	# <rounds> <workloads> <row...>
{
	local rounds=$1 workloads=$2 round row
	local -a rows backwards

	shift 2
	rows=("$@")
	for row; do
		backwards=("$row" "${backwards[@]}")
	done
	mkfifo /run/never
	if ! insmod /opt/vei_mark.ko || ! begin; then
		say "FAILED to begin"
		return 1
	fi
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
