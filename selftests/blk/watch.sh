#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Kicks and interrupts of a disk that get lost (QEMU's x-draft-fault), one request at a time,
# from each processor in turn, so by each queue: the watch makes good for them long before a
# request is over its time, counts them, says so once, and after some of them goes by something
# safer.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_row.sh
. "$LIB_DIR/lib_row.sh"

WATCH_MS=200
# It is what is tested.
LOSSES_EXPECTED=1

# fault, used_event:avail_event, what is lost, attribute and its value in the end
ALL_TESTS=(
	test_start
	test_sound
	"test_lost lost-kick 1:1 kicks kick_mode always"
	"test_lost lost-kick 0:0 kicks kick_mode always"
	"test_lost avail-event-stuck 1:1 kicks kick_mode always"
	"test_lost lost-interrupt 1:1 interrupts intr_mode polled"
	"test_lost lost-interrupt 0:0 interrupts intr_mode polled"
	"test_lost used-event-off-by-one 1:1 interrupts intr_mode flags"
	test_unwatched
	test_end
)

fault()
{
	device_fault "$DISK" "$1"
}

# request PROCESSOR [SECONDS]: one, in less time than requests have
request()
{
	timeout "${2:-10}" taskset -c "$1" dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k \
		count=1 iflag=direct status=none
}

test_start()
{
	drv_unload && drv_load "watch_ms=$WATCH_MS"
	check_err $? "the disks do not appear"
	check_eq "$(core_param watch_ms)" "$WATCH_MS" "watch_ms"
}

test_sound()
{
	# a device that the host lets wait for that long is not met
	drv_unload && drv_load watch_ms=1000
	check_err $? "the disks do not appear"
	sleep 3
	load_run "$DISK" 300 -d 8
	check_err $? "lost or spoiled"
	sleep 1
	request 0
	check_err $? "no request is done"
	check_eq "$(lost kicks)" 0 "kicks_lost"
	check_eq "$(lost interrupts)" 0 "interrupts_lost"
	drv_unload && drv_load "watch_ms=$WATCH_MS"
	check_err $? "the disks do not appear"
}

# queue_lost QUEUE WHAT
queue_lost()
{
	vei_queue "$DISK" "$1" "$2_lost"
}

# each_lost WHAT: every queue has, since its count went into WERE. On a busy machine a kick that
# is seen too late to have helped is not counted, so some may take more tries.
each_lost()
{
	local queue

	for queue in "${!WERE[@]}"; do
		[ "$(queue_lost "$queue" "$1")" -gt "${WERE[queue]}" ] || return 1
	done
}

# By interrupts of another kind, or by none, nothing is lost any more. A device that the host
# lets wait for the time of two looks is taken for one that loses something; not time after time.
check_helps()
{
	local before i cpu

	for ((i = 0; i < 5; i++)); do
		before=$(lost interrupts)
		for cpu in $(queues "$DISK"); do
			fault "$1"
			request "$cpu"
			check_err $? "the request of processor $cpu is not done"
		done
		[ "$(lost interrupts)" != "$before" ] || break
	done
	check_eq "$(lost interrupts)" "$before" "interrupts lost after all"
}

test_lost()
{
	local i before timeouts queue number each=true

	# of the others there are none left once something else helps
	[[ $1 != lost-* ]] || each="each_lost $3"
	vei_set "$DISK" reset 1
	vei_set "$DISK" used_event "${2%:*}" && vei_set "$DISK" avail_event "${2#*:}"
	check_err $? "cannot be toggled"
	before=$(lost "$3")
	number=$(disk_var QUEUES "$DISK")
	WERE=()
	for queue in $(queues "$DISK"); do
		WERE+=("$(queue_lost "$queue" "$3")")
	done
	check_eq "$(nproc)" "$number" "processors, one for each queue"
	timeouts=$(disk_get "$DISK" virtio_ei_timeouts)
	for ((i = 0; i < 30; i++)); do
		# each queue has its turn, whatever else is taken for lost
		[ "$i" -lt "$number" ] || [ "$(vei_get "$DISK" "$4")" != "$5" ] || ! $each || break
		fault "$1"
		request $((i % number))
		check_err $? "$i: the request is not done"
		[ "$RET" = 0 ] || break
	done
	check_eq "$(vei_get "$DISK" "$4")" "$5" "$4"
	check_ge $(($(lost "$3") - before)) 3 "$3_lost"
	$each
	check_err $? "$3_lost: a queue has none"
	[ "$3" != interrupts ] || check_helps "$1"
	check_eq "$(disk_get "$DISK" virtio_ei_timeouts)" "$timeouts" "requests over their time"
	load_run "$DISK" 50
	check_err $? "lost or spoiled afterwards"
	fault none
	vei_set "$DISK" reset 1
	load_run "$DISK" 50
	check_err $? "lost or spoiled without the fault"
}

# The control: nobody makes good for it.
test_unwatched()
{
	drv_unload && drv_load watch_ms=0
	check_err $? "the disks do not appear"
	fault lost-kick
	request 0 3
	check_fail $? "a request is done that nobody can have helped"
	check_eq "$(lost kicks)" 0 "kicks_lost"
	fault none
	vei_set "$DISK" reset 1
	request 0
	check_err $? "no request is done after a reset"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no watch")
fi
tests_run
