#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The extended registers are no matter of networking: on a virtio-blk and a
# virtio-rng device in the draft's dialect, without any driver, by hand. They are
# there only while bit 31 stands in the guest features, behind the MSI-X vectors
# while MSI-X is enabled, and the configuration (virtio-blk's capacity) lies
# behind them; a reset takes them away.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Virtio types, as the subsystem's id has them.
BLK=2 RNG=4
# A capacity that cannot be taken for anything else, in sectors: see the plan.
SECTORS=${VEI_BLK_SECTORS:-}
ALL_TESTS=("test_device $BLK" test_capacity "test_device $RNG")

# find_device TYPE: leaves its directory in DEV
find_device()
{
	local dir

	DEV=""
	for dir in /sys/bus/pci/devices/*; do
		if [ "$(<"$dir/vendor")" = 0x1af4 ] &&
		   [ $(($(<"$dir/subsystem_device"))) = "$1" ] && [ ! -e "$dir/driver" ]; then
			DEV=$dir
			echo 1 >"$dir/enable"
			return
		fi
	done
	return 1
}

reg()	# <offset> <width> [value]
{
	"$LIB_DIR/regs" "$DEV/resource0" "$@"
}

msix_control()
{
	local at

	at=$("$LIB_DIR/regs" "$DEV/config" 0x34 b)
	while ((at)); do
		if (($("$LIB_DIR/regs" "$DEV/config" "$((at))" b) == 0x11)); then
			echo $((at + 2))
			return
		fi
		at=$("$LIB_DIR/regs" "$DEV/config" "$((at + 1))" b)
	done
	return 1
}

# msix on|off
msix()
{
	local at value

	at=$(msix_control) || return 1
	value=$("$LIB_DIR/regs" "$DEV/config" "$at" w)
	if [ "$1" = on ]; then
		value=$((value | 0x8000))
	else
		value=$((value & 0x7fff))
	fi
	"$LIB_DIR/regs" "$DEV/config" "$at" w "$value"
}

reset_device()
{
	reg 18 b 0
	check_eq "$(reg 18 b)" 0x00 "status after a reset"
}

# The pair at $1, while it is open: what is offered there can be acknowledged, the
# rest cannot.
check_pair()
{
	local offered

	offered=$(reg "$1" l)
	check_eq $((offered & 1)) 1 "bit 32 is offered at $1"
	reg $(($1 + 4)) l 0xffffffff
	check_eq "$(reg $(($1 + 4)) l)" "$offered" "acknowledged at $(($1 + 4))"
	reg $(($1 + 4)) l 1
	check_eq "$(reg $(($1 + 4)) l)" 0x00000001 "bit 32 alone"
}

test_device()
{
	local state base

	find_device "$1"
	check_err $? "no device of type $1"
	[ -n "$DEV" ] || return
	reset_device
	check_eq $(($(reg 0 l) >> 31)) 1 "bit 31 is offered"
	for state in off on; do
		msix "$state"
		check_err $? "no MSI-X capability"
		base=$([ "$state" = on ] && echo 24 || echo 20)
		reg 4 l 0x80000000
		check_pair "$base"
		# closed, and open again: nothing is left of what was acknowledged
		reg 4 l 0
		reg 4 l 0x80000000
		check_eq "$(reg $((base + 4)) l)" 0x00000000 "MSI-X $state: after it was closed"
		reset_device
		check_eq "$(reg 4 l)" 0x00000000 "guest features after a reset"
	done
	msix off
}

capacity_at()
{
	check_eq $(($(reg "$1" l))) "$SECTORS" "$2: capacity at $1"
}

test_capacity()
{
	find_device "$BLK"
	check_err $? "no virtio-blk"
	[ -n "$DEV" ] || return
	reset_device
	capacity_at 20 "plain"
	reg 4 l 0x80000000
	capacity_at 28 "bit 31"
	msix on
	capacity_at 32 "bit 31 and MSI-X"
	reg 4 l 0
	capacity_at 24 "MSI-X"
	reg 4 l 0x80000000
	reset_device
	capacity_at 24 "after a reset"
	msix off
	capacity_at 20 "without MSI-X"
}

tests_run
