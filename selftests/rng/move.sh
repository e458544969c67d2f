#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/bind with a device of each type in one machine: each goes to the stock driver and
# comes back, and works with either, while the other two go on without an error.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=lib_types.sh
. "$LIB_DIR/lib_types.sh"

ALL_TESTS=(types_start)
for type in "${TYPES[@]}"; do
	ALL_TESTS+=("test_move $type virtio-pci" "test_move $type virtio_ei_$type")
done
ALL_TESTS+=(test_stop)

# test_move TYPE DRIVER
test_move()
{
	local other

	load_end "$1"
	check_eq "$("$BIND" "${BDF[$1]}" "$2")" "${BDF[$1]}: $2" "its word"
	check_eq "$(driver_of "$1")" "$2" "driver"
	for other in "${TYPES[@]}"; do
		[ "$other" = "$1" ] && continue
		check_eq "$(driver_of "$other")" "virtio_ei_$other" "driver of $other"
		check_goes_on "$other"
	done
	"ready_$1"
	check_err $? "$1 does not appear"
	load_begin "$1"
	check_goes_on "$1"
}

types_run
