#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory that runs out, at each place at which the driver asks for some, in turn: what is
# refused leaves nothing behind, and works at the next try. A disk that was up is up again by
# itself, and no request fails.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_memory.sh
. "$LIB_DIR/lib_memory.sh"
# shellcheck source=lib_again.sh
. "$LIB_DIR/lib_again.sh"

MORE=512	# entries of a queue; it has fewer
# After that a disk that could not be set up again fails what waits for it.
GIVE_UP_SECONDS=5

ALL_TESTS=(test_start test_probe test_reset test_again test_unbind test_attributes test_module)
# in a guest of its own
[ "${VEI_MEMORY-}" != sleep ] || ALL_TESTS=(test_start test_resume test_larger)
CLEANUP=blk_memory_cleanup

blk_memory_cleanup()
{
	meddle_end
	memory_cleanup
}

test_start()
{
	memory_here || return 0
	drv_load
	check_err $? "the disk does not appear"
	load_run "$DISK" 20
	check_err $? "lost or spoiled"
	disk_unbind "$DISK"
	check_err $? "cannot be unbound"
	held_from
}

with()
{
	memory_here || return 1
	disk_bind "$DISK" && wait_for 60 disk_appears "$DISK"
	check_err $? "the disk does not appear"
}

# It works, and nothing of it is held afterwards.
without()
{
	load_run "$DISK" 50 -d 8
	check_err $? "lost or spoiled"
	check_queues_idle "$DISK"
	disk_unbind "$DISK"
	check_err $? "cannot be unbound"
	check_held
}

again()
{
	[ "$1" != 0 ] || return 0
	shift
	"$@"
	check_err $? "not at the next try either"
}

reads()
{
	dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k count=1 iflag=direct status=none
}

step_bind()
{
	disk_bind "$DISK"
}

after_bind()
{
	[ "$1" = 0 ] || check_no_trace "$DISK"
	again "$1" disk_bind "$DISK"
	wait_for 60 disk_appears "$DISK"
	check_err $? "the disk does not appear"
	reads
	check_err $? "cannot be read"
	disk_unbind "$DISK"
	check_err $? "cannot be unbound"
}

test_probe()
{
	memory_here || return 0
	walk 40 step_bind after_bind
	with
	without
}

# Under load: to free memory may take a request to this very disk.
test_reset()
{
	with || return 0
	load_start "$DISK" -d 4
	load_flows 20
	asks_nothing vei_set "$DISK" reset 1
	asks_nothing vei_set "$DISK" avail_event 0
	asks_nothing vei_set "$DISK" avail_event 1
	load_flows 20
	check_err $? "the requests do not go on"
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
	without
}

# What is sent to a disk that was given up fails at once; one that is held takes five seconds.
check_let_go()
{
	local since

	since=$(now)
	reads 2>/dev/null
	check_fail $? "it can be read"
	check_le $(($(now) - since)) 400 "hundredths of a second that it holds a request"
}

# If there were none it would be tried again after a second, two, four, and so on. That it cannot
# be is said once; and once more when it was done in between. Once it is given up, no try holds
# who asks for something.
test_again()
{
	local since times

	with || return 0
	for times in 3 0; do
		log_mark
		meddle func=vei_dev_find_queues skip=1 ret=-12
		check_err $? "cannot take the memory away"
		since=$(now)
		vei_set "$DISK" reset 1 2>/dev/null
		check_fail $? "it restarts without memory"
		wait_for 60 meddle_struck "$times"
		check_err $? "it is not tried again and again"
		# 1 + 2 + 4 s, less a tick of the clock for each
		[ "$times" = 0 ] ||
			check_ge $(($(now) - since)) 690 "hundredths of a second until the fourth time"
		reads 2>/dev/null
		check_fail $? "it can be read"
		check_not_put_off 1 vei_set "$DISK" reset 1
		check_let_go
		check_eq "$(times_said "cannot be set up again: -12")" 1 "times that it was said"
		meddle_end
		wait_for 40 reads 2>/dev/null
		check_err $? "it does not come back"
	done
	without
}

# Another try is to come, and later the end of the wait for one, when the disk is unbound: neither
# does, to what was freed and poisoned meanwhile.
test_unbind()
{
	with || return 0
	meddle func=vei_dev_find_queues skip=1 ret=-12
	check_err $? "cannot take the memory away"
	vei_set "$DISK" reset 1 2>/dev/null
	check_fail $? "it restarts without memory"
	disk_unbind "$DISK"
	check_err $? "cannot be unbound"
	meddle_end
	check_held
	sleep $((GIVE_UP_SECONDS + 1))
	with
	without
}

# Nor is anything asked for on the way to sleep and back.
test_resume()
{
	if ! can_sleep; then
		skip "this machine cannot sleep"
		return
	fi
	with || return 0
	asks_nothing suspend
	reads
	check_err $? "cannot be read"
	without
}

# The device that wakes up has larger rings, as it says. By these nothing is done, and once it
# says otherwise it is up by itself if it could not be set up for want of memory.
step_larger()
{
	device_fault "$DISK" queue-size any "$MORE" && suspend
}

after_larger()
{
	check_err "$1" "the machine does not sleep"
	device_faultless "$DISK"
	# debugfs cannot be asked for their sizes: what was refused may have been its files
	if device_runs "$DISK"; then
		vei_set "$DISK" reset 1
		check_err $? "cannot be reset"
	fi
	wait_for 20 reads
	check_err $? "cannot be read"
}

test_larger()
{
	if ! can_sleep || ! device_set "$DISK" x-draft-fault '"none"' 2>/dev/null; then
		skip "this machine cannot sleep, or QEMU has not the fault"
		return
	fi
	with || return 0
	walk 6 step_larger after_larger
	without
}

step_serial()
{
	cat "/sys/block/$(disk_name "$DISK")/serial"
}

after_serial()
{
	again "$1" step_serial
}

test_attributes()
{
	with || return 0
	walk 3 step_serial after_serial
	asks_nothing disk_set "$DISK" cache_type "write through"
	asks_nothing disk_set "$DISK" cache_type "write back"
	without
}

step_insert()
{
	insmod "$MODULES/$DRIVER.ko"
}

after_insert()
{
	again "$1" step_insert
	rmmod "$DRIVER"
	check_err $? "the module does not unload"
}

# The module alone: nobody gives it the disk.
test_module()
{
	local override

	memory_here || return 0
	override=/sys/bus/pci/devices/$(disk_bdf "$DISK")/driver_override
	rmmod "$DRIVER"
	echo nobody >"$override"
	walk 10 step_insert after_insert
	echo >"$override"
	insmod "$MODULES/$DRIVER.ko" && wait_for 60 disk_appears "$DISK"
	check_err $? "the disk does not appear"
	reads
	check_err $? "cannot be read"
}

if is_stock; then
	ALL_TESTS=("skip only for virtio_ei_blk")
fi
tests_run
