#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every fault of QEMU's draft device (x-draft-fault) that concerns a disk, in each of the four
# combinations: what becomes of it is what it has to be, and no request is lost. Each says so in
# a row of the table of Documentation/recovery.md ("row:").

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_row.sh
. "$LIB_DIR/lib_row.sh"

WATCH_MS=500
# They are what is tested.
LOSSES_EXPECTED=1
TIMEOUTS=1
REQUESTS=3
# While the device lies at random: who reads at once, and how much; and resets with another offer
# each time.
READERS=4
BLOCKS=3
RESETS=8

# Fault, value, and what has to become of it by used_event:avail_event:
#   -		nothing
#   kick, intr	the watch finds one lost
#   reset	the queue breaks, the device is reset, its requests are sent again
#   late	either, or neither, as processors and the watch look sooner or later
#   random	any of these
#   silent	a reset does not help, but nothing is lost when the device goes on
FAULTS=(
	# fault value			1:1	1:0	0:1	0:0
	"used-event-off-by-one 0	intr	intr	-	-"
	"avail-event-off-by-one 0	kick	-	kick	-"
	"avail-event-stuck 0		kick	-	kick	-"
	"no-notify-stuck 0		-	kick	-	kick"
	"lost-interrupt 0		intr	intr	intr	intr"
	"lost-kick 0			kick	kick	kick	kick"
	"unsuppressed-interrupts 0	-	-	-	-"
	"unused-field-writes 0		-	-	-	-"
	"used-idx-jump 0		reset	reset	reset	reset"
	"bad-used-id 0			reset	reset	reset	reset"
	"bad-used-len 0			-	-	-	-"
	"used-len 0			-	-	-	-"
	"used-len 0x7fffffff		-	-	-	-"
	"total-used-len 0		-	-	-	-"
	"used-idx-late 20000		late	late	late	late"
	"used-entries-late 20000	random	random	random	random"
	"used-scribble 1		random	random	random	random"
	"used-scribble 2		random	random	random	random"
	"silent 0			silent	silent	silent	silent"
	"spurious-interrupts 100000	-	-	-	-"
)
MODES=(1:1 1:0 0:1 0:0)

# The core's bits: 24, 28, 29, 31 and 32.
CORE_BITS=0x1b1000000

# Fault, value, whether a reset succeeds with it.
REGISTER_FAULTS=(
	"queue-size 0 fails"
	"queue-size 3 fails"
	"queue-size 4 fails"
	"queue-size 65535 fails"
	"vector-refused 0 succeeds"
	"reset-ignored 0 fails"
	"reads-ones 0 fails"
	"offer-mask 0 fails"
	"offer-random $CORE_BITS succeeds"
)

ALL_TESTS=(test_start)
for line in "${FAULTS[@]}"; do
	read -r fault value outcomes <<<"$line"
	read -ra outcome <<<"$outcomes"
	for mode in "${!MODES[@]}"; do
		ALL_TESTS+=("test_ring $fault $value ${MODES[mode]} ${outcome[mode]}")
	done
done
for line in "${REGISTER_FAULTS[@]}"; do
	for mode in "${MODES[@]}"; do
		ALL_TESTS+=("test_register $mode $line")
	done
done
ALL_TESTS+=(test_end)

test_start()
{
	drv_unload && drv_load "watch_ms=$WATCH_MS"
	check_err $? "the disks do not appear"
}

set_mode()
{
	vei_set "$DISK" used_event "${1%:*}" && vei_set "$DISK" avail_event "${1#*:}"
	check_err $? "cannot be toggled"
	# who waits for a queue that is broken does so until then
	disk_set "$DISK" queue/io_timeout 2000
	request
	check_err $? "no request is done before the fault"
}

# give FAULT VALUE
give()
{
	device_fault "$DISK" "$1" any "$2"
	check_err $? "cannot be given the fault"
}

request()
{
	timeout 60 dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k count=1 iflag=direct status=none
}

# each_alone FAULT VALUE OUTCOME: a request, with the fault anew: nothing that follows makes
# good for it.
each_alone()
{
	local i

	# it is the watch that has to come in time
	[ "$3" = reset ] || disk_set "$DISK" queue/io_timeout 20000
	for ((i = 0; i < REQUESTS; i++)); do
		give "$1" "$2"
		request
		check_err $? "$i: the request is not done"
		[ "$RET" = 0 ] || break
		[ "$3" != reset ] || break
	done
}

