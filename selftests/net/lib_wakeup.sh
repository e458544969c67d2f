# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Round trips with one packet under way, so that each waits for the wake-ups of
# the one before: a single lost kick or interrupt stalls them. What was lost is
# told by the rings.

WAKEUP_PACKETS=${VEI_WAKEUP_PACKETS:-400}
WAKEUP_PATIENCE=3	# seconds without progress

# wakeups_ok: there and back; says what was lost if they stall
wakeups_ok()
{
	local way

	for way in there back; do
		traffic_run packet "$way" -w 1 -b 1 -c "$WAKEUP_PACKETS" -t $WAKEUP_PATIENCE && continue
		note "stalled on the way $way"
		symptoms
		return 1
	done
}

# symptom NIC QUEUE NAME: why it may stand still
symptom()
{
	local taken waiting

	queue_read "$1" "$2"
	# shellcheck disable=SC2154 # keys of the array, no variables
	taken=$(((QUEUE_NOW[used_idx] - QUEUE_NOW[last_used]) & 0xffff))
	# shellcheck disable=SC2154
	waiting=$(((QUEUE_NOW[avail_idx] - QUEUE_NOW[used_idx]) & 0xffff))
	if [ "${QUEUE_NOW[broken]}" != no ]; then
		note "$1 $3: queue broken: ${QUEUE_NOW[broken]}"
	elif [ $taken -gt 0 ] && [ "${QUEUE_NOW[armed]}" = 1 ]; then
		note "$1 $3: lost interrupt: $taken used and not taken, asked for by" \
			"${QUEUE_NOW[intr_mode]} (used_event=${QUEUE_NOW[used_event]}," \
			"avail->flags=${QUEUE_NOW[avail_flags]}, used->idx=${QUEUE_NOW[used_idx]})"
	elif [ "$2" = 1 ] && [ $waiting -gt 0 ]; then
		# a receive queue's buffers wait for packets, a transmit queue's for nothing
		note "$1 $3: lost kick: $waiting available and not used, told by" \
			"${QUEUE_NOW[kick_mode]} (avail_event=${QUEUE_NOW[avail_event]}," \
			"used->flags=${QUEUE_NOW[used_flags]}, avail->idx=${QUEUE_NOW[avail_idx]})"
	fi
}

symptoms()
{
	local nic

	for nic in "${PAIR}0" "${PAIR}1"; do
		symptom "$nic" 0 receive
		symptom "$nic" 1 transmit
	done
}
