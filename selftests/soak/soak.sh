#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # ALL_TESTS is lib_test.sh's
#
# Random steps, one after the other and two at once, while frames, TCP and requests of a disk
# go on: toggles and resets, channels, offloads, coalescing, MTU, links, devices bound and
# plugged anew, modules loaded anew, sleep, snapshots, and devices that lie for a while. Every
# byte is checked. After every few steps all goes on, the kernel has not minded, and neither
# the watch nor the driver has found anything wrong with a device without a fault; after each
# round all is mended and taken stock of: nothing gets lost any more, device and driver agree,
# nothing is held that was not held at first.
#
#	VEI_SOAK_SEED=N		the seed; all steps follow from it
#	VEI_SOAK_STEPS=N	so many steps
#	VEI_SOAK_MINUTES=N	instead, until so much time has gone by
#
# Each step is in the report with its number and in the kernel's log.

SEED=${VEI_SOAK_SEED:-1}
STEPS=${VEI_SOAK_STEPS:-50}
MINUTES=${VEI_SOAK_MINUTES:-0}
ROUND=25

if [ "$MINUTES" -gt 0 ]; then
	ALL_TESTS=(test_start "test_soak seed $SEED minutes $MINUTES" test_end)
else
	ALL_TESTS=(test_start "test_soak seed $SEED steps $STEPS" test_end)
fi

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

declare -A MADE=()

test_start()
{
	local dev

	# else TCP leaves an skb to the processor that it came on, which frees it with the next one
	[ ! -e /proc/sys/net/core/skb_defer_max ] || echo 0 >/proc/sys/net/core/skb_defer_max
	# first in, first out: loss is the driver's
	echo pfifo >/proc/sys/net/core/default_qdisc
	held_known
	all_load
	check_err $? "modules do not load"
	ns_create
	for dev in "${DEVICES[@]}"; do
		new_device "$dev"
		set_up "$dev"
		check_err $? "$dev is not there"
	done
	[ "$RET" = 0 ] || return 0
	check_exact
	if [ -n "$HELD_KNOWN" ]; then
		off_and_on held_from
	else
		note "who holds memory is not known here"
	fi
	check_kernel
}

# say STEP: where a guest that dies leaves it as well
say_step()
{
	note "step $NUMBER of seed $SEED: $1"
	echo "soak: step $NUMBER of seed $SEED: $1" >/dev/kmsg
}

make_step()
{
	local words

	say_step "$STEP"
	read -ra words <<<"$STEP"
	MADE[${words[0]}]=$((MADE[${words[0]}] + 1))
	if declare -F "step_${words[0]}" >/dev/null; then
		"step_${words[0]}" "${words[@]:1}"
	else
		quick "${words[@]}"
		check_quick $?
	fi
}

# One fault in four ends with each step.
mend_some()
{
	local dev

	for dev in "${DEVICES[@]}"; do
		draw 4
		if [ "$DRAWN" = 0 ] && [ -n "${FAULTY[$dev]-}" ]; then
			mend "$dev"
		fi
	done
}

look_round()
{
	check_flows
	check_watch
	check_kernel
}

# The kernel leaks a queue of its own with each disk that goes and had queues to poll, of any
# driver (Documentation/known-problems.md): then what is held is only noted anew.
stock_of_memory()
{
	if [ -z "$POLLED" ]; then
		off_and_on check_held
		return
	fi
	off_and_on held_from
	disk_polled || POLLED=""
}

take_stock()
{
	note "round at step $NUMBER of seed $SEED"
	mend_all
	look_round
	[ "$RET" = 0 ] || return
	streams_stop
	check_exact
	check_agreed
	check_watch
	check_kernel
	[ "$RET" = 0 ] || return
	[ -z "$HELD_KNOWN" ] || stock_of_memory
	note "$(grep -E '^(MemFree|SUnreclaim)' /proc/meminfo | tr -s ' \n' ' ')"
}

# The time is up, or the steps are made.
is_over()
{
	if [ "$MINUTES" -gt 0 ]; then
		[ $SECONDS -ge "$END" ]
	else
		[ "$NUMBER" -ge "$STEPS" ]
	fi
}

test_soak()
{
	local kind sum=""

	NUMBER=0
	BEGAN=$SECONDS
	END=$((BEGAN + 60 * MINUTES))
	draw_seed "$SEED"
	draw_round
	pulse_start $NAP_US
	streams_start
	check_flows
	# what a control has broken is broken under way
	soak_begun
	while [ "$RET" = 0 ] && ! is_over; do
		NUMBER=$((NUMBER + 1))
		draw_step
		make_step
		mend_some
		draw 3
		[ "$RET" != 0 ] || [ "$DRAWN" != 0 ] || look_round
		if [ "$RET" = 0 ] && [ $((NUMBER % ROUND)) = 0 ]; then
			take_stock
			draw_round
			[ "$RET" != 0 ] || is_over || streams_start
		fi
	done
	[ "$RET" != 0 ] || [ ${#STREAM[@]} = 0 ] || take_stock
	for kind in "${!MADE[@]}"; do
		sum+=" $kind ${MADE[$kind]}"
	done
	note "$NUMBER steps in $((SECONDS - BEGAN)) s:$sum"
	pulse_kill
	[ "$RET" = 0 ] || tell_state
	[ "$RET" = 0 ] || note "to replay: VEI_SOAK_SEED=$SEED VEI_SOAK_STEPS=$NUMBER ${VEI_SOAK_COMMAND-$0}"
	return 0
}

# For whoever looks into it.
tell_state()
{
	local dev file

	for dev in "${DEVICES[@]}"; do
		for file in "/sys/kernel/debug/virtio_ei/$(nic_bdf "$dev")"/queue*; do
			queue_read "$dev" "${file##*queue}" 2>/dev/null || continue
			note "$dev ${file##*/}: ${QUEUE_NOW[kick_mode]} ${QUEUE_NOW[intr_mode]}," \
				"available ${QUEUE_NOW[avail_idx]}, used ${QUEUE_NOW[used_idx]}," \
				"taken ${QUEUE_NOW[last_used]}, free ${QUEUE_NOW[free]}," \
				"broken ${QUEUE_NOW[broken]}"
		done
	done
}

# For the controls to replace.
soak_begun()
{
	:
}

test_end()
{
	streams_kill
	all_unload
	check_err $? "modules do not unload"
	check_kernel
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no toggles")
elif ! device_set "$DISK" x-draft-fault-value 0 2>/dev/null; then
	ALL_TESTS=("skip QEMU has not the faults for this")
fi
tests_run