# content READER
content()
{
	echo "$1 $(timeout 120 dd if="$(disk_dev "$DISK")" bs=4k count="$BLOCKS" \
		skip=$(($1 * BLOCKS)) iflag=direct status=none | md5sum)"
}

# What is found by some who read at once.
contents()
{
	local i

	for ((i = 0; i < READERS; i++)); do
		content "$i" &
	done | sort
}

has_restarted()
{
	[ "$(disk_get "$DISK" virtio_ei_restarts)" -gt "$1" ]
}

# A request of which nothing is heard until the fault goes, after a reset.
request_waits()
{
	local reader

	disk_set "$DISK" queue/io_timeout 5000
	give silent 0
	request &
	reader=$!
	wait_for 60 has_restarted "$1"
	check_err $? "no reset"
	kill -0 "$reader"
	check_err $? "the request has ended"
	give none 0
	wait "$reader"
	check_err $? "the request is not done"
}

interrupts_reach()
{
	[ "$(vei_queue "$DISK" 0 interrupts)" -ge "$1" ]
}

# FAULT VALUE MODE OUTCOME
test_ring()
{
	local before began how interrupts kicks raised restarts timeouts

	set_mode "$3"
	log_mark
	restarts=$(disk_get "$DISK" virtio_ei_restarts)
	timeouts=$(disk_get "$DISK" virtio_ei_timeouts)
	kicks=$(lost kicks)
	interrupts=$(lost interrupts)
	raised=$(vei_queue "$DISK" 0 interrupts)
	began=$SECONDS
	case $4 in
	random)
		before=$(contents)
		give "$1" "$2"
		check_eq "$(contents)" "$before" "what is read"
		;;
	silent)	request_waits "$restarts" ;;
	*)	each_alone "$1" "$2" "$4" ;;
	esac
	restarts=$(($(disk_get "$DISK" virtio_ei_restarts) - restarts))
	timeouts=$(($(disk_get "$DISK" virtio_ei_timeouts) - timeouts))
	kicks=$(($(lost kicks) - kicks))
	interrupts=$(($(lost interrupts) - interrupts))
	how=$(how_mended "$kicks" "$interrupts")
	case $4 in
	reset|silent)
		check_ge "$restarts" 1 "restarts"
		[ "$4" = silent ] || log_says "broken:"
		how="reset by itself"
		;;
	random)
		if log_has "broken:"; then
			check_ge "$restarts" 1 "restarts"
			how="reset by itself"
		fi
		;;
	*)
		check_eq "$timeouts" 0 "requests over their time"
		[ "$4" != kick ] || check_ge "$kicks" 1 "kicks_lost"
		[ "$4" != intr ] || check_ge "$interrupts" 1 "interrupts_lost"
		[[ $4 = kick || $4 = late ]] || check_eq "$kicks" 0 "kicks_lost"
		[[ $4 = intr || $4 = late ]] || check_eq "$interrupts" 0 "interrupts_lost"
		if [ "$1" = spurious-interrupts ]; then
			wait_for 30 interrupts_reach $((raised + 100))
			check_err $? "no interrupts"
		fi
		;;
	esac
	row "$1" "$(value_of "$1" "$2")" requests "$3" "$how" $((SECONDS - began))
	give none 0
	vei_set "$DISK" reset 1
	check_err $? "no reset without the fault"
	load_run "$DISK" 30 -d 4
	check_err $? "lost or spoiled without the fault"
}

# So many more, with another offer each time.
resets_succeed()
{
	local i

	for ((i = 0; i < RESETS && RET == 0; i++)); do
		vei_set "$DISK" reset 1 && request
		check_err $? "reset $i: no request is done"
	done
}

# MODE FAULT VALUE OUTCOME
test_register()
{
	local began how=reset

	set_mode "$1"
	log_mark
	give "$2" "$3"
	began=$SECONDS
	if vei_set "$DISK" reset 1 2>/dev/null; then
		check_eq succeeds "$4" "the reset"
		request
		check_err $? "no request is done with the fault"
		[ "$2" != offer-random ] || resets_succeed
		how="goes without"
	else
		check_eq fails "$4" "the reset"
	fi
	row "$2" "$3" - "$1" "$how" $((SECONDS - began))
	give none 0
	if ! vei_set "$DISK" reset 1 2>/dev/null; then
		disk_unbind "$DISK" && disk_bind "$DISK" && wait_for 20 disk_appears "$DISK"
		check_err $? "cannot be bound anew"
	fi
	load_run "$DISK" 30 -d 4
	check_err $? "lost or spoiled without the fault"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no watch")
fi
tests_run
