# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2317 # steps are called by their names
#
# The steps of the soak. quick_* leave no variable changed and return a status, which counts
# unless the device has a fault; step_* check for themselves.

# What is wrong with which device.
declare -A FAULTY=()
# Which device was bound with a fault, so that it has less than it could.
declare -A HALF=()
# Something has been wrong since the kernel's log was last looked at.
FAULTED=""
# Requests of the disk may have failed since the load began.
LOSSES=""
# The machine was put back meanwhile. Frames that were on their way in the host come all the same.
REWOUND=""
# How many pairs of queues the parameter allows.
PAIRS_MOST=2
# MiB that the disk has grown by.
GROWN=0
# The disk has had queues to poll since stock was taken of memory.
POLLED=""

##############################################################################
# One process, one device

quick_toggle()
{
	vei_set "$1" "$2" "$3"
}

quick_reset()
{
	vei_set "$1" reset 1
}

quick_channels()
{
	local rc=0

	where "$1"
	"${WHERE[@]}" ethtool -L "$IFACE" combined "$2" || rc=1
	[ $rc = $(($2 > PAIRS_MOST)) ]
}

# What depends on something else that is off is refused.
quick_offload()
{
	where "$1"
	"${WHERE[@]}" ethtool -K "$IFACE" "$2" "$3"
	return 0
}

quick_coalesce()
{
	where "$1"
	shift
	"${WHERE[@]}" ethtool -C "$IFACE" "$@"
}

quick_copybreak()
{
	where "$1"
	"${WHERE[@]}" ethtool --set-tunable "$IFACE" rx-copybreak "$2"
}

quick_mtu()
{
	where "$1"
	"${WHERE[@]}" ip link set dev "$IFACE" mtu "$2"
}

quick_updown()
{
	where "$1"
	"${WHERE[@]}" ip link set dev "$IFACE" down
	"${WHERE[@]}" ip link set dev "$IFACE" up
}

quick_promisc()
{
	where "$1"
	"${WHERE[@]}" ip link set dev "$IFACE" promisc "$2"
}

quick_cache()
{
	disk_set "$DISK" cache_type "$*"
}

# Everything that there is to be read of it.
quick_look()
{
	local what dir

	dir=/sys/bus/pci/devices/$(nic_bdf "$1")
	cat "$dir"/virtio_ei/* "/sys/kernel/debug/virtio_ei/${dir##*/}"/* >/dev/null 2>&1
	if [ "$1" = "$DISK" ]; then
		cat "/sys/block/$(disk_name "$1")"/{virtio_ei_*,serial,cache_type,stat} >/dev/null
		return
	fi
	where "$1"
	for what in -S -i -k -l -c; do
		"${WHERE[@]}" ethtool $what "$IFACE" >/dev/null || return
	done
}

# quick WORD...: one of these; its device may have a fault, or be just being bound anew
quick()
{
	local rc=0

	"quick_$1" "${@:2}" || rc=$?
	[ $rc = 0 ] || [ "$1" != cache ] || [ -z "${FAULTY[$DISK]-}" ] || rc=0
	[ $rc = 0 ] || [ -z "${FAULTY[$2]-}" ] || rc=0
	return $rc
} 2>/run/soak.quick

check_quick()
{
	check_err "$1" "status $1: $(tr '\n' ';' </run/soak.quick)"
}

# both STEP + STEP: at once
step_both()
{
	local words=() one rest rc=0

	while [ "$1" != + ]; do
		words+=("$1")
		shift
	done
	shift
	(quick "${words[@]}") &
	one=$!
	(quick "$@") &
	rest=$!
	wait $one || rc=1
	wait $rest || rc=1
	check_quick $rc
}

##############################################################################
# What takes more

# What one negotiation has begun must not be lost in the next.
step_burst()
{
	local i rc=0

	for ((i = 0; i < 10; i++)); do
		vei_set "$1" used_event $((i & 1)) &&
			vei_set "$1" reset 1 &&
			vei_set "$1" avail_event $((i >> 1 & 1)) || rc=1
	done 2>/run/soak.quick
	[ -n "${FAULTY[$1]-}" ] || check_quick $rc
}

# Seen within a moment, unless something is wrong.
step_link()
{
	device_link "$1" false
	check_err $? "the device does not change"
	[ -n "${FAULTY[$1]-}" ] || wait_for "$PATIENCE" not carrier "$1"
	check_err $? "link down is not seen"
	device_link "$1" true
	[ -n "${FAULTY[$1]-}" ] || wait_for "$PATIENCE" carrier "$1"
	check_err $? "link up is not seen"
}

