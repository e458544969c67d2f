#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The disk is taken out and put back by the hypervisor: idle, with requests under way, again
# and again. What was acknowledged is there when it is back; nothing is left over.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_idle test_under_load test_exact)

plug()
{
	plug_in "$1"
	wait_for 40 disk_appears "$1"
	check_err $? "$1 does not appear"
}

test_idle()
{
	drv_load
	check_err $? "the disks do not appear"
	unplug "$DISK"
	disk_name "$DISK" >/dev/null
	check_fail $? "the disk is left over"
	[ ! -e "/sys/kernel/debug/virtio_ei/$(disk_bdf "$DISK")" ]
	check_err $? "its debugfs is left over"
	plug "$DISK"
	load_run "$DISK" 50
	check_err $? "no requests are done after it is back"
}

test_under_load()
{
	local i

	load_start "$DISK" -l -d 8
	for ((i = 0; i < ${VEI_PLUG_ROUNDS:-4}; i++)); do
		load_flows 20
		check_err $? "no requests are done in round $i"
		[ "$RET" = 0 ] || break
		unplug "$DISK"
		plug "$DISK"
	done
	load_flows 20
	check_err $? "no requests are done at last"
	load_stop
	check_err $? "lost or spoiled"
}

test_exact()
{
	load_run "$DISK" 100 -d 8
	check_err $? "lost or spoiled"
	check_queues_idle "$DISK"
}

tests_run
