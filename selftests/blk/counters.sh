#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The counters are exact: requests as sent, kicks and interrupts as the device counts them
# itself and as /proc/interrupts has them. One request alone costs one kick and one
# interrupt; many at once cost fewer.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=600

ALL_TESTS=()
for mode in $(modes); do
	ALL_TESTS+=("test_start $mode" "test_depth $mode 1" "test_depth $mode 32"
		    "test_depth $mode 128" "test_interrupts $mode" "test_unused $mode")
done

declare -A DRIVER_BEFORE DEVICE_BEFORE

# All counts of the disk's queue, of the same instant; there has to be only one queue.
before()
{
	local key

	both_read "$DISK" 0 || return 1
	for key in "${!QUEUE_NOW[@]}"; do
		DRIVER_BEFORE[$key]=${QUEUE_NOW[$key]}
	done
	for key in "${!DEVICE_NOW[@]}"; do
		DEVICE_BEFORE[$key]=${DEVICE_NOW[$key]}
	done
}

# driver_more KEY / device_more KEY: since then
driver_more()
{
	echo $((QUEUE_NOW[$1] - DRIVER_BEFORE[$1]))
}

device_more()
{
	echo $((DEVICE_NOW[$1] - DEVICE_BEFORE[$1]))
}

test_start()
{
	drv_mode "$1"
	check_err $? "the disk does not appear"
	disk_set "$DISK" queue/nomerges 2
	# the device's first decision after its set-up is to interrupt, whatever is asked
	requests "$DISK" 50 -d 4
	check_err $? "not answered"
}

# What the last interrupt was for may be taken back before it comes.
interrupts_agree()
{
	both_read "$DISK" 0 && [ "$(device_more interrupts)" = "$(driver_more interrupts)" ]
}

# <mode> <depth>
test_depth()
{
	before
	check_err $? "QEMU does not count"
	requests "$DISK" "$COUNT" -d "$2" -b "$2"
	check_err $? "not answered"
	check_queues_idle "$DISK"
	both_read "$DISK" 0
	check_eq "$(driver_more adds)" "$COUNT" "requests added"
	check_eq "$(driver_more used)" "$COUNT" "requests used"
	check_eq "$(device_more kicks)" "$(driver_more kicks)" "kicks: device, driver"
	if [ "${QUEUE_NOW[intr_mode]}" = used_event ] || [ "$2" = 1 ]; then
		wait_for 10 interrupts_agree
		check_eq "$(device_more interrupts)" "$(driver_more interrupts)" \
			"interrupts: device, driver"
	else
		# by flags it decides to interrupt again before the first has arrived
		check_ge "$(device_more interrupts)" "$(driver_more interrupts)" \
			"interrupts: device, driver"
	fi
	check_eq $(($(driver_more kicks) + $(driver_more kicks_suppressed))) \
		"$(driver_more kick_decisions)" "kicks sent and suppressed, decisions"
	note "$1, depth $2: $(driver_more kicks) kicks, $(driver_more interrupts) interrupts," \
		"$(driver_more interrupts_empty) of them empty"
	if [ "$2" = 1 ]; then
		check_eq "$(driver_more kicks)" "$COUNT" "kicks for one request at a time"
		check_eq "$(driver_more interrupts)" "$COUNT" "interrupts for one request at a time"
	else
		check_le "$(driver_more kicks)" $((COUNT / 2)) "kicks for many at once"
	fi
}

test_interrupts()
{
	local lines

	# the queue's line of /proc/interrupts, and not that of config changes
	lines=$(grep -F "$(disk_bdf "$DISK")-" /proc/interrupts | grep -v config)
	check_eq "$(wc -l <<<"$lines")" 1 "lines of the queue in /proc/interrupts"
	check_eq "$(awk '{ for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i } END { print sum }' \
		<<<"$lines")" "$(vei_queue "$DISK" 0 interrupts)" "/proc/interrupts, counter"
}

test_unused()
{
	check_unused "$DISK" 0
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has none")
fi
tests_run
