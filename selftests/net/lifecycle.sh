#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The life of a device where it gets narrow: restarts without memory, that
# fail, that lose packets, and of a device that does not obey.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

COMMAND_MASTER=2	# bit of the PCI command register

ALL_TESTS=(
	test_start
	test_memory_kept
	test_again
	test_filters_again
	test_stop_reaps
	test_dropped
	test_timeout_once
	test_mtu
	test_random_mac
	"test_failed_restart queue-size 0"
	"test_failed_restart queue-size 3"
	"test_cut_off reads-ones"
	"test_cut_off reset-ignored"
	"test_handler_ends none"
	"test_handler_ends reads-ones"
	"test_handler_ends reset-ignored"
	test_shutdown
)
CLEANUP=meddle_cleanup

nic=${PAIR}0

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
}

# lifecycle_fault FAULT [VALUE]: on all queues, or the test is skipped
lifecycle_fault()
{
	faults_here || return 1
	device_fault "$nic" "$1" any "${2:-0}"
	check_err $? "cannot set the fault"
}

# The device, bound anew, and its pair.
bring_back()
{
	[ ! -d "$(nic_sysfs "$nic")/virtio_ei" ] || nic_unbind "$nic"
	nic_bind "$nic" && pair_create && pair_answers
	check_err $? "the pair does not come back"
}

# No memory in larger pieces: a restart must do with what the queues have.
test_memory_kept()
{
	local i

	meddle func="$(function_of alloc_pages_exact alloc_pages_exact_noprof)" skip=1 ret=0
	check_err $? "cannot take the memory away"
	for ((i = 0; i < 10; i++)); do
		vei_set "$nic" used_event $((i & 1)) && vei_set "$nic" reset 1
		check_err $? "round $i: cannot toggle and reset"
		[ "$RET" = 0 ] || break
	done
	meddle_read hits
	check_eq "$MEDDLED" 0 "times that memory was asked for"
	# that there is none is known from a device that has no queues yet
	nic_unbind "$nic"
	nic_bind "$nic" 2>/dev/null
	check_fail $? "memory was not missing"
	meddle_end
	bring_back
}

# Without memory a reset is tried again after a second, two, four, and so on. That it cannot be
# is said once; and once more when it was done in between. Its peer, which nobody would hear, is
# silent meanwhile.
test_again()
{
	local since times said

	in_peer ip link set dev "$IF1" down
	for times in 3 0; do
		log_mark
		meddle func=page_pool_create skip=1 ret=-12
		check_err $? "cannot take the memory away"
		since=$(now)
		vei_set "$nic" reset 1 2>/dev/null
		check_fail $? "it restarts without memory"
		wait_for 60 meddle_struck "$times"
		check_err $? "it is not tried again and again"
		# 1 + 2 + 4 s, less a tick of the clock for each
		[ "$times" = 0 ] ||
			check_ge $(($(now) - since)) 690 "hundredths of a second until the fourth time"
		check_not_put_off 1 vei_set "$nic" reset 1
		for said in "cannot be set up again: -12" "no page pool to be had"; do
			check_eq "$(times_said "$said")" 1 "times that it was said: $said"
		done
		meddle_end
		wait_for 90 if_is_running "$IF0"
		check_err $? "it does not come back"
	done
	pair_up && pair_answers
	check_err $? "no answer"
}

# Likewise the filters, of which the stack tells once, or more often while it is at it. Each try
# is two commands.
test_filters_again()
{
	local since said

	log_mark
	ipv6_off
	meddle func=vei_net_ctrl skip=1 ret=-12
	check_err $? "cannot take the memory away"
	ip link set dev "$IF0" promisc on
	wait_for 60 meddle_struck
	check_err $? "it is not even tried"
	since=$(now)
	meddle_read hits
	wait_for 60 meddle_struck $((MEDDLED + 5))
	check_err $? "it is not tried again and again"
	# what remains of 1 s, which the first try may have taken; 2 + 4 s
	check_ge $(($(now) - since)) 580 "hundredths of a second until three tries more"
	check_not_put_off 4 filters_change
	# what was on its way from before may have been refused first
	for said in "promiscuous mode o(n|ff)" "all multicast o(n|ff)"; do
		check_eq "$(times_said "cannot switch $said: -12")" 1 "times that it was said: $said"
	done
	meddle_end
	ip link set dev "$IF0" promisc off
}

