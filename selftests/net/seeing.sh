#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What tools/ shows of kicks and interrupts is what the driver's counters say: bpftrace's
# scripts, the kernel's histograms, perf. Of each script runs a broken copy beside it, which
# has to be found wrong; and a kick that the device loses has to be seen.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

TOOLS=${VEI_TOOLS:-/opt/tools}
TRACING=/sys/kernel/tracing
WORK=/run/seeing
PACKETS=${VEI_SEEING_PACKETS:-300}
READY=180	# seconds until bpftrace has compiled: LLVM, emulated
NIC=${PAIR}0
QUEUES="0:input.0 1:output.0"

# script, and what is wrong with its copy
SCRIPTS=(
	"suppressed s/args->kick ? 0 : 1/args->kick ? 1 : 0/"
	"who-kicks s/^.args->kick.$/\/!args->kick\//"
	"kick-to-interrupt s/(@unanswered\[str(args->name)\] != 0)/(@unanswered[str(args->name)] == 0)/"
)

ALL_TESTS=(test_start test_look test_suppressed test_who test_waited test_broken_copies
	   "test_hist suppressed" "test_hist kick-to-interrupt" "test_hist who-kicks" "test_hist kick-stacks"
	   test_hist_refuses test_perf test_files_beside
	   "test_lone_kick none" "test_lone_kick lost-kick")

##############################################################################
# What there is to be seen

queue_name()
{
	echo "virtio_ei-$(nic_bdf "$NIC")-$1"
}

# One packet under way, so that kicks and interrupts follow each other.
traffic_and_counts()
{
	wait_for 5 vei_settled "$NIC" 1
	COUNTS=()
	counts_read "$NIC"
	echo >"$TRACING/trace"
	echo 1 >"$TRACING/events/virtio_ei/enable"
	traffic_run packet there -w 1 -b 1 -c "$PACKETS" && traffic_run packet back -w 1 -b 1 -c "$PACKETS"
	check_err $? "lost or spoiled"
	wait_for 5 vei_settled "$NIC" 1
	check_err $? "the transmit queue does not settle"
	echo 0 >"$TRACING/events/virtio_ei/enable"
	counts_read "$NIC"
	cp "$TRACING/trace" "$WORK/trace"
	grep -q "entries-in-buffer/entries-written: \([0-9]*\)/\1 " "$WORK/trace"
	check_err $? "the buffer was too small"
}

# waited QUEUE: of the trace, how many interrupts have a kick before them, the median of the
# time since the first of these, in microseconds, and how many kicks have no interrupt behind
waited()
{
	awk -v queue="$(queue_name "$1")" '
		{ at = $0; sub(/: vei_.*/, "", at); sub(/.* /, "", at) }
		$0 ~ "vei_kick: " queue " .* kick=1$" { if (!kicked++) since = at }
		$0 ~ "vei_interrupt: " queue " " && kicked { print (at - since) * 1000000; kicked = 0 }
		END { print "left", kicked + 0 }
	' "$WORK/trace" | sort -n | awk '
		$1 == "left" { left = $2; next }
		{ all[++n] = $1 }
		END { print n + 0, int(all[int((n + 1) / 2)]), left }'
}

##############################################################################
# bpftrace

declare -A PIDS
# script_start NAME FILE
script_start()
{
	bpftrace "$2" >"$WORK/$1" 2>&1 &
	PIDS[$1]=$!
}

script_ready()
{
	grep -q '^Looking at' "$WORK/$1"
}

scripts_ready()
{
	local name

	for name in "${!PIDS[@]}"; do
		wait_for "$READY" script_ready "$name"
		check_err $? "$name does not begin: $(tr '\n' ' ' <"$WORK/$name")"
	done
}

scripts_stop()
{
	local name

	for name in "${!PIDS[@]}"; do
		kill -INT "${PIDS[$name]}"
		wait "${PIDS[$name]}"
		check_err $? "$name ends in error: $(head -n 3 "$WORK/$name" | tr '\n' ' ')"
	done
	PIDS=()
}

# map FILE NAME KEY: the value, 0 if there is none
map()
{
	awk -v at="@$2[$3]: " 'index($0, at) == 1 { value = substr($0, length(at) + 1) }
		END { print value + 0 }' "$WORK/$1"
}

