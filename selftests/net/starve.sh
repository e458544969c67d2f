#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Receive with too little: no memory for new buffers while those that are posted
# do not hold the next packet, and rings of a few entries. A packet of 64 KiB has
# to find its way, and the device must not be left with less for good.
#
# Pairs on taps, for packets larger than the MTU; others are left out.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_meddle.sh
. "$LIB_DIR/lib_meddle.sh"

BYTES=4000000

ALL_TESTS=()
for PAIR in $VEI_PAIRS; do
	! pair_is_hub || continue
	ALL_TESTS+=("test_stream $PAIR" "test_starve $PAIR")
done
CLEANUP=meddle_cleanup

test_stream()
{
	local kind way

	drv_unload
	drv_load && pair_create "$1"
	check_err $? "the pair does not come up"
	note "receive ring of $(vei_queue "${PAIR}0" 0 size)"
	for kind in tcp tcp6; do
		for way in there back; do
			traffic_run "$kind" "$way" -c "$BYTES"
			check_err $? "$kind $way: spoiled"
			[ "$RET" = 0 ] || return
		done
	done
}

# Nothing comes any more, twice in a row, and something has been refused.
starved()
{
	local before

	meddle_struck && queue_read "${PAIR}0" 0 || return 1
	before=${QUEUE_NOW[used_idx]}
	sleep 0.5
	queue_read "${PAIR}0" 0 && [ "${QUEUE_NOW[used_idx]}" = "$before" ]
}

# A stream towards vei0, and no memory; then there is some again.
test_starve()
{
	local stream

	traffic_ends tcp back
	# more than ever gets there; -c 0 would be done after 64 MiB, a second
	"$TRAFFIC" tcp "${KIND_OPTIONS[@]}" -c 60000000000 -L -t 60 >/run/stream 2>&1 &
	stream=$!
	if ! wait_for 60 rx_beyond "$IF0" $(($(rx_packets "$IF0") + 100)); then
		fail "no stream: $(tr '\n' ' ' </run/stream)"
		return
	fi
	no_receive_memory
	wait_for 60 starved
	check_err $? "it does not starve"
	note "$((QUEUE_NOW[size] - QUEUE_NOW[free])) of ${QUEUE_NOW[size]} descriptors are posted"
	meddle_end
	# by itself: nothing else may wake it
	wait_for 60 rx_beyond "$IF0" $(($(rx_packets "$IF0") + 100))
	check_err $? "the stream does not go on when there is memory again"
	kill "$stream"
	check_err $? "the stream has ended: $(tr '\n' ' ' </run/stream)"
	wait "$stream" 2>/dev/null
	traffic_run tcp back -c "$BYTES"
	check_err $? "spoiled"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_net")
fi
tests_run