# The device is told of each, or would be.
filters_change()
{
	local what

	for what in add del; do
		meddle_read hits
		ip maddr "$what" 01:00:5e:01:02:03 dev "$IF0"
		wait_for 5 meddle_struck "$MEDDLED"
	done
}

# What the device is done with is the stack's again when the interface is down.
test_stop_reaps()
{
	quiet_pair
	ethtool -C "$IF0" tx-usecs 1000000
	check_err $? "cannot set the timer"
	wait_for 60 left_behind
	check_err $? "it was taken back at once"
	ip link set dev "$IF0" down
	queue_read "$nic" 1
	check_eq "${QUEUE_NOW[last_used]}" "${QUEUE_NOW[used_idx]}" "taken back"
	check_eq "${QUEUE_NOW[used]}" "${QUEUE_NOW[adds]}" "buffers used"
	ethtool -C "$IF0" tx-usecs 8000
	pair_create && pair_answers
	check_err $? "the pair does not come back"
}

# A packet close behind another waits for the timer; not one after a pause. With neither is the
# device busy any more.
left_behind()
{
	echo first >"/dev/udp/$NOBODY/9"
	sleep 0.05
	echo lone >"/dev/udp/$NOBODY/9"
	sleep 0.05
	queue_has_used "$nic" 1 && [ "${QUEUE_NOW[used_idx]}" = "${QUEUE_NOW[avail_idx]}" ]
}

# The peer takes nothing, and the ring is full.
stall()
{
	in_peer ip link set dev "$IF1" down
	traffic_start packet there -q -w 4096 -s 60 -p 0
	wait_for 30 ring_is_full
	check_err $? "the ring does not fill up, ${QUEUE_NOW[free]} of ${QUEUE_NOW[size]} are free"
}

# The peer is back, and nothing is sent any more.
unstall()
{
	kill "$TRAFFIC_PID"
	wait "$TRAFFIC_PID" 2>/dev/null
	TRAFFIC_PID=""
	in_peer ip link set dev "$IF1" up
	pair_create && pair_answers
	check_err $? "the pair does not come back"
}

# What a restart throws away is counted as dropped.
test_dropped()
{
	local drained dropped

	stall
	drained=${QUEUE_NOW[drained]}
	dropped=$(if_get "$IF0" statistics/tx_dropped)
	vei_set "$nic" reset 1
	check_err $? "cannot reset"
	queue_read "$nic" 1
	check_ge $((QUEUE_NOW[drained] - drained)) 1 "packets thrown away"
	check_eq $(($(if_get "$IF0" statistics/tx_dropped) - dropped)) \
		$((QUEUE_NOW[drained] - drained)) "tx_dropped"
	unstall
}

# A device that is stalled for good reason is reset once, not again and again.
test_timeout_once()
{
	local before

	before=$(nic_count restarts)
	stall
	time_out 10 100
	check_err $? "cannot time out"
	wait_for 60 if_is_running "$IF0"
	check_eq $(($(nic_count restarts) - before)) 1 "restarts"
	unstall
}

