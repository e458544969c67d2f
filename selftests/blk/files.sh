#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A file system and a tree of files on it: copied by several at a time, compared when no
# cache can help, removed in part, trimmed, checked. The disks take turns with the modes;
# verify.sh has each in each.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

TREES=(/lib/modules /opt /etc)

ALL_TESTS=()
kept=()
for disk in $VEI_DISKS; do
	if disk_keeps "$disk"; then
		kept+=("$disk")
	fi
done
turn=0
for mode in $(modes); do
	disk=${kept[turn++ % ${#kept[@]}]}
	ALL_TESTS+=("test_load $mode" "test_make $disk" test_copy test_compare test_remove
		    "test_check $disk")
done

test_make()
{
	mkfs.ext4 -q -F "$(disk_dev "$1")"
	check_err $? "mkfs"
	mount -t ext4 -o discard "$(disk_dev "$1")" "$MNT"
	check_err $? "mount"
}

test_copy()
{
	local tree pids=() pid

	for tree in "${TREES[@]}"; do
		cp -a "$tree" "$MNT/" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
		check_err $? "cp"
	done
	sync
	check_err $? "sync"
}

uncached()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

test_compare()
{
	local tree

	uncached
	for tree in "${TREES[@]}"; do
		check_eq "$(diff -rq --no-dereference "$tree" "$MNT/${tree##*/}" 2>&1 | head -n 3)" "" \
			"differences of $tree"
	done
}

# What is freed is discarded, what is not is still there.
test_remove()
{
	rm -rf "${MNT:?}/opt"
	check_err $? "rm"
	sync
	cp -a /opt "$MNT/again"
	check_err $? "cp"
	uncached
	check_eq "$(diff -rq --no-dereference /opt "$MNT/again" 2>&1 | head -n 3)" "" "differences"
	check_eq "$(diff -rq --no-dereference /lib/modules "$MNT/modules" 2>&1 | head -n 3)" "" \
		"differences beside what was removed"
}

test_check()
{
	local out

	umount "$MNT"
	check_err $? "umount"
	out=$(e2fsck -fn "$(disk_dev "$1")" 2>&1)
	check_err $? "e2fsck: ${out//$'\n'/; }"
	check_queues_idle "$1"
}

tests_run
