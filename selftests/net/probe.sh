#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Probes that fail: the message says why, nothing is left behind, and the device
# can be bound when the reason is gone.
#
# The second pair's BAR 0 is too short for the header, which does not go away.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

read -r PAIR SHORT_PAIR _ <<<"$VEI_PAIRS x"
nic=${PAIR}0

ALL_TESTS=(
	test_start
	"test_refused queue-size 0 0 queue.0.*size.0"
	"test_refused queue-size 1 0 queue.1.*size.0"
	"test_refused queue-size any 3 size.3.*power.of.two"
	"test_refused queue-size 2 65535 size.65535.*power.of.two"
	"test_vector auto 2 0"
	"test_vector auto any 1"
	"test_vector per-queue 1 1"
	"test_encrypted 0"
	"test_encrypted 2"
	test_xen
	"test_short $SHORT_PAIR"
)
CLEANUP=probe_cleanup

probe_cleanup()
{
	device_faultless "$nic"
	[ ! -d /sys/module/vei_xen ] || rmmod vei_xen
	meddle_cleanup
}

test_start()
{
	drv_load && pair_create && pair_answers
	check_err $? "the pair does not come up"
}

bind_refused()
{
	log_mark
	if nic_bind "$nic" 2>/dev/null; then
		fail "the device was taken"
		nic_unbind "$nic"
		return
	fi
	log_says "$(nic_bdf "$nic").*$1"
	check_no_trace "$nic"
	check_eq "$("$LIB_DIR/regs" "$(nic_sysfs "$nic")/config" 4 w)" 0x0103 \
		"PCI command: I/O, no bus master"
}

bind_taken()
{
	nic_bind "$nic" && pair_create && pair_answers
	check_err $? "the pair does not come back"
}

# FAULT QUEUE VALUE MESSAGE
test_refused()
{
	faults_here || return 0
	nic_unbind "$nic"
	device_fault "$nic" "$1" "$2" "$3"
	check_err $? "cannot set the fault"
	bind_refused "$4"
	device_faultless "$nic"
	bind_taken
}

# vectors=$1, and those of queue $2 are refused, with $3 as the outcome
test_vector()
{
	faults_here || return 0
	drv_reload "vectors=$1" && pair_create
	check_err $? "the pair does not come up"
	nic_unbind "$nic"
	device_fault "$nic" vector-refused "$2"
	check_err $? "cannot set the fault"
	if [ "$1" = auto ]; then
		# it does with less: one vector for all, and at last with the pin
		log_mark
		bind_taken
		log_says "refused vector"
		check_eq "$(vei_get "$nic" vector_mode)" intx "vector_mode"
		nic_unbind "$nic"
	else
		bind_refused "vectors=$1 cannot be had"
	fi
	device_faultless "$nic"
	drv_reload && pair_create && pair_answers
	check_err $? "the pair does not come back"
	check_eq "$(vei_get "$nic" vector_mode)" per-queue "vector_mode"
}

# Encrypted memory, which the device cannot read. $1: attribute, as the kernel
# numbers them (0: CC_ATTR_MEM_ENCRYPT, 2: CC_ATTR_GUEST_MEM_ENCRYPT)
test_encrypted()
{
	nic_unbind "$nic"
	if ! meddle func=cc_platform_has ret=1 arg="$1"; then
		bind_taken
		skip "this kernel lets nobody into cc_platform_has()"
		return
	fi
	bind_refused "memory"
	meddle_struck
	check_err $? "it did not ask"
	meddle_end
	bind_taken
}

# A Xen guest's addresses are not the device's, or a page has to be granted.
test_xen()
{
	nic_unbind "$nic"
	insmod "$MODULES/vei_xen.ko"
	check_err $? "cannot pretend"
	bind_refused "cannot read the memory of a Xen guest"
	rmmod vei_xen
	bind_taken
}

# There is no room for the registers.
test_short()
{
	if [ "$1" = x ]; then
		skip "no pair for it"
		return
	fi
	check_no_trace "${1}0"
	dmesg | grep -q "$(nic_bdf "${1}0").*BAR 0 has 16 bytes"
	check_err $? "BAR 0 is not said to be too short"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
