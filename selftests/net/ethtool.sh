#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ethtool -i -k -g -l: what they say is what the device has.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_start)
for pair in $VEI_PAIRS; do
	ALL_TESTS+=(
		"test_driver $pair"
		"test_rings $pair"
		"test_features $pair"
		"test_channels $pair"
	)
done
ALL_TESTS+=(test_read_while_busy)

test_start()
{
	drv_load
	check_err $? "modules do not load"
}

# field TEXT NAME: the value behind "NAME:"
field()
{
	sed -n "s/^$2:[[:space:]]*//p" <<<"$1" | tail -n 1
}

test_driver()
{
	local nic=${1}0 info

	info=$(ethtool -i "$(nic_ifname "$nic")")
	check_err $? "ethtool -i"
	check_eq "$(field "$info" driver)" "$DRIVER" "driver"
	check_eq "$(field "$info" bus-info)" "$(is_stock || nic_bdf "$nic")" "bus-info"
	[ -n "$(field "$info" version)" ]
	check_err $? "no version"
}

# The rings are as large as QEMU's queues.
test_rings()
{
	local nic=${1}0 rings

	rings=$(ethtool -g "$(nic_ifname "$nic")")
	check_err $? "ethtool -g"
	check_eq "$(field "$rings" RX)" "$(device_queue "$nic" 0 vring-num)" "receive ring"
	check_eq "$(field "$rings" TX)" "$(device_queue "$nic" 1 vring-num)" "transmit ring"
	check_eq "$(field "$rings" RX)" "$(device_prop "$nic" rx_queue_size 256)" "rx_queue_size"
}

# An offload is there exactly if its bit is acknowledged.
check_offload()
{
	local nic=$1 name=$2 bit=$3 acked=$4 state

	state=$(field "$OFFLOADS" "$name")
	if has "$acked" "$bit"; then
		check_eq "${state%% *}" on "$nic: $name with bit $bit"
	else
		check_eq "${state%% *}" off "$nic: $name without bit $bit"
	fi
}

test_features()
{
	local nic=${1}0 acked

	acked=$(device_features "$nic")
	OFFLOADS=$(ethtool -k "$(nic_ifname "$nic")")
	check_err $? "ethtool -k"
	check_offload "$nic" tx-checksumming "$F_CSUM" "$acked"
	check_offload "$nic" tcp-segmentation-offload "$F_HOST_TSO4" "$acked"
	is_stock || check_offload "$nic" rx-checksumming "$F_GUEST_CSUM" "$acked"
}

test_channels()
{
	local nic=${1}0 channels

	channels=$(ethtool -l "$(nic_ifname "$nic")")
	check_err $? "ethtool -l"
	check_ge "$(field "$channels" Combined)" 1 "combined channels"
}

# Reading all there is, while everything moves.
test_read_while_busy()
{
	local i

	pair_create
	check_err $? "the pair does not come up"
	traffic_start packet there
	traffic_flows
	check_err $? "no traffic"
	for ((i = 0; i < 10; i++)); do
		ethtool -S "$IF0" >/dev/null && ethtool -k "$IF0" >/dev/null &&
			ethtool -i "$IF0" >/dev/null && ethtool -g "$IF0" >/dev/null
		check_err $? "ethtool fails"
		if ! is_stock; then
			cat "$(nic_sysfs "${PAIR}0")"/virtio_ei/features_* \
			    "/sys/kernel/debug/virtio_ei/$(nic_bdf "${PAIR}0")"/* >/dev/null
			check_err $? "sysfs or debugfs cannot be read"
		fi
	done
	traffic_flows
	check_err $? "the traffic has stopped"
	traffic_stop
	check_err $? "the traffic was spoiled"
}

tests_run
