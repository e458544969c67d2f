#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every fault of QEMU's draft device (x-draft-fault), in each of the four combinations and in
# either queue: what becomes of it is what it has to be, and traffic goes on. A wake-up that
# gets lost is made good for by the watch, a lie about a ring breaks that queue until a reset,
# one about a packet costs that packet, one about a register may cost a reset; the rest costs
# nothing. What is random may be any of these. Each says so in a row of the table of
# Documentation/recovery.md ("row:").

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"
# shellcheck source=lib_row.sh
. "$LIB_DIR/lib_row.sh"

WATCH_MS=500
# They are what is tested.
LOSSES_EXPECTED=1
PAIR=${VEI_PAIRS%% *}
NIC=${PAIR}0
PINGS=3
# While the device lies at random.
RANDOM_PINGS=100
RESETS=8
CONTROL=2
QUEUE_NAMES=(receive transmit control)

# Fault, value, and what has to become of it by used_event:avail_event, in the receive queue and
# in the transmit queue:
#   -		nothing
#   kick, intr	the watch finds one lost, and all is answered, if late
#   (kick)	perhaps: another may come in time, or nobody waits
#   late	either, or neither, as processors and the watch look sooner or later
#   broken	the queue breaks, the carrier goes, a reset mends it
#   drop	the packet is dropped, the next one is not
#   random	any of these
#   silent	no answer as long as it lasts
RING_FAULTS=(
	# fault value			1:1		1:0		0:1		0:0
	"used-event-off-by-one 0	intr/(intr)	intr/(intr)	-/-		-/-"
	"avail-event-off-by-one 0	(kick)/kick	-/-		(kick)/kick	-/-"
	"avail-event-stuck 0		(kick)/kick	-/-		(kick)/kick	-/-"
	"no-notify-stuck 0		-/-		(kick)/kick	-/-		(kick)/kick"
	"lost-interrupt 0		intr/(intr)	intr/(intr)	intr/(intr)	intr/(intr)"
	"lost-kick 0			(kick)/kick	(kick)/kick	(kick)/kick	(kick)/kick"
	"unsuppressed-interrupts 0	-/-		-/-		-/-		-/-"
	"unused-field-writes 0		-/-		-/-		-/-		-/-"
	"used-idx-jump 0		broken/broken	broken/broken	broken/broken	broken/broken"
	"bad-used-id 0			broken/broken	broken/broken	broken/broken	broken/broken"
	"bad-used-len 0			broken/-	broken/-	broken/-	broken/-"
	"used-len 0			drop/-		drop/-		drop/-		drop/-"
	"used-len 0x7fffffff		broken/-	broken/-	broken/-	broken/-"
	"total-used-len 0		-/-		-/-		-/-		-/-"
	"used-idx-late 20000		late/late	late/late	late/late	late/late"
	"used-entries-late 20000	random/random	random/random	random/random	random/random"
	"used-scribble 1		random/random	random/random	random/random	random/random"
	"used-scribble 2		random/random	random/random	random/random	random/random"
	"used-scribble 3		random/random	random/random	random/random	random/random"
	"silent 0			silent/silent	silent/silent	silent/silent	silent/silent"
	"spurious-interrupts 100000	-/-		-/-		-/-		-/-"
	"net-header 0xff		drop/-		drop/-		drop/-		drop/-"
	"net-header-scribble 1		random/-	random/-	random/-	random/-"
	"net-header-scribble 2		random/-	random/-	random/-	random/-"
)
MODES=(1:1 1:0 0:1 0:0)

# The core's bits: 24, 28, 29, 31 and 32.
CORE_BITS=0x1b1000000

# Fault, value, whether a reset succeeds with it.
REGISTER_FAULTS=(
	"queue-size 0 fails"
	"queue-size 3 fails"
	"queue-size 65535 fails"
	"vector-refused 0 succeeds"
	"reset-ignored 0 fails"
	"reads-ones 0 fails"
	"offer-mask 0 succeeds"
	"offer-random $CORE_BITS succeeds"
	"config-mtu 67 succeeds"
	"config-pairs 0 succeeds"
)

