#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The bus resets a device of each type below its driver, which begins again, while requests
# and packets go on.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_types.sh
. "$LIB_DIR/lib_types.sh"

ALL_TESTS=(types_start)
for type in "${TYPES[@]}"; do
	ALL_TESTS+=("test_reset $type")
done
ALL_TESTS+=(test_stop)

# Nothing of it is left that the driver could wait for: without a restart it would for ever.
# A toggle that changes meanwhile does not take it for a device that has gone.
test_reset()
{
	local dir=/sys/bus/pci/devices/${BDF[$1]} i toggles

	toggle_on "$dir/virtio_ei/indirect" &
	toggles=$!
	for i in 1 2 3; do
		echo 1 >"$dir/reset"
		check_err $? "round $i: no reset"
		check_goes_on "$1"
	done
	kill "$toggles"
	check_err $? "a toggle cannot be changed: $(</run/toggle)"
	wait "$toggles" 2>/dev/null
	echo 1 >"$dir/virtio_ei/indirect"
	check_eq "$(<"$dir/virtio_ei/kicks_lost")" 0 "kicks lost"
	check_eq "$(<"$dir/virtio_ei/interrupts_lost")" 0 "interrupts lost"
}

# Until something fails, which is in /run/toggle
toggle_on()
{
	while echo 0 >"$1" && echo 1 >"$1"; do
		sleep 0.2
	done 2>/run/toggle
}

types_run
