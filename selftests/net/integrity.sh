#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every byte arrives as it was sent, none twice, none lost, in order: raw
# frames of all sizes, UDP whole and in fragments, TCP, one way, back, and both
# ways at once, on each pair of the guest. Before that the checker shows that
# it sees what it is to see.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(
	test_start
	"test_sees packet corrupt wrong bytes"
	"test_sees packet lose lost=16"
	"test_sees packet duplicate duplicated=1"
	"test_sees packet shorten wrong size"
	"test_sees udp corrupt wrong bytes"
	"test_sees tcp corrupt wrong bytes"
)
for pair in $VEI_PAIRS; do
	ALL_TESTS+=(
		"test_run $pair packet there -c 3000"
		"test_run $pair packet back -c 3000"
		"test_run $pair packet there -q -c 3000 -b 1"
		"test_run $pair udp there -c 2000"
		"test_run $pair udp6 back -c 300 -s 16:65000 -w 8"
		"test_run $pair tcp there -c 8000000"
		"test_run $pair tcp6 back -c 8000000"
		"test_both_ways $pair"
		"test_rings_whole $pair"
	)
done

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
}

# A fault on purpose must not pass, and is to be called what it is.
test_sees()
{
	local kind=$1 fault=$2 said

	shift 2
	traffic_run "$kind" there -c 2000 -t 5 -x "$fault" >/dev/null
	check_eq $? 1 "exit status for $fault"
	said="$TRAFFIC_COUNTS $(tr '\n' ' ' <"$TRAFFIC_LOG")"
	[[ $said == *"$*"* ]]
	check_err $? "no complaint of '$*': $said"
}

pair_use()
{
	if [ "$PAIR" != "$1" ] || ! [ -e "/run/netns/$NS" ]; then
		pair_destroy
		pair_create "$1"
		check_err $? "pair $1 does not come up"
	fi
}

test_run()
{
	pair_use "$1"
	shift
	if ! pair_is_hub && [ "$1" = packet ]; then
		skip "taps may drop frames"
		return
	fi
	traffic_run "$@"
	check_err $? "lost or spoiled"
}

test_both_ways()
{
	local there

	pair_use "$1"
	traffic_ends packet there
	"$TRAFFIC" packet "${KIND_OPTIONS[@]}" -c 5000 >/run/there 2>&1 &
	there=$!
	traffic_run packet back -c 5000
	check_err $? "back: lost or spoiled"
	wait "$there"
	check_err $? "there: $(tr '\n' ' ' </run/there)"
}

queue_idle()
{
	[ "$(vei_queue "$1" "$2" free)" = "$(vei_queue "$1" "$2" size)" ]
}

# Once all is quiet every descriptor of the transmit queues is back.
test_rings_whole()
{
	local nic

	if is_stock; then
		skip "the stock driver does not show its rings"
		return
	fi
	for nic in "${1}0" "${1}1"; do
		check_eq "$(vei_queue "$nic" 1 broken)" no "$nic: transmit queue broken"
		check_eq "$(vei_queue "$nic" 0 broken)" no "$nic: receive queue broken"
		wait_for 60 transmit_settled "$nic"
		check_err $? "$nic: buffers still out: $(vei_queue "$nic" 1 free) free"
	done
}

# Completed transmissions may wait for the next packet to be taken back, but
# the device has used them all.
transmit_settled()
{
	[ "$(vei_queue "$1" 1 avail_idx)" = "$(vei_queue "$1" 1 used_idx)" ]
}

tests_run
