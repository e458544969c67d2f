#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# NOTIFY_ON_EMPTY: a device that has taken the last buffer of the transmit queue
# interrupts, though the driver wants none; without the bit it does not. By the
# device's own count of what nothing else demanded, with the interrupts suppressed
# by flags and by used_event.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=200

ALL_TESTS=(test_start)
for used in 1 0; do
	ALL_TESTS+=("test_forced $used 0" "test_forced $used 1" "test_forced $used 0")
done

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	ipv6_off
	ip addr flush dev "$IF0"
	ip -n "$NS" addr flush dev "$IF1"
	has "$(vei_get "${PAIR}0" features_offered)" "$F_NOTIFY_ON_EMPTY"
	check_err $? "the device does not offer bit $F_NOTIFY_ON_EMPTY"
}

# <used_event> <notify_on_empty>; each packet alone, so that the queue runs empty
test_forced()
{
	local nic=${PAIR}0 forced interrupts

	vei_set "$nic" used_event "$1" && vei_set "$nic" notify_on_empty "$2"
	check_err $? "cannot be toggled"
	used_event=$1 notify_on_empty=$2
	check_negotiated "$nic"
	wait_for 60 if_is_running "$IF0"
	both_read "$nic" 1
	check_err $? "the counters cannot be read"
	forced=${DEVICE_NOW[forced-on-empty]} interrupts=${QUEUE_NOW[interrupts]}
	traffic_run packet there -w 1 -b 1 -c "$COUNT"
	check_err $? "lost or spoiled"
	both_read "$nic" 1
	forced=$((DEVICE_NOW[forced-on-empty] - forced))
	interrupts=$((QUEUE_NOW[interrupts] - interrupts))
	note "$forced forced, $interrupts handled for $COUNT packets"
	if [ "$2" = 1 ]; then
		check_ge "$forced" $((COUNT / 2)) "interrupts forced on empty"
		# those that come before the last one is taken become one with it
		check_ge "$interrupts" 1 "transmit interrupts handled"
	else
		check_eq "$forced" 0 "interrupts forced on empty"
	fi
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no toggles")
fi
tests_run
