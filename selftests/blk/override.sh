#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/bind: one disk goes to the stock driver and comes back, with what was written by
# the one read by the other; the other disks go on meanwhile.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

BIND=${VEI_BIND:-vei-bind}
OTHER=${VEI_DISKS#* }
OTHER=${OTHER%% *}

ALL_TESTS=(test_start "test_move virtio-pci" "test_move virtio_ei_blk" "test_move virtio-pci"
	   "test_move virtio_ei_blk" test_stop)

driver_of()
{
	basename "$(readlink "/sys/bus/pci/devices/$(disk_bdf "$1")/driver")"
}

test_start()
{
	drv_load
	check_err $? "the disks do not appear"
	stock_load virtio_blk
	check_err $? "no stock driver"
	head -c 1M /dev/urandom >/run/data
	dd if=/run/data of="$(disk_dev "$DISK")" bs=1M oflag=direct status=none
	check_err $? "cannot be written"
	load_start "$OTHER" -d 4
	load_flows
	check_err $? "no requests are done by $OTHER"
}

test_move()
{
	check_eq "$("$BIND" "$(disk_bdf "$DISK")" "$1")" "$(disk_bdf "$DISK"): $1" "its word"
	check_eq "$(driver_of "$DISK")" "$1" "driver"
	check_eq "$(driver_of "$OTHER")" virtio_ei_blk "driver of $OTHER"
	wait_for 60 disk_appears "$DISK"
	check_err $? "the disk does not appear"
	dd if="$(disk_dev "$DISK")" bs=1M count=1 iflag=direct status=none | cmp - /run/data
	check_err $? "not what the other driver wrote"
	head -c 1M /dev/urandom >/run/data
	dd if=/run/data of="$(disk_dev "$DISK")" bs=1M oflag=direct status=none
	check_err $? "cannot be written"
	load_flows 20
	check_err $? "$OTHER has stopped"
}

test_stop()
{
	load_stop
	check_err $? "lost or spoiled"
	drv_unload && stock_unload virtio_blk
	check_err $? "modules do not unload"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_blk")
elif [ "$OTHER" = "$DISK" ]; then
	ALL_TESTS=("skip there is only one disk")
fi
tests_run
