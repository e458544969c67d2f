#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The header's layout: with MSI-X and without, wherever the configuration then
# begins, the MAC address and the link status are read from the right place,
# interrupts arrive, and frames get through.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# The mode that a device of $2 vectors gets with parameter $1; it has three
# queues. "none": the driver has to refuse it.
expected_mode()
{
	local want=$1 have=$2 mode=intx

	if [ "$have" -ge 4 ]; then
		mode=per-queue
	elif [ "$have" -ge 2 ]; then
		mode=shared
	fi
	case $want in
	per-queue)	[ $mode = per-queue ] || mode=none ;;
	shared)		[ $mode = intx ] && mode=none || mode=shared ;;
	intx)		mode=intx ;;
	esac
	echo $mode
}

# By default QEMU gives a vector to each queue and one to the configuration.
pair_mode()
{
	expected_mode "$2" "$(device_prop "${1}0" vectors 4)"
}

ALL_TESTS=()
for vectors in auto per-queue shared intx; do
	ALL_TESTS+=("test_load $vectors")
	for pair in $VEI_PAIRS; do
		mode=$(pair_mode "$pair" $vectors)
		if [ "$mode" = none ]; then
			ALL_TESTS+=("test_refused $pair $vectors")
			continue
		fi
		ALL_TESTS+=(
			"test_mode $pair $vectors $mode"
			"test_mac $pair $vectors"
			"test_link $pair $vectors"
			"test_traffic $pair $vectors"
		)
	done
done
ALL_TESTS+=(test_other_driver)

test_load()
{
	drv_unload && drv_load "vectors=$1"
	check_err $? "modules do not load with vectors=$1"
}

# Interrupts that NIC $1 has had, by all its names in /proc/interrupts.
interrupts()
{
	awk -v bdf="$(nic_bdf "$1")" -v name="$2" '
		index($0, bdf) || (name != "" && index($0, name "-")) {
			for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++)
				sum += $i
		}
		END { print sum + 0 }' /proc/interrupts
}

# No driver, rather than another mode than the one asked for.
test_refused()
{
	local nic

	for nic in "${1}0" "${1}1"; do
		[ ! -e "$(nic_sysfs "$nic")/driver" ]
		check_err $? "$nic: bound, though it has no vectors for $2"
	done
	dmesg | tail -n 100 | grep -q "$(nic_bdf "${1}0").*vector"
	check_err $? "no message says so"
}

test_mode()
{
	local nic

	for nic in "${1}0" "${1}1"; do
		check_eq "$(vei_get "$nic" vector_mode)" "$3" "$nic: vector_mode"
		check_negotiated "$nic"
	done
}

# QEMU's address for the device is what the interface has.
test_mac()
{
	local pair=$1 nic

	for nic in "${pair}0" "${pair}1"; do
		check_eq "$(if_get "$(nic_ifname "$nic")" address)" \
			"$(device_prop "$nic" mac)" "$nic: address"
	done
}

# The link's status lies behind the address: down is seen, and up again.
test_link()
{
	local pair=$1

	pair_create "$pair"
	check_err $? "the pair does not come up"
	device_link "${pair}0" false
	wait_for 60 not if_is_running "$IF0"
	check_err $? "link down is not seen"
	device_link "${pair}0" true
	wait_for 60 if_is_running "$IF0"
	check_err $? "link up is not seen"
	pair_destroy
}

# Interrupts of vei0 that were for all its queues, by debugfs
shared_interrupts()
{
	sed -n 's/^shared_interrupts: //p' \
		"/sys/kernel/debug/virtio_ei/$(nic_bdf "${PAIR}0")/device"
}

# check_shared BEFORE: they are counted where queues share, and nowhere else.
check_shared()
{
	local now said

	# more may come while it is looked
	now=$(shared_interrupts)
	said=$(nic_count shared_interrupts)
	check_ge "$said" "$now" "ethtool's shared_interrupts"
	check_le "$said" "$(shared_interrupts)" "ethtool's shared_interrupts"
	if [ "$(vei_get "${PAIR}0" vector_mode)" = per-queue ]; then
		check_eq "$now" 0 "shared_interrupts"
	else
		check_ge "$now" $(($1 + 10)) "shared_interrupts"
	fi
}

test_traffic()
{
	local pair=$1 before shared way

	pair_create "$pair"
	check_err $? "the pair does not come up"
	before=$(interrupts "${pair}0" "$IF0")
	shared=$(shared_interrupts)
	for way in there back; do
		traffic_run packet "$way" -c 1000
		check_err $? "packets lost or spoiled"
	done
	check_ge "$(interrupts "${pair}0" "$IF0")" $((before + 10)) "interrupts"
	check_shared "$shared"
	pair_destroy
}

# The other driver finds the device in order: nothing of ours is left in it.
test_other_driver()
{
	if [ "$(vei_get "${VEI_PAIRS%% *}0" dialect)" = draft ]; then
		# It takes bit 29 for both directions, and waits forever for its first command.
		skip "a device in the draft's dialect hangs the stock driver"
		return
	fi
	drv_unload
	check_err $? "modules do not unload"
	stock_load virtio_net
	pair_create "${VEI_PAIRS%% *}" && pair_answers
	check_err $? "the stock driver does not run after ours"
	pair_destroy
	stock_unload virtio_net
	drv_load && pair_create && pair_answers
	check_err $? "ours does not run after the stock driver"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver does not choose vectors")
fi
tests_run
