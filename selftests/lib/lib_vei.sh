# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the driver says of itself, what QEMU says of the device, and what both
# should say by virtio-spec draft v2 (2011-05-04).

# Feature bits 24 and up; those below belong to the device type.
F_NOTIFY_ON_EMPTY=24
F_ANY_LAYOUT=27
F_INDIRECT=28
F_USED_EVENT=29
F_BAD=30
F_FEATURES_HI=31
F_AVAIL_EVENT=32
CORE_MASK=$((~0 << 24))

# The name that QEMU has for the property that offers bit 31.
FEATURES_HI=x-features-hi

# The toggles as they should stand; a test sets them as it sets the driver's.
used_event=1 avail_event=1 features_hi=1 indirect=1 notify_on_empty=0
feature_mask=-1

# has MASK BIT
has()
{
	(((($1) >> $2) & 1))
}

# A NIC, a disk: the name of its VEI_BDF_<name>, which is also QEMU's id.
# vei_get DEVICE ATTRIBUTE / vei_set DEVICE ATTRIBUTE VALUE
vei_get()
{
	local var=VEI_BDF_$1 value

	read -r value <"/sys/bus/pci/devices/${!var}/virtio_ei/$2" && echo "$value"
}

vei_set()
{
	local var=VEI_BDF_$1

	echo "$3" >"/sys/bus/pci/devices/${!var}/virtio_ei/$2"
}

