#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A small packet is copied out of its buffer: its receiver is charged for what came, and
# the buffer is posted again. ethtool --set-tunable rx-copybreak says what is small.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

PORT=4100
IN_HEX=1004
# what an skb of a few bytes is charged at the most (768; from 6.3 on, where small heads are all
# of one size, 896), and the least buffer
COPY=896
BUFFER=2048

ALL_TESTS=()
for PAIR in $VEI_PAIRS; do
	ALL_TESTS+=(
		"test_start $PAIR"
		test_set
		"test_charged 128 60 0 $COPY"
		"test_charged 128 128 0 $COPY"
		"test_charged 128 129 $BUFFER 100000"
		"test_charged 0 60 $BUFFER 100000"
		"test_charged 4294967295 600 0 1536"
		test_reset
		"test_intact 0" "test_intact 128" "test_intact 4294967295"
	)
done

test_start()
{
	drv_unload
	drv_load && pair_create "$1"
	check_err $? "the pair does not come up"
	quiet_pair
}

copybreak()
{
	in_peer ethtool --get-tunable "$IF1" rx-copybreak | sed -n 's/^rx-copybreak: //p'
}

copybreak_set()
{
	in_peer ethtool --set-tunable "$IF1" rx-copybreak "$1"
	check_err $? "cannot set"
	check_eq "$(copybreak)" "$1" "rx-copybreak"
}

test_set()
{
	check_eq "$(copybreak)" 128 "rx-copybreak at first"
	copybreak_set 100
	in_peer ethtool --set-tunable "$IF1" tx-copybreak 1 2>/dev/null
	check_fail $? "tx-copybreak is taken"
}

somebody_listens()
{
	in_peer grep -q ":$IN_HEX " /proc/net/udp
}

# With rx-copybreak $1, a frame of $2 bytes is charged $3 to $4.
test_charged()
{
	local listener data

	copybreak_set "$1"
	in_peer "$LIB_DIR/waiter" charged "$PORT" >/run/charged 2>&1 &
	listener=$!
	wait_for 60 somebody_listens
	check_err $? "nobody listens"
	# less the headers: Ethernet, IP, UDP
	printf -v data '%*s' $(($2 - 42)) ''
	printf %s "$data" >"/dev/udp/$IP1/$PORT"
	wait "$listener"
	check_err $? "$(</run/charged)"
	note "charged $(</run/charged)"
	check_ge "$(</run/charged)" "$3" "bytes charged"
	check_le "$(</run/charged)" "$4" "bytes charged"
}

test_reset()
{
	copybreak_set 77
	vei_set "${PAIR}1" reset 1
	check_err $? "cannot reset"
	check_eq "$(copybreak)" 77 "rx-copybreak after a reset"
}

# Of every length, on both sides of the limit.
test_intact()
{
	copybreak_set "$1"
	traffic_run packet there -c 3000
	check_err $? "packets lost or spoiled"
	traffic_run packet there -c 2000 -s 120:140
	check_err $? "packets about the limit lost or spoiled"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no such tunable")
fi
tests_run
