#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory that runs out, at each place at which the driver asks for some, in turn: what is
# refused leaves nothing behind, and works at the next try. A device that was up is up again
# by itself.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"
# shellcheck source=lib_memory.sh
. "$LIB_DIR/lib_memory.sh"

# A pair joined by a hub, one of several queues, one of a short ring without tables, one
# without mergeable buffers.
read -r HUB MANY SHORT PLAIN <<<"$VEI_PAIRS"

ALL_TESTS=(
	test_start
	"test_probe $HUB"
	"test_refused $HUB"
	"test_open $HUB"
	"test_receive $HUB"
	"test_reset $HUB"
	"test_larger $HUB"
	"test_filters $HUB"
	"test_address $HUB"
	"test_more_channels $MANY"
	"test_fewer_channels $MANY"
	"test_send $SHORT"
	"test_mtu $PLAIN"
	test_unload
)
# in a guest of its own
[ "${VEI_MEMORY-}" != sleep ] || ALL_TESTS=(test_start "test_resume $HUB" test_unload)
CLEANUP=meddle_memory_cleanup

meddle_memory_cleanup()
{
	meddle_end
	memory_cleanup
}

test_start()
{
	local nic defer=/proc/sys/net/core/skb_defer_max

	memory_here || return 0
	# else TCP leaves an skb to the processor that it came on, which frees it with the next one
	[ ! -e "$defer" ] || echo 0 >"$defer"
	drv_load && pair_create "$HUB"
	check_err $? "the pair does not come up"
	check_answers
	for nic in $(all_nics); do
		nic_unbind "$nic"
		check_err $? "$nic cannot be unbound"
	done
	held_from
}

# with PAIR: it is there for a test, which returns by without
with()
{
	memory_here || return 1
	PAIR=$1 nic=${1}0
	nic_bind "${1}0" && nic_bind "${1}1" && pair_create
	check_err $? "the pair does not come up"
	check_answers
}

# It works, and nothing of it is held afterwards.
without()
{
	local way

	for way in there back; do
		traffic_run packet "$way" -c 300
		check_err $? "$way: lost or spoiled"
	done
	nic_unbind "${PAIR}0" && nic_unbind "${PAIR}1"
	check_err $? "cannot be unbound"
	check_held
}

answers()
{
	if_is_running "$IF0" && ping -q -n -c 1 -W 1 "$IP1" >/dev/null
}

check_answers()
{
	wait_for 60 answers
	check_err $? "no answer"
	# What the peer has sent may have waited long, with nobody behind the hub to receive it.
	[ "$PAIR" != "$HUB" ] || log_forgive "${WAITED-$IF1}: NETDEV WATCHDOG"
}

# again STATUS COMMAND...: what was refused is done now
again()
{
	[ "$1" != 0 ] || return 0
	shift
	"$@"
	check_err $? "not at the next try either"
}

step_bind()
{
	nic_bind "$nic"
}

# That the network works is looked at where it has done without, and else now and then.
after_bind()
{
	[ "$1" = 0 ] || check_no_trace "$nic"
	again "$1" nic_bind "$nic"
	if [ $((PROBES++ % 24)) = 0 ] || [ "$1" = 0 ]; then
		pair_create
		check_answers
	fi
	nic_unbind "$nic"
	check_err $? "cannot be unbound"
}

test_probe()
{
	with "$1" || return 0
	nic_unbind "$nic"
	PROBES=0
	walk 40 step_bind after_bind
	nic_bind "$nic" && pair_create
	without
}

# Nor is anything held for a device that could not be taken for other reasons: it is not reset, or
# goes after so many accesses.
test_refused()
{
	local fault

	faults_here && with "$1" || return 0
	nic_unbind "$nic"
	for fault in "reads-ones any 0 0" "reset-ignored any 0 0" "gone any 0 1" "gone any 0 8" \
		     "gone any 0 16"; do
		# shellcheck disable=SC2086 # what device_fault takes
		device_fault "$nic" $fault
		check_err $? "cannot be given the fault"
		nic_bind "$nic" 2>/dev/null
		check_fail $? "$fault: it was taken"
		check_no_trace "$nic"
		device_faultless "$nic"
	done
	nic_bind "$nic" && pair_create
	check_answers
	without
}

# A worker sets the filters when it comes up, by three commands, and may come late.
commands_given()
{
	refused || [ "$(vei_queue "$nic" 2 adds)" -ge $((COMMANDS + 3)) ]
}

step_up()
{
	COMMANDS=$(vei_queue "$nic" 2 adds)
	ip link set dev "$IF0" up && wait_for 60 commands_given
}

after_up()
{
	again "$1" ip link set dev "$IF0" up
	check_answers
	ip link set dev "$IF0" down
}

test_open()
{
	with "$1" || return 0
	ip link set dev "$IF0" down
	walk 2 step_up after_up
	pair_up
	without
}

# Seconds that a step may take: without any memory it would be tried for minutes.
step_seconds()
{
	[ "$REFUSING" = all ] && echo 20 || echo 200
}

step_ping()
{
	ping -q -n -i 0.002 -c 100 -s "$SIZE" -w "$(step_seconds)" "$IP1" >/dev/null
}

after_ping()
{
	check_answers
}

# A packet may be lost, and not the buffer that it lay in.
test_receive()
{
	with "$1" || return 0
	# what waits for a piece that was lost is not to be waited for
	sysctl -qw net.ipv4.ipfrag_time=1 && in_peer sysctl -qw net.ipv4.ipfrag_time=1
	# copied; and in the buffers that it came in, of which many wait for their last piece
	for SIZE in 40 8000; do
		walk 1 step_ping after_ping
	done
	without
}

