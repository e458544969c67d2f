#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The write cache: the device's switch follows ours and is told by sysfs; with it a sync is a
# flush that reaches the device, without it none is sent, as the device does it by itself;
# and so it is when FLUSH is not acknowledged at all.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_load "test_cache write back" "test_sync 1" "test_cache write through" "test_sync 0"
	   "test_restored" "test_sync 0" test_wrong test_order "test_cache write back" "test_sync 1" test_under_load
	   "test_masked $F_FLUSH $F_CONFIG_WCE" "test_masked $F_FLUSH")
SLOW=${VEI_SLOW-}
if [ -n "$SLOW" ]; then
	ALL_TESTS+=(test_drained)
fi

# The switch of the device, which is one of the disk's and not of its queue.
cache_set()
{
	disk_set "$DISK" cache_type "$1" 2>/dev/null
}

# Flushes that the device has been asked for.
device_flushes()
{
	qmp "{\"execute\":\"query-blockstats\",\"pick\":\"node-name=$DISK.stats.flush_operations\"}"
}

# Does the device write back?
device_writes_back()
{
	qmp "{\"execute\":\"query-block\",
	      \"pick\":\"qdev=/machine/peripheral/$DISK/virtio-backend.inserted.cache.writeback\"}"
}

test_load()
{
	drv_load
	check_err $? "the disks do not appear"
	disk_offers "$DISK" "$F_FLUSH"
	check_err $? "FLUSH was not negotiated"
}

test_cache()
{
	local back=false flushes was

	was=$(disk_get "$DISK" cache_type)
	flushes=$(device_flushes)
	cache_set "$*"
	check_err $? "cannot be set"
	if [ "$was" = "write back" ] && [ "$*" = "write through" ]; then
		check_ge "$(device_flushes)" $((flushes + 1)) "flushes when the cache goes"
	fi
	check_eq "$(disk_get "$DISK" cache_type)" "$*" "cache_type"
	check_eq "$(disk_get "$DISK" queue/write_cache)" "$*" "queue/write_cache"
	if [ "$*" = "write back" ]; then
		back=true
	fi
	check_eq "$(device_writes_back)" "$back" "the device writes back"
}

test_sync()
{
	local before

	before=$(device_flushes)
	dd if=/dev/zero of="$(disk_dev "$DISK")" bs=4k count=4 conv=fsync status=none
	check_err $? "cannot be synced"
	if [ "$1" = 1 ]; then
		check_ge "$(device_flushes)" $((before + 1)) "flushes at the device"
	else
		check_eq "$(device_flushes)" "$before" "flushes at the device"
	fi
}

# A reset brings the device's own choice back, and nobody would flush what it then caches.
test_restored()
{
	if is_stock; then
		skip "the stock driver has no reset"
		return
	fi
	vei_set "$DISK" reset 1
	check_err $? "cannot be reset"
	check_eq "$(disk_get "$DISK" cache_type)" "write through" "cache_type"
	check_eq "$(device_writes_back)" false "the device writes back"
}

test_wrong()
{
	cache_set "write around"
	check_fail $? "nonsense was taken"
	check_eq "$(disk_get "$DISK" cache_type)" "write through" "cache_type"
}

told_device()
{
	[ "$(</sys/module/vei_break/parameters/busy)" != 0 ]
}

# From write through to write back: once the device caches, somebody flushes already.
test_order()
{
	local switching deadline=$((SECONDS + 10))

	if is_stock; then
		skip "the stock driver has another order"
		return
	fi
	check_eq "$(disk_get "$DISK" cache_type)" "write through" "cache_type"
	break_meddle func=vei_dev_config_write at=return delay_us=3000000
	check_err $? "cannot be delayed"
	cache_set "write back" &
	switching=$!
	until told_device || [ "$SECONDS" -ge "$deadline" ]; do
		:
	done
	check_eq "$(disk_get "$DISK" queue/write_cache)" "write back" "queue/write_cache"
	told_device
	check_err $? "the device has not just been told"
	wait "$switching"
	check_err $? "cannot be set"
	rmmod vei_break
}

# slow_writes: those that are done and those that are under way, into DONE and UNDER_WAY
slow_writes()
{
	local words

	read -r -a words < <(disk_get "$SLOW" stat)
	DONE=${words[4]}
	read -r _ UNDER_WAY < <(disk_get "$SLOW" inflight)
}

many_under_way()
{
	slow_writes
	[ "$UNDER_WAY" -ge 75 ]
}

# What the device may have cached by then is done before the last flush.
test_drained()
{
	local writer due

	drv_reload
	check_err $? "the disks do not appear"
	requests "$SLOW" 150 -w -d 100 -b 0 &
	writer=$!
	wait_for 10 many_under_way
	check_err $? "nothing is under way"
	due=$((DONE + UNDER_WAY))
	disk_set "$SLOW" cache_type "write through"
	check_err $? "cannot be set"
	slow_writes
	check_ge "$DONE" "$due" "writes done, of those that were sent before"
	wait "$writer"
	check_err $? "not answered"
	check_queues_idle "$SLOW"
}

test_under_load()
{
	local i

	load_start "$DISK" -d 8
	for ((i = 0; i < 6; i++)); do
		cache_set "write through"
		check_err $? "cannot be set"
		load_flows 20
		check_err $? "the requests have stopped"
		cache_set "write back"
		check_err $? "cannot be set"
		load_flows 20
		check_err $? "the requests have stopped"
	done
	load_stop
	check_err $? "lost or spoiled"
	check_queues_idle "$DISK"
}

# test_masked BIT...: without FLUSH the switch is not ours either, as nobody could flush what
# a device with it goes on caching
test_masked()
{
	if is_stock; then
		skip "the stock driver has no mask"
		return
	fi
	drv_unload
	drv_load "$(mask_without "$@")"
	check_err $? "the disks do not appear"
	check_eq "$(disk_get "$DISK" queue/write_cache)" "write through" "queue/write_cache"
	check_eq "$(device_writes_back)" false "the device writes back"
	test_sync 0
}

tests_run
