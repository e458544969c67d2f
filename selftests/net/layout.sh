#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The header's layout: with MSI-X and without, wherever the configuration then
# begins, the MAC address and the link status are read from the right place,
# interrupts arrive, and frames get through.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=()
for vectors in auto per-queue shared intx; do
	ALL_TESTS+=("test_load $vectors")
	for pair in $VEI_PAIRS; do
		ALL_TESTS+=("test_vectors $pair $vectors")
		ALL_TESTS+=("test_mac $pair $vectors")
		ALL_TESTS+=("test_link $pair $vectors")
		ALL_TESTS+=("test_traffic $pair $vectors")
	done
done
ALL_TESTS+=(test_other_driver)
trap cleanup EXIT

# Vectors that the device has: QEMU's property, by default one for each queue
# and one for changes of the configuration.
device_vectors()
{
	device_prop "$1" vectors 4
}

# The mode that a device of $2 vectors gets with parameter $1, with three
# queues: "none" if it has to be refused.
expected_mode()
{
	local want=$1 have=$2

	case $want in
	intx)		echo intx ;;
	per-queue)	if [ "$have" -ge 4 ]; then echo per-queue; else echo none; fi ;;
	shared)		if [ "$have" -ge 2 ]; then echo shared; else echo none; fi ;;
	auto)
		if [ "$have" -ge 4 ]; then
			echo per-queue
		elif [ "$have" -ge 2 ]; then
			echo shared
		else
			echo intx
		fi
		;;
	esac
}

pair_mode()
{
	expected_mode "$1" "$(device_vectors "${2}0")"
}

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

test_vectors()
{
	local pair=$1 want=$2 mode nic

	mode=$(pair_mode "$want" "$pair")
	for nic in "${pair}0" "${pair}1"; do
		if [ "$mode" = none ]; then
			# refused: no driver, rather than another mode
			[ ! -e "$(nic_sysfs "$nic")/driver" ]
			check_err $? "$nic: bound, though it has no vectors for $want"
			continue
		fi
		check_eq "$(vei_get "$nic" vector_mode)" "$mode" "$nic: vector_mode"
		check_negotiated "$nic"
	done
}

# Refused pairs have nothing more to show.
not_refused()
{
	if [ "$(pair_mode "$2" "$1")" = none ]; then
		skip "no such vectors on pair $1"
		return 1
	fi
}

# QEMU's address for the device is what the interface has.
test_mac()
{
	local pair=$1 nic

	not_refused "$@" || return
	for nic in "${pair}0" "${pair}1"; do
		check_eq "$(cat "/sys/class/net/$(nic_ifname "$nic")/address")" \
			"$(device_prop "$nic" mac)" "$nic: address"
	done
}

# The link's status lies behind the address: down is seen, and up again.
test_link()
{
	local pair=$1

	not_refused "$@" || return
	pair_create "$pair"
	check_err $? "the pair does not come up"
	device_link "${pair}0" false
	wait_for 5 not if_is_running "$IF0"
	check_err $? "link down is not seen"
	device_link "${pair}0" true
	wait_for 5 if_is_running "$IF0"
	check_err $? "link up is not seen"
	pair_destroy
}

test_traffic()
{
	local pair=$1 name before

	not_refused "$@" || return
	pair_create "$pair"
	check_err $? "the pair does not come up"
	before=$(interrupts "${pair}0" "$IF0")
	for way in there back; do
		traffic_run packet "$way" -c 1000
		check_err $? "packets lost or spoiled"
	done
	check_ge "$(interrupts "${pair}0" "$IF0")" $((before + 10)) "interrupts"
	pair_destroy
}

# The other driver finds the device in order: nothing of ours is left in it.
test_other_driver()
{
	drv_unload
	check_err $? "modules do not unload"
	modprobe virtio_pci && modprobe virtio_net
	pair_create "${VEI_PAIRS%% *}" && pair_answers
	check_err $? "the stock driver does not run after ours"
	pair_destroy
	rmmod virtio_net virtio_pci
	drv_load && pair_create && pair_answers
	check_err $? "ours does not run after the stock driver"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver does not choose vectors")
fi
tests_run
