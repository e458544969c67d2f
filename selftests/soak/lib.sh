# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the files of the soak: what there is, and the driver of each. Sourced, after
# ALL_TESTS is set.
#
# The guest has two pairs of cards on taps and a disk. The first pair, FRAMES, has one queue
# and plain buffers, and carries Ethernet frames between its two PCI devices, whatever their
# interfaces are called. The second, STREAMS, has several queues, mergeable buffers and
# offloads, and carries TCP between vei0 here and vei1 in namespace peer.

SOAK_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# as the kernel's tree has them, or ours
BLK_DIR=$SOAK_DIR/../../block/virtio_ei
NET_DIR=$SOAK_DIR/../../net/virtio_ei
if [ ! -e "$BLK_DIR" ]; then
	BLK_DIR=$SOAK_DIR/../blk
	NET_DIR=$SOAK_DIR/../net
fi
# The cards' library comes second: what both have is the cards'.
# shellcheck source=../blk/lib.sh
. "$BLK_DIR/lib.sh"
# shellcheck source=../net/lib.sh
. "$NET_DIR/lib.sh"
# shellcheck source=../net/lib_memory.sh
. "$LIB_DIR/lib_memory.sh"
# shellcheck source=../net/lib_storm.sh
. "$LIB_DIR/lib_storm.sh"

read -r FRAMES STREAMS _ <<<"$VEI_PAIRS"
NICS=("${FRAMES}0" "${FRAMES}1" "${STREAMS}0" "${STREAMS}1")
DEVICES=("${NICS[@]}" "$DISK")
# check_watch looks at what the watch finds: devices have faults here, and go while they do.
# shellcheck disable=SC2034 # lib_drv.sh's
LOSSES_EXPECTED=1
# So long anything may take: it is looked for, not waited out.
PATIENCE=120

# shellcheck source=lib_draw.sh
. "$SOAK_DIR/lib_draw.sh"
# shellcheck source=lib_steps.sh
. "$SOAK_DIR/lib_steps.sh"
# shellcheck source=lib_streams.sh
. "$SOAK_DIR/lib_streams.sh"

driver_of()
{
	if [ "$1" = "$DISK" ]; then
		echo virtio_ei_blk
	else
		echo virtio_ei_net
	fi
}

# Has device $1 our driver?
is_bound()
{
	local var=VEI_BDF_$1

	[ -e "/sys/bus/pci/devices/${!var}/virtio_ei" ]
}

dev_bind()
{
	nic_bdf "$1" >"/sys/bus/pci/drivers/$(driver_of "$1")/bind"
}

dev_unbind()
{
	nic_bdf "$1" >"/sys/bus/pci/drivers/$(driver_of "$1")/unbind"
}

# all_load [CORE_PARAMETERS [NET_PARAMETERS [BLK_PARAMETERS]]]
all_load()
{
	# shellcheck disable=SC2086 # parameters are words
	insmod "$MODULES/virtio_ei.ko" ${VEI_CORE_PARAMS-} ${1-} &&
		insmod "$MODULES/virtio_ei_net.ko" ${2-} &&
		insmod "$MODULES/virtio_ei_blk.ko" ${3-}
}

# Who has the disk open keeps its module, until a request has failed.
all_unload()
{
	local module rc=0

	! is_bound "$DISK" || dev_unbind "$DISK"
	for module in virtio_ei_net virtio_ei_blk virtio_ei; do
		[ ! -d "/sys/module/$module" ] || wait_for "$PATIENCE" rmmod "$module" || rc=1
	done
	return $rc
}

# where NIC: what its interface is called into IFACE, and into WHERE what a command needs
# before it to be run in that namespace
where()
{
	WHERE=()
	case $1 in
	"${STREAMS}0")	IFACE=$IF0 ;;
	"${STREAMS}1")	IFACE=$IF1 WHERE=(ip netns exec "$NS") ;;
	*)		IFACE=$(nic_ifname "$1") ;;
	esac
}

# carrier NIC: has it one?
carrier()
{
	where "$1"
	if [ ${#WHERE[@]} = 0 ]; then
		if_is_running "$IFACE"
	else
		if_is_running "$IFACE" "$NS"
	fi
}

# set_up_stream NIC NAME HOST: the interface has its name and its address, and is up
set_up_stream()
{
	local in=()

	[ "$1" = "${STREAMS}0" ] || in=(-n "$NS")
	if [ "$1" = "${STREAMS}0" ]; then
		wait_for "$PATIENCE" nic_appears "$1" && nic_rename "$1" "$2" || return 1
	elif [ ! -e "$PEER_SYS/class/net/$2" ]; then
		wait_for "$PATIENCE" nic_appears "$1" && nic_rename "$1" "$2" &&
			ip link set dev "$2" netns "$NS" || return 1
	fi
	ip "${in[@]}" -batch - <<-EOT
		addr replace 192.0.2.$3/24 dev $2
		link set dev $2 up
		neigh flush all
	EOT
}

# set_up DEVICE: after its driver has come, it is used again
set_up()
{
	case $1 in
	"$DISK")
		wait_for "$PATIENCE" disk_appears "$1"
		return
		;;
	"${STREAMS}0")	set_up_stream "$1" "$IF0" 1 || return ;;
	"${STREAMS}1")	set_up_stream "$1" "$IF1" 2 || return ;;
	*)
		wait_for "$PATIENCE" nic_appears "$1" && ip link set dev "$(nic_ifname "$1")" up ||
			return
		;;
	esac
	wait_for "$PATIENCE" carrier "$1"
}

# For the suite's exit.
cleanup()
{
	local dev rc=0

	streams_kill
	pulse_kill
	spoil_end
	for dev in "${DEVICES[@]}"; do
		device_faultless "$dev" 2>/dev/null
	done
	all_unload || rc=1
	ns_destroy
	[ ! -d /sys/module/vei_held ] || rmmod vei_held
	return $rc
}