ALL_TESTS=(test_start)
for line in "${RING_FAULTS[@]}"; do
	read -r fault value outcomes <<<"$line"
	for mode in "${!MODES[@]}"; do
		read -ra outcome <<<"$outcomes"
		ALL_TESTS+=("test_ring $fault $value ${MODES[mode]} 0 ${outcome[mode]%/*}"
			    "test_ring $fault $value ${MODES[mode]} 1 ${outcome[mode]#*/}")
	done
done
for line in "${REGISTER_FAULTS[@]}"; do
	for mode in "${MODES[@]}"; do
		ALL_TESTS+=("test_register $mode $line")
	done
done
for mode in "${MODES[@]}"; do
	ALL_TESTS+=("test_command $mode")
done
ALL_TESTS+=(test_end)

test_start()
{
	drv_reload "watch_ms=$WATCH_MS" && pair_create "$PAIR" && pair_answers
	check_err $? "the pair does not come up"
}

set_mode()
{
	vei_set "$NIC" used_event "${1%:*}" && vei_set "$NIC" avail_event "${1#*:}"
	check_err $? "cannot be toggled"
	wait_for 10 if_is_running "$IF0" && wait_for 20 pair_answers
	check_err $? "no answer before the fault"
}

# give FAULT VALUE QUEUE
give()
{
	case $1 in
	net-header)
		device_set "$NIC" x-draft-fault-header "\"$(printf "${2#0x}%.0s" {1..10})\"" &&
			device_fault "$NIC" "$1" "$3"
		;;
	*)	device_fault "$NIC" "$1" "$3" "$2" ;;
	esac
	check_err $? "cannot be given the fault"
}

one_answer()
{
	ping -q -n -c 1 -W "$1" "$IP1" >/dev/null
}

is_broken()
{
	queue_read "$NIC" "$1" && [ "${QUEUE_NOW[broken]}" != no ]
}

neither_broken()
{
	not is_broken 0 && not is_broken 1
}

# Each packet alone, with the fault anew: nothing that follows makes good for it.
goes_on()
{
	local i

	for ((i = 0; i < PINGS; i++)); do
		give "$1" "$2" "$3"
		one_answer 30
		check_err $? "no answer"
		[ "$RET" = 0 ] || return
	done
	neither_broken
	check_err $? "a queue is broken"
}

# What has become of a device that lies at random: of its queues, of so many ANSWERS
became()
{
	if ! neither_broken; then
		log_says "broken:"
		wait_for 5 not if_is_running "$IF0"
		check_err $? "there is a carrier"
		how="reset"
		return
	fi
	device_faultless "$NIC"
	wait_for 30 one_answer 1
	check_err $? "no answer without the fault"
	how=$(how_mended $(($(lost kicks) - kicks)) $(($(lost interrupts) - interrupts)))
	if [ "$how" = "nothing to mend" ] && [ "$1" != "$RANDOM_PINGS" ]; then
		how="dropped"
	fi
}

# interrupts_reach QUEUE NUMBER
interrupts_reach()
{
	[ "$(vei_queue "$NIC" "$1" interrupts)" -ge "$2" ]
}

