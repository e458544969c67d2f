#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A device that offers less after a reset than before: the card comes back with
# less, and with all of it when the device offers it again.
#
# The last pair: taps, several queues, a device that says its MTU.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

PAIR=${VEI_PAIRS##* }
nic=${PAIR}0
BYTES=500000
COMPLAINTS='virtio_ei.*(no answer|cannot|broken)'

ALL_TESTS=(
	test_start
	"test_offload checksum $F_CSUM tx-checksum-ip-generic"
	"test_offload segmentation $F_HOST_TSO4 tx-tcp-segmentation 6"	# nor of any type
	"test_offload receive_checksum $F_GUEST_CSUM rx-checksumming"
	"test_without mergeable_buffers $F_MRG_RXBUF 7 8 9 10"	# what was coalesced
	"test_without receive_checksum $F_GUEST_CSUM 7 8 9 10"
	"test_without checksum $F_CSUM 6 11 12 13"		# segmentation
	"test_without status $F_STATUS"
	"test_without control_queue $F_CTRL_VQ 18 21 22 23"	# what goes by it
	test_mtu
	test_told
	test_pairs
	test_pairs_without_memory
	test_pairs_while_sending
)
CLEANUP=less_cleanup

less_cleanup()
{
	[ ! -d /sys/module/pktgen ] || rmmod pktgen
	device_faultless "$nic"
	meddle_cleanup
}

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	check_works
}

check_works()
{
	local way

	pair_up
	for way in there back; do
		traffic_run tcp "$way" -c "$BYTES"
		check_err $? "tcp $way: spoiled"
	done
}

# Reset, so that the driver sees what is offered now.
reset()
{
	vei_set "$nic" reset 1
	check_err $? "cannot reset"
}

# The device without bits $*.
reset_without()
{
	local bit mask=0xffffffff

	for bit; do
		((mask &= ~(1 << bit)))
	done
	log_mark
	device_fault "$nic" offer-mask any "$mask"
	check_err $? "cannot set the fault"
	reset
	check_eq $(($(device_features "$nic") & ~mask)) 0 "bits acknowledged that are not offered"
}

reset_whole()
{
	device_faultless "$nic"
	reset
	pair_up
	check_err $? "the pair does not come back"
}

# on or off: feature $1 of ethtool -k
offload()
{
	ethtool -k "$IF0" | sed -n "s/^[[:space:]]*$1: \\(o[nf]*\\).*/\\1/p"
}

# NAME BIT FEATURE [BIT]
test_offload()
{
	faults_here || return 0
	check_eq "$(offload "$3")" on "$3 at first"
	reset_without "$2" "${@:4}"
	check_eq "$(offload "$3")" off "$3 on a device without bit $2"
	check_works
	log_lacks "$COMPLAINTS"
	reset_whole
	check_eq "$(offload "$3")" on "$3 in the end"
}

# NAME BIT NEEDY...: what needs the bit is not acknowledged without it
test_without()
{
	local bit

	faults_here || return 0
	reset_without "$2"
	for bit in "${@:3}"; do
		check_eq $(($(vei_get "$nic" features_acked) >> bit & 1)) 0 "bit $bit without bit $2"
	done
	ip link set dev "$IF0" address "$(if_get "$IF0" address)"
	check_err $? "cannot set the MAC address"
	check_works
	log_lacks "$COMPLAINTS"
	reset_whole
}

test_mtu()
{
	faults_here || return 0
	ip link set dev "$IF0" mtu 1450
	check_err $? "cannot set the MTU"
	device_fault "$nic" config-mtu any 1400
	check_err $? "cannot set the fault"
	reset
	check_eq "$(if_get "$IF0" mtu)" 1400 "mtu"
	ip link set dev "$IF0" mtu 1401 2>/dev/null
	check_fail $? "an MTU over the device's is taken"
	check_works
	reset_whole
	ip link set dev "$IF0" mtu 1500
	check_err $? "cannot set the old MTU"
	# one that cannot be: the device has to be tried again
	device_fault "$nic" config-mtu any 60
	vei_set "$nic" reset 1 2>/dev/null
	check_fail $? "an impossible MTU is taken"
	reset_whole
	check_works
}

