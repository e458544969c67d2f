#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A device that storms: with interrupts that nobody asked for, with its pin asserted for ever,
# with changes of its configuration, with answers that come late. What that takes is bounded:
# traffic goes on, and so does the rest of the guest (a pulse beside it, on each processor).

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"
# shellcheck source=lib_storm.sh
. "$LIB_DIR/lib_storm.sh"

# A pair with the pin, one with vectors, and one whose first half shares the pin of the first.
read -r PIN VECTORS NEIGHBOUR <<<"$VEI_PAIRS"
PACKETS=4000
SPURIOUS=200000
FLAPS=1500
# Of the PCI command register.
COMMAND_NO_PIN=10
# What a line that the kernel has given up leaves in the log.
GIVEN_UP='nobody cared|Call Trace:'

ALL_TESTS=(
	"test_start $VECTORS"
	"test_interrupts 1:1"
	"test_interrupts 0:0"
	"test_spurious input.0"
	"test_spurious output.0"
	"test_spurious config"
	test_flaps
	test_announces
	test_slow
	test_unbinds
	"test_start $PIN"
	"test_interrupts 1:1"
	"test_interrupts 0:0"
	test_flaps
	"test_pin_stuck reads-ones"
	"test_pin_stuck isr-again"
	"test_start $PIN"
	test_pin_cut_off
	"test_neighbour ${NEIGHBOUR}0"
)
CLEANUP=storm_cleanup

storm_cleanup()
{
	pulse_kill
	host_storm_end
	hog_end
	device_faultless "$nic"
	meddle_cleanup
}

traffic()
{
	traffic_run packet there -c "$PACKETS" -s 60 && traffic_run packet back -c "$PACKETS" -s 60
}

test_start()
{
	drv_unload
	PAIR=$1 nic=${1}0
	drv_load && pair_create && pair_answers
	check_err $? "the pair does not come up"
	calm traffic
	check_err $? "lost or spoiled"
}

# For each buffer one, whatever the driver has asked for, and the used index moves on by one.
# (Of messages that come while one is pending the processor makes one.)
test_interrupts()
{
	local one before

	faults_here || return 0
	for one in "${PAIR}0" "${PAIR}1"; do
		vei_set "$one" used_event "${1%:*}" && vei_set "$one" avail_event "${1#*:}"
		check_err $? "$one: cannot be toggled"
	done
	wait_for 60 if_is_running "$IF0"
	before=$(device_stats "${PAIR}0" 0 interrupts)
	device_fault "${PAIR}0" unsuppressed-interrupts && device_fault "${PAIR}1" unsuppressed-interrupts
	check_err $? "cannot set the fault"
	storm traffic
	check_err $? "lost or spoiled"
	device_faultless "${PAIR}0" && device_faultless "${PAIR}1"
	check_ge $(($(device_stats "${PAIR}0" 0 interrupts) - before)) "$PACKETS" "interrupts that were sent"
	traffic
	check_err $? "lost or spoiled afterwards"
	check_eq "$(queue_broken)" "no no" "broken"
	for one in "${PAIR}0" "${PAIR}1"; do
		vei_set "$one" used_event 1 && vei_set "$one" avail_event 1
	done
	wait_for 60 if_is_running "$IF0"
	check_err $? "it does not come back"
}

spurious()
{
	insmod "$MODULES/vei_spurious.ko" irq="$1" times="$SPURIOUS" && rmmod vei_spurious
}

# A vector of the device is hit as fast as a processor can, while it works.
test_spurious()
{
	local irq before

	if ! insmod "$MODULES/vei_spurious.ko" 2>/dev/null; then
		skip_or_fail "this kernel cannot send interrupts"
		return
	fi
	rmmod vei_spurious
	irq=$(sed -n "s/^ *\([0-9]*\):.* virtio_ei-$(nic_bdf "$nic")-$1\$/\1/p" /proc/interrupts)
	traffic_start packet there
	traffic_flows
	check_err $? "no traffic"
	before=$(nic_irqs)
	storm spurious "$irq"
	check_err $? "interrupt $irq cannot be sent"
	note "$(($(nic_irqs) - before)) interrupts of $SPURIOUS"
	check_ge $(($(nic_irqs) - before)) $((SPURIOUS / 100)) "interrupts"
	traffic_flows
	check_err $? "the traffic does not go on"
	traffic_stop
	check_err $? "lost or spoiled"
	check_eq "$(queue_broken)" "no no" "broken"
}

queue_broken()
{
	queue_read "$nic" 0 && echo -n "${QUEUE_NOW[broken]} " && queue_read "$nic" 1 &&
		echo "${QUEUE_NOW[broken]}"
}

# Interrupts of the device, whatever vectors it has.
nic_irqs()
{
	grep "$(nic_bdf "$nic")" /proc/interrupts | awk '{ sum += $2 + $3 } END { print sum + 0 }'
}

link_json()
{
	echo "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"$nic\",\"up\":$1}}"
}

# Down and up, and up in the end.
test_flaps()
{
	local before

	before=$(nic_count config_interrupts)
	traffic_start packet there
	traffic_flows
	check_err $? "no traffic"
	storm host_storm "$FLAPS" "$(link_json false)" "$(link_json true)"
	check_err $? "the link does not flap"
	note "$(($(nic_count config_interrupts) - before)) interrupts for $((2 * FLAPS)) changes, $(if_get "$IF0" carrier_changes) of them seen"
	check_ge $(($(nic_count config_interrupts) - before)) 100 "interrupts"
	wait_for 60 if_is_running "$IF0"
	check_err $? "the link is not up in the end"
	traffic_flows
	check_err $? "the traffic does not go on"
	traffic_stop
	check_err $? "lost or spoiled"
	device_link "$nic" false
	wait_for 60 not if_is_running "$IF0"
	check_err $? "it is not seen to go down any more"
	device_link "$nic" true
	wait_for 60 if_is_running "$IF0"
	check_err $? "it is not seen to come up any more"
}

