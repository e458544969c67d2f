#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Kicks and interrupts that the device loses (QEMU's x-draft-fault): the watch makes good for
# them, counts them, says so once, and after some of them goes by something safer. On a sound
# device it finds nothing.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"
# shellcheck source=lib_row.sh
. "$LIB_DIR/lib_row.sh"
# shellcheck source=lib_storm.sh
. "$LIB_DIR/lib_storm.sh"

WATCH_MS=200
# It is what is tested.
LOSSES_EXPECTED=1
PAIR=${VEI_PAIRS%% *}
NIC=${PAIR}0
RECEIVE=0
TRANSMIT=1

# fault, used_event:avail_event; what helps in the end
ALL_TESTS=(
	test_start
	test_sound
	test_held
	"test_kicks lost-kick 1:1 -"
	"test_kicks lost-kick 0:0 -"
	"test_kicks avail-event-stuck 1:1 always"
	"test_kicks no-notify-stuck 0:0 always"
	"test_interrupts lost-interrupt 1:1 polled"
	"test_interrupts lost-interrupt 0:0 polled"
	"test_interrupts used-event-off-by-one 1:1 flags"
	"test_where full_and_lost $TRANSMIT interrupts"
	"test_where dry_and_lost $RECEIVE kicks"
	test_unwatched
	test_end
)
CLEANUP=meddle_cleanup

start()
{
	drv_reload "watch_ms=$1" && pair_create "$PAIR" && pair_answers
	check_err $? "the pair does not come up"
}

test_start()
{
	start "$WATCH_MS"
	check_eq "$(core_param watch_ms)" "$WATCH_MS" "watch_ms"
}

# Idle, under traffic both ways, and with a packet now and then.
test_sound()
{
	local way i nic

	# a device that the host lets wait for that long is not met
	start 1000
	sleep 3
	for way in there back; do
		traffic_run packet "$way" -c 3000
		check_err $? "packets lost or spoiled"
	done
	for ((i = 0; i < 5; i++)); do
		ping -q -n -c 1 -W 5 192.0.2.2 >/dev/null
		check_err $? "no answer"
		sleep 0.3
	done
	for nic in "${PAIR}0" "${PAIR}1"; do
		check_eq "$(vei_get "$nic" kicks_lost)" 0 "$nic: kicks_lost"
		check_eq "$(vei_get "$nic" interrupts_lost)" 0 "$nic: interrupts_lost"
	done
	start "$WATCH_MS"
}

# An interrupt is not lost whose processor has been away, held by another's handler here.
test_held()
{
	local nic

	taskset -p -c 1 $$ >/dev/null
	start "$WATCH_MS"
	for nic in "${PAIR}0" "${PAIR}1"; do
		irq_on "virtio_ei-$(nic_bdf "$nic")-input.0" 0
		check_err $? "the interrupt cannot be moved"
	done
	# which takes one more where it was
	pair_answers
	quiet_pair
	meddle func=vei_rxq_interrupt delay_us=2500000 times=1
	check_err $? "cannot delay the handler"
	# who ends in a namespace waits for all processors
	in_peer bash -c "echo held >/dev/udp/$IP0/9" &
	watch_for 5 meddle_busy
	check_err $? "no interrupt"
	echo waits >"/dev/udp/$IP1/9"
	# and all the time, or its timers would go to the processor that is busier
	watch_for 10 not meddle_busy
	check_err $? "it is held for ever"
	wait $!
	meddle_end
	check_eq "$(vei_get "${PAIR}1" interrupts_lost)" 0 "interrupts_lost"
	start "$WATCH_MS"
	taskset -p -c 0,1 $$ >/dev/null
}

# begin FAULT QUEUE MODE
begin()
{
	local mode=$3

	vei_set "$NIC" reset 1
	vei_set "$NIC" used_event "${mode%:*}" && vei_set "$NIC" avail_event "${mode#*:}"
	check_err $? "cannot be toggled"
	wait_for 60 if_is_running "$IF0"
	# all that comes at the beginning
	pair_answers
	log_mark
	device_fault "$NIC" "$1" "$2"
	check_err $? "cannot be given the fault"
}

end()
{
	device_faultless "$NIC"
	vei_set "$NIC" reset 1
	wait_for 60 if_is_running "$IF0"
	pair_answers
	check_err $? "no answer without the fault"
}

# answered_until ATTRIBUTE VALUE FAULT QUEUE: each is answered, if late, and has the fault anew
answered_until()
{
	local i

	for ((i = 0; i < 30; i++)); do
		[ "$(vei_get "$NIC" "$1")" != "$2" ] || return 0
		device_fault "$NIC" "$3" "$4"
		ping -q -n -c 1 -W 10 192.0.2.2 >/dev/null
		check_err $? "$i: no answer"
		[ "$RET" = 0 ] || return
	done
	return 1
}

# What helps does so for good: nothing is lost any more. A device that the host lets wait for
# the time of two looks is taken for one that loses something; not time after time.
check_helps()
{
	local before i

	for ((i = 0; i < 5; i++)); do
		before=$(lost "$1")
		ping -q -n -c 20 -i 0.02 -W 5 192.0.2.2 >/dev/null
		check_err $? "no answer at last"
		[ "$(lost "$1")" != "$before" ] || break
	done
	check_eq "$(lost "$1")" "$before" "$1 lost after all"
}

