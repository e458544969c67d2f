# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Negative controls: in one of its tests a suite runs with something broken, and
# has to notice. tests_run calls these; VEI_BREAK is any shell command of the
# suite's, such as the two here.

# break_meddle PARAMETER...: leave out, change or delay a function of the kernel
# for the time of the test (selftests/modules/vei_break.c)
break_meddle()
{
	insmod "$MODULES/vei_break.ko" "$@"
}

# break_fault NIC FAULT [PROPERTY=VALUE...]: one of the faults of the draft's QEMU
break_fault()
{
	local nic=$1 fault=$2 word

	shift 2
	for word; do
		device_set "$nic" "${word%%=*}" "${word#*=}" || return 1
	done
	device_set "$nic" x-draft-fault "\"$fault\""
	BROKEN_NIC=$nic
}

# What cannot be broken must not pass for broken.
break_on()
{
	BROKEN=1
	if eval "$VEI_BREAK"; then
		note "broken: $VEI_BREAK"
	else
		note "cannot be broken: $VEI_BREAK"
	fi
}

break_off()
{
	local hits=/sys/module/vei_break/parameters/hits

	BROKEN=""
	if [ -e $hits ]; then
		[ "$(<$hits)" != 0 ] || note "cannot be broken: never called: $VEI_BREAK"
		rmmod vei_break
	fi
	if [ -n "${BROKEN_NIC-}" ]; then
		device_set "$BROKEN_NIC" x-draft-fault '"none"'
	fi
}
