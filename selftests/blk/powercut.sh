#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is synced on a file system while QEMU logs all requests. The host cuts the log
# afterwards (vmlib/powercut.py) and looks for what was promised here. VEI_CUT_<disk> says
# what is done to the flushes on the way, from which the host expects losses:
#
#	nothing		all is well
#	write-through	the kernel is told that there is no cache to flush
#	nobarrier	the file system does without them
#	masked		the driver does not acknowledge FLUSH: the device syncs each write

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

CUT_SECONDS=${VEI_CUT_SECONDS:-6}
# of 512 bytes; vmlib/powercut.py has the same numbers
MARGIN=2048

ALL_TESTS=()
for disk in $VEI_DISKS; do
	ALL_TESTS+=("test_make $disk" "test_write $disk" "test_end $disk")
done

test_make()
{
	local way sectors options=errors=panic

	way=$(disk_var CUT "$1")
	drv_unload
	if [ "$way" = masked ] && ! is_stock; then
		drv_load "$(mask_without "$F_FLUSH" "$F_CONFIG_WCE")"
	else
		drv_load
	fi
	check_err $? "the disks do not appear"
	sectors=$(disk_get "$1" size)
	partition_table "$1" "$MARGIN" $((sectors - 2 * MARGIN)) $((sectors - MARGIN)) "$MARGIN"
	check_err $? "no partitions"
	[ "$way" != nobarrier ] || options+=,nobarrier
	mkfs.ext4 -q -F -J size=4 -E lazy_itable_init=0,lazy_journal_init=0 "$(disk_dev "$1")1" &&
		mount -t ext4 -o "$options" "$(disk_dev "$1")1" "$MNT"
	check_err $? "no file system"
	blockdev --flushbufs "$(disk_dev "$1")"
	if [ "$way" = write-through ]; then
		disk_set "$1" queue/write_cache "write through"
		check_err $? "the kernel does not take it"
	fi
}

test_write()
{
	"$DISK_TOOL" sync -s "$CUT_SECONDS" "$MNT" "$(disk_dev "$1")2" >/run/sync 2>&1
	check_err $? "$(</run/sync)"
	check_ge "$(sed -n 's/^records=//p' /run/sync)" 40 "records synced"
	note "$1: $(</run/sync)"
}

test_end()
{
	umount "$MNT"
	check_err $? "umount"
	e2fsck -fn "$(disk_dev "$1")1" >/dev/null 2>&1
	check_err $? "e2fsck"
	disk_set "$1" queue/write_cache "write back"
	# the log's own header is written with a flush that has something to flush
	dd if=/dev/zero of="$(disk_dev "$1")" bs=512 seek=$((MARGIN - 1)) count=1 conv=fsync status=none
	check_err $? "sync"
	check_queues_idle "$1"
}

tests_run
