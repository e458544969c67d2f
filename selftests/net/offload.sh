#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checksum and segmentation offload, both ways, over taps: TCP's stream is
# whole, packets really are larger than the link's MTU where they should be,
# and each parameter takes its share away.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

BYTES=20000000

ALL_TESTS=(
	"test_stream all"
	"test_sizes large large"
	"test_udp_fragments"
	"test_off csum"
	"test_sizes small small"
	"test_off gso"
	"test_sizes small small"
	"test_off guest_offloads"
	"test_sizes large small"
	"test_off mrg_rxbuf"
	"test_sizes large any"
	test_switch
)

start()
{
	drv_unload
	drv_load "" "$1" && pair_create
	check_err $? "the pair does not come up with $1"
}

stream()
{
	local kind way

	for kind in tcp tcp6; do
		for way in there back; do
			traffic_run "$kind" "$way" -c "$BYTES"
			check_err $? "$kind $way: spoiled"
		done
	done
}

test_stream()
{
	start ""
	stream
}

test_off()
{
	start "$1=0"
	stream
}

# The mean size of what interface $1 has sent or received, $2: tx or rx.
mean_size()
{
	local packets bytes

	packets=$(if_get "$1" "statistics/${2}_packets" "${3-}")
	bytes=$(if_get "$1" "statistics/${2}_bytes" "${3-}")
	echo $((bytes / (packets + 1)))
}

check_size()
{
	case $1 in
	large)	check_ge "$2" 2000 "$3: bytes a packet" ;;
	small)	check_le "$2" 1514 "$3: bytes a packet" ;;
	esac
}

# Of the streams just run: acknowledgements count too, so the mean is low.
test_sizes()
{
	check_size "$1" "$(mean_size "$IF0" tx)" "transmit"
	check_size "$2" "$(mean_size "$IF1" rx "$NS")" "receive"
}

test_udp_fragments()
{
	traffic_run udp there -c 300 -w 4 -s 2000:65000
	check_err $? "lost or spoiled"
}

# Switched by ethtool while a stream runs.
test_switch()
{
	local i tcp

	start ""
	traffic_ends tcp there
	"$TRAFFIC" tcp "${KIND_OPTIONS[@]}" -c "$BYTES" >/run/tcp 2>&1 &
	tcp=$!
	for ((i = 0; i < 3; i++)); do
		# segmentation needs scattered pages, and these need checksums
		ethtool -K "$IF0" tso off && ethtool -K "$IF0" tx off
		check_err $? "cannot switch off"
		ethtool -K "$IF0" tx on sg on >/dev/null && ethtool -K "$IF0" tso on
		check_err $? "cannot switch on"
	done
	wait "$tcp"
	check_err $? "$(tr '\n' ' ' </run/tcp)"
}

if is_stock; then
	ALL_TESTS=("test_stream all" "test_sizes large large" test_udp_fragments test_switch)
fi
tests_run
