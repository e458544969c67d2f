# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the kselftests of virtio_ei_rng. Sourced, after ALL_TESTS is set.
#
# The guest has one virtio-rng device. The host says in the environment where it sits
# (VEI_BDF_r) and what QEMU was told of it (VEI_DEVICE_r); its id in QEMU is "r".

LIB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DRIVER=virtio_ei_rng
TYPE_PARAMS=VEI_RNG_PARAMS
RNG=r
CLASS=/sys/class/misc/hw_random
READER=""

# shellcheck source=lib_common.sh
. "$LIB_DIR/lib_common.sh"

# The kernel's name for the device: ours has its address, the stock driver's a number.
rng_name()
{
	local name

	for name in $(<"$CLASS/rng_available"); do
		case $name in
		"${VEI_BDF_r-}" | virtio_rng.*)
			echo "$name"
			return 0
			;;
		esac
	done
	return 1
}

# It is there, and what /dev/hwrng reads from.
rng_selected()
{
	local name

	name=$(rng_name) && echo "$name" >"$CLASS/rng_current" 2>/dev/null &&
		[ "$(<"$CLASS/rng_current")" = "$name" ]
}

drv_load()
{
	modprobe rng_core && drv_insert "$@" && wait_for 60 rng_selected
}

rng_unbind()
{
	drv_unbind "$VEI_BDF_r"
}

rng_bind()
{
	echo "$VEI_BDF_r" >"$(pci_driver)/bind"
}

# rng_read BYTES FILE: from the device; fails if they do not come in time
rng_read()
{
	timeout 20 dd if=/dev/hwrng of="$2" bs=64 count="$1" iflag=count_bytes,fullblock status=none \
		2>/dev/null && [ "$(stat -c %s "$2")" = "$1" ]
}

# Reads again and again, whatever errors there are on the way; /run/reads has a byte a read.
reader_start()
{
	: >/run/reads
	[ -e /run/pause ] || mkfifo /run/pause
	(exec {pause}<>/run/pause
	while :; do
		# without a process
		read -r -t 0.05 -u "$pause"
		dd if=/dev/hwrng of=/run/bytes bs=64 count=1 status=none 2>/dev/null &&
			[ -s /run/bytes ] && printf . >>/run/reads
	done) &
	READER=$!
}

reads_beyond()
{
	[ "$(stat -c %s /run/reads)" -gt "$1" ]
}

# reader_flows: ten reads more than there were
reader_flows()
{
	wait_for 20 reads_beyond $(($(stat -c %s /run/reads) + 10))
}

reader_stop()
{
	if [ -n "$READER" ]; then
		kill "$READER"
		wait "$READER" 2>/dev/null
		READER=""
	fi
	return 0
}

cleanup()
{
	reader_stop
	drv_unload
}

skip_elsewhere "${VEI_BDF_r:+$RNG}" "no device is named in VEI_BDF_r"
