#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk is what the device says it is, and what people do with disks works: size, serial,
# block size, topology, read-only, partitions, lsblk, blockdev, hdparm, discard, zeroes.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_load)
for disk in $VEI_DISKS; do
	ALL_TESTS+=("test_identity $disk" "test_limits $disk" "test_answers $disk")
done
ALL_TESTS+=(test_names "test_partitions $DISK" "test_tools $DISK" "test_discard $DISK" "test_zeroout $DISK"
	    test_unload)

KIB=1024

test_load()
{
	drv_load
	check_err $? "the disks do not appear"
}

# Not stock's names, and the same again when it is loaded anew.
test_names()
{
	local disk before="" after=""

	if is_stock; then
		skip "the stock driver's names are its own"
		return
	fi
	for disk in $VEI_DISKS; do
		before+=" $(disk_name "$disk")"
	done
	[[ $before != *" vd"* ]]
	check_err $? "a name of the stock driver's:$before"
	drv_reload
	check_err $? "cannot be loaded anew"
	for disk in $VEI_DISKS; do
		after+=" $(disk_name "$disk")"
	done
	check_eq "$after" "$before" "names when loaded anew"
}

test_identity()
{
	local serial ro=0

	check_eq "$(disk_get "$1" size)" $(($(disk_var SIZE "$1") << 11)) "sectors"
	serial=$(device_prop "$1" serial)
	[ -z "$serial" ] || check_eq "$(disk_get "$1" serial)" "$serial" "serial"
	[ "$(disk_var READONLY "$1")" != 1 ] || ro=1
	check_eq "$(disk_get "$1" ro)" "$ro" "ro"
	check_eq "$(blockdev --getro "$(disk_dev "$1")")" "$ro" "blockdev --getro"
	check_eq "$(disk_get "$1" queue/rotational)" 1 "rotational"
	check_eq "$(disk_get "$1" removable)" 0 "removable"
}

test_limits()
{
	local logical physical what cache="write back"

	logical=$(device_prop "$1" logical_block_size 512)
	physical=$(device_prop "$1" physical_block_size "$logical")
	check_eq "$(disk_get "$1" queue/logical_block_size)" "$logical" "logical block"
	check_eq "$(disk_get "$1" queue/physical_block_size)" "$physical" "physical block"
	check_eq "$(blockdev --getss "$(disk_dev "$1")")" "$logical" "blockdev --getss"
	# the storage daemon has a topology and a cache of its own
	if [ "$(disk_var BACKEND "$1")" != vhost ]; then
		check_eq "$(disk_get "$1" queue/minimum_io_size)" \
			"$(device_prop "$1" min_io_size "$physical")" "minimum i/o"
		check_eq "$(disk_get "$1" queue/optimal_io_size)" \
			"$(device_prop "$1" opt_io_size 0)" "optimal i/o"
		[ "$(device_prop "$1" write-cache on)" = on ] || cache="write through"
		check_eq "$(disk_get "$1" queue/write_cache)" "$cache" "write cache"
	fi
	# the least that a ring of 64 takes
	check_ge "$(disk_get "$1" queue/max_segments)" 62 "segments"
	# in blocks, and no more than the length of a bio can say
	for what in write_zeroes discard; do
		check_eq $(($(disk_get "$1" "queue/${what}_max_bytes") % logical)) 0 "$what at once, rest"
		check_ge "$(disk_get "$1" "queue/${what}_max_bytes")" 1048576 "$what at once"
		check_le "$(disk_get "$1" "queue/${what}_max_bytes")" 4294967295 "$what at once"
	done
	check_eq "$(find "/sys/block/$(disk_name "$1")/mq" -mindepth 1 -maxdepth 1 -name '[0-9]*' |
		wc -l)" "$(disk_var QUEUES "$1")" "queues"
}

test_answers()
{
	if [ "$(disk_var READONLY "$1")" = 1 ]; then
		dd if="$(disk_dev "$1")" of=/dev/null bs=64k count=16 iflag=direct status=none
		check_err $? "cannot be read"
		dd if=/dev/zero of="$(disk_dev "$1")" bs=4k count=1 oflag=direct status=none 2>/dev/null
		check_fail $? "a read-only disk was written"
	elif [ "$(disk_var BACKEND "$1")" = errors ]; then
		dd if="$(disk_dev "$1")" of=/dev/null bs=64k count=1 iflag=direct status=none
		check_err $? "cannot be read where nothing is bad"
	elif [ "$(disk_var BACKEND "$1")" = null ]; then
		requests "$1" 200
		check_err $? "requests fail"
	else
		load_run "$1" 100
		check_err $? "what was written is not what is read"
	fi
	check_queues_idle "$1"
}

