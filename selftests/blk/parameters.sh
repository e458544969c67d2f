#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module's parameters: queues that are polled, which have no interrupt and take what asks
# for it and nothing else; fewer queues; and no interrupt postponed.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_polled test_all_polled test_one_queue test_never_postponed test_postponed
	   test_not_for_the_slow test_beside_writes test_one_piece test_too_long)
# what a disk does a second decides whether interrupts are postponed
FAST=${VEI_FAST-}
SLOW=${VEI_SLOW-}
# writes next to nothing a second
SLOW_WRITES=${VEI_SLOW_WRITES-}
# has blocks of a page
BLOCKS=${VEI_BLOCKS-}
BYTES=4m
REQUESTS=1024

# some_io NAME [OPTION...]: written, read back and compared
some_io()
{
	local name=$1

	shift
	timeout 120 fio --name="$name" --filename="$(disk_dev "$DISK")" --direct=1 --rw=randwrite \
		--bs=4k --size="$BYTES" --verify=crc32c --verify_fatal=1 "$@" >/run/fio.log 2>&1
	check_err $? "fio: $(grep -m 2 -i error /run/fio.log | tr '\n' ' ')"
}

test_polled()
{
	local before

	check_eq "$(disk_var QUEUES)" 2 "queues of the device"
	drv_load "" poll_queues=1
	check_err $? "the disks do not appear"
	check_eq "$(disk_get "$DISK" queue/io_poll)" 1 "queue/io_poll"
	grep -q "$(disk_bdf "$DISK").*req.0" /proc/interrupts
	check_err $? "no interrupt of queue 0"
	grep -q "$(disk_bdf "$DISK").*poll" /proc/interrupts
	check_fail $? "a polled queue has an interrupt"
	some_io polled --ioengine=io_uring --hipri
	check_ge "$(vei_queue "$DISK" 1 used)" $((2 * REQUESTS)) "requests of the polled queue"
	check_eq "$(vei_queue "$DISK" 1 interrupts)" 0 "its interrupts"
	before=$(vei_queue "$DISK" 1 used)
	some_io waited --ioengine=io_uring
	check_eq "$(vei_queue "$DISK" 1 used)" "$before" "requests of it that nobody polls for"
	vei_set "$DISK" reset 1
	check_err $? "cannot be reset"
	some_io again --ioengine=io_uring --hipri
	check_ge "$(vei_queue "$DISK" 1 used)" $((before + 2 * REQUESTS)) "after a reset"
	check_queues_idle "$DISK"
}

# One queue is left for who waits.
test_all_polled()
{
	drv_reload "" poll_queues=8
	check_err $? "the disks do not appear"
	some_io all --ioengine=libaio --iodepth=8
	check_ge "$(vei_queue "$DISK" 0 interrupts)" 1 "interrupts of queue 0"
	check_eq "$(vei_queue "$DISK" 1 interrupts)" 0 "of the polled queue"
}

test_one_queue()
{
	drv_reload "" num_queues=1
	check_err $? "the disks do not appear"
	check_eq "$(ls "/sys/block/$(disk_name "$DISK")/mq")" 0 "queues"
	has "$(vei_get "$DISK" features_acked)" "$F_MQ"
	check_fail $? "MQ was acknowledged for one queue"
	some_io one --ioengine=libaio --iodepth=8
}

test_never_postponed()
{
	drv_reload "" postpone_usecs=0
	check_err $? "the disks do not appear"
	some_io never --ioengine=libaio --iodepth=32
	check_eq "$(disk_get "$DISK" virtio_ei_timers)" 0 "timers"
}

# interrupts_of DISK REQUESTS DEPTH: into INTERRUPTS
interrupts_of()
{
	local before

	before=$(vei_queue "$1" 0 interrupts)
	requests "$1" "$2" -d "$3" -b 0
	check_err $? "not answered"
	INTERRUPTS=$(($(vei_queue "$1" 0 interrupts) - before))
	note "$INTERRUPTS interrupts for $2 requests"
}

# Is the interrupt asked for after several of those that are under way?
asked_ahead()
{
	local ahead

	queue_read "$FAST" 0
	ahead=$(((QUEUE_NOW[used_event] - QUEUE_NOW[last_used]) & 0xffff))
	[ "$ahead" -ge 3 ] && [ "$ahead" -le 16 ]
}

timer_fires()
{
	[ "$(disk_get "$FAST" virtio_ei_timers)" -ge 1 ]
}

# A deep queue costs few interrupts, and a timer sees to it that none waits for too long.
test_postponed()
{
	local load

	drv_reload "" postpone_usecs=100000
	check_err $? "the disks do not appear"
	"$DISK_TOOL" count -d 32 -b 0 "$(disk_dev "$FAST")" 100000 >/dev/null 2>&1 &
	load=$!
	wait_for 20 asked_ahead
	check_err $? "each is told of"
	wait_for 20 timer_fires
	check_err $? "no timer"
	kill -KILL "$load"
	wait "$load"
	check_fail $? "it has ended by itself"
}

# Of a disk whose requests are farther apart than any may wait, each is told of.
test_not_for_the_slow()
{
	drv_reload
	check_err $? "the disks do not appear"
	interrupts_of "$SLOW" 60 8
	check_ge "$INTERRUPTS" 45 "interrupts"
}

writes_wait()
{
	local reads writes

	read -r reads writes < <(disk_get "$SLOW_WRITES" inflight)
	[ "$writes" -ge 3 ] && [ "$reads" = 0 ]
}

# Who reads beside writes that take their time does not wait for these, but for a few times in
# which it is tried.
test_beside_writes()
{
	local writer

	drv_reload
	check_err $? "the disks do not appear"
	"$DISK_TOOL" count -w -d 4 -b 0 "$(disk_dev "$SLOW_WRITES")" 100000 >/dev/null 2>&1 &
	writer=$!
	wait_for 10 writes_wait
	check_err $? "nothing is written"
	requests "$SLOW_WRITES" 600 -d 1
	check_err $? "not answered"
	writes_wait
	check_err $? "nothing was written meanwhile"
	kill -KILL "$writer"
	wait "$writer"
	note "$(disk_get "$SLOW_WRITES" virtio_ei_timers) timers for 600 reads"
	check_le "$(disk_get "$SLOW_WRITES" virtio_ei_timers)" 60 "timers"
}

# A device that takes one piece a request, and blocks of more than a sector: one that does not
# lie in one piece of memory is refused, as it can be neither sent nor cut.
test_one_piece()
{
	drv_reload "$(mask_without "$F_SEG_MAX")"
	check_err $? "the disks do not appear"
	check_eq "$(disk_get "$BLOCKS" queue/max_segments)" 1 "pieces"
	check_eq "$(disk_get "$BLOCKS" queue/logical_block_size)" 4096 "bytes of a block"
	requests "$BLOCKS" 64 -s 4096 -d 8
	check_err $? "not answered"
	requests "$BLOCKS" 64 -s 4096 -d 8 -a 512
	check_fail $? "blocks that do not lie in a page are taken"
	requests "$BLOCKS" 64 -s 4096 -d 8
	check_err $? "not answered afterwards"
}

test_too_long()
{
	drv_unload
	drv_insert "" postpone_usecs=100001 2>/dev/null
	check_fail $? "postpone_usecs=100001 was taken"
	dmesg | grep -q "postpone_usecs: 100001 is over 100000"
	check_err $? "the log does not say why"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_blk")
fi
tests_run
