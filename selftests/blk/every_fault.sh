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

# Fault, value, and what has to become of it by used_event:avail_event:
#   -		nothing
#   kick, intr	the watch finds one lost
#   reset	the queue breaks, the device is reset, its requests are sent again
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
)
MODES=(1:1 1:0 0:1 0:0)

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
	device_set "$DISK" x-draft-fault '"none"' &&
		device_set "$DISK" x-draft-fault-value $(($2)) &&
		device_set "$DISK" x-draft-fault "\"$1\""
	check_err $? "cannot be given the fault"
}

request()
{
	timeout 60 dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k count=1 iflag=direct status=none
}

lost()
{
	vei_get "$DISK" "$1_lost"
}

# FAULT VALUE MODE OUTCOME. Each request alone, with the fault anew: nothing that follows makes
# good for it.
test_ring()
{
	local began how i interrupts kicks restarts timeouts

	set_mode "$3"
	log_mark
	restarts=$(disk_get "$DISK" virtio_ei_restarts)
	timeouts=$(disk_get "$DISK" virtio_ei_timeouts)
	kicks=$(lost kicks)
	interrupts=$(lost interrupts)
	began=$SECONDS
	for ((i = 0; i < REQUESTS; i++)); do
		give "$1" "$2"
		request
		check_err $? "$i: the request is not done"
		[ "$RET" = 0 ] || break
		[ "$4" != reset ] || break
	done
	restarts=$(($(disk_get "$DISK" virtio_ei_restarts) - restarts))
	timeouts=$(($(disk_get "$DISK" virtio_ei_timeouts) - timeouts))
	kicks=$(($(lost kicks) - kicks))
	interrupts=$(($(lost interrupts) - interrupts))
	how=$(how_mended "$kicks" "$interrupts")
	if [ "$4" = reset ]; then
		check_ge "$restarts" 1 "restarts"
		log_says "broken:"
		how="reset by itself"
	else
		check_eq "$timeouts" 0 "requests over their time"
		[ "$4" != kick ] || check_ge "$kicks" 1 "kicks_lost"
		[ "$4" != intr ] || check_ge "$interrupts" 1 "interrupts_lost"
		[ "$4" = kick ] || check_eq "$kicks" 0 "kicks_lost"
		[ "$4" = intr ] || check_eq "$interrupts" 0 "interrupts_lost"
	fi
	row "$1" "$2" requests "$3" "$how" $((SECONDS - began))
	give none 0
	vei_set "$DISK" reset 1
	check_err $? "no reset without the fault"
	load_run "$DISK" 30 -d 4
	check_err $? "lost or spoiled without the fault"
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

test_end()
{
	drv_unload
	check_err $? "modules do not unload"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no watch")
fi
tests_run