# map_sum FILE NAME QUEUE: of all keys that begin with the queue
map_sum()
{
	awk -v at="@$2[$(queue_name "$3")," '
		index($0, at) == 1 { inside = 1 }
		inside && /\]: [0-9]+$/ { sum += $NF; inside = 0 }
		END { print sum + 0 }' "$WORK/$1"
}

# hist FILE QUEUE: how many the histogram has, and the bounds of the median
hist()
{
	awk -v at="@usecs[$(queue_name "$2")]:" '
		function number(text) {
			return text * (text ~ /K/ ? 1024 : text ~ /M/ ? 1024 * 1024 : 1)
		}
		/^@/ { inside = index($0, at) == 1 }
		inside && /^\[/ {
			split($0, half, "|")
			words = split(half[1], word, " ")
			total += count[++rows] = word[words]
			low[rows] = number(substr(word[1], 2))
			high[rows] = words > 2 ? number(word[2]) : low[rows] + 1
		}
		END {
			for (i = 1; i <= rows; i++) {
				passed += count[i]
				if (passed * 2 >= total)
					break
			}
			print total + 0, low[i] + 0, high[i] + 0
		}' "$WORK/$1"
}

test_start()
{
	mkdir -p "$WORK"
	drv_load && pair_create
	check_err $? "the pair does not come up"
	ipv6_off
	ip addr flush dev "$IF0"
	ip -n "$NS" addr flush dev "$IF1"
	echo 8192 >"$TRACING/buffer_size_kb"
	# each kick of transmit is to have its interrupt
	ethtool -C "$IF0" tx-usecs 0
	in_peer ethtool -C "$IF1" tx-usecs 0
	[ -x "$TOOLS/hist" ]
	check_err $? "no tools in $TOOLS"
}

test_look()
{
	local script name

	for script in "${SCRIPTS[@]}"; do
		name=${script%% *}
		sed "${script#* }" "$TOOLS/bpftrace/$name.bt" >"$WORK/$name.bt"
		not cmp -s "$TOOLS/bpftrace/$name.bt" "$WORK/$name.bt"
		check_err $? "$name is not broken"
		script_start "$name" "$TOOLS/bpftrace/$name.bt"
		script_start "broken-$name" "$WORK/$name.bt"
	done
	scripts_ready
	traffic_and_counts
	scripts_stop
}

# wrong_X FILE: lines of what does not agree with the driver's counters

# differs GOT EXPECTED WHAT
differs()
{
	[ "$1" = "$2" ] || echo "$3: $1, but $2"
}

wrong_suppressed()
{
	local queue number name decisions suppressed

	for queue in $QUEUES; do
		number=${queue%:*}
		name=$(queue_name "${queue#*:}")
		decisions=${COUNTS[$NIC,$number,kick_decisions]}
		suppressed=$((decisions - COUNTS[$NIC,$number,kicks]))
		differs "$(map "$1" decisions "$name")" "$decisions" "$queue decisions"
		differs "$(map "$1" suppressed "$name")" "$suppressed" "$queue suppressed"
		differs "$(map "$1" percent "$name")" $((100 * suppressed / decisions)) "$queue percent"
	done
}

wrong_who()
{
	local queue

	for queue in $QUEUES; do
		differs "$(map_sum "$1" by_process "${queue#*:}")" "${COUNTS[$NIC,${queue%:*},kicks]}" \
			"$queue by process"
		differs "$(map_sum "$1" by_stack "${queue#*:}")" "${COUNTS[$NIC,${queue%:*},kicks]}" \
			"$queue by stack"
	done
	grep -q "^@by_process\[$(queue_name output.0), traffic\]: " "$WORK/$1" ||
		echo "the sender is not among those who kick"
	grep -q 'vei_net_start_xmit+' "$WORK/$1" || echo "no stack has the transmit function"
}

wrong_waited()
{
	local queue number median left seen low high

	for queue in input.0 output.0; do
		read -r number median left <<<"$(waited "$queue")"
		read -r seen low high <<<"$(hist "$1" "$queue")"
		differs "$seen" "$number" "$queue interrupts behind a kick"
		differs "$(map "$1" unanswered "$(queue_name "$queue")")" "$left" "$queue kicks unanswered"
		# clocks differ, and so do the moments at which they are read
		[ "$low" -le $((2 * median)) ] && [ $((2 * high)) -ge "$median" ] ||
			echo "$queue median: [$low, $high), but $median"
	done
}

# script_checks WRONG FILE
script_checks()
{
	local wrong

	wrong=$("$1" "$2")
	check_eq "$wrong" "" "$2"
	[ -z "$wrong" ] || note "$(tr '\n' ';' <"$WORK/$2" | cut -c1-1000)"
}

test_suppressed()
{
	check_ge "${COUNTS[$NIC,1,kicks]}" $((PACKETS / 2)) "kicks of transmit"
	script_checks wrong_suppressed suppressed
}

test_who()
{
	script_checks wrong_who who-kicks
}

test_waited()
{
	check_ge "$(waited output.0 | cut -d' ' -f1)" $((PACKETS / 10)) "interrupts behind a kick of transmit"
	script_checks wrong_waited kick-to-interrupt
}

test_broken_copies()
{
	check_fail "$([ -z "$(wrong_suppressed broken-suppressed)" ]; echo $?)" \
		"suppressed: the broken copy agrees"
	check_fail "$([ -z "$(wrong_who broken-who-kicks)" ]; echo $?)" \
		"who-kicks: the broken copy agrees"
	check_fail "$([ -z "$(wrong_waited broken-kick-to-interrupt)" ]; echo $?)" \
		"kick-to-interrupt: the broken copy agrees"
}

##############################################################################
# The kernel's own histograms

# hist_sum QUEUE: the hits of all entries of the queue; those with a stack have several lines
hist_sum()
{
	awk -v name="name: $(queue_name "$1") " '
		index($0, name) { inside = 1 }
		inside && /hitcount:/ { sum += $NF; inside = 0 }
		END { print sum + 0 }' "$WORK/hist"
}

test_hist()
{
	local queue number name

	"$TOOLS/hist" "$1" >"$WORK/hist" 2>&1 &
	wait_for 20 script_ready hist
	check_err $? "does not begin: $(tr '\n' ' ' <"$WORK/hist")"
	traffic_and_counts
	kill $!
	wait $!
	check_err $? "ends in error: $(tr '\n' ' ' <"$WORK/hist")"
	for queue in $QUEUES; do
		number=${queue%:*}
		name=$(queue_name "${queue#*:}")
		case $1 in
		suppressed)
			check_eq "$(awk -v name="$name" '$1 == name { print $3, $5 }' "$WORK/hist")" \
				"${COUNTS[$NIC,$number,kick_decisions]} $((COUNTS[$NIC,$number,kick_decisions] -
				COUNTS[$NIC,$number,kicks]))" "$queue decisions and suppressed"
			;;
		kick-to-interrupt)
			check_eq "$(hist_sum "${queue#*:}")" "$(waited "${queue#*:}" | cut -d' ' -f1)" \
				"$queue interrupts behind a kick"
			;;
		*)
			check_eq "$(hist_sum "${queue#*:}")" "${COUNTS[$NIC,$number,kicks]}" "$queue kicks"
			;;
		esac
	done
	case $1 in
	who-kicks)	grep -q "$(queue_name output.0) , common_pid: traffic" "$WORK/hist" ;;
	kick-stacks)	grep -q 'vei_net_start_xmit+' "$WORK/hist" ;;
	esac
	check_err $? "the sender is not among those who kick"
	check_eq "$(grep -ch '^hist:' "$TRACING"/events/virtio_ei/*/trigger | sort -u)" 0 \
		"triggers that are left"
	check_eq "$(cat "$TRACING/synthetic_events")" "" "events that are left"
}

