#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No wake-up is lost: single packets, each waiting for the one before, in each
# mode that the device's dialect has, with and without the transmit timer that
# would cover for an interrupt.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_wakeup.sh
. "$LIB_DIR/lib_wakeup.sh"

ALL_TESTS=(test_start)
for mode in 1:1 0:0 1:0 0:1; do
	for usecs in 500 0; do
		ALL_TESTS+=("test_wakeups $mode $usecs")
	done
done

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
}

# <used_event>:<avail_event> <tx-usecs>
test_wakeups()
{
	local nic

	for nic in "${PAIR}0" "${PAIR}1"; do
		vei_set "$nic" used_event "${1%:*}" && vei_set "$nic" avail_event "${1#*:}"
		check_err $? "$nic: cannot be toggled"
	done
	ethtool -C "$IF0" tx-usecs "$2"
	in_peer ethtool -C "$IF1" tx-usecs "$2"
	wait_for 60 if_is_running "$IF0"
	wakeups_ok
	check_err $? "stalled"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver shows no rings")
fi
tests_run