# The device asks to be announced, without end.
test_announces()
{
	local before

	before=$(vei_queue "$nic" 2 adds)
	storm host_storm 300 '{"execute":"announce-self","arguments":{"initial":1,"max":1,"rounds":1,"step":1}}'
	check_err $? "the device cannot be made to ask"
	note "$(($(vei_queue "$nic" 2 adds) - before)) answers"
	check_ge $(($(vei_queue "$nic" 2 adds) - before)) 1 "answers"
	traffic
	check_err $? "lost or spoiled"
}

# Until it is told to stop the device does not say that it has done a command.
keep_slow()
{
	while [ ! -e /run/slow-ends ]; do
		device_fault "$nic" lost-interrupt 2
	done
}

settings()
{
	local i

	for i in 10 11 12 13 14 15 16 17; do
		ip link set dev "$IF0" address "52:54:00:bb:00:$i" || return 1
	done
}

# The driver looks for itself, and others get on.
test_slow()
{
	local slow mac

	faults_here || return 0
	mac=$(if_get "$IF0" address)
	rm -f /run/slow-ends
	keep_slow &
	slow=$!
	traffic_start packet there
	storm settings
	check_err $? "a command is not done"
	traffic_flows 20
	check_err $? "the traffic does not go on"
	touch /run/slow-ends
	wait "$slow"
	device_faultless "$nic"
	traffic_stop
	ip link set dev "$IF0" address "$mac"
	check_err $? "no command is done afterwards"
	traffic
	check_err $? "lost or spoiled afterwards"
}

# What is to look at a change has not yet when the card goes.
test_unbinds()
{
	storm_unbinds nic_bind nic_unbind "$nic" "$(nic_bdf "$nic")" "$(link_json false)" \
		"$(link_json true)"
	pair_create && pair_answers
	check_err $? "the pair does not come back"
}

given_up()
{
	dmesg | grep -q "nobody cared"
}

# Each line that was given up has a trace, and nothing else has.
forgive_given_up()
{
	check_eq "$(dmesg | grep -c 'Call Trace:')" "$(dmesg | grep -c 'nobody cared')" "traces"
	log_forgive "$GIVEN_UP"
}

stick_pin()
{
	device_fault "$nic" "$1" || return 1
	ping -q -c 2 -i 0.2 -W 1 "$IP1" >/dev/null
	wait_for 60 given_up
}

# An interrupt that is not to be ended, as the register for it is not there, or says again at
# once what it said: the kernel ends it. With the register back a reset ends that.
test_pin_stuck()
{
	LOSSES_EXPECTED=1
	faults_here || return 0
	storm stick_pin "$1"
	check_err $? "the pin is not stuck"
	forgive_given_up
	device_faultless "$nic"
	vei_set "$nic" reset 1
	check_err $? "cannot be reset"
	recovers
}

# Traffic as before, by interrupts.
recovers()
{
	local before

	wait_for 60 if_is_running "$IF0"
	traffic
	check_err $? "lost or spoiled"
	before=$(nic_irqs)
	pair_answers
	check_err $? "no answer"
	check_ge $(($(nic_irqs) - before)) 1 "interrupts"
	check_eq "$(vei_get "$nic" intr_mode)" used_event "intr_mode"
}

# Has the kernel taken the pin from it?
pin_is_off()
{
	has "$("$LIB_DIR/regs" "$(nic_sysfs "$nic")/config" 4 w)" "$COMMAND_NO_PIN"
}

# A device that does not let itself be reset must not assert its pin any more.
test_pin_cut_off()
{
	faults_here || return 0
	pin_is_off
	check_fail $? "it has no pin at first"
	device_fault "$nic" reset-ignored
	check_err $? "cannot be given the fault"
	vei_set "$nic" reset 1 2>/dev/null
	check_fail $? "it was reset"
	pin_is_off
	check_err $? "it still has its pin"
	device_faultless "$nic"
	vei_set "$nic" reset 1
	check_err $? "cannot be reset"
	pin_is_off
	check_fail $? "it does not have its pin again"
	recovers
}

irq_of()
{
	cat "/sys/bus/pci/devices/$(nic_bdf "$1")/irq"
}

nic_register()
{
	"$LIB_DIR/regs" "$(nic_sysfs "$1")/resource0" "${@:2}"
}

stick_line()
{
	device_link "$1" false && wait_for 60 given_up
}

# Another device on the same line, which nobody serves. The kernel gives the line up, and asks
# the handlers ten times a second instead.
test_neighbour()
{
	LOSSES_EXPECTED=1
	check_eq "$(irq_of "$1")" "$(irq_of "$nic")" "the line"
	nic_unbind "$1"
	# it may master the bus and say that its configuration changed: a driver is there
	"$LIB_DIR/regs" "$(nic_sysfs "$1")/config" 4 w 0x107
	nic_register "$1" 18 b 7
	check_err $? "the neighbour has no driver"
	storm stick_line "$1"
	check_err $? "the pin is not stuck"
	traffic_start packet back
	storm traffic_flows_back
	check_err $? "the traffic does not go on"
	traffic_stop
	check_err $? "spoiled"
	forgive_given_up
	# which ends it
	nic_register "$1" 19 b >/dev/null
	nic_register "$1" 18 b 0
	device_link "$1" true
	vei_set "$nic" reset 1
	check_err $? "cannot be reset"
	recovers
}

traffic_flows_back()
{
	nic_flows "$nic" 300
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
