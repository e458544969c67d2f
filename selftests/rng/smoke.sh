#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bytes come, and others each time, in each mode; what was negotiated is what the device
# knows; a buffer costs at most a kick and an interrupt; what the device loses is made good for;
# toggles change while somebody reads.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=()
for mode in $(modes_of "$RNG"); do
	ALL_TESTS+=("test_load $mode" "test_bytes $mode" "test_counts $mode" "test_unused $mode")
done
ALL_TESTS+=(test_credit)
ALL_TESTS+=("test_idle 1" "test_idle 0")
ALL_TESTS+=("test_lost lost-kick kicks" "test_lost lost-interrupt interrupts" test_toggles)

test_load()
{
	local word

	drv_unload
	drv_load "${1//,/ }"
	check_err $? "the device does not appear"
	used_event=1 avail_event=1
	for word in ${1//,/ }; do
		declare -g "$word"
	done
	check_negotiated "$RNG" 0 0
}

# 4096 even bytes hold about 256 * (1 - e^-16) = 256 values; one that repeats 64 holds 64.
values()
{
	od -An -v -tx1 -w1 "$1" | sort -u | wc -l
}

test_bytes()
{
	rng_read 4096 /run/first
	check_err $? "4096 bytes do not come"
	rng_read 4096 /run/second
	check_err $? "4096 bytes more do not come"
	check_ge "$(values /run/first)" 200 "values among 4096 bytes"
	cmp -s /run/first /run/second
	check_fail $? "the same bytes again"
}

# The pool counts what it is given.
test_credit()
{
	check_eq "$(<"$CLASS/rng_quality")" 1000 "thousandths of the entropy that count"
}

# What is asked for at once fits into one buffer.
test_counts()
{
	local kicks irqs adds

	queue_read "$RNG" 0
	adds=${QUEUE_NOW[adds]} kicks=${QUEUE_NOW[kicks]} irqs=${QUEUE_NOW[interrupts]}
	rng_read 6400 /run/bytes
	check_err $? "6400 bytes do not come"
	queue_read "$RNG" 0
	check_ge $((QUEUE_NOW[adds] - adds)) 100 "buffers of 64 bytes"
	check_ge $((QUEUE_NOW[kicks] - kicks)) 1 "kicks"
	check_le $((QUEUE_NOW[kicks] - kicks)) $((QUEUE_NOW[adds] - adds)) "kicks"
	check_le $((QUEUE_NOW[interrupts] - irqs)) $((QUEUE_NOW[adds] - adds)) "interrupts"
	check_eq "${QUEUE_NOW[broken]}" no "broken"
}

test_unused()
{
	check_unused "$RNG" 0
}

# Has the device used what nobody has taken?
has_left()
{
	queue_read "$RNG" 0 && [ "${QUEUE_NOW[used_idx]}" != "${QUEUE_NOW[last_used]}" ]
}

# A reader is killed, and what it waited for comes when it has gone.
left_behind()
{
	{ timeout -s KILL 0.2 cat /dev/hwrng >/dev/null; } 2>/dev/null	# which bash mourns
	sleep 0.1
	has_left
}

# Whoever was told, or waits no more, has asked for an interrupt and left it at that: nothing
# was lost, however long nobody reads.
test_idle()
{
	drv_unload
	# a device that the host lets wait for that long is not met
	drv_load "watch_ms=500 used_event=$1"
	check_err $? "the device does not appear"
	rng_read 64 /run/bytes
	check_err $? "no bytes come"
	wait_for 120 left_behind
	check_err $? "no reader is killed while it waits"
	sleep 6
	check_eq "$(vei_get "$RNG" interrupts_lost)" 0 "interrupts_lost"
	check_eq "$(vei_get "$RNG" kicks_lost)" 0 "kicks_lost"
}

# Who reads meanwhile gets his bytes all the same.
test_lost()
{
	local i

	drv_unload
	drv_load watch_ms=200
	check_err $? "the device does not appear"
	# what comes before it is waited for needs no interrupt, and a kick that is seen too late to
	# have helped is not counted
	for ((i = 0; i < 20; i++)); do
		if ! device_fault "$RNG" "$1" 2>/dev/null; then
			skip "this QEMU's device cannot be silenced"
			return
		fi
		rng_read 64 /run/bytes
		check_err $? "no bytes come"
		[ "$RET" = 0 ] || break
		[ "$(vei_get "$RNG" "$2_lost")" = 0 ] || break
	done
	check_ge "$(vei_get "$RNG" "$2_lost")" 1 "$2_lost"
	device_faultless "$RNG"
	LOSSES_EXPECTED=1
	drv_unload
	check_err $? "modules do not unload"
	LOSSES_EXPECTED=""
}

# At run time, while somebody reads.
test_toggles()
{
	local toggle value

	drv_unload
	drv_load
	check_err $? "the device does not appear"
	used_event=1 avail_event=1
	reader_start
	for toggle in used_event avail_event indirect features_hi; do
		for value in 0 1; do
			vei_set "$RNG" "$toggle" "$value"
			check_err $? "cannot set $toggle"
			declare -g "$toggle=$value"
			check_negotiated "$RNG" 0 0
			reader_flows
			check_err $? "no bytes come with $toggle=$value"
		done
	done
	reader_stop
}

tests_run
