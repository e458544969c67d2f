#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Reset, unbound, bound and unloaded with requests under way. A reset loses nothing and
# fails nothing; where the disk goes, requests fail, but what was acknowledged is there when
# it is back.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${VEI_BIND_ROUNDS:-8}

ALL_TESTS=(test_reset test_rounds test_names test_in_use test_module)

test_reset()
{
	local i before drained

	drv_load
	check_err $? "the disks do not appear"
	if is_stock; then
		skip "the stock driver has no reset"
		return
	fi
	load_start "$DISK" -d 8
	before=$(vei_queue "$DISK" 0 drained)
	for ((i = 0; i < ROUNDS; i++)); do
		load_flows 20
		check_err $? "the requests have stopped in round $i"
		vei_set "$DISK" reset 1
		check_err $? "no reset in round $i"
	done
	load_flows
	check_err $? "the requests have stopped"
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
	# the device has a moment to be done with what it has
	drained=$(vei_queue "$DISK" 0 drained)
	check_ge "${drained:-none}" "$before" "requests that came back undone"
	check_le $((drained - before)) $((2 * ROUNDS)) "requests sent twice"
}

test_rounds()
{
	local i

	load_start "$DISK" -l -d 8
	for ((i = 0; i < ROUNDS; i++)); do
		load_flows 20
		check_err $? "no requests are done in round $i"
		[ "$RET" = 0 ] || break
		disk_unbind "$DISK"
		check_err $? "cannot unbind"
		disk_name "$DISK" >/dev/null
		check_fail $? "the disk is left over"
		disk_bind "$DISK"
		check_err $? "cannot bind"
	done
	load_flows 20
	check_err $? "no requests are done at last"
	load_stop
	check_err $? "lost or spoiled"
}

# However often it went, it has the name that it had.
test_names()
{
	local before

	before=$(disk_name "$DISK")
	disk_unbind "$DISK"
	disk_bind "$DISK"
	wait_for 60 disk_appears "$DISK"
	check_eq "$(disk_name "$DISK")" "$before" "name"
}

# Open, mounted and dirty when it goes.
test_in_use()
{
	mkfs.ext4 -q -F "$(disk_dev "$DISK")" && mount -t ext4 "$(disk_dev "$DISK")" "$MNT"
	check_err $? "no file system"
	head -c 1M /dev/urandom >/run/data
	cp /run/data "$MNT/kept" && sync
	check_err $? "cannot be written"
	cp /run/data "$MNT/lost"
	disk_unbind "$DISK"
	check_err $? "cannot unbind"
	umount "$MNT"
	disk_bind "$DISK"
	wait_for 60 disk_appears "$DISK"
	check_err $? "the disk does not appear"
	# another name if somebody still had the old one
	mount -t ext4 "$(disk_dev "$DISK")" "$MNT" && cmp /run/data "$MNT/kept"
	check_err $? "what was synced is not there"
	umount "$MNT"
	e2fsck -fp "$(disk_dev "$DISK")" >/dev/null 2>&1
	check_le $? 1 "e2fsck"
}

test_module()
{
	load_start "$DISK" -l -d 8
	load_flows 20
	check_err $? "no requests are done"
	# whoever has the disk open keeps the module
	if ! is_stock; then
		rmmod "$DRIVER" 2>/dev/null
		check_fail $? "the module went while its disk was open"
	fi
	load_flows 20 || drv_insert
	load_flows 20
	check_err $? "the requests have stopped"
	load_stop
	check_err $? "lost or spoiled"
	drv_reload
	check_err $? "cannot be loaded anew"
	load_run "$DISK" 50
	check_err $? "no requests are done at last"
	check_queues_idle "$DISK"
}

tests_run
