#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the device offers times what the driver wants. On each pair of the guest,
# whose devices differ in what they offer, each row of toggles (VEI_TOGGLE_ROWS,
# every two values of any two of them together; the 2x2 of the directions in
# full): bits, modes and layout as the draft has them, by sysfs and by QEMU;
# every byte of the traffic right, past the wrap of the indices in each mode;
# and the driver's counters equal to the device's.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

WRAP=66000
SOME=2000
TOGGLES=(used_event avail_event features_hi indirect notify_on_empty)

# A row is five digits in the order of TOGGLES, and "+" to go past the wrap.
ROWS=${VEI_TOGGLE_ROWS:-11110+ 00110+}
ALL_TESTS=()
for pair in $VEI_PAIRS; do
	ALL_TESTS+=("test_start $pair")
	for row in $ROWS; do
		ALL_TESTS+=("test_row $pair $row")
	done
done

test_start()
{
	PAIR=$1
	drv_reload && pair_create "$1"
	check_err $? "the pair does not come up"
	# no address, no protocol that sends by itself: the test's packets alone
	ipv6_off
	ip addr flush dev "$IF0"
	ip -n "$NS" addr flush dev "$IF1"
	note "$1: $(pair_var PROPS)"
}

set_row()
{
	local i nic

	for ((i = 0; i < ${#TOGGLES[@]}; i++)); do
		declare -g "${TOGGLES[i]}=${1:i:1}"
		for nic in "${PAIR}0" "${PAIR}1"; do
			vei_set "$nic" "${TOGGLES[i]}" "${1:i:1}"
			check_err $? "$nic: ${TOGGLES[i]} cannot be set"
		done
	done
	wait_for 60 if_is_running "$IF0"
	wait_for 60 if_is_running "$IF1" "$NS"
}

# both_counts NIC QUEUE KEY: the driver's and the device's, of the same instant
both_counts()
{
	both_read "$1" "$2" && echo "${QUEUE_NOW[$3]} ${DEVICE_NOW[$3]}"
}

settled()
{
	[ "$(vei_queue "${PAIR}0" 1 used)" = "$(vei_queue "${PAIR}0" 1 adds)" ]
}

# Counted from the load of the driver and from the start of the machine: what
# matters is the difference, which a row must not change.
check_counts()
{
	local ours device ours_before device_before

	read -r ours device <<<"$2"
	read -r ours_before device_before <<<"$1"
	check_eq $((ours - ours_before)) $((device - device_before)) "$3: the driver's, the device's"
}

test_row()
{
	local row=${2%+} packets=$SOME kicks irqs nic

	# all of the first pair's, of others what they can do at the most: less of that is
	# what the first has met
	[ "$2" = "$row" ] || { [ "$1" != "${VEI_PAIRS%% *}" ] && [ "${row:0:2}" != 11 ]; } ||
		packets=$WRAP
	set_row "$row"
	for nic in "${PAIR}0" "${PAIR}1"; do
		check_negotiated "$nic"
	done
	wait_for 60 settled
	kicks=$(both_counts "${PAIR}0" 1 kicks)
	irqs=$(both_counts "${PAIR}1" 0 interrupts)
	traffic_run packet there -q -b 32 -s 60 -c "$packets"
	check_err $? "there: lost or spoiled"
	traffic_run packet back -c 500
	check_err $? "back: lost or spoiled"
	wait_for 60 settled
	check_err $? "the transmit queue does not settle"
	check_counts "$kicks" "$(both_counts "${PAIR}0" 1 kicks)" "kicks"
	[ "$(vei_get "${PAIR}1" intr_mode)" != used_event ] || wait_for 10 interrupts_came "$irqs"
	check_interrupts "$irqs" "$(both_counts "${PAIR}1" 0 interrupts)"
	check_no_timeouts
	check_eq "$(vei_queue "${PAIR}0" 1 broken)" no "transmit queue broken"
	check_eq "$(vei_queue "${PAIR}1" 0 broken)" no "receive queue broken"
}

# Have all come that the device has raised since $1, but for the first of all?
interrupts_came()
{
	local ours device ours_before device_before

	read -r ours device <<<"$(both_counts "${PAIR}1" 0 interrupts)"
	read -r ours_before device_before <<<"$1"
	[ $((ours - ours_before + 1)) -ge $((device - device_before)) ]
}

# By index each interrupt is asked for anew, but for the first of all, which the
# device raises unasked; by flags, and on empty, two may become one on the way.
check_interrupts()
{
	local ours device ours_before device_before

	read -r ours device <<<"$2"
	read -r ours_before device_before <<<"$1"
	((ours -= ours_before, device -= device_before))
	check_le "$ours" "$device" "interrupts: the driver's, the device's"
	check_ge "$ours" 1 "interrupts"
	if [ "$(vei_get "${PAIR}1" intr_mode)" = used_event ]; then
		check_ge $((ours + 1)) "$device" "interrupts and one: the driver's, the device's"
	fi
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no toggles")
fi
tests_run
