#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the disk could not do comes back as an error to who asked for it, and nothing else
# does: on disks of which QEMU fails a sector's reads, a sector's writes, or flushes.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(test_load)
for disk in $VEI_DISKS; do
	for bad in $(disk_var BAD "$disk"); do
		ALL_TESTS+=("test_${bad%%:*} $disk ${bad#*:}")
		[ "${bad%%:*}" != read ] || ALL_TESTS+=("test_among_others $disk")
	done
	if [ -n "$(disk_var BAD "$disk")" ]; then
		ALL_TESTS+=("test_end $disk")
	fi
done
RANDOM_FILE=/run/random

test_load()
{
	drv_load
	check_err $? "the disks do not appear"
	head -c 4096 /dev/urandom >"$RANDOM_FILE"
}

# transfer DD_ARGUMENT...: 4 KiB, past any cache; says what dd says
transfer()
{
	dd bs=4k count=1 status=none "$@" 2>&1
}

# read_at DISK SECTOR / write_at DISK SECTOR
read_at()
{
	transfer if="$(disk_dev "$1")" of=/run/read iflag=direct skip=$(($2 / 8))
}

write_at()
{
	transfer if="$RANDOM_FILE" of="$(disk_dev "$1")" oflag=direct conv=notrunc seek=$(($2 / 8))
}

# fails COMMAND...: as an error of the disk's
fails()
{
	local said

	said=$("$@")
	check_fail $? "no error: $*"
	grep -q "Input/output error" <<<"$said"
	check_err $? "another error: $* says '$said'"
}

test_read()
{
	fails read_at "$1" "$2"
	read_at "$1" $(($2 - 8)) && read_at "$1" $(($2 + 8))
	check_err $? "what lies beside it cannot be read"
	fails read_at "$1" "$2"
	write_at "$1" "$2"
	check_err $? "cannot be written"
}

# Taken back together with others, which succeed.
test_among_others()
{
	disk_set "$1" queue/scheduler none
	check_err $? "cannot do without a scheduler"
	disk_set "$1" queue/nomerges 2
	requests "$1" 300 -q -s 4096 -d 32 -b 32
	check_fail $? "no error"
	grep -q "result -5" "$LOAD_LOG"
	check_err $? "another error: $(head -n 2 "$LOAD_LOG" | tr '\n' ' ')"
}

test_write()
{
	fails write_at "$1" "$2"
	write_at "$1" $(($2 - 8)) && write_at "$1" $(($2 + 8))
	check_err $? "what lies beside it cannot be written"
	read_at "$1" $(($2 + 8)) && cmp -s "$RANDOM_FILE" /run/read
	check_err $? "what lies beside it is spoiled"
}

# A flush covers what was written before, which itself was no error.
test_flush()
{
	write_at "$1" 0
	check_err $? "cannot be written"
	fails write_synced "$1"
}

write_synced()
{
	transfer if="$RANDOM_FILE" of="$(disk_dev "$1")" conv=notrunc,fsync
}

# An error is an answer: nobody has to be reset for it.
test_end()
{
	check_queues_idle "$1"
	if ! is_stock; then
		check_eq "$(disk_get "$1" virtio_ei_restarts)" 0 "restarts"
	fi
	read_at "$1" 0
	check_err $? "cannot be read"
}

tests_run
