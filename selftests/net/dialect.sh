#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# dialect= says what bit 29 means, whatever the device offers: what is then
# acknowledged, which mode each direction is in, what the log says, and that
# traffic flows where both sides still mean the same.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# parameter, used_event and avail_event wanted, offered dialect;
# acknowledged of bits 29, 31 and 32, kick_mode, intr_mode
ROWS=(
	"auto     1 1 draft    1 1 1 avail_event used_event"
	"auto     0 1 draft    0 1 1 avail_event flags"
	"draft    0 1 draft    0 1 1 avail_event flags"
	"released 0 1 draft    0 0 0 flags       flags"
	"released 1 0 draft    0 0 0 flags       flags"
	"released 1 1 draft    1 0 0 avail_event used_event"
	"auto     1 1 released 1 0 0 avail_event used_event"
	"auto     1 0 released 0 0 0 flags       flags"
	"released 1 1 released 1 0 0 avail_event used_event"
	"draft    1 1 released 1 0 0 flags       used_event"
	"draft    1 0 released 1 0 0 flags       used_event"
	"draft    0 1 released 0 0 0 flags       flags"
)
ALL_TESTS=()
for row in "${ROWS[@]}"; do
	ALL_TESTS+=("test_row $row")
done

# The pair of the guest whose devices have dialect $1.
pair_of()
{
	local pair

	for pair in $VEI_PAIRS; do
		if [ "$(device_prop "${pair}0" "$FEATURES_HI" off)" = on ]; then
			[ "$1" = draft ] && echo "$pair"
		else
			[ "$1" = released ] && echo "$pair"
		fi
	done
}

check_bit()
{
	local acked

	acked=$(device_features "$1")
	check_eq $((acked >> $2 & 1)) "$3" "$1: bit $2"
}

test_row()
{
	local wish=$1 used=$2 avail=$3 offered=$4 bit29=$5 bit31=$6 bit32=$7 kick=$8 intr=$9
	local means=$wish nic said forced

	PAIR=$(pair_of "$offered") nic=${PAIR}0
	echo "dialect.sh: $*" >/dev/kmsg
	drv_reload "dialect=$wish used_event=$used avail_event=$avail"
	check_err $? "modules do not load"
	[ "$wish" = auto ] && means=$offered
	[ "$means" = "$offered" ] && forced=0 || forced=1
	check_eq "$(vei_get "$nic" dialect)" "$means" "dialect"
	check_bit "$nic" "$F_USED_EVENT" "$bit29"
	check_bit "$nic" "$F_FEATURES_HI" "$bit31"
	check_bit "$nic" "$F_AVAIL_EVENT" "$bit32"
	check_eq "$(vei_get "$nic" kick_mode)" "$kick" "kick_mode"
	check_eq "$(vei_get "$nic" intr_mode)" "$intr" "intr_mode"
	dmesg | sed -n "/dialect.sh: $*/,\$p" | grep -q "$(nic_bdf "$nic"): $wish dialect forced"
	said=$((!$?))
	check_eq "$said" "$forced" "1 if the log says that the dialect was forced"
	# the driver takes bit 29 for both directions, the device for one: kicks get lost
	[ "$means$offered$bit29" != releaseddraft1 ] || return 0
	pair_create && traffic_run packet there -c 500 && traffic_run packet back -c 500
	check_err $? "lost or spoiled"
	check_no_timeouts
}

if is_stock; then
	ALL_TESTS=("skip the stock driver knows one dialect")
fi
tests_run
