#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Parameters: all are there with a description, right values are taken and
# shown, wrong ones refused with a message that names the parameter.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(
	"test_described virtio_ei used_event avail_event features_hi indirect notify_on_empty feature_mask dialect vectors watch_ms"
	"test_described virtio_ei_net queue_pairs csum gso guest_offloads mrg_rxbuf"
	test_defaults
	"test_value used_event=0 N"
	"test_value notify_on_empty=1 Y"
	"test_value feature_mask=0x123 0x0000000000000123"
	"test_value dialect=released released"
	"test_value vectors=shared shared"
	"test_value watch_ms=500 500"
)
for wrong in used_event=2 avail_event=maybe features_hi=- indirect=? notify_on_empty=x \
	     feature_mask=all feature_mask=0x1ffffffffffffffff dialect=modern vectors=4 vectors= watch_ms=99 watch_ms=60001 watch_ms=-1; do
	ALL_TESTS+=("test_wrong core $wrong")
done
for wrong in queue_pairs=-1 queue_pairs=many csum=2 gso=x guest_offloads=w mrg_rxbuf=z; do
	ALL_TESTS+=("test_wrong net $wrong")
done

test_described()
{
	local module=$1 name

	shift
	for name; do
		modinfo "$MODULES/$module.ko" | grep -q "^parm: *$name:.\{10\}"
		check_err $? "$module: $name has no description"
	done
	check_eq "$(modinfo "$MODULES/$module.ko" | grep -c '^parm:')" $# "$module: parameters"
}

test_defaults()
{
	local word

	drv_load
	check_err $? "modules do not load"
	for word in used_event=Y avail_event=Y features_hi=Y indirect=Y notify_on_empty=N \
		    dialect=auto vectors=auto feature_mask=0xffffffffffffffff; do
		check_eq "$(core_param "${word%=*}")" "${word#*=}" "${word%=*}"
	done
	drv_unload
}

test_value()
{
	drv_load "$1"
	check_err $? "modules do not load with $1"
	check_eq "$(core_param "${1%%=*}")" "$2" "${1%%=*} in sysfs"
	drv_unload
}

test_wrong()
{
	local module=$1 setting=$2 message

	echo "parameters.sh: $setting" >/dev/kmsg
	if [ "$module" = core ]; then
		insmod "$MODULES/virtio_ei.ko" "$setting" 2>/dev/null
	else
		insmod "$MODULES/virtio_ei.ko"
		insmod "$MODULES/virtio_ei_net.ko" "$setting" 2>/dev/null
	fi
	check_fail $? "$setting was taken"
	message=$(dmesg | sed -n "/parameters.sh: ${setting//[\/.*]/.}/,\$p" |
		grep "virtio_ei.*${setting%%=*}")
	[ -n "$message" ]
	check_err $? "no message names ${setting%%=*}"
	drv_unload
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has none of these")
fi
tests_run
