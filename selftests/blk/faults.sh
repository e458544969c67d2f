#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A device with seeded faults (QEMU's x-draft-fault) under load. Where wake-ups are lost the
# time limit of a request finds out: kicks, reaps, and nothing fails. Where the device lies
# the queue breaks and the disk recovers. Where its registers are wrong a reset may fail, and
# the next one with the fault gone does not. Nothing is lost, nothing done twice, no hang.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_storm.sh
. "$LIB_DIR/lib_storm.sh"

TIMEOUTS=1
# used_event:avail_event, fault
STALLS=(
	"1:1 lost-interrupt" "0:0 lost-interrupt" "1:1 lost-kick" "0:0 lost-kick"
	"1:1 used-event-off-by-one" "1:1 avail-event-off-by-one" "1:1 avail-event-stuck"
	"0:0 no-notify-stuck"
)
HARMLESS=("1:1 unsuppressed-interrupts" "0:0 unsuppressed-interrupts" "1:1 unused-field-writes"
	"0:0 unused-field-writes")
# fault, value, what the kernel's log must say. Lengths mean nothing to a disk, whose
# requests are all of them known, and some devices have them wrong.
LIES=("bad-used-id 0 used_id_out_of_range" "used-idx-jump 0 used->idx_out_of_range"
	"bad-used-len 0 -" "used-len 0x7fffffff -" "used-len 0 -" "total-used-len 0 -")
# fault, value, whether a reset fails for it; in the registers. Feature bits are all but FLUSH.
WRONG=("queue-size 0 fails" "queue-size 3 fails" "queue-size 4 fails" "queue-size 65535 fails"
	"vector-refused 0 succeeds" "reset-ignored 0 fails" "offer-mask 0 fails"
	"offer-mask $((~(1 << F_FLUSH) & 0xffffffff)) fails" "reads-ones 0 fails")

ALL_TESTS=(test_start)
for fault in "${STALLS[@]}"; do
	ALL_TESTS+=("test_stall $fault")
done
for fault in "${HARMLESS[@]}"; do
	ALL_TESTS+=("test_harmless $fault")
done
for fault in "${LIES[@]}"; do
	ALL_TESTS+=("test_lie $fault")
done
for fault in "${WRONG[@]}"; do
	ALL_TESTS+=("test_registers $fault")
done
ALL_TESTS+=(test_swallowed test_lies_between test_no_way_back test_probe test_probe_fails test_gone
	    test_gained test_hopeless test_no_sleep test_end)

# fault_on FAULT [AFTER [VALUE]]
fault_on()
{
	device_fault "$DISK" "$1" any "${3:-0}" "${2:-0}"
	check_err $? "cannot be given the fault $1"
}

fault_off()
{
	device_faultless "$DISK"
	check_err $? "cannot be rid of the fault"
}

set_mode()
{
	vei_set "$DISK" used_event "${1%:*}" && vei_set "$DISK" avail_event "${1#*:}"
	check_err $? "cannot be toggled"
}

# A request that waits for a wake-up is found out after a second.
short_patience()
{
	disk_set "$DISK" queue/io_timeout 1000
}

test_start()
{
	drv_load
	check_err $? "the disks do not appear"
	short_patience
	load_run "$DISK" 50
	check_err $? "not even without a fault"
}

# After a fault that is none to who sends requests: they are done, and not one has failed.
goes_on()
{
	load_flows 20
	check_err $? "the requests do not go on"
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
}

# Has a request of the disk waited for too long, more often than $1 times?
timed_out()
{
	[ "$(disk_get "$DISK" virtio_ei_timeouts)" -gt "$1" ]
}

# One request at a time: nothing that follows can make good what was lost.
test_stall()
{
	local before restarts

	set_mode "$1"
	restarts=$(disk_get "$DISK" virtio_ei_restarts)
	short_patience
	load_start "$DISK" -d 1
	load_flows 20
	check_err $? "no requests are done"
	before=$(disk_get "$DISK" virtio_ei_timeouts)
	fault_on "$2"
	wait_for 20 timed_out "$before"
	check_err $? "the fault does not strike"
	load_flows 4 30
	check_err $? "the requests have stopped for good"
	fault_off
	goes_on
	check_eq "$(disk_get "$DISK" virtio_ei_restarts)" "$restarts" "restarts"
}

test_harmless()
{
	set_mode "$1"
	load_start "$DISK" -d 8
	fault_on "$2"
	load_flows 100
	check_err $? "the requests have stopped"
	fault_off
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
}

# recovers FAULT: by itself
recovers()
{
	load_flows 50 25
	check_err $? "does not recover"
	load_stop
	check_err $? "lost or spoiled"
	note "$1: $LOAD_COUNTS"
}