# queue_read DEVICE QUEUE: all keys of debugfs, as of one instant, into QUEUE_NOW.
# One read of the whole file: "read" in a loop seeks back after each line, the
# kernel then makes the text anew, and while a counter grows lines move.
declare -A QUEUE_NOW
queue_read()
{
	local var=VEI_BDF_$1 lines line

	QUEUE_NOW=()
	mapfile -t lines <"/sys/kernel/debug/virtio_ei/${!var}/queue$2" || return 1
	for line in "${lines[@]}"; do
		QUEUE_NOW[${line%%: *}]=${line#*: }
	done
}

# vei_queue DEVICE QUEUE KEY: one of them
vei_queue()
{
	queue_read "$1" "$2" && [ -n "${QUEUE_NOW[$3]-}" ] && echo "${QUEUE_NOW[$3]}"
}

# vei_settled DEVICE QUEUE: has the driver all buffers back?
vei_settled()
{
	queue_read "$1" "$2" && [ "${QUEUE_NOW[used]}" = "${QUEUE_NOW[adds]}" ]
}

# counts_read DEVICE: counters of queues 0 and 1, or what they have grown by, into
# COUNTS[DEVICE,QUEUE,KEY]
declare -A COUNTS
counts_read()
{
	local queue key

	for queue in 0 1; do
		queue_read "$1" "$queue"
		for key in kick_decisions kicks interrupts rearms rearms_lost; do
			COUNTS[$1,$queue,$key]=$((QUEUE_NOW[$key] - COUNTS[$1,$queue,$key]))
		done
	done
}

# A parameter of the loaded core.
core_param()
{
	local value

	read -r value <"/sys/module/virtio_ei/parameters/$1" && echo "$value"
}

##############################################################################
# The device, as QEMU sees it

# All 64 bits that the guest has acknowledged to device $1.
device_features()
{
	qmp "{\"execute\":\"features\",\"arguments\":{\"id\":\"$1\"}}"
}

# device_status DEVICE MEMBER of x-query-virtio-status
device_status()
{
	qmp "{\"execute\":\"x-query-virtio-status\",\"pick\":\"$2\",
	      \"arguments\":{\"path\":\"/machine/peripheral/$1/virtio-backend\"}}"
}

# Has its driver said DRIVER_OK to device $1?
device_runs()
{
	device_status "$1" status | grep -q DRIVER_OK
}

# device_queue DEVICE QUEUE MEMBER of x-query-virtio-queue-status
device_queue()
{
	qmp "{\"execute\":\"x-query-virtio-queue-status\",\"pick\":\"$3\",
	      \"arguments\":{\"path\":\"/machine/peripheral/$1/virtio-backend\",\"queue\":$2}}"
}

# device_stats DEVICE QUEUE COUNT: what the device itself has counted
device_stats()
{
	qmp "{\"execute\":\"x-query-virtio-queue-notify-stats\",\"pick\":\"$3\",
	      \"arguments\":{\"path\":\"/machine/peripheral/$1/virtio-backend\",\"queue\":$2}}"
}

# device_stats_read DEVICE QUEUE: all of them, as of one instant, into DEVICE_NOW
declare -A DEVICE_NOW
device_stats_read()
{
	local answer words word

	answer=$(qmp "{\"execute\":\"x-query-virtio-queue-notify-stats\",
	      \"arguments\":{\"path\":\"/machine/peripheral/$1/virtio-backend\",\"queue\":$2}}") ||
		return 1
	DEVICE_NOW=()
	IFS=, read -r -a words <<<"${answer//[\{\}\" ]/}"
	for word in "${words[@]}"; do
		DEVICE_NOW[${word%%:*}]=${word#*:}
	done
}

# both_read DEVICE QUEUE: the driver's into QUEUE_NOW, the device's into DEVICE_NOW,
# of the same instant: while the device was read the driver counted nothing.
both_read()
{
	local before=none

	queue_read "$1" "$2"
	until [ "$before" = "${QUEUE_NOW[*]}" ]; do
		before=${QUEUE_NOW[*]}
		device_stats_read "$1" "$2" && queue_read "$1" "$2" || return 1
	done
}

# device_set DEVICE PROPERTY VALUE: of the virtio device, while it runs; JSON
device_set()
{
	qmp "{\"execute\":\"qom-set\",\"arguments\":{\"property\":\"$2\",
	      \"path\":\"/machine/peripheral/$1/virtio-backend\",\"value\":$3}}" >/dev/null
}

# device_fault DEVICE FAULT [QUEUE [VALUE [AFTER]]]: in QUEUE or (any) in all of them, at once or
# after so many occasions
device_fault()
{
	local device=$1 fault=$2 queue=${3:-any} value=${4:-0} after=${5:-0}

	[ "$queue" != any ] || queue=65535
	device_set "$device" x-draft-fault '"none"' &&
		device_set "$device" x-draft-fault-after "$after" &&
		device_set "$device" x-draft-fault-queue "$queue" &&
		device_set "$device" x-draft-fault-value $((value)) &&
		device_set "$device" x-draft-fault "\"$fault\""
}

device_faultless()
{
	device_set "$1" x-draft-fault '"none"'
}

# The value of property $2 of device $1 as it was given to QEMU, or $3.
device_prop()
{
	local var=VEI_DEVICE_$1 words word

	IFS=, read -r -a words <<<"${!var}"
	for word in "${words[@]}"; do
		if [ "${word%%=*}" = "$2" ]; then
			echo "${word#*=}"
			return
		fi
	done
	echo "${3-}"
}

# modes_of DEVICE: those that its dialect has, or those of VEI_MODES. With the released one
# both directions by flags or both by index, with the draft's all four. The stock driver has
# one.
modes_of()
{
	if is_stock; then
		echo stock
	elif [ -n "${VEI_MODES-}" ]; then
		echo "$VEI_MODES"
	elif [ "$(device_prop "$1" "$FEATURES_HI")" = on ]; then
		echo "used_event=1,avail_event=1 used_event=0,avail_event=0" \
			"used_event=1,avail_event=0 used_event=0,avail_event=1"
	else
		echo "used_event=1,avail_event=1 used_event=0,avail_event=0"
	fi
}

##############################################################################
# What should not be

# Nothing of device $1 is there, as after a probe that has failed: no driver, interface or
# disk, directory or interrupt.
check_no_trace()
{
	local var=VEI_BDF_$1 bdf dir lines

	bdf=${!var}
	dir=/sys/bus/pci/devices/$bdf
	[ ! -e "$dir/driver" ]
	check_err $? "$1: it has a driver"
	check_eq "$(<"$dir/enable")" 0 "$1: times that it is enabled"
	[ ! -e "$dir/virtio_ei" ]
	check_err $? "$1: virtio_ei is left in sysfs"
	[ ! -e "/sys/kernel/debug/virtio_ei/$bdf" ]
	check_err $? "$1: its directory is left in debugfs"
	[ ! -e "$dir/net" ] && [ ! -e "$dir/block" ]
	check_err $? "$1: an interface or a disk is left over"
	mapfile -t lines </proc/interrupts
	[[ "${lines[*]}" != *"virtio_ei-$bdf"* ]]
	check_err $? "$1: interrupts are left over"
	[ ! -e "$dir/msi_irqs" ]
	check_err $? "$1: vectors are left over"
	# what lies inside its BAR follows it
	grep -A 1 " $bdf\$" /proc/ioports | grep -q ": virtio_ei\$"
	check_fail $? "$1: its BAR is left claimed"
}

##############################################################################
# What should be

# The bits 24 and up to be acknowledged of OFFERED, $1, with the toggles in
# used_event, avail_event, features_hi, indirect, notify_on_empty (0 or 1).
# Sets want, a variable of the caller's.
expect_core()
{
	local offered=$1

	((want = 1 << F_ANY_LAYOUT))
	((want |= notify_on_empty << F_NOTIFY_ON_EMPTY | indirect << F_INDIRECT))
	if has "$offered" $F_FEATURES_HI; then
		((want |= used_event << F_USED_EVENT | features_hi << F_FEATURES_HI))
		((want |= (features_hi & avail_event) << F_AVAIL_EVENT))
	else
		# released dialect: one bit for both directions
		((want |= (used_event & avail_event) << F_USED_EVENT))
	fi
	((want &= offered & CORE_MASK & feature_mask))
	return 0
}

# check_negotiated DEVICE [KICK_QUEUE [INTR_QUEUE]]: against the toggles; all 64 bits are
# compared with the device, the modes with those of a queue that kicks and one that interrupts.
# Called for many devices in many combinations, so files are read without a fork.
check_negotiated()
{
	local nic=$1 kicks=${2:-1} intrs=${3:-0} var=VEI_BDF_$1 dir kick=flags intr=flags offset=20 dialect=released name guest
	local -A is=()

	dir=/sys/bus/pci/devices/${!var}/virtio_ei
	for name in features_offered features_acked dialect kick_mode intr_mode vector_mode \
		    config_offset; do
		if ! read -r "is[$name]" <"$dir/$name"; then
			fail "$nic: no $name in sysfs"
			return
		fi
	done
	guest=$(device_features "$nic")
	check_eq "$guest" "${is[features_acked]}" "$nic: the device's guest features"
	check_core "$nic" "${is[features_offered]}" "${is[features_acked]}"

	if has "${is[features_offered]}" $F_FEATURES_HI; then
		dialect=draft
		has "${is[features_acked]}" $F_AVAIL_EVENT && kick=avail_event
	else
		has "${is[features_acked]}" $F_USED_EVENT && kick=avail_event
	fi
	has "${is[features_acked]}" $F_USED_EVENT && intr=used_event
	[ "${is[vector_mode]}" = intx ] || offset=24
	has "${is[features_acked]}" $F_FEATURES_HI && offset=$((offset + 8))
	check_eq "${is[dialect]}" $dialect "$nic: dialect"
	check_eq "${is[kick_mode]}" $kick "$nic: kick_mode"
	check_eq "${is[intr_mode]}" $intr "$nic: intr_mode"
	check_eq "${is[config_offset]}" $offset "$nic: config_offset"
	check_eq "$(vei_queue "$nic" "$kicks" kick_mode)" $kick "$nic: queue $kicks, kick_mode"
	check_eq "$(vei_queue "$nic" "$intrs" intr_mode)" $intr "$nic: queue $intrs, intr_mode"
}

# check_core DEVICE OFFERED ACKED: the bits of the core, and those of the type
check_core()
{
	local nic=$1 offered=$2 acked=$3 want

	expect_core "$offered"
	check_eq $((acked & CORE_MASK)) $((want)) "$nic: bits from 24 on"
	check_eq $((acked & ~offered)) 0 "$nic: acknowledged, not offered"
	has "$acked" $F_BAD && fail "$nic: bit 30 acknowledged"
	return 0
}

# check_unused DEVICE QUEUE: each direction uses flags or its index; the other field stays zero
check_unused()
{
	queue_read "$1" "$2"
	if [ "${QUEUE_NOW[intr_mode]}" = used_event ]; then
		check_eq "${QUEUE_NOW[avail_flags]}" 0 "$1 queue $2: avail->flags beside used_event"
	else
		check_eq "${QUEUE_NOW[used_event]}" 0 "$1 queue $2: used_event beside avail->flags"
	fi
	if [ "${QUEUE_NOW[kick_mode]}" = avail_event ]; then
		check_eq "${QUEUE_NOW[used_flags]}" 0 "$1 queue $2: used->flags beside avail_event"
	else
		check_eq "${QUEUE_NOW[avail_event]}" 0 "$1 queue $2: avail_event beside used->flags"
	fi
}
