#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/bind: one device goes to another driver and comes back, its peer and all
# others stay; wrong arguments are refused and change nothing.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

BIND=${VEI_BIND:-vei-bind}

ALL_TESTS=(
	test_start
	"test_move virtio-pci"
	"test_move virtio_ei_net"
	"test_move virtio-pci"
	test_give_back
	test_refused
	test_end
)

# The name of NIC $1's driver.
driver_of()
{
	basename "$(readlink "$(nic_sysfs "$1")/driver")"
}

test_start()
{
	drv_load && pair_create && pair_answers
	check_err $? "the pair does not come up"
	stock_load virtio_net
	check_err $? "no stock driver"
}

check_others()
{
	local nic

	for nic in $(all_nics); do
		[ "$nic" = "${PAIR}0" ] || check_eq "$(driver_of "$nic")" virtio_ei_net "$nic: driver"
	done
}

# A hub port without a driver stalls its peer, so that has nothing to send meanwhile.
quiet_peer()
{
	in_peer ip link set dev "$IF1" down
}

test_move()
{
	quiet_peer
	check_eq "$("$BIND" "$(nic_bdf "${PAIR}0")" "$1")" "$(nic_bdf "${PAIR}0"): $1" "its word"
	check_eq "$(driver_of "${PAIR}0")" "$1" "driver"
	check_eq "$(<"$(nic_sysfs "${PAIR}0")/driver_override")" "$1" "driver_override"
	check_others
	pair_create && pair_answers
	check_err $? "no answer by $1"
}

# The short form of the address, and the default.
test_give_back()
{
	local bdf

	bdf=$(nic_bdf "${PAIR}0")
	quiet_peer
	"$BIND" "${bdf#0000:}" >/dev/null
	check_err $? "cannot be given to virtio_ei_net"
	check_eq "$(driver_of "${PAIR}0")" virtio_ei_net "driver"
	pair_create && pair_answers
	check_err $? "no answer"
	quiet_peer
	"$BIND" "$bdf" "" >/dev/null
	check_err $? "cannot be given to whoever matches"
	check_eq "$(<"$(nic_sysfs "${PAIR}0")/driver_override")" "(null)" "driver_override"
}

# refused MESSAGE ARGUMENT...
refused()
{
	local message=$1 said

	shift
	said=$("$BIND" "$@" 2>&1)
	check_fail $? "'$*' was taken"
	[[ $said == *"$message"* ]]
	check_err $? "'$*': '$said', expected '$message'"
}

test_refused()
{
	local before

	before=$(driver_of "${PAIR}0")
	refused "usage"
	refused "no PCI address" 00.0
	refused "there is no device" 0000:1f:00.0
	refused "is not loaded" "$(nic_bdf "${PAIR}0")" no_such_driver
	refused "no legacy virtio network device" 0000:00:00.0
	check_eq "$(driver_of "${PAIR}0")" "$before" "driver afterwards"
}

test_end()
{
	drv_unload && stock_unload virtio_net
	check_err $? "modules do not unload"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
