#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The toggles in sysfs: a write negotiates anew at once, while traffic runs.
# Bits, modes and QEMU's view follow, the link stays, the traffic goes on and
# nothing is spoiled.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_start)
for round in 0 1; do
	for toggle in used_event avail_event features_hi indirect notify_on_empty; do
		ALL_TESTS+=("test_toggle $toggle $round")
	done
done
ALL_TESTS+=(
	test_reset
	test_same_value
	"test_wrong used_event 7"
	"test_wrong indirect perhaps"
	"test_wrong reset maybe"
	test_many
	test_traffic
	test_exact
)

nic=${PAIR}0

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	traffic_start packet there
	traffic_flows
	check_err $? "no traffic"
}

link_is_there()
{
	if_is_running "$IF0"
}

test_toggle()
{
	local name=$1 value=$2

	vei_set "$nic" "$name" "$value"
	check_err $? "$name cannot be set to $value"
	declare -g "$name=$value"
	check_eq "$(vei_get "$nic" "$name")" "$value" "$name"
	check_negotiated "$nic"
	wait_for 60 link_is_there
	check_err $? "the link is gone"
	traffic_flows
	check_err $? "the traffic has stopped"
}

test_reset()
{
	vei_set "$nic" reset 1
	check_err $? "cannot reset"
	check_negotiated "$nic"
	traffic_flows
	check_err $? "the traffic has stopped"
}

restarts()
{
	ethtool -S "$IF0" | sed -n 's/^ *restarts: //p'
}

# Writing what stands already must not disturb the device; writing anything else
# restarts it once.
test_same_value()
{
	local before

	before=$(restarts)
	vei_set "$nic" used_event "$used_event"
	check_err $? "refused"
	check_eq "$(restarts)" "$before" "restarts by the same value"
	check_negotiated "$nic"
	vei_set "$nic" used_event $((!used_event)) && vei_set "$nic" used_event "$used_event"
	check_err $? "refused"
	check_eq "$(restarts)" $((before + 2)) "restarts by two changes"
}

test_wrong()
{
	vei_set "$nic" "$1" "$2" 2>/dev/null
	check_fail $? "'$2' was taken for $1"
	check_negotiated "$nic"
	traffic_flows
	check_err $? "the traffic has stopped"
}

# In quick succession, on both ends: what one negotiation has begun, such as a
# command in the control queue, must not be lost in the next.
test_many()
{
	local i

	echo "toggles.sh: many" >/dev/kmsg
	for ((i = 0; i < 60; i++)); do
		vei_set "$nic" used_event $((i & 1))
		vei_set "${PAIR}1" avail_event $((i >> 1 & 1))
		vei_set "$nic" reset 1
		vei_set "${PAIR}1" reset 1
	done
	vei_set "$nic" used_event 1
	vei_set "${PAIR}1" avail_event 1
	used_event=1
	check_negotiated "$nic"
	traffic_flows
	check_err $? "the traffic has stopped"
	dmesg | sed -n '/toggles.sh: many/,$p' | grep -E 'virtio_ei_net.*(no answer|cannot)'
	check_fail $? "the driver complained"
}

test_traffic()
{
	traffic_stop
	check_err $? "the traffic was spoiled"
	check_ge "$(traffic_count received)" 1000 "packets received"
}

# With the toggles at rest nothing is lost.
test_exact()
{
	local way

	for way in there back; do
		traffic_run packet "$way" -c 5000
		check_err $? "packets lost or spoiled"
	done
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no toggles")
fi
tests_run