test_hist_refuses()
{
	local said

	said=$("$TOOLS/hist" nothing 2>&1)
	check_fail $? "'nothing' is taken"
	check_eq "${said#hist: }" "'nothing' is none of kick-to-interrupt, suppressed, who-kicks, kick-stacks" "said"
	said=$(TRACEFS=/nowhere "$TOOLS/hist" suppressed 2>&1)
	check_fail $? "works without tracefs"
	check_eq "${said%%: no tracefs*}" "hist: there is no /nowhere/events/virtio_ei" "said"
}

##############################################################################
# perf

# perf_count EVENT
perf_count()
{
	awk -F, -v event="virtio_ei:$1" '$3 == event { print $1 }' "$WORK/perf"
}

# Of both ends, as perf counts all of the machine.
test_perf()
{
	local nic queue key

	wait_for 5 vei_settled "$NIC" 1
	COUNTS=()
	counts_read "${PAIR}0"
	counts_read "${PAIR}1"
	traffic_ends packet there
	perf stat -a -x, -o "$WORK/perf" -e 'virtio_ei:*' -- \
		"$TRAFFIC" packet "${KIND_OPTIONS[@]}" -w 1 -b 1 -c "$PACKETS" >"$WORK/traffic" 2>&1
	check_err $? "perf stat: $(cat "$WORK/traffic" "$WORK/perf")"
	wait_for 5 vei_settled "$NIC" 1
	counts_read "${PAIR}0"
	counts_read "${PAIR}1"
	for key in kick_decisions:vei_kick interrupts:vei_interrupt rearms:vei_rearm; do
		for nic in "${PAIR}0" "${PAIR}1"; do
			for queue in 0 1; do
				COUNTS[${key%:*}]=$((COUNTS[${key%:*}] + COUNTS[$nic,$queue,${key%:*}]))
			done
		done
		# what comes between the counters and perf's end
		check_le "$(perf_count "${key#*:}")" "${COUNTS[${key%:*}]}" "perf: $key"
		check_ge "$(perf_count "${key#*:}")" $((COUNTS[${key%:*}] - 4)) "perf: $key"
	done
	check_ge "$(perf_count vei_kick)" "$PACKETS" "perf: vei_kick"
}

##############################################################################
# What stands still, and what does not

# Every file of the device is read all the time, while it is reset under traffic.
test_files_beside()
{
	local files i

	files=/sys/kernel/debug/virtio_ei/$(nic_bdf "$NIC")

	while :; do
		cat "$files"/* >"$WORK/files" || exit 1
	done &
	PIDS[files]=$!
	traffic_start packet there
	for i in 1 2 3 4; do
		traffic_flows 50
		check_err $? "no traffic before reset $i"
		vei_set "$NIC" reset 1
		check_err $? "cannot be reset"
		wait_for 5 if_is_running "$IF0"
	done
	traffic_flows 50
	check_err $? "no traffic"
	traffic_stop
	check_err $? "spoiled"
	kill "${PIDS[files]}"
	check_err $? "the files could not be read"
	wait "${PIDS[files]}" 2>/dev/null
	unset 'PIDS[files]'
	cat "$files"/* >"$WORK/rest"
	check_eq "$(grep -c '^moved meanwhile: ' "$WORK/rest")" "$(grep -c '^queue: ' "$WORK/rest")" \
		"rings that are whole"
}

# A packet after a pause asks for its interrupt, which comes, unless the device does not hear
# of the packet.
test_lone_kick()
{
	local unanswered

	script_start lone "$TOOLS/bpftrace/kick-to-interrupt.bt"
	scripts_ready
	device_set "$NIC" x-draft-fault-queue 1 && device_set "$NIC" x-draft-fault "\"$1\""
	check_err $? "cannot be given the fault"
	if [ "$1" = none ]; then
		traffic_run packet there -w 1 -b 1 -c 1
		check_err $? "lost or spoiled"
		wait_for 5 vei_settled "$NIC" 1
	else
		traffic_run packet there -w 1 -b 1 -c 1 -t 1 >/dev/null
		check_fail $? "nothing is lost"
	fi
	device_set "$NIC" x-draft-fault '"none"' && vei_set "$NIC" reset 1
	check_err $? "cannot be mended"
	scripts_stop
	unanswered=$(map lone unanswered "$(queue_name output.0)")
	if [ "$1" = none ]; then
		check_eq "$unanswered" 0 "kicks of transmit unanswered"
	else
		check_ge "$unanswered" 1 "kicks of transmit unanswered"
	fi
	wait_for 5 if_is_running "$IF0"
	traffic_run packet there -w 1 -b 1 -c 10
	check_err $? "does not go on"
}

seeing_cleanup()
{
	local name

	for name in "${!PIDS[@]}"; do
		kill "${PIDS[$name]}" 2>/dev/null
	done
	cleanup
}
CLEANUP=seeing_cleanup

if is_stock; then
	ALL_TESTS=("skip the stock driver has no such tracepoints")
elif ! type -P bpftrace >/dev/null || ! type -P perf >/dev/null; then
	ALL_TESTS=("skip there are no bpftrace and perf in this guest: boot --seeing")
fi
tests_run