# check_told QUEUE NAME: ethtool says the same of it as debugfs does.
check_told()
{
	local key

	for key in kicks_lost interrupts_lost; do
		check_eq "$(nic_count "$2_$key")" "$(vei_queue "$NIC" "$1" "$key")" \
			"$2_$key and queue $1's $key"
	done
}

# How often was it said before the trust ended? What is lost after that is said anew.
kicks_said()
{
	log_since | sed '/loses kicks/q' | grep -cE "$(nic_bdf "$NIC").* lost kick: available"
}

test_kicks()
{
	local before mode

	faults_here || return 0
	mode=$(vei_get "$NIC" kick_mode)
	begin "$1" "$TRANSMIT" "$2"
	before=$(lost kicks)
	answered_until kick_mode always "$1" "$TRANSMIT"
	check_err $? "kick_mode is $(vei_get "$NIC" kick_mode) still"
	check_eq "$(kicks_said)" 1 "times said"
	log_says "loses kicks: it is kicked for everything"
	check_ge $(($(lost kicks) - before)) 3 "kicks_lost"
	check_ge "$(vei_queue "$NIC" "$TRANSMIT" kicks_lost)" 3 "kicks_lost of the queue"
	check_told "$TRANSMIT" tx0
	wait_for 60 if_is_running "$IF0"
	[ "$3" = - ] || check_helps kicks
	end
	check_eq "$(vei_get "$NIC" kick_mode)" "$([ "${2#*:}" = 1 ] && echo avail_event || echo flags)" \
		"kick_mode when it is trusted again"
}

test_interrupts()
{
	local before queue

	faults_here || return 0
	begin "$1" "$RECEIVE" "$2"
	before=$(lost interrupts)
	queue=$(vei_queue "$NIC" "$RECEIVE" interrupts_lost)
	answered_until intr_mode "$3" "$1" "$RECEIVE"
	check_err $? "intr_mode is $(vei_get "$NIC" intr_mode) still"
	log_says "lost interrupt: available"
	log_says "loses interrupts"
	check_ge $(($(lost interrupts) - before)) 3 "interrupts_lost"
	check_ge $(($(vei_queue "$NIC" "$RECEIVE" interrupts_lost) - queue)) 3 \
		"interrupts_lost of the queue"
	check_told "$RECEIVE" rx0
	wait_for 60 if_is_running "$IF0"
	check_helps interrupts
	end
	check_eq "$(vei_get "$NIC" intr_mode)" \
		"$([ "${2%:*}" = 1 ] && echo used_event || echo flags)" \
		"intr_mode when it is trusted again"
}

# full_and_lost: the peer takes nothing until the ring is full, and the interrupt is lost for
# which the sender waits
full_and_lost()
{
	local before

	in_peer ip link set dev "$IF1" down
	traffic_start packet there -q -w 4096 -s 60 -p 0
	wait_for 60 ring_is_full
	check_err $? "the ring does not fill up, ${QUEUE_NOW[free]} of ${QUEUE_NOW[size]} are free"
	device_fault "$NIC" lost-interrupt "$TRANSMIT"
	check_err $? "cannot be given the fault"
	in_peer ip link set dev "$IF1" up
	before=$(rx_packets "$IF1" "$NS")
	wait_for 60 rx_beyond "$IF1" $((before + 1000)) "$NS"
	check_err $? "the sender does not go on"
	traffic_stop
	check_err $? "spoiled"
	# IPv6 has lost its addresses
	pair_create "$PAIR"
}

# No memory for receive buffers until there are none left, and the kick for the next is lost.
dry_and_lost()
{
	traffic_start packet back -s 1400 -p 0
	no_receive_memory
	wait_for 60 is_dry
	check_err $? "${QUEUE_NOW[free]} of ${QUEUE_NOW[size]} are free"
	device_fault "$NIC" lost-kick "$RECEIVE"
	check_err $? "cannot be given the fault"
	meddle_end
	# nothing else may wake it
	wait_for 60 rx_beyond "$IF0" $(($(rx_packets "$IF0") + 100))
	check_err $? "the stream does not go on when there is memory again"
	traffic_stop
	check_err $? "spoiled"
}

# Has the device used all that it had for receiving, and the driver taken it?
is_dry()
{
	queue_is_empty "$NIC" "$RECEIVE" && not queue_waits "$NIC" "$RECEIVE"
}

# test_where HOW QUEUE WHAT: the watch helps, and counts it. Where the machine has been away it
# has not counted, or the stack's own watchdog has come before it: then once more.
test_where()
{
	local before i

	faults_here || return 0
	begin none "$2" 1:1
	before=$(vei_queue "$NIC" "$2" "$3_lost")
	for ((i = 0; i < 5; i++)); do
		"$1"
		[ "$RET" = 0 ] || return 0
		[ "$(vei_queue "$NIC" "$2" "$3_lost")" = "$before" ] || break
	done
	check_ge $(($(vei_queue "$NIC" "$2" "$3_lost") - before)) 1 "$3_lost of the queue"
	log_forgive "NETDEV WATCHDOG"
	end
}

# The control: nobody makes good for it.
test_unwatched()
{
	faults_here || return 0
	start 0
	begin lost-kick "$TRANSMIT" 1:1
	ping -q -n -c 1 -W 2 192.0.2.2 >/dev/null
	check_fail $? "an answer that nobody can have helped"
	check_eq "$(lost kicks)" 0 "kicks_lost"
	end
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no watch")
fi
tests_run
