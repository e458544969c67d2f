#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoints: there is one event for each negotiation, kick decision,
# interrupt and re-arming that the counters count, and what they say is so: the
# verdict on a kick follows from the other fields.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

TRACING=/sys/kernel/tracing
EVENTS=$TRACING/events/virtio_ei

ALL_TESTS=(test_start test_negotiate)
for mode in 1:1 0:0; do
	ALL_TESTS+=(
		"test_traffic $mode"
		"test_kicks $mode"
		"test_interrupts $mode"
		"test_rearms $mode"
	)
done

nic=${PAIR}0

test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	ipv6_off
	ip addr flush dev "$IF0"
	ip -n "$NS" addr flush dev "$IF1"
	echo 8192 >"$TRACING/buffer_size_kb"
	echo 1 >"$EVENTS/enable"
	check_err $? "there are no events"
}

# events QUEUE NAME: those of queue input.0 or output.0, or of the device
events()
{
	local name

	name=$(nic_bdf "$nic")
	[ -z "$1" ] || name=virtio_ei-$name-$1
	grep -F "$2: $name " "$TRACING/trace"
}

test_negotiate()
{
	local line

	echo >"$TRACING/trace"
	vei_set "$nic" reset 1
	check_err $? "cannot reset"
	line=$(events "" vei_negotiate)
	check_eq "${line##* vei_negotiate: }" "$(nic_bdf "$nic") offered=$(vei_get "$nic" features_offered)\
 acked=$(vei_get "$nic" features_acked) dialect=$(vei_get "$nic" dialect)" "vei_negotiate"
}

test_traffic()
{
	for nic in "${PAIR}1" "${PAIR}0"; do
		vei_set "$nic" used_event "${1%:*}" && vei_set "$nic" avail_event "${1#*:}"
		check_err $? "$nic: cannot be toggled"
	done
	wait_for 60 if_is_running "$IF0"
	wait_for 60 if_is_running "$IF1" "$NS"
	wait_for 60 vei_settled "$nic" 1
	COUNTS=()
	counts_read "$nic"
	echo >"$TRACING/trace"
	traffic_run packet there -c 500 && traffic_run packet back -c 500
	check_err $? "lost or spoiled"
	wait_for 60 vei_settled "$nic" 1
	check_err $? "the transmit queue does not settle"
	counts_read "$nic"
	echo 0 >"$TRACING/tracing_on"
	cp "$TRACING/trace" /run/trace
	echo 1 >"$TRACING/tracing_on"
	grep -q "entries-in-buffer/entries-written: \([0-9]*\)/\1 " /run/trace
	check_err $? "the buffer was too small"
}

# number PATTERN QUEUE NAME: events that match
number()
{
	grep -cE "$3: virtio_ei-$(nic_bdf "$nic")-$2 .*$1" /run/trace
}

# By index: new has passed the event since old; by flags: bit 0 is clear.
wrong_verdicts()
{
	grep -F "vei_kick: virtio_ei-$(nic_bdf "$nic")-" /run/trace | sed 's/.*vei_kick: //' | awk '
		{
			for (i = 2; i <= NF; i++) {
				split($i, field, "=")
				is[field[1]] = field[2]
			}
			new = is["new"]
			crossed = (new - is["avail_event"] - 1 + 65536) % 65536 < (new - is["old"] + 65536) % 65536
			want = "used_flags" in is ? 1 - is["used_flags"] % 2 : crossed
			if (is["kick"] != want)
				print
			delete is
		}'
}

test_kicks()
{
	local queue word=used_flags

	[ "${1#*:}" = 0 ] || word=avail_event
	for queue in 0:input.0 1:output.0; do
		check_eq "$(number "old=[0-9]+ new=[0-9]+ $word=[0-9]+ kick=[01]\$" "${queue#*:}" vei_kick)" \
			"${COUNTS[$nic,${queue%:*},kick_decisions]}" "$queue: vei_kick, decisions"
		check_eq "$(number "kick=1\$" "${queue#*:}" vei_kick)" "${COUNTS[$nic,${queue%:*},kicks]}" \
			"$queue: vei_kick with kick=1, kicks"
	done
	check_ge "${COUNTS[$nic,1,kicks]}" 1 "kicks"
	check_eq "$(wrong_verdicts | head -n 3)" "" "verdicts that do not follow"
}

test_interrupts()
{
	local queue

	for queue in 0:input.0 1:output.0; do
		check_eq "$(number "empty=[01]\$" "${queue#*:}" vei_interrupt)" \
			"${COUNTS[$nic,${queue%:*},interrupts]}" "$queue: vei_interrupt, interrupts"
	done
	check_ge "${COUNTS[$nic,0,interrupts]}" 1 "receive interrupts"
}

test_rearms()
{
	local word=avail_flags queue

	[ "${1%:*}" = 0 ] || word=used_event
	for queue in 0:input.0 1:output.0; do
		check_eq "$(number "last_used=[0-9]+ $word=[0-9]+ after=[0-9]+ armed=[01]\$" \
			"${queue#*:}" vei_rearm)" "${COUNTS[$nic,${queue%:*},rearms]}" "$queue: vei_rearm, rearms"
		check_eq "$(number "armed=0\$" "${queue#*:}" vei_rearm)" \
			"${COUNTS[$nic,${queue%:*},rearms_lost]}" "$queue: vei_rearm with armed=0, rearms_lost"
	done
	check_ge "${COUNTS[$nic,0,rearms]}" 1 "rearms"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no such tracepoints")
fi
tests_run
