#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A device that lies in the header before a received packet, or about its
# length. What makes no sense is dropped, and counted; what does is taken, as one
# packet or as what is to be segmented. The stack behind is not upset.
#
# Pairs: the first has offloads (a tap), the second has none (a hub).

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

NEEDS_CSUM=1 DATA_VALID=2 TCPV4=1 UDP=3 TCPV6=4 ECN=128 TCPV4_ECN=129
# By flags: CHECKSUM_NONE, CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY.
SUMMED=(0 3 1)
GSO_DODGY=2
START=34 CHECK=16	# of TCP in a frame without options

# What is said of a frame of 1454 bytes, and where that takes it: it is dropped,
# whole (one packet), or to be segmented in pieces of so many bytes.
# What the device says of the checksum is what the stack is told: to be filled in, valid, or
# nothing; and it checks the headers of all that is to be segmented.
# name, flags, type, gso_size, csum_start, csum_offset, num_buffers, place
OFFLOAD_LIES=(
	"nothing_to_say 0 0 0 0 0 1 whole"
	"the_truth $NEEDS_CSUM $TCPV4 500 $START $CHECK 1 500"
	"the_truth_and_ECN $NEEDS_CSUM $TCPV4_ECN 500 $START $CHECK 1 500"
	"checksum_alone $NEEDS_CSUM 0 0 $START $CHECK 1 whole"
	"checksum_valid $DATA_VALID 0 0 0 0 1 whole"
	"segments_checksum_unknown 0 $TCPV4 500 0 0 1 500"
	"segments_checksum_valid $DATA_VALID $TCPV4 500 0 0 1 500"
	"start_in_the_header_below $NEEDS_CSUM 0 0 $((START - 1)) $CHECK 1 dropped"
	"TCPv6_in_an_IPv4_packet $NEEDS_CSUM $TCPV6 500 $START $CHECK 1 dropped"
	"start_behind_the_end $NEEDS_CSUM 0 0 2000 $CHECK 1 dropped"
	"start_at_the_end $NEEDS_CSUM 0 0 1453 $CHECK 1 dropped"
	"start_and_offset_overflow $NEEDS_CSUM 0 0 0xffff 0xffff 1 dropped"
	"offset_behind_the_end $NEEDS_CSUM 0 0 $START 0xfff0 1 dropped"
	"offset_not_of_TCP $NEEDS_CSUM $TCPV4 500 $START 6 1 dropped"
	"size_0 $NEEDS_CSUM $TCPV4 0 $START $CHECK 1 dropped"
	"size_1 $NEEDS_CSUM $TCPV4 1 $START $CHECK 1 dropped"
	"size_of_GSO_BY_FRAGS $NEEDS_CSUM $TCPV4 0xffff $START $CHECK 1 dropped"
	"one_segment $NEEDS_CSUM $TCPV4 1400 $START $CHECK 1 whole"
	"size_over_the_packet $NEEDS_CSUM $TCPV4 9000 $START $CHECK 1 whole"
	"unknown_type $NEEDS_CSUM 7 500 $START $CHECK 1 dropped"
	"ECN_of_nothing $NEEDS_CSUM $ECN 500 $START $CHECK 1 dropped"
	"of_no_buffer 0 0 0 0 0 0 whole"
	"of_two_buffers 0 0 0 0 0 2 dropped"
	"of_very_many_buffers 0 0 0 0 0 0xffff dropped"
)
# The same of a frame of 2454 bytes, which takes two buffers. Where the first one ends,
# a checksum that begins just before makes the driver move the frame's head.
EDGE=1634
LONG_LIES=(
	"the_truth_in_two $NEEDS_CSUM $TCPV4 500 $START $CHECK 2 500"
	"start_at_the_edge $NEEDS_CSUM $TCPV4 500 $EDGE $CHECK 2 dropped"
	"segments_start_elsewhere $NEEDS_CSUM $TCPV4 500 $((START + 4)) $CHECK 2 dropped"
)
# Nothing of that was negotiated.
PLAIN_LIES=(
	"nothing_to_say 0 0 0 0 0 1 whole"
	"TCPv4_not_negotiated $NEEDS_CSUM $TCPV4 500 $START $CHECK 1 dropped"
	"TCPv6_not_negotiated $NEEDS_CSUM $TCPV6 500 $START $CHECK 1 dropped"
	"UDP_not_negotiated $NEEDS_CSUM $UDP 500 $START 6 1 dropped"
)

read -r OFFLOAD_PAIR PLAIN_PAIR _ <<<"$VEI_PAIRS x x"

ALL_TESTS=("test_start $OFFLOAD_PAIR")
for lie in "${OFFLOAD_LIES[@]}"; do
	ALL_TESTS+=("test_lie $lie")
done
ALL_TESTS+=(test_long_frame)
for lie in "${LONG_LIES[@]}"; do
	ALL_TESTS+=("test_lie $lie")
done
ALL_TESTS+=(test_short test_recovers "test_start $PLAIN_PAIR")
for lie in "${PLAIN_LIES[@]}"; do
	ALL_TESTS+=("test_lie $lie")
