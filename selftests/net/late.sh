#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A restart that was asked for, after transmit timeouts, and comes too late: the
# device sleeps by then, or its driver has left it. It must be left alone, and
# have one set of queues afterwards.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

# While one sleeps the hub holds up what its peer sends, for longer than the watch bears with. If
# that goes on just after the watch has kicked, the kick would count as one that was lost.
VEI_CORE_PARAMS+=" watch_ms=0"

ALL_TESTS=(
	test_start
	"test_late bind"
	"test_late sleep"
	test_asleep
)
CLEANUP=meddle_cleanup

nic=${PAIR}0

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
}

# How many interrupts the device has here.
count_interrupts()
{
	grep -c "virtio_ei-$(nic_bdf "$nic")" /proc/interrupts
}

# By the driver's callbacks: the machine stays awake.
sleep_a_while()
{
	insmod "$MODULES/vei_sleep.ko" bdf="$(nic_bdf "$nic")" ms=4000 && rmmod vei_sleep
}

# What the user asks for comes too late as well: refused, and it stays asleep.
test_asleep()
{
	insmod "$MODULES/vei_sleep.ko" bdf="$(nic_bdf "$nic")" ms=8000 &
	watch_for 30 not nic_runs
	check_err $? "it does not sleep"
	vei_set "$nic" reset 1 2>/dev/null
	check_fail $? "a device that sleeps was reset"
	vei_set "$nic" indirect 0 2>/dev/null
	check_fail $? "a device that sleeps was set up anew"
	check_eq "$(vei_get "$nic" indirect)" 1 "indirect"
	nic_runs
	check_fail $? "it was woken up"
	wait $!
	check_err $? "cannot wake up"
	rmmod vei_sleep
	pair_create && pair_answers
	check_err $? "the pair does not come back"
}

# Did the driver say DRIVER_OK? From the device's registers, past the driver.
nic_runs()
{
	has "$("$LIB_DIR/regs" "$(nic_sysfs "$nic")/resource0" 18 b)" 2
}

test_late()
{
	local interrupts

	interrupts=$(count_interrupts)
	meddle func=vei_net_restart_work delay_us=3000000
	check_err $? "cannot delay the restart"
	time_out 3
	check_err $? "cannot time out"
	watch_for 30 meddle_struck
	check_err $? "no restart"
	if [ "$1" = sleep ]; then
		sleep_a_while
		check_err $? "cannot sleep"
	else
		nic_unbind "$nic"
		check_err $? "cannot unbind"
		nic_bind "$nic"
		check_err $? "cannot bind"
	fi
	wait_for 10 not meddle_busy
	meddle_end
	pair_create && pair_answers
	check_err $? "the pair does not come back"
	check_eq "$(count_interrupts)" "$interrupts" "interrupts of the device"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
