#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each combination of the core's toggles, given as module parameters: what is
# acknowledged, in which mode the queues run and where the configuration lies,
# by sysfs, by what QEMU reports, and by what the draft asks for. One device of
# each pair is checked, the other is the same, and a pair must answer in each.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

TOGGLES=(used_event avail_event features_hi indirect notify_on_empty)
CLEANUP=negotiation_cleanup

# others NAME: the driver that the halves have which nobody looks at; none: any
others()
{
	local pair

	for pair in $VEI_PAIRS; do
		[ "$pair" = "$PAIR" ] || echo "$1" >"$(nic_sysfs "${pair}1")/driver_override"
	done
}

negotiation_cleanup()
{
	others ""
	cleanup
}

# Where no device offers bit 31 there is nothing for features_hi to switch, so it is off once.
any_draft()
{
	local pair

	for pair in $VEI_PAIRS; do
		[ "$(device_prop "${pair}0" "$FEATURES_HI" off)" = off ] || return 0
	done
	return 1
}

any_draft && draft=1 || draft=0
ALL_TESTS=()
for ((i = 0; i < 1 << ${#TOGGLES[@]}; i++)); do
	((i & 4 || (i | 4) == 31 || draft)) || continue
	settings=""
	for ((j = 0; j < ${#TOGGLES[@]}; j++)); do
		settings+=" ${TOGGLES[j]}=$((i >> j & 1))"
	done
	ALL_TESTS+=("test_combination$settings")
done
ALL_TESTS+=(
	"test_mask 0x0"
	"test_mask 0x20"
	"test_mask 0xffffffffdfffffff"
	"test_mask 0xfffffffeffffffff"
	"test_mask 0xffffffffffffffff"
	"test_net_feature csum $F_CSUM"
	"test_net_feature mrg_rxbuf $F_MRG_RXBUF"
	test_check_notices
)

set_toggles()
{
	local word

	used_event=1 avail_event=1 features_hi=1 indirect=1 notify_on_empty=0
	feature_mask=-1
	for word; do
		declare -g "$word"
	done
}

first_halves()
{
	local pair

	for pair in $VEI_PAIRS; do
		echo "${pair}0"
	done
}

check_all()
{
	local nic

	for nic in $(first_halves); do
		check_negotiated "$nic"
	done
}

test_combination()
{
	local word

	set_toggles "$@"
	drv_reload "$*"
	check_err $? "modules do not load with $*"
	check_all
	for word; do
		check_eq "$(vei_get "${PAIR}0" "${word%=*}")" "${word#*=}" "sysfs: ${word%=*}"
	done
	pair_create && pair_answers
	check_err $? "no answer with $*"
}

test_mask()
{
	local nic

	set_toggles "feature_mask=$1"
	drv_reload "feature_mask=$1"
	check_err $? "modules do not load"
	check_all
	for nic in $(first_halves); do
		check_eq $(($(vei_get "$nic" features_acked) & ~$1)) 0 "$nic: outside the mask"
	done
	# without bit 5 the driver makes up an address, without 16 it has carrier
	pair_create && pair_answers
	check_err $? "no answer with feature_mask=$1"
}

# The parameter of the network module takes its bit away.
test_net_feature()
{
	local name=$1 bit=$2 nic acked

	set_toggles
	drv_reload "" "$name=0"
	check_err $? "modules do not load with $name=0"
	for nic in $(first_halves); do
		acked=$(vei_get "$nic" features_acked)
		has "$acked" "$bit" && fail "$nic: $name=0, and yet bit $bit: $acked"
	done
	check_all
	pair_create && pair_answers
	check_err $? "no answer with $name=0"
}

# The check itself: toggles other than those loaded must not pass.
test_check_notices()
{
	local nic="${PAIR}0"

	set_toggles
	drv_reload "indirect=0"
	has "$(vei_get "$nic" features_offered)" "$F_INDIRECT" || {
		skip "the device does not offer bit $F_INDIRECT"
		return
	}
	check_negotiated "$nic" >/dev/null
	check_eq "$RET" 1 "wrong toggles pass"
	RET=$((RET == 1 ? 0 : 1))
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no toggles")
else
	others nobody
fi
tests_run
