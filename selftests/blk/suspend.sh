#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sleep and back (S3, woken by the host) with requests under way: the device comes back
# reset, is negotiated and set up anew as it was, and every request is done once. And the
# sleep from which there is no return, that of the kernel.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_suspend test_as_before test_exact test_affinity test_polled test_shutdown)

test_suspend()
{
	drv_load
	check_err $? "the disks do not appear"
	if ! is_stock; then
		vei_set "$DISK" indirect 0
		check_err $? "cannot set a toggle"
		indirect=0
	fi
	load_start "$DISK" -d 8
	load_flows
	check_err $? "no requests are done"
	suspend
	check_err $? "the machine does not sleep"
	load_flows
	check_err $? "the requests have stopped"
	load_stop
	check_err $? "lost or spoiled"
	check_eq "$(load_count errors)" 0 "requests failed"
	check_ge "$(dmesg | grep -c "PM: suspend exit")" 1 "times that the machine slept"
}

test_as_before()
{
	is_stock || check_negotiated "$DISK" 0 0
	check_eq "$(disk_get "$DISK" size)" $(($(disk_var SIZE) << 11)) "sectors"
}

test_exact()
{
	suspend
	check_err $? "the machine does not sleep"
	load_run "$DISK" 100 -d 8
	check_err $? "lost or spoiled"
	check_queues_idle "$DISK"
}

# Interrupts leave a processor that goes, and come back to it, but for those that the user
# has moved.
test_affinity()
{
	local first second

	if is_stock || [ "$(disk_var QUEUES)" -lt 2 ]; then
		skip "only for virtio_ei_blk"
		return
	fi
	first=$(irq_of "$(disk_bdf "$DISK")-req.0") second=$(irq_of "$(disk_bdf "$DISK")-req.1")
	check_irqs_on "0 1" "processors of the queues"
	check_sleeps "0 1" "processors after sleep"
	# a vector moves with its next interrupt
	check_sleeps "0 1" "processors after two sleeps"
	taskset -c 1 dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k count=16 iflag=direct status=none
	echo 0 >"/proc/irq/$second/smp_affinity_list"
	check_sleeps "0 0" "processors, one moved"
}

# check_irqs_on PROCESSORS WHAT: where $first and $second are
check_irqs_on()
{
	check_eq "$(irq_cpus "$first") $(irq_cpus "$second")" "$1" "$2"
}

check_sleeps()
{
	suspend
	check_err $? "the machine does not sleep"
	check_irqs_on "$@"
}

irq_of()
{
	awk -v name="$1" 'index($NF, name) { print +$1 }' /proc/interrupts
}

irq_cpus()
{
	cat "/proc/irq/$1/smp_affinity_list"
}

# Who polls for a request goes to sleep before the disk does.
test_polled()
{
	local fio

	if is_stock || [ "$(disk_var QUEUES)" -lt 2 ]; then
		skip "only for virtio_ei_blk"
		return
	fi
	drv_reload "" poll_queues=1
	check_err $? "the disks do not appear"
	fio --name=polled --filename="$(disk_dev "$DISK")" --direct=1 --rw=randread --bs=64k \
		--size=16m --ioengine=io_uring --hipri --iodepth=32 --time_based --runtime=600 \
		>/run/fio.log 2>&1 &
	fio=$!
	wait_for 60 polled_beyond 100
	check_err $? "nothing is polled"
	suspend
	check_err $? "the machine does not sleep"
	wait_for 60 polled_beyond $(($(vei_queue "$DISK" 1 used) + 100))
	check_err $? "nothing is polled any more"
	# which it takes for an error of its own
	kill -INT "$fio"
	wait "$fio"
	grep -q 'err= 0' /run/fio.log
	check_err $? "fio: $(grep -m 2 -i error /run/fio.log | tr '\n' ' ')"
	check_queues_idle "$DISK"
}

polled_beyond()
{
	[ "$(vei_queue "$DISK" 1 used)" -gt "$1" ]
}

# The next kernel finds a device that is reset. Requests that still come fail, and no
# acknowledged one is lost.
test_shutdown()
{
	if is_stock; then
		skip "only for virtio_ei_blk"
		return
	fi
	drv_reload
	check_err $? "the disks do not appear"
	load_start "$DISK" -l -d 8
	load_flows
	check_err $? "no requests are done"
	device_runs "$DISK"
	check_err $? "the device does not run at first"
	insmod "$MODULES/vei_shutdown.ko" bdf="$(disk_bdf "$DISK")" && rmmod vei_shutdown
	check_err $? "cannot shut it down"
	device_runs "$DISK"
	check_fail $? "the device runs"
	timeout 10 dd if="$(disk_dev "$DISK")" of=/dev/null bs=4k count=1 iflag=direct status=none \
		2>/dev/null
	check_eq $? 1 "dd's exit code"
	vei_set "$DISK" reset 1 2>/dev/null
	check_fail $? "it was set up again"
	disk_unbind "$DISK" && disk_bind "$DISK"
	check_err $? "the disk does not come back"
	load_flows
	check_err $? "no requests are done any more"
	load_stop
	check_err $? "lost or spoiled"
	check_ge "$(load_count errors)" 1 "requests failed"
}

if ! can_sleep; then
	ALL_TESTS=("skip this machine cannot sleep")
fi
tests_run