# A new MTU needs a restart only if the buffers are too small for it.
test_mtu()
{
	local before

	if has "$(device_features "$nic")" "$F_MRG_RXBUF"; then
		PAIR=${VEI_PAIRS##* } nic=${VEI_PAIRS##* }0
		drv_reload && pair_create
		check_err $? "the pair does not come up"
	fi
	has "$(device_features "$nic")" "$F_MRG_RXBUF"
	check_fail $? "buffers are mergeable in each pair"
	before=$(nic_count restarts)
	ip link set dev "$IF0" mtu 1300 && ip link set dev "$IF0" mtu 1500
	check_err $? "cannot set the MTU"
	check_eq $(($(nic_count restarts) - before)) 0 "restarts for small MTUs"
	ip link set dev "$IF0" mtu 9000
	check_err $? "cannot set the MTU"
	check_eq $(($(nic_count restarts) - before)) 1 "restarts for a large MTU"
	ip link set dev "$IF0" mtu 1500
	pair_answers
	check_err $? "no answer"
	PAIR=${VEI_PAIRS%% *} nic=${VEI_PAIRS%% *}0
}

# Without the device's address the driver makes one up, and tells the device.
test_random_mac()
{
	local mac

	drv_reload "feature_mask=0x$(printf %x $((~(1 << F_MAC))))" && pair_create
	check_err $? "the pair does not come up"
	mac=$(if_get "$IF0" address)
	check_eq "$(qmp "{\"execute\":\"query-rx-filter\",\"pick\":\"0.main-mac\",
		\"arguments\":{\"name\":\"$nic\"}}")" "$mac" "the device's main-mac"
	pair_answers
	check_err $? "no answer"
	drv_reload && pair_create
	check_err $? "the pair does not come back"
}

# The device's status, read past the driver.
nic_status()
{
	"$LIB_DIR/regs" "$(nic_sysfs "$nic")/resource0" 18 b
}

# A restart that fails leaves the device reset, and it can be tried again.
test_failed_restart()
{
	lifecycle_fault "$@" || return 0
	log_mark
	vei_set "$nic" reset 1 2>/dev/null
	check_fail $? "it does not fail"
	check_eq "$(nic_status)" 0x00 "device status"
	log_says 'size (0|3)'
	device_faultless "$nic"
	vei_set "$nic" reset 1
	check_err $? "cannot be tried again"
	pair_up && pair_answers
	check_err $? "no answer"
	[ "$RET" = 0 ] || bring_back
}

bus_master()
{
	has "$("$LIB_DIR/regs" "$(nic_sysfs "$nic")/config" 4 w)" "$COMMAND_MASTER"
}

# A device that does not let itself be reset must not reach memory any more.
test_cut_off()
{
	lifecycle_fault "$@" || return 0
	bus_master
	check_err $? "it does not master the bus at first"
	vei_set "$nic" reset 1 2>/dev/null
	check_fail $? "it was reset"
	bus_master
	check_fail $? "it still masters the bus"
	device_faultless "$nic"
	bring_back
	bus_master
	check_err $? "it does not master the bus again"
}

# An interrupt handler takes its time. Whatever comes of a reset, it has ended before
# its queue is taken apart.
test_handler_ends()
{
	local waiting began delay_us=2500000

	# that reset takes a second at least
	[ "$1" != reset-ignored ] || delay_us=8000000

	lifecycle_fault "$1" || return 0
	# a processor each, as the handler's is busy
	taskset -p -c 1 $$ >/dev/null
	irq_on "virtio_ei-$(nic_bdf "$nic")-input.0" 0
	check_err $? "the interrupt cannot be moved"
	# which takes one more where it was; and nothing but what is sent here
	quiet_pair
	ping -q -c 2 -i 0.1 "$IP1" >/dev/null
	check_err $? "no answer"
	# the peer's comes before
	meddle func=vei_rxq_interrupt delay_us="$delay_us" after=1 times=1
	check_err $? "cannot delay the handler"
	# not before this shell has forked, or it waits for the handler's processor as well
	(sleep 0.5 && exec ping -q -c 1 -w 10 "$IP1" >/dev/null) &
	waiting=$!
	watch_for 30 meddle_busy
	check_err $? "no interrupt"
	began=$SECONDS
	vei_set "$nic" reset 1 2>/dev/null || [ "$1" != none ]
	check_err $? "cannot reset"
	# if asking takes as long as the handler, nothing is said of who waits for it
	[ "$1" != reset-ignored ] ||
		check_le $((SECONDS - began)) 12 "seconds of a reset that is not obeyed"
	meddle_busy
	check_fail $? "the handler still runs after a reset"
	meddle_read hits
	check_eq "$MEDDLED" 1 "interrupts delayed"
	meddle_end
	taskset -p 3 $$ >/dev/null
	wait "$waiting"
	device_faultless "$nic"
	bring_back
}

# The next kernel finds a device that is reset, and what is left of this one gets on.
test_shutdown()
{
	traffic_start packet there -s 60
	traffic_flows 100
	check_err $? "no traffic"
	insmod "$MODULES/vei_shutdown.ko" bdf="$(nic_bdf "$nic")" && rmmod vei_shutdown
	check_err $? "cannot shut it down"
	check_eq "$(nic_status)" 0x00 "device status"
	traffic_stop >/dev/null
	vei_set "$nic" reset 1 2>/dev/null
	check_fail $? "it was set up again"
	bring_back
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
