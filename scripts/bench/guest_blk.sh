#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The bench on disks, see guest_lib.sh. A unit is a request as the device gets it.

set -u
# shellcheck source=selftests/blk/lib.sh disable=SC1091
. /opt/kselftest/drivers/block/virtio_ei/lib.sh

# shellcheck source=scripts/bench/guest_lib.sh disable=SC1091
. "$(dirname "$0")/guest_lib.sh"

# A workload's size, which the environment may change.
: "${N_READ1:=1000}" "${N_READ32:=4000}" "${N_SEQ:=800}" "${N_SYNC:=400}"

# take DISK DRIVER: bound anew even if that has it
take()
{
	local driver=virtio_ei_blk dir

	[ "$2" = ours ] || driver=virtio-pci
	dir=/sys/bus/pci/devices/$(disk_bdf "$1")
	[ ! -e "$dir/driver" ] || disk_bdf "$1" >"$dir/driver/unbind" || return 1
	vei-bind "$(disk_bdf "$1")" $driver >/dev/null && wait_for 10 disk_appears "$1" || return 1
	OURS=
	[ "$2" != ours ] || OURS=1
	disk_set "$1" queue/read_ahead_kb 0
	# nothing but what is asked for: no scheduler, no requests joined
	disk_set "$1" queue/scheduler none && disk_set "$1" queue/nomerges 2
}

toggle()	# <disk> <used_event> <avail_event>
{
	vei_set "$1" used_event "$2" && vei_set "$1" avail_event "$3"
}

irq_patterns()	# <disk>
{
	local name

	if [ -n "$OURS" ]; then
		name=virtio_ei-$(disk_bdf "$1")
	else
		name=$(basename "/sys/bus/pci/devices/$(disk_bdf "$1")"/virtio*)
	fi
	IRQS=([irqs]=$name-req)
}

# Kicks, unless the plugin has them: of ours its own, of stock's driver a probe's.
count_own()	# <disk>
{
	[ -n "$PROBES" ] || return 0
	if [ -n "$OURS" ]; then
		COUNT[kicks]=$(vei_queue "$1" 0 kicks)
	else
		probed kicks vp_notify
	fi
}

width()	# <disk>
{
	local -a queues=("/sys/block/$(disk_name "$1")/mq/"*)

	echo ${#queues[@]}
}

count()	# <disk> <number> <argument...>
{
	timeout 300 "$DISK_TOOL" count -m "$MARK=${DEVICE_MARK:-1}" "${@:3}" "$(disk_dev "$1")" "$2" >$LOG 2>&1
}

run_read1() { count "$1" "$N_READ1" -d 1 -b 0 -s 4096; }
run_read32() { count "$1" "$N_READ32" -d 32 -b 0 -s 4096; }
run_seq() { count "$1" "$N_SEQ" -w -q -d 8 -b 0 -s 65536; }
run_sync() { count "$1" "$N_SYNC" -w -f -d 1 -b 0 -s 4096; }

# The program's requests are the device's: too small to be cut, and not joined. Its latency.
noted()
{
	sed -n 's/^requests=\([0-9]*\) .*\(p50=[0-9]* p99=[0-9]*\).*/units=\1 \2/p' $LOG
}
noted_read1() { noted; }
noted_read32() { noted; }
noted_seq() { noted; }
# each a write and a flush
noted_sync() { echo "units=$((2 * N_SYNC))"; }

first_mark() { echo 0; }

begin()
{
	local disk

	# Each driver takes what it is given, and nothing else.
	for disk in $VEI_DISKS; do
		echo none >"/sys/bus/pci/devices/$(disk_bdf "$disk")/driver_override"
	done
	modprobe virtio_pci && modprobe virtio_blk &&
		insmod /opt/virtio_ei.ko && insmod /opt/virtio_ei_blk.ko || return 1
	# shellcheck disable=SC2086 # words
	probe_set $PROGRAMS vp_notify || say "NOTE no probes"
}

bench_main "$@"