done
ALL_TESTS+=(test_recovers)
CLEANUP=hdr_cleanup

hdr_cleanup()
{
	trace_end
	meddle_cleanup
}

trace_end()
{
	echo 0 >/sys/kernel/tracing/events/net/napi_gro_receive_entry/enable
	echo >/sys/kernel/tracing/trace
}

test_start()
{
	PAIR=$1
	nic=${PAIR}0
	drv_unload
	drv_load && pair_create "$PAIR"
	check_err $? "the pair does not come up"
	quiet_pair
	FRAME=$(tcp_frame 1440)
	SEGMENTS=()
	echo 1 >/sys/kernel/tracing/events/net/napi_gro_receive_entry/enable
}

# le16 NUMBER...: in hex, the low byte first
le16()
{
	local number

	for number; do
		printf %02x%02x $((number & 255)) $((number >> 8 & 255))
	done
}

# A frame that the peer may send only because it is to be segmented.
test_long_frame()
{
	FRAME=$(tcp_frame 2440)
	SEGMENTS=(-s 1400)
	send_frame
	check_eq "$DROPPED dropped" "0 dropped" "a frame of two buffers"
	check_eq $((${#FRAME} / 2)) 2454 "bytes"
}

# TCP from vei1 to a closed port of vei0, of so many bytes with the IP header, in hex.
tcp_frame()
{
	local mac0 mac1 ip sum=0 i length=$1 payload

	mac0=$(if_get "$IF0" address)
	mac1=$(if_get "$IF1" address "$NS")
	ip=4500$(printf %04x "$length")0001000040060000c0000202c0000201
	for ((i = 0; i < 40; i += 4)); do
		((sum += 0x${ip:i:4}))
	done
	while ((sum >> 16)); do
		((sum = (sum & 0xffff) + (sum >> 16)))
	done
	ip=${ip:0:20}$(printf %04x $((~sum & 0xffff)))${ip:24}
	printf -v payload %0$((2 * (length - 40)))d 0
	# an acknowledgement: from 4660 to port 9
	echo "${mac0//:/}${mac1//:/}0800${ip}1234000900000001000000015010ffff00000000$payload"
}

# The frame goes out, and comes in one way or the other.
send_frame()
{
	WAS_RX=$(rx_packets "$IF0")
	WAS_DROPPED=$(if_get "$IF0" statistics/rx_dropped)
	echo >/sys/kernel/tracing/trace
	in_peer "$LIB_DIR/frame" "${SEGMENTS[@]}" "$IF1" 1 "$FRAME"
	check_err $? "cannot send"
	wait_for 60 it_came
	check_err $? "the frame is neither taken nor dropped"
}

it_came()
{
	RX=$(($(rx_packets "$IF0") - WAS_RX))
	DROPPED=$(($(if_get "$IF0" statistics/rx_dropped) - WAS_DROPPED))
	[ $((RX + DROPPED)) -gt 0 ]
}

# seen FIELD: of the packet that the stack was handed
seen()
{
	sed -n "s/.* dev=$IF0 .* $1=\([0-9a-fx]*\).*/\1/p" /sys/kernel/tracing/trace
}

# check_place PLACE FLAGS
check_place()
{
	local gso=0 type

	if [ "$1" = dropped ]; then
		check_eq "$RX taken, $DROPPED dropped" "0 taken, 1 dropped" "the frame"
		return
	fi
	check_eq "$RX taken, $DROPPED dropped" "1 taken, 0 dropped" "the frame"
	[ "$1" = whole ] || gso=$1
	check_eq "$(seen gso_size)" "$gso" "gso_size"
	check_eq "$(seen ip_summed)" "${SUMMED[$2]}" "ip_summed"
	if [ "$gso" != 0 ]; then
		type=$(seen gso_type)
		check_eq $((${type:-0} & GSO_DODGY)) "$GSO_DODGY" "gso_type $type: dodgy"
	fi
}

# NAME, the fields, PLACE: see above
test_lie()
{
	local header

	faults_here || return 0
	header=$(printf %02x%02x "$2" "$3")$(le16 54 "$4" "$5" "$6" "$7")
	device_set "$nic" x-draft-fault-header "\"$header\"" &&
		device_fault "$nic" net-header 0
	check_err $? "cannot set the fault"
	send_frame
	check_place "$8" "$2"
	device_faultless "$nic"
}

# Lengths that do not hold a header, or hold no more than that.
test_short()
{
	local length

	FRAME=$(tcp_frame 1440)
	SEGMENTS=()

	faults_here || return 0
	for length in 0 5 11 12 25; do
		device_fault "$nic" used-len 0 "$length"
		check_err $? "cannot set the fault"
		send_frame
		note "length $length"
		check_place dropped
		device_faultless "$nic"
	done
}

test_recovers()
{
	local way

	queue_read "$nic" 0
	check_eq "${QUEUE_NOW[broken]}" no "receive queue: broken"
	for way in there back; do
		traffic_run packet "$way" -c 1000
		check_err $? "packets lost or spoiled"
	done
	trace_end
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