# FAULT VALUE MODE QUEUE OUTCOME
test_ring()
{
	local began dropped how interrupts kicks raised

	set_mode "$3"
	log_mark
	kicks=$(lost kicks)
	interrupts=$(lost interrupts)
	dropped=$(if_get "$IF0" statistics/rx_dropped)
	raised=$(vei_queue "$NIC" "$4" interrupts)
	began=$SECONDS
	case $5 in
	broken)
		give "$1" "$2" "$4"
		one_answer 1
		wait_for 10 is_broken "$4"
		check_err $? "the queue is not broken"
		not is_broken $((1 - $4))
		check_err $? "the other queue is broken, too"
		wait_for 5 not if_is_running "$IF0"
		check_err $? "there is a carrier"
		log_says "broken:"
		how="reset"
		;;
	drop)
		give "$1" "$2" "$4"
		one_answer 1
		check_fail $? "answered, whatever its header"
		device_faultless "$NIC"
		wait_for 5 one_answer 1
		check_err $? "no answer to the next one"
		neither_broken
		check_err $? "a queue is broken"
		check_ge $(($(if_get "$IF0" statistics/rx_dropped) - dropped)) 1 "packets dropped"
		how="dropped"
		;;
	random)
		give "$1" "$2" "$4"
		became "$(ping -q -n -i 0.01 -c "$RANDOM_PINGS" -W 1 "$IP1" |
			sed -n 's/.* \([0-9]*\) received.*/\1/p')"
		;;
	silent)
		give "$1" "$2" "$4"
		one_answer 2
		check_fail $? "answered by a queue that is silent"
		device_faultless "$NIC"
		wait_for 30 one_answer 1
		check_err $? "no answer afterwards"
		neither_broken
		check_err $? "a queue is broken"
		how=$(how_mended $(($(lost kicks) - kicks)) $(($(lost interrupts) - interrupts)))
		;;
	*)
		goes_on "$1" "$2" "$4"
		kicks=$(($(lost kicks) - kicks))
		interrupts=$(($(lost interrupts) - interrupts))
		[ "$5" != kick ] || check_ge "$kicks" 1 "kicks_lost"
		[ "$5" != intr ] || check_ge "$interrupts" 1 "interrupts_lost"
		[[ $5 = *kick* || $5 = late ]] || check_eq "$kicks" 0 "kicks_lost"
		[[ $5 = *intr* || $5 = late ]] || check_eq "$interrupts" 0 "interrupts_lost"
		how=$(how_mended "$kicks" "$interrupts")
		if [ "$1" = spurious-interrupts ]; then
			wait_for 30 interrupts_reach "$4" $((raised + 100))
			check_err $? "no interrupts"
		fi
		;;
	esac
	row "$1" "$(value_of "$1" "$2")" "${QUEUE_NAMES[$4]}" "$3" "$how" $((SECONDS - began))
	mend
}

# Without the fault all is well again, after a reset at the latest.
mend()
{
	device_faultless "$NIC"
	vei_set "$NIC" reset 1
	check_err $? "no reset without the fault"
	wait_for 10 if_is_running "$IF0" && wait_for 20 pair_answers
	check_err $? "no answer without the fault"
	neither_broken
	check_err $? "a queue is broken"
}

# So many more, with another offer each time.
resets_succeed()
{
	local i

	for ((i = 0; i < RESETS && RET == 0; i++)); do
		vei_set "$NIC" reset 1 && wait_for 10 if_is_running "$IF0" && wait_for 20 pair_answers
		check_err $? "reset $i: no answer"
	done
}

# MODE FAULT VALUE OUTCOME
test_register()
{
	local began how=reset

	set_mode "$1"
	log_mark
	give "$2" "$3" any
	began=$SECONDS
	if vei_set "$NIC" reset 1 2>/dev/null; then
		check_eq succeeds "$4" "the reset"
		wait_for 10 if_is_running "$IF0" && wait_for 20 pair_answers
		check_err $? "no answer with the fault"
		[ "$2" != offer-random ] || resets_succeed
		how="goes without"
	else
		check_eq fails "$4" "the reset"
	fi
	row "$2" "$3" - "$1" "$how" $((SECONDS - began))
	device_faultless "$NIC"
	if ! vei_set "$NIC" reset 1 2>/dev/null; then
		nic_unbind "$NIC"
		nic_bind "$NIC"
	fi
	wait_for 10 pair_create "$PAIR" && wait_for 20 pair_answers
	check_err $? "no answer without the fault"
}

# A command that the device does not carry out, and one that it does, after a reset. MODE
test_command()
{
	local began mac

	mac=$(if_get "$IF0" address)
	set_mode "$1"
	log_mark
	give silent 0 "$CONTROL"
	began=$SECONDS
	ip link set dev "$IF0" address 52:54:00:aa:bb:cc 2>/dev/null
	check_fail $? "the device has a new address"
	one_answer 5
	check_err $? "no answer after the command"
	log_says "no answer in"
	row silent 0 "${QUEUE_NAMES[CONTROL]}" "$1" reset $((SECONDS - began))
	mend
	ip link set dev "$IF0" address 52:54:00:aa:bb:cc && ip link set dev "$IF0" address "$mac"
	check_err $? "no command after a reset"
	pair_answers
	check_err $? "no answer after the commands"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver shows no rings")
elif ! device_has_faults; then
	ALL_TESTS=("skip QEMU has not the faults for this")
fi
tests_run
