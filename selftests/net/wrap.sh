#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# More than 4 x 65,536 buffers through each queue in each mode: the 16-bit
# indices wrap many times, every byte is checked on the way, and at the end
# the counters agree with the indices.
#
# The modes are those that the device's dialect has: with the released one,
# both directions by flags or both by index; with the draft's, all four.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

PACKETS=${VEI_WRAP_PACKETS:-262400}
COMMANDS=${VEI_WRAP_COMMANDS:-6400}

modes()
{
	case ${VEI_MODES-} in
	"")	echo "used_event=1,avail_event=1 used_event=0,avail_event=0" ;;
	all)	echo "used_event=1,avail_event=1 used_event=0,avail_event=0" \
		     "used_event=1,avail_event=0 used_event=0,avail_event=1" ;;
	*)	echo "$VEI_MODES" ;;
	esac
}

ALL_TESTS=()
for mode in $(modes); do
	ALL_TESTS+=("test_wrap $mode" "test_counters $mode")
done
ALL_TESTS+=(test_control_queue)

test_wrap()
{
	drv_unload
	drv_load "${1//,/ }" && pair_create
	check_err $? "the pair does not come up"
	traffic_run packet there -s 60 -b 32 -c "$PACKETS"
	check_err $? "lost or spoiled"
}

transmitted()
{
	[ "$(vei_queue "${PAIR}0" 1 used_idx)" = "$(vei_queue "${PAIR}0" 1 avail_idx)" ]
}

test_counters()
{
	local nic queue

	if is_stock; then
		skip "the stock driver has none"
		return
	fi
	wait_for 60 transmitted
	check_err $? "the transmit queue does not settle"
	check_ge "$(vei_queue "${PAIR}0" 1 adds)" "$PACKETS" "buffers added to transmit"
	check_ge "$(vei_queue "${PAIR}1" 0 used)" "$PACKETS" "buffers used to receive"
	check_no_timeouts
	for nic in "${PAIR}0" "${PAIR}1"; do
		for queue in 0 1; do
			check_eq "$(vei_queue "$nic" "$queue" broken)" no "$nic queue $queue: broken"
			check_eq $(($(vei_queue "$nic" "$queue" adds) & 0xffff)) \
				"$(vei_queue "$nic" "$queue" avail_idx)" \
				"$nic queue $queue: adds modulo 65536, avail->idx"
		done
	done
}

# The control queue has 64 entries; a hundred times round. Each change of the
# address is a command, which takes 1 to 3 ms under TCG.
test_control_queue()
{
	local i address

	if ! is_stock && ! has "$(vei_get "${PAIR}0" features_acked)" "$F_CTRL_VQ"; then
		skip "no control queue"
		return
	fi
	for ((i = 0; i < COMMANDS; i += 2)); do
		echo "link set dev $IF0 address 52:54:00:12:00:01"
		echo "link set dev $IF0 address 52:54:00:12:00:02"
	done | ip -batch -
	check_err $? "an address was refused"
	address=$(if_get "$IF0" address)
	check_eq "$address" 52:54:00:12:00:02 "address"
	if ! is_stock; then
		check_ge "$(vei_queue "${PAIR}0" 2 used)" "$COMMANDS" "commands done"
	fi
	pair_answers
	check_err $? "no answer after the changes"
}

tests_run