test_lie()
{
	local restarts

	set_mode 1:1
	short_patience
	log_mark
	restarts=$(disk_get "$DISK" virtio_ei_restarts)
	load_start "$DISK" -l -d 8
	load_flows 20
	check_err $? "no requests are done"
	fault_on "$1" 5 "$2"
	if [ "$3" != - ]; then
		wait_for 20 log_has "${3//_/ }"
		check_err $? "the log does not say '${3//_/ }'"
	else
		load_flows 60 15
	fi
	fault_off
	recovers "$1"
	check_eq "$(load_count errors)" 0 "requests failed"
	if [ "$3" != - ]; then
		check_ge "$(disk_get "$DISK" virtio_ei_restarts)" $((restarts + 1)) "restarts"
	else
		check_eq "$(disk_get "$DISK" virtio_ei_restarts)" "$restarts" "restarts"
	fi
}

test_registers()
{
	local outcome=fails

	set_mode 1:1
	short_patience
	load_start "$DISK" -l -d 8
	load_flows 20
	check_err $? "no requests are done"
	fault_on "$1" 0 "$2"
	vei_set "$DISK" reset 1 2>/dev/null && outcome=succeeds
	check_eq "$outcome" "$3" "a reset"
	# whatever state that has left them in, they can be looked at
	cat "/sys/kernel/debug/virtio_ei/$(disk_bdf "$DISK")/"* >/dev/null
	check_err $? "the queues cannot be read"
	fault_off
	# a driver that has given the device up may be bound anew
	if ! vei_set "$DISK" reset 1 2>/dev/null; then
		note "$1 $2: it takes a new binding"
		disk_unbind "$DISK" && disk_bind "$DISK"
		check_err $? "cannot be bound"
	fi
	recovers "$1 $2"
}

restarted()
{
	[ "$(disk_get "$DISK" virtio_ei_restarts)" -gt "$1" ]
}

# A device that is told again and does nothing still: then it is reset, and no request is lost.
test_swallowed()
{
	local restarts deadline=$((SECONDS + 60))

	set_mode 1:1
	short_patience
	load_start "$DISK" -d 1
	load_flows 20
	check_err $? "no requests are done"
	restarts=$(disk_get "$DISK" virtio_ei_restarts)
	# it strikes once each time it is set; not wait_for, which looks less and less often
	until restarted "$restarts" || [ "$SECONDS" -ge "$deadline" ]; do
		device_set "$DISK" x-draft-fault '"lost-kick"'
	done
	restarted "$restarts"
	check_err $? "no reset"
	fault_off
	goes_on
}

# A device that works between its lies is borne with.
test_lies_between()
{
	local i restarts

	set_mode 1:1
	short_patience
	log_mark
	load_start "$DISK" -d 8
	for ((i = 0; i < 5; i++)); do
		load_flows 20
		check_err $? "no requests are done before lie $i"
		restarts=$(disk_get "$DISK" virtio_ei_restarts)
		fault_on used-idx-jump
		wait_for 20 restarted "$restarts"
		check_err $? "lie $i does not strike"
		fault_off
	done
	goes_on
	log_has "given up"
	check_fail $? "given up"
}

# After a reset that failed nobody waits for ever; and a size that changed meanwhile is seen.
test_no_way_back()
{
	local reader size

	size=$(disk_var SIZE)
	fault_on queue-size 0 0
	vei_set "$DISK" reset 1 2>/dev/null
	check_fail $? "a reset succeeds"
	dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null &
	reader=$!
	wait_for 20 not kill -0 "$reader" 2>/dev/null
	check_err $? "a request waits for ever"
	if kill -0 "$reader" 2>/dev/null; then
		fault_off
		vei_set "$DISK" reset 1
		return
	fi
	wait "$reader"
	check_fail $? "something can be read"
	device_resize "$DISK" $((size + 8))
	check_err $? "the device cannot grow"
	fault_off
	vei_set "$DISK" reset 1
	check_err $? "cannot be reset"
	wait_for 60 disk_is "$DISK" size $(((size + 8) << 11))
	check_err $? "sectors: $(disk_get "$DISK" size)"
	device_resize "$DISK" "$size"
	wait_for 60 disk_is "$DISK" size $((size << 11))
	check_err $? "sectors: $(disk_get "$DISK" size)"
	load_run "$DISK" 50
	check_err $? "lost or spoiled"
}

# The first requests of all look for partitions, and wait until the device is reset.
test_probe()
{
	disk_unbind "$DISK"
	check_err $? "cannot be unbound"
	log_mark
	fault_on used-idx-jump
	disk_bind "$DISK" &
	wait_for 10 log_has "broken"
	check_err $? "the fault does not strike"
	fault_off
	wait_for 60 disk_appears "$DISK"
	check_err $? "the disk does not appear"
	wait $!
	check_err $? "cannot be bound"
	load_run "$DISK" 50
	check_err $? "lost or spoiled"
}

# What failed to bind leaves nothing behind that would be in the way of the next try.
test_probe_fails()
{
	disk_unbind "$DISK"
	check_err $? "cannot be unbound"
	fault_on queue-size 0 0
	disk_bind "$DISK" 2>/dev/null
	check_fail $? "bound without queues"
	fault_off
	disk_bind "$DISK" && wait_for 60 disk_appears "$DISK"
	check_err $? "cannot be bound afterwards"
	load_run "$DISK" 50
	check_err $? "lost or spoiled"
}