# A restart that fails halfway; the next one tells the stack what both have changed.
test_told()
{
	local before

	faults_here || return 0
	before=$(if_get "$IF0" mtu)
	device_fault "$nic" config-mtu any 1400
	check_err $? "cannot set the fault"
	meddle func=page_pool_create skip=1 ret=-12
	check_err $? "cannot meddle"
	vei_set "$nic" reset 1 2>/dev/null
	check_fail $? "it restarts without memory"
	meddle_end
	log_mark
	reset
	log_says "MTU was $before, is 1400"
	check_works
	reset_whole
	check_eq "$(if_get "$IF0" mtu)" "$before" "mtu in the end"
}

# The pairs of queues that ethtool says are in use.
pairs_in_use()
{
	ethtool -l "$IF0" | awk '/^Current/ { current = 1 }
				 current && /^Combined:/ { print $2 }'
}

test_pairs()
{
	faults_here || return 0
	check_eq "$(pairs_in_use)" 2 "pairs in use at first"
	device_fault "$nic" config-pairs any 1
	check_err $? "cannot set the fault"
	reset
	check_eq "$(pairs_in_use)" 1 "pairs in use"
	reset_whole
	ethtool -L "$IF0" combined 2
	check_err $? "cannot use two pairs again"
	check_works
}

# one_pair_for_now COMMAND...: it is done, with one pair, and then there are two again
one_pair_for_now()
{
	log_mark
	"$@"
	check_err $? "it cannot be done without memory for two pairs"
	meddle_struck
	check_err $? "memory was not missing"
	meddle_end
	check_eq "$(pairs_in_use)" 1 "pairs in use without memory for two"
	log_says "cannot use 2 queue pairs: -12"
	log_lacks "queue pairs were 1, are 2"
	check_works
	ethtool -L "$IF0" combined 2
	check_err $? "cannot use two pairs again"
	check_works
}

test_pairs_without_memory()
{
	local me

	faults_here || return 0
	read -r me </proc/$$/comm
	# for the command; the one before is that of the address
	meddle func=vei_net_ctrl skip=1 ret=-12 after=1 times=1 comm="$me"
	check_err $? "cannot take the memory away"
	one_pair_for_now vei_set "$nic" reset 1
	# for more queues than the stack has
	device_fault "$nic" config-pairs any 1
	check_err $? "cannot set the fault"
	reset
	device_faultless "$nic"
	meddle func=netif_set_real_num_queues skip=1 ret=-12 comm="$me"
	check_err $? "cannot take the memory away"
	one_pair_for_now vei_set "$nic" reset 1
	# for the command of one pair, which is what is served without it
	ethtool -L "$IF0" combined 1
	log_mark
	meddle func=vei_net_ctrl skip=1 ret=-12 after=1 times=1 comm="$me"
	check_err $? "cannot take the memory away"
	reset
	meddle_struck
	check_err $? "memory was not missing"
	meddle_end
	log_lacks "cannot use"
	ethtool -L "$IF0" combined 2
	check_err $? "cannot use two pairs again"
	# of a new device, whose address is its own
	nic_unbind "$nic"
	meddle func=vei_net_ctrl skip=1 ret=-12 times=1
	check_err $? "cannot take the memory away"
	one_pair_for_now bind_pair
}

bind_pair()
{
	nic_bind "$nic" && pair_create
}

# Who has chosen a queue, and comes to send by it when it is there no more: that packet is
# dropped, and no other.
test_pairs_while_sending()
{
	local line i

	faults_here || return 0
	modprobe pktgen && echo "add_device $IF0" >/proc/net/pktgen/kpktgend_1
	check_err $? "no pktgen"
	for line in "count 0" "pkt_size 60" "delay 0" "dst $NOBODY" "dst_mac 52:54:00:00:00:77" \
		    "queue_map_min 1" "queue_map_max 1"; do
		echo "$line" >"/proc/net/pktgen/$IF0"
		check_err $? "pktgen: $line"
	done
	for i in 1 2 3; do
		# until it is stopped
		echo start >/proc/net/pktgen/pgctrl &
		wait_for 60 sent_by_queue 1
		check_err $? "nothing is sent by queue 1"
		device_fault "$nic" config-pairs any 1
		check_err $? "cannot set the fault"
		reset
		check_eq "$(pairs_in_use)" 1 "pairs in use"
		wait_for 60 sent_by_queue 0
		check_err $? "nothing is sent by queue 0"
		echo stop >/proc/net/pktgen/pgctrl
		wait
		reset_whole
	done
	rmmod pktgen
	check_works
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
