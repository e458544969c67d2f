# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the kselftests of virtio_ei_blk. Sourced, after ALL_TESTS is set.
#
# The guest has disks. The host says in the environment which (VEI_DISKS), where they sit
# (VEI_BDF_a), what is behind them (VEI_BACKEND_a: raw, qcow2, null, vhost), their size in
# MiB (VEI_SIZE_a), what of it fails (VEI_BAD_a), their queues (VEI_QUEUES_a) and what QEMU was told (VEI_DEVICE_a). A
# disk's name is also QEMU's id of the device and of its uppermost block node.
# VEI_DRIVER=virtio_blk runs what does not look at our driver's insides on the stock one.

LIB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DISK_TOOL=$LIB_DIR/disk
DRIVER=${VEI_DRIVER:-virtio_ei_blk}
TYPE_PARAMS=VEI_BLK_PARAMS
DISK=${VEI_DISKS%% *}
MNT=/mnt

# Feature bits of virtio-blk.
F_SIZE_MAX=1
F_SEG_MAX=2
F_RO=5
F_BLK_SIZE=6
F_FLUSH=9
F_TOPOLOGY=10
F_CONFIG_WCE=11
F_MQ=12
F_DISCARD=13
F_WRITE_ZEROES=14

# shellcheck source=lib_common.sh
. "$LIB_DIR/lib_common.sh"
# shellcheck source=lib_load.sh
. "$LIB_DIR/lib_load.sh"

##############################################################################
# Where things are

# The PCI address of disk $1.
disk_bdf()
{
	local var=VEI_BDF_$1

	echo "${!var-}"
}

# disk_var NAME [DISK]: variable VEI_<NAME>_<disk>
disk_var()
{
	local var=VEI_$1_${2:-$DISK}

	echo "${!var-}"
}

# Can disk $1 be written, and has it what was written?
disk_keeps()
{
	[ "$(disk_var READONLY "$1")" = 0 ] && [ "$(disk_var BACKEND "$1")" != null ]
}

# The name that the kernel has for disk $1, if there is one.
disk_name()
{
	device_name "$1" block
}

disk_appears()
{
	local name

	name=$(disk_name "$1") && [ -b "/dev/$name" ]
}

disk_dev()
{
	echo "/dev/$(disk_name "$1")"
}

# disk_get DISK FILE, e.g. disk_get a queue/write_cache
disk_get()
{
	{ echo "$(<"/sys/block/$(disk_name "$1")/$2")"; } 2>/dev/null
}

disk_set()
{
	echo "$3" >"/sys/block/$(disk_name "$1")/$2"
}

# disk_is DISK FILE VALUE
disk_is()
{
	[ "$(disk_get "$1" "$2")" = "$3" ]
}

# Does disk $1 offer feature bit $2? The stock driver's file has bit 0 first.
disk_offers()
{
	local bits

	if is_stock; then
		bits=$(cat "/sys/bus/pci/devices/$(disk_bdf "$1")"/virtio*/features)
		[ "${bits:$2:1}" = 1 ]
	else
		has "$(vei_get "$1" features_acked)" "$2"
	fi
}

##############################################################################
# The driver and its disks

drv_load()
{
	local disk

	drv_insert "$@" || return 1
	for disk in $VEI_DISKS; do
		if ! wait_for 60 disk_appears "$disk"; then
			note "disk $disk does not appear"
			return 1
		fi
	done
	# no reading ahead of a test's own requests; the counters are to be theirs
	for disk in $VEI_DISKS; do
		disk_set "$disk" queue/read_ahead_kb 0
	done
}

# mask_without BIT...: the core's parameter that takes them away
mask_without()
{
	local bit mask=-1

	for bit; do
		((mask &= ~(1 << bit)))
	done
	printf 'feature_mask=0x%x\n' "$mask"
}

disk_unbind()
{
	drv_unbind "$(disk_bdf "$1")"
}

disk_bind()
{
	disk_bdf "$1" >"$(pci_driver)/bind"
}

# For every test's exit: nothing is left running, mounted or loaded.
cleanup()
{
	load_kill
	spoil_end
	if grep -q " $MNT " /proc/mounts; then
		umount "$MNT" || umount -l "$MNT"
	fi
	drv_unload
}

# queues DISK: the numbers of its request queues
queues()
{
	local count

	count=$(disk_var QUEUES "$1")
	seq 0 $((${count:-1} - 1))
}

modes()
{
	modes_of "$DISK"
}

# drv_mode MODE: loaded anew in one of those
drv_mode()
{
	drv_unload
	if [ "$1" = stock ]; then
		drv_load
	else
		drv_load "${1//,/ }"
	fi
}

# Of the suites whose tests begin with a mode: in that one.
test_load()
{
	drv_mode "$1"
	check_err $? "the disks do not appear"
}

# No queue of disk $1 is broken, and none has anything under way; and where nobody makes it
# so (TIMEOUTS=1) no request has waited for too long, which would make good what is wrong.
check_queues_idle()
{
	local queue

	is_stock && return
	if ! disk_name "$1" >/dev/null; then
		fail "$1 is not there"
		return
	fi
	for queue in $(queues "$1"); do
		wait_for 60 queue_idle "$1" "$queue"
		check_err $? "$1 queue $queue: used ${QUEUE_NOW[used_idx]-} of ${QUEUE_NOW[avail_idx]-}"
		check_eq "${QUEUE_NOW[broken]-}" no "$1 queue $queue: broken"
	done
	[ -n "${TIMEOUTS-}" ] || check_eq "$(disk_get "$1" virtio_ei_timeouts)" 0 "$1: timeouts"
}

queue_idle()
{
	queue_read "$1" "$2" && [ "${QUEUE_NOW[used_idx]}" = "${QUEUE_NOW[avail_idx]}" ] &&
		[ "${QUEUE_NOW[last_used]}" = "${QUEUE_NOW[used_idx]}" ]
}

# A table of partitions by hand, of type 83: partition_table DISK [START SECTORS]...
# in units of 512 bytes; the table's own are the disk's blocks
partition_table()
{
	local disk=$1 bytes="" i entry unit

	unit=$(($(disk_get "$disk" queue/logical_block_size) / 512))
	shift
	while [ $# -gt 0 ]; do
		entry="00 00 00 00 83 00 00 00"
		for ((i = 0; i < 32; i += 8)); do
			entry+=" $(printf %02x $(($1 / unit >> i & 255)))"
		done
		for ((i = 0; i < 32; i += 8)); do
			entry+=" $(printf %02x $(($2 / unit >> i & 255)))"
		done
		bytes+=" $entry"
		shift 2
	done
	{
		head -c 446 /dev/zero
		# shellcheck disable=SC2059,SC2086 # the bytes are the format
		printf "$(printf '\\x%s' $bytes)"
		head -c $((64 - ${#bytes} / 3)) /dev/zero
		printf '\x55\xaa'
	} | dd of="$(disk_dev "$disk")" bs=512 iflag=fullblock conv=fsync status=none
	blockdev --rereadpt "$(disk_dev "$disk")"
}

##############################################################################
# The machine

# block_resize DISK MIB
device_resize()
{
	qmp "{\"execute\":\"block_resize\",
	      \"arguments\":{\"node-name\":\"$1\",\"size\":$(($2 << 20))}}" >/dev/null
}

skip_elsewhere "$DISK" "no disk is named in VEI_DISKS"
