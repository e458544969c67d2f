#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fio's patterns, each verified by its checksums: random reads and writes, a sequence,
# discards and writes; 1, 32 and 128 requests under way; on every disk, in every mode. Not
# the full product: by disk and mode the depths move on over the patterns, and of four modes
# a disk has two, neighbours different ones.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

DEPTHS=(1 32 128)
SIZE=${VEI_VERIFY_SIZE:-2m}

ALL_TESTS=()
turn=0
read -r -a MODES <<<"$(modes)"
for i in "${!MODES[@]}"; do
	ALL_TESTS+=("test_load ${MODES[i]}")
	skipped=$((${#MODES[@]} > 2 ? i >> 1 & 1 : 2))
	for disk in $VEI_DISKS; do
		disk_keeps "$disk" || continue
		skipped=$((skipped > 1 ? 2 : !skipped))
		[ $skipped != 1 ] || continue
		ALL_TESTS+=("test_fio ${MODES[i]} $disk $turn")
		turn=$((turn + 1))
	done
done

# job NAME TURN LINE...: one after the other, each with a piece of the disk to itself
job()
{
	local name=$1 depth=${DEPTHS[$2 % 3]}

	shift 2
	printf '[%s-%s]\nstonewall\niodepth=%s\n' "$name" "$depth" "$depth"
	printf '%s\n' "$@"
}

jobs()
{
	local disk=$1 turn=$2 block

	block=$(disk_get "$disk" queue/logical_block_size)
	cat <<-EOT
		[global]
		filename=$(disk_dev "$disk")
		ioengine=libaio
		direct=1
		thread=1
		verify=crc32c
		verify_fatal=1
		randseed=$((turn + 1))
		size=$SIZE
	EOT
	job random "$turn" rw=randrw "bsrange=4k-32k" verify_backlog=64
	job sequence $((turn + 1)) rw=write "bs=$block" offset=8m "size=$((block * 512))"
	job large $((turn + 2)) rw=write bs=1m offset=16m size=4m
	if [ "$(disk_get "$disk" queue/discard_max_bytes)" != 0 ]; then
		job trim "$turn" rw=randtrimwrite bs=16k offset=24m
	fi
}

test_fio()
{
	local out

	jobs "$2" "$3" >/run/jobs
	out=$(cd /run && timeout 200 fio --eta=never --output-format=terse --terse-version=3 \
		/run/jobs 2>&1)
	check_err $? "fio: $(grep -v '^3;' <<<"$out" | head -n 4 | tr '\n' ' ')"
	# the fifth field of a job's line is its error
	check_eq "$(grep -c '^3;' <<<"$out")" "$(grep -c stonewall /run/jobs)" "jobs done"
	check_eq "$(grep '^3;' <<<"$out" | cut -d';' -f5 | sort -u)" 0 "errors"
	check_queues_idle "$2"
}

tests_run