# The same again and again, without waiting for anybody to see it.
step_flaps()
{
	local set="{\"execute\":\"set_link\",\"arguments\":{\"name\":\"$1\",\"up\""

	qmp "{\"execute\":\"storm\",\"arguments\":{\"times\":20,\"commands\":[$set:false}},$set:true}}]}}" \
		>/dev/null
	check_err $? "the device does not change"
}

step_grow()
{
	GROWN=$((GROWN + 1))
	device_resize "$DISK" $(($(disk_var SIZE "$DISK") + GROWN))
	check_err $? "the device does not change"
	[ -n "${FAULTY[$DISK]-}" ] || wait_for "$PATIENCE" has_grown
	check_err $? "sectors: $(disk_get "$DISK" size)"
}

has_grown()
{
	[ "$(disk_get "$DISK" size)" = $((($(disk_var SIZE "$DISK") + GROWN) << 11)) ]
}

# What is found with its fault may not come up; that is for mend to bring about.
step_rebind()
{
	losses_of "$1"
	if is_bound "$1"; then
		dev_unbind "$1"
		check_err $? "cannot be unbound"
	fi
	new_device "$1"
	if [ -n "${FAULTY[$1]-}" ]; then
		HALF[$1]=1
		dev_bind "$1" 2>/dev/null
		return 0
	fi
	dev_bind "$1" && set_up "$1"
	check_err $? "is not back"
}

# Another one is put in, and has no fault.
step_replug()
{
	losses_of "$1"
	# shellcheck disable=SC2034 # for plug_in
	unplug "$1" && DRIVER=$(driver_of "$1") plug_in "$1"
	new_device "$1"
	unset "FAULTY[$1]" "HALF[$1]"
	is_bound "$1" || wait_for "$PATIENCE" is_bound "$1"
	set_up "$1"
	check_err $? "is not back"
}

losses_of()
{
	[ "$1" != "$DISK" ] || LOSSES=1
}

step_reload()
{
	local dev

	LOSSES=1
	all_unload
	check_err $? "modules do not unload"
	for dev in "${DEVICES[@]}"; do
		new_device "$dev"
	done
	all_load "${1//,/ }" "${2//,/ }" "${3//,/ }"
	check_err $? "modules do not load"
	PAIRS_MOST=2
	[[ $2 != queue_pairs=1 ]] || PAIRS_MOST=1
	! disk_polled || POLLED=1
	for dev in "${DEVICES[@]}"; do
		if [ -n "${FAULTY[$dev]-}" ]; then
			HALF[$dev]=1
			continue
		fi
		set_up "$dev"
		check_err $? "$dev is not back"
	done
}

disk_polled()
{
	[ "$(</sys/module/virtio_ei_blk/parameters/poll_queues)" != 0 ]
}

# Not with a fault: a stuck request refuses the sleep, and a device that has jumped in its
# ring cannot be restored.
step_sleep()
{
	local slept

	mend_all
	slept=$(</sys/power/suspend_stats/success)
	suspend
	check_err $? "the machine does not sleep"
	check_eq "$(</sys/power/suspend_stats/success)" $((slept + 1)) "times that it slept"
}

step_snapshot()
{
	mend_all
	REWOUND=1
	qmp "{\"execute\":\"snapshot\",\"arguments\":{\"ms\":$1}}" >/dev/null
	check_err $? "no snapshot"
}

# DEVICE QUEUE AFTER FAULT VALUE
step_fault()
{
	FAULTY[$1]=$4
	FAULTED=1
	losses_of "$1"
	# who waits for a queue that is broken does so until then
	[ "$1" != "$DISK" ] || disk_set "$1" queue/io_timeout 2000 2>/dev/null
	device_set "$1" x-draft-fault-header "\"$(printf 'ff%.0s' {1..10})\"" &&
		device_fault "$1" "$4" "$2" "$5" "$3"
	check_err $? "cannot be given the fault"
}

# mend DEVICE: without its fault it is as new, after a reset or bound anew
mend()
{
	note "mend $1: ${FAULTY[$1]}"
	device_faultless "$1"
	check_err $? "$1 keeps its fault"
	if ! is_bound "$1" || [ -n "${HALF[$1]-}" ] || ! vei_set "$1" reset 1 2>/dev/null; then
		! is_bound "$1" || dev_unbind "$1"
		dev_bind "$1"
		check_err $? "$1 cannot be bound anew"
		new_device "$1"
	fi
	set_up "$1"
	check_err $? "$1 is not back"
	[ "$1" != "$DISK" ] || disk_set "$1" queue/io_timeout 30000
	unset "FAULTY[$1]" "HALF[$1]"
	watch_begin "$1"
}

mend_all()
{
	local dev

	for dev in "${DEVICES[@]}"; do
		[ -z "${FAULTY[$dev]-}" ] || mend "$dev"
	done
}