# Pulled out with a request under way that it will never do: nobody waits for its time limit.
test_gone()
{
	local reader unbinder

	disk_set "$DISK" queue/io_timeout 25000
	fault_on lost-kick
	dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null &
	reader=$!
	wait_for 10 disk_busy
	check_err $? "nothing is read"
	fault_on reads-ones
	disk_unbind "$DISK" &
	unbinder=$!
	wait_for 15 not kill -0 "$unbinder" 2>/dev/null
	check_err $? "it waits for a request"
	if kill -0 "$unbinder" 2>/dev/null; then
		fault_off
		return
	fi
	wait "$reader"
	check_fail $? "something was read"
	fault_off
	disk_bind "$DISK" && wait_for 60 disk_appears "$DISK"
	check_err $? "cannot be bound afterwards"
	load_run "$DISK" 50
	check_err $? "lost or spoiled"
}

# A device that offers a cache to flush only after a reset, as another host may: nobody would
# flush it.
test_gained()
{
	disk_unbind "$DISK"
	check_err $? "cannot be unbound"
	fault_on offer-mask 0 $((~(1 << F_FLUSH) & 0xffffffff))
	disk_bind "$DISK" && wait_for 60 disk_appears "$DISK"
	check_err $? "cannot be bound"
	check_eq "$(disk_get "$DISK" queue/write_cache)" "write through" "queue/write_cache"
	fault_off
	vei_set "$DISK" reset 1
	check_err $? "cannot be reset"
	has "$(vei_get "$DISK" features_offered)" "$F_FLUSH"
	check_err $? "FLUSH is not offered afterwards"
	has "$(vei_get "$DISK" features_acked)" "$F_FLUSH"
	check_fail $? "FLUSH was acknowledged by a reset"
	load_run "$DISK" 50
	check_err $? "lost or spoiled"
	disk_unbind "$DISK" && disk_bind "$DISK" && wait_for 60 disk_appears "$DISK"
	check_err $? "cannot be bound anew"
	has "$(vei_get "$DISK" features_acked)" "$F_FLUSH"
	check_err $? "FLUSH was not acknowledged by a new driver"
}

# The fault strikes once, and is set anew all the time, so that no request is done between: by the
# host, many times in a row, as a slow guest that asked for each would be too late.
lies_until_given_up()
{
	log_has "given up" && return
	host_storm 200 "{\"execute\":\"qom-set\",\"arguments\":{\"property\":\"x-draft-fault\",
		\"path\":\"/machine/peripheral/$DISK/virtio-backend\",\"value\":\"used-idx-jump\"}}"
	return 1
}

# A device that does nothing but lie is given up, so that nobody waits for ever; and comes
# back when it is told to.
test_hopeless()
{
	local deadline

	set_mode 1:1
	short_patience
	log_mark
	load_start "$DISK" -l -d 8
	load_flows 20
	check_err $? "no requests are done"
	fault_on used-idx-jump
	deadline=$((SECONDS + 60))
	# not wait_for, which looks less and less often
	until lies_until_given_up || [ "$SECONDS" -ge "$deadline" ]; do
		:
	done
	log_has "given up"
	check_err $? "not given up"
	dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null
	check_fail $? "something can be read"
	fault_off
	vei_set "$DISK" reset 1
	check_err $? "cannot be reset"
	recovers hopeless
	check_ge "$(load_count errors)" 1 "requests failed"
}

# Is anything under way?
disk_busy()
{
	[ "$(disk_get "$DISK" inflight | tr -d ' ')" != 00 ]
}

# There is no sleep while a request waits that the device does not do. One that nobody waits
# for, as a process that does would be in the way of sleep itself.
test_no_sleep()
{
	local open vm=/proc/sys/vm

	if ! can_sleep; then
		skip "this machine cannot sleep"
		return
	fi
	set_mode 1:1
	patient "$DISK"
	echo 0 >/sys/power/sync_on_suspend
	# the last to close it would wait as well
	exec {open}<>"$(disk_dev "$DISK")"
	fault_on lost-kick
	dd if=/dev/zero of="$(disk_dev "$DISK")" bs=4k count=1 conv=notrunc status=none
	echo 10 >"$vm"/dirty_expire_centisecs
	echo 10 >"$vm"/dirty_writeback_centisecs
	wait_for 10 disk_busy
	check_err $? "nothing is written"
	log_mark
	suspend 2>/dev/null
	check_fail $? "the machine sleeps"
	log_has "no sleep, as requests do not end"
	check_err $? "the log does not say why"
	disk_busy
	check_err $? "the fault did not strike"
	fault_off
	vei_set "$DISK" reset 1
	check_err $? "cannot be reset"
	wait_for 10 not disk_busy
	check_err $? "the request is not done"
	exec {open}>&-
	short_patience
	suspend
	check_err $? "the machine does not sleep afterwards"
	load_run "$DISK" 50
	check_err $? "lost or spoiled"
}

test_end()
{
	set_mode 1:1
	load_run "$DISK" 100 -d 8
	check_err $? "lost or spoiled"
	check_queues_idle "$DISK"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver does not recover")
fi
tests_run
