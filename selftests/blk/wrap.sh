#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# More than 4 x 65,536 requests through a queue in each mode: the 16-bit indices wrap many
# times, and at the end the counters agree with the indices, and the device's with ours.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

REQUESTS=${VEI_WRAP_REQUESTS:-262400}

ALL_TESTS=()
for mode in $(modes); do
	ALL_TESTS+=("test_wrap $mode" "test_counters $mode")
done

test_wrap()
{
	drv_mode "$1"
	check_err $? "the disk does not appear"
	disk_set "$DISK" queue/nomerges 2
	disk_set "$DISK" queue/iostats 0
	# a timeout would mend what was lost, and that must not pass for a wake-up
	patient "$DISK"
	requests "$DISK" "$REQUESTS" -d 128 -b 64
	check_err $? "not answered"
}

test_counters()
{
	local queue total=0

	if is_stock; then
		skip "the stock driver has none"
		return
	fi
	check_queues_idle "$DISK"
	for queue in $(queues "$DISK"); do
		queue_read "$DISK" "$queue"
		total=$((total + QUEUE_NOW[adds]))
		check_eq "${QUEUE_NOW[used]}" "${QUEUE_NOW[adds]}" "queue $queue: used, added"
		check_eq $((QUEUE_NOW[adds] & 0xffff)) "${QUEUE_NOW[avail_idx]}" \
			"queue $queue: adds modulo 65536, avail->idx"
	done
	check_ge "$total" "$REQUESTS" "requests added"
}

tests_run