step_reset()
{
	vei_set "$nic" reset 1
}

main_mac()
{
	qmp "{\"execute\":\"query-rx-filter\",\"pick\":\"0.main-mac\",\"arguments\":{\"name\":\"$nic\"}}"
}

main_mac_is()
{
	[ "$(main_mac)" = "$1" ]
}

check_back()
{
	check_answers
	wait_for 30 main_mac_is "$MAC"
	check_err $? "the device's address is $(main_mac), not $MAC"
}

after_reset()
{
	check_back
	again "$1" vei_set "$nic" reset 1
}

# The card has another address than the device's own.
test_reset()
{
	with "$1" || return 0
	MAC=52:54:00:aa:bb:cc
	ip link set dev "$IF0" address "$MAC"
	check_err $? "no other address"
	walk 4 step_reset after_reset
	check_answers
	without
}

# Both cards are set up anew.
step_sleep()
{
	suspend
}

after_sleep()
{
	check_err "$1" "the machine does not sleep"
	check_back
}

test_resume()
{
	if ! can_sleep; then
		skip "this machine cannot sleep"
		return
	fi
	with "$1" || return 0
	MAC=52:54:00:aa:bb:dd WAITED="($IF0|$IF1)"
	ip link set dev "$IF0" address "$MAC"
	check_err $? "no other address"
	walk 8 step_sleep after_sleep
	check_back
	unset WAITED
	without
}

# The device has a larger ring than before, as it says. It has not, so by this nothing is sent.
step_larger()
{
	device_fault "$nic" queue-size 1 512 && vei_set "$nic" reset 1
}

after_larger()
{
	device_faultless "$nic"
	vei_set "$nic" reset 1
	check_err $? "cannot be reset"
	check_answers
}

test_larger()
{
	faults_here && with "$1" || return 0
	walk 15 step_larger after_larger
	without
}

promiscuous()
{
	[ "$(qmp "{\"execute\":\"query-rx-filter\",\"pick\":\"0.promiscuous\",
	      \"arguments\":{\"name\":\"$nic\"}}")" = "$1" ]
}

filters_told()
{
	refused || promiscuous true
}

step_promisc()
{
	ip link set dev "$IF0" promisc on && wait_for 60 filters_told
}

after_promisc()
{
	wait_for 30 promiscuous true
	check_err $? "the device never hears of it"
	ip link set dev "$IF0" promisc off
	wait_for 30 promiscuous false
	check_err $? "the device does not hear of the end of it"
}

test_filters()
{
	with "$1" || return 0
	walk 1 step_promisc after_promisc
	without
}

step_address()
{
	ip link set dev "$IF0" address "52:54:00:aa:00:$NEXT"
}

after_address()
{
	again "$1" step_address
	wait_for 30 main_mac_is "52:54:00:aa:00:$NEXT"
	check_err $? "the device's address is $(main_mac)"
	NEXT=$(printf %02x $((16#$NEXT + 1)))
}

test_address()
{
	with "$1" || return 0
	NEXT=10
	walk 1 step_address after_address
	without
}

channels_used()
{
	echo /sys/class/net/"$IF0"/queues/tx-* | wc -w
}

# channels N: that many are shown, and in use
channels()
{
	check_eq "$(ethtool -l "$IF0" | awk '/^Combined:/ { n = $2 } END { print n }')" "$1" "channels shown"
	check_eq "$(channels_used)" "$1" "channels in use"
}

step_channels()
{
	ethtool -L "$IF0" combined "$CHANNELS"
}

# What cannot be done is not done; or it is, and cannot be undone. It is shown as it is.
after_channels()
{
	[ "$1" = 0 ] || channels "$(channels_used)"
	again "$1" step_channels
	channels "$CHANNELS"
	check_answers
	ethtool -L "$IF0" combined $((3 - CHANNELS))
	check_err $? "there is no way back"
	channels $((3 - CHANNELS))
}

test_more_channels()
{
	with "$1" || return 0
	CHANNELS=2
	ethtool -L "$IF0" combined 1
	walk 5 step_channels after_channels
	without
}

test_fewer_channels()
{
	with "$1" || return 0
	CHANNELS=1
	[ -e "/sys/class/net/$IF0/queues/tx-1" ] || ethtool -L "$IF0" combined 2
	walk 1 step_channels after_channels
	without
}

step_send()
{
	local seconds

	seconds=$(step_seconds)
	traffic_ends tcp there
	timeout "$seconds" "$TRAFFIC" tcp "${KIND_OPTIONS[@]}" -c 300000 -t "$((seconds / 2))"
}

after_send()
{
	check_answers
}

# Packets of more pieces than the ring has room for.
test_send()
{
	with "$1" || return 0
	walk 1 step_send after_send
	without
}

step_mtu()
{
	ip link set dev "$IF0" mtu 9000
}

after_mtu()
{
	[ "$1" = 0 ] || check_eq "$(if_get "$IF0" mtu)" 1500 "mtu"
	check_answers
	again "$1" step_mtu
	check_answers
	# with buffers for it
	ip link set dev "$IF0" mtu 1500 && vei_set "$nic" reset 1
	check_err $? "there is no way back"
}

test_mtu()
{
	with "$1" || return 0
	walk 4 step_mtu after_mtu
	check_answers
	without
}

test_unload()
{
	memory_here || return 0
	drv_unload
	check_err $? "modules do not unload"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
