#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the watch has under way when the device is reset: it has asked the processor that an
# interrupt goes to whether it is there. That is held, by another card's handler.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"
# shellcheck source=lib_row.sh
. "$LIB_DIR/lib_row.sh"

WATCH_MS=200
# It is what is tested.
LOSSES_EXPECTED=1
PAIR=${VEI_PAIRS%% *}
# This one loses an interrupt; the other one's handler holds the processor of it.
NIC=${PAIR}1
HOLDER=${PAIR}0
RECEIVE=0

ALL_TESTS=(test_start test_reset test_other_ring test_end)
CLEANUP=watch_cleanup

watch_cleanup()
{
	[ ! -d /sys/module/vei_break ] || rmmod vei_break
	meddle_cleanup
}

test_start()
{
	drv_reload "watch_ms=$WATCH_MS" && pair_create "$PAIR" && pair_answers
	check_err $? "the pair does not come up"
	# the other one is what is held; and nothing but what is sent here
	taskset -p -c 1 $$ >/dev/null
}

# From here on the processor is asked, and does not answer. Nor does it to who forks, or asks the
# host: until it is back nothing but the shell's own.
ask_who_is_held()
{
	local nic

	# which puts the watch's timer on this processor, not on that which is held
	vei_set "$NIC" reset 1
	pair_create && pair_answers
	check_err $? "no answer"
	for nic in "$HOLDER" "$NIC"; do
		irq_on "virtio_ei-$(nic_bdf "$nic")-input.0" 0
		check_err $? "the interrupt cannot be moved"
	done
	# which takes one more where it was
	pair_answers
	quiet_pair
	BEFORE=$(lost interrupts)
	device_fault "$NIC" lost-interrupt "$RECEIVE"
	check_err $? "cannot be given the fault"
	meddle func=vei_rxq_interrupt delay_us=9000000 times=1
	check_err $? "cannot delay the handler"
	# who ends in a namespace waits for all processors
	in_peer bash -c "echo held >/dev/udp/$IP0/9" &
	watch_for 5 meddle_busy
	check_err $? "no interrupt"
	echo lost >"/dev/udp/$IP1/9"
	# looks come four times as rarely while nothing happens, and it takes two
	watch_for 3 false
	meddle_busy
	check_err $? "the processor is held no more"
}

# The pair, once the processor is back.
held_no_more()
{
	meddle_busy
	check_err $? "the reset has waited for the processor"
	# all the time, or its timers would go to the processor that is busier
	watch_for 20 not meddle_busy
	check_err $? "it is held for ever"
	wait $!
	meddle_end
	device_faultless "$NIC"
	check_eq "$(lost interrupts)" "$BEFORE" "interrupts_lost"
}

# What is lost after the reset is asked about anew.
test_reset()
{
	faults_here || return 0
	ask_who_is_held
	vei_set "$NIC" reset 1
	check_err $? "cannot be reset"
	held_no_more
	pair_create && pair_answers
	check_err $? "no answer after the reset"
	device_fault "$NIC" lost-interrupt "$RECEIVE"
	ping -q -n -c 1 -W 10 "$IP1" >/dev/null
	check_err $? "what is lost afterwards is not made good for"
	check_ge $(($(lost interrupts) - BEFORE)) 1 "interrupts_lost"
}

# Nor does the answer come to a queue that has gone: it has another one from each reset.
test_other_ring()
{
	faults_here || return 0
	# the second function that is meddled with
	break_meddle func=vei_queue_serves skip=1 ret=0
	check_err $? "no queue can be had anew"
	ask_who_is_held
	vei_set "$NIC" reset 1
	check_err $? "cannot be reset"
	held_no_more
	check_ge "$(</sys/module/vei_break/parameters/hits)" 1 "queues"
	rmmod vei_break
	pair_create && pair_answers
	check_err $? "no answer after the reset"
}

test_end()
{
	taskset -p -c 0,1 $$ >/dev/null
	drv_unload
	check_err $? "modules do not unload"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no watch")
fi
tests_run
