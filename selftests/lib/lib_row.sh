# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Suites of faults, of a device whose name is in NIC or DISK: what the watch has found, the end, and
# rows of the table in Documentation/recovery.md.

# lost kicks|interrupts: how many the watch has found lost
lost()
{
	vei_get "${NIC-$DISK}" "$1_lost"
}

test_end()
{
	drv_unload
	check_err $? "modules do not unload"
}

# how_mended KICKS INTERRUPTS: that the watch has found lost
how_mended()
{
	local how=""

	[ "$1" = 0 ] || how="watch: $1 kicks"
	[ "$2" = 0 ] || how+="${how:+, }watch: $2 interrupts"
	echo "${how:-nothing to mend}"
}

# value_of FAULT VALUE: for the table, where a seed means nothing
value_of()
{
	case $1 in
	*-scribble)	echo 0 ;;
	*)		echo "$2" ;;
	esac
}

# row FAULT VALUE QUEUE MODE HOW SECONDS: with the driver's first word on it since log_mark
row()
{
	local said value=$2

	# of which the stack's watchdog is none
	said=$(log_since | sed -nE "/NETDEV WATCHDOG/d; s/.*\] $DRIVER [0-9a-f:.]+( [^:]+)?: (virtio_ei-[^ ]*: )?//p" |
		head -n 1)
	# to which it means nothing
	[ "$value" != 0 ] || [ "$3" = - ] || [ "$1" = used-len ] || value=""
	note "row: $1${value:+ $value} | $3 | $4 | ${said:--} | $5 | $6"
}