test_partitions()
{
	local name

	name=$(disk_name "$1")
	partition_table "$1" 2048 4096 8192 16384
	check_err $? "no table of partitions"
	check_eq "$(disk_get "$1" "${name}1/size")" 4096 "sectors of the first"
	check_eq "$(disk_get "$1" "${name}2/start")" 8192 "start of the second"
	check_eq "$(lsblk -nro NAME "/dev/$name" | sort | tr '\n' ' ')" "$name ${name}1 ${name}2 " \
		"lsblk"
	head -c 65536 /dev/urandom >/run/data
	dd if=/run/data of="/dev/${name}2" bs=64k oflag=direct status=none
	dd if="/dev/$name" bs=4k skip=1024 count=16 iflag=direct status=none | cmp - /run/data
	check_err $? "a partition is not where the disk has it"
	partition_table "$1"
	[ ! -e "/sys/block/$name/${name}1" ]
	check_err $? "the partitions do not go"
}

test_tools()
{
	local dev out track

	dev=$(disk_dev "$1")
	check_eq "$(blockdev --getsize64 "$dev")" $(($(disk_var SIZE "$1") << 20)) "blockdev"
	check_eq "$(lsblk -bdno SIZE "$dev" | tr -d ' ')" $(($(disk_var SIZE "$1") << 20)) "lsblk"
	out=$(hdparm -g "$dev" 2>&1)
	# cylinders, heads and sectors of a track make up the disk
	[[ $out =~ geometry\ +=\ ([0-9]+)/([0-9]+)/([0-9]+),\ sectors\ =\ ([0-9]+) ]]
	check_err $? "hdparm -g: ${out//$'\n'/ }"
	check_eq "${BASH_REMATCH[4]}" $(($(disk_var SIZE "$1") << 11)) "sectors"
	track=$((BASH_REMATCH[2] * BASH_REMATCH[3]))
	# but for the last cylinder
	check_le $((BASH_REMATCH[1] * track)) "${BASH_REMATCH[4]}" "sectors of all cylinders"
	check_ge $((BASH_REMATCH[1] * track)) $((BASH_REMATCH[4] - track + 1)) "sectors of all cylinders"
	hdparm -t --direct "$dev" >/dev/null 2>&1
	check_err $? "hdparm -t"
	blockdev --flushbufs "$dev"
	check_err $? "blockdev --flushbufs"
}

# nonzero DEVICE START KIB: 1 if anything is not zero there, which is in KiB as well
nonzero()
{
	dd if="$1" bs=4k skip=$(($2 / 4)) count=$(($3 / 4)) iflag=direct status=none | tr -d '\0' | head -c 1 | wc -c
}

fill_ones()
{
	tr '\0' '\377' </dev/zero | dd of="$1" bs=64k count=32 iflag=fullblock oflag=direct status=none
}

# cleared NAME DEVICE: 256 KiB at 512 KiB are zero, and what lies beside them is not
cleared()
{
	check_eq "$(nonzero "$2" 512 256)" 0 "$1: bytes left"
	check_eq "$(nonzero "$2" 508 4)" 1 "$1: bytes before"
	check_eq "$(nonzero "$2" 768 4)" 1 "$1: bytes behind"
}

test_discard()
{
	local dev

	dev=$(disk_dev "$1")
	if [ "$(disk_get "$1" queue/discard_max_bytes)" = 0 ]; then
		skip "no discard is offered"
		return
	fi
	check_ge "$(disk_get "$1" queue/discard_granularity)" 512 "granularity"
	fill_ones "$dev"
	blkdiscard -o $((512 * KIB)) -l $((256 * KIB)) "$dev"
	check_err $? "blkdiscard"
	cleared discard "$dev"		# QEMU's files have holes then
	blkdiscard "$dev"
	check_err $? "blkdiscard of all"
	check_eq "$(nonzero "$dev" 0 2048)" 0 "bytes left on the disk"
}

test_zeroout()
{
	local dev

	dev=$(disk_dev "$1")
	if [ "$(disk_get "$1" queue/write_zeroes_max_bytes)" = 0 ]; then
		note "zeroes are written, not asked for"
	fi
	fill_ones "$dev"
	blkdiscard -z -o $((512 * KIB)) -l $((256 * KIB)) "$dev"
	check_err $? "blkdiscard -z"
	cleared zeroout "$dev"
}

test_unload()
{
	drv_unload
	check_err $? "cannot be unloaded"
	disk_name "$DISK" >/dev/null
	check_fail $? "a disk is left over"
}

tests_run
