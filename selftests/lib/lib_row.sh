# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Rows of the table of faults, in Documentation/recovery.md.

# how_mended KICKS INTERRUPTS: that the watch has found lost
how_mended()
{
	local how=""

	[ "$1" = 0 ] || how="watch: $1 kicks"
	[ "$2" = 0 ] || how+="${how:+, }watch: $2 interrupts"
	echo "${how:-nothing to mend}"
}

# row FAULT VALUE QUEUE MODE HOW SECONDS: with the driver's first word on it since log_mark
row()
{
	local said value=$2

	said=$(log_since | sed -nE "s/.*\] $DRIVER [0-9a-f:.]+( [^:]+)?: (virtio_ei-[^ ]*: )?//p" |
		head -n 1)
	# to which it means nothing
	[ "$value" != 0 ] || [ "$3" = - ] || [ "$1" = used-len ] || value=""
	note "row: $1${value:+ $value} | $3 | $4 | ${said:--} | $5 | $6"
}
