# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the kselftests of virtio_ei_net. Sourced, after ALL_TESTS is set.
#
# The guest has pairs of virtio-net NICs, each the other's only peer. A test
# takes one pair at a time:
#
#	+--------------------------+     +---------------------------+
#	| initial namespace        |     | namespace peer            |
#	|  vei0  192.0.2.1/24      |     |  vei1  192.0.2.2/24       |
#	|    |   2001:db8::1/64    |     |    |   2001:db8::2/64     |
#	+----|---------------------+     +----|----------------------+
#	     +-------- QEMU: hub or bridge ---+
#
# The host says in the environment which pairs there are (VEI_PAIRS), where
# their halves sit (VEI_BDF_a0), how they are joined (VEI_BACKEND_a: hub, which
# loses nothing, or tap) and what properties the devices have (VEI_PROPS_a).
# VEI_DRIVER=virtio_net runs the traffic tests on the stock driver instead.

LIB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TRAFFIC=$LIB_DIR/traffic
MODULES=${VEI_MODULES:-/opt}
DRIVER=${VEI_DRIVER:-virtio_ei_net}
PAIR=${VEI_PAIRS%% *}

IF0=vei0
IF1=vei1
NS=peer
IP0=192.0.2.1
IP1=192.0.2.2

# shellcheck source=lib_test.sh
. "$LIB_DIR/lib_test.sh"
# shellcheck source=lib_vei.sh
. "$LIB_DIR/lib_vei.sh"
# shellcheck source=lib_traffic.sh
. "$LIB_DIR/lib_traffic.sh"

##############################################################################
# Where things are

# The PCI address of NIC $1 (a0, a1, b0, ...).
nic_bdf()
{
	local var=VEI_BDF_$1

	echo "${!var}"
}

# Value of variable VEI_$1_<pair>, of the pair in use.
pair_var()
{
	local var=VEI_$1_$PAIR

	echo "${!var-}"
}

pair_is_hub()
{
	[ "$(pair_var BACKEND)" = hub ]
}

nic_sysfs()
{
	echo "/sys/bus/pci/devices/$(nic_bdf "$1")"
}

# The network interface of NIC $1, if this namespace has it.
nic_ifname()
{
	local dir

	for dir in "$(nic_sysfs "$1")"/net/* "$(nic_sysfs "$1")"/virtio*/net/*; do
		if [ -d "$dir" ]; then
			basename "$dir"
			return 0
		fi
	done
	return 1
}

nic_appears()
{
	nic_ifname "$1" >/dev/null
}

in_peer()
{
	ip netns exec $NS "$@"
}

is_stock()
{
	[ "$DRIVER" = virtio_net ]
}

##############################################################################
# The driver

# drv_load [CORE_PARAMETERS [NET_PARAMETERS]], on top of those of the job
drv_load()
{
	if is_stock; then
		modprobe virtio_pci && modprobe virtio_net
		return
	fi
	# shellcheck disable=SC2086 # parameters are words
	insmod "$MODULES/virtio_ei.ko" ${VEI_CORE_PARAMS-} ${1-} &&
		insmod "$MODULES/virtio_ei_net.ko" ${VEI_NET_PARAMS-} ${2-}
}

drv_loaded()
{
	[ -d "/sys/module/$DRIVER" ]
}

drv_unload()
{
	local module rc=0

	pair_destroy
	if is_stock; then
		set -- virtio_net virtio_pci
	else
		set -- virtio_ei_net virtio_ei
	fi
	for module; do
		if [ -d "/sys/module/$module" ]; then
			rmmod "$module" || rc=1
		fi
	done
	return $rc
}

drv_reload()
{
	drv_unload && drv_load "$@"
}

# The PCI driver of NIC $1; virtio-pci for the stock virtio_net.
pci_driver()
{
	if is_stock; then
		echo /sys/bus/pci/drivers/virtio-pci
	else
		echo /sys/bus/pci/drivers/virtio_ei_net
	fi
}

nic_unbind()
{
	nic_bdf "$1" >"$(pci_driver)/unbind"
}

nic_bind()
{
	nic_bdf "$1" >"$(pci_driver)/bind"
}

##############################################################################
# The pair

if_is_running()
{
	[[ $(ip "${@:2}" -o link show dev "$1" 2>/dev/null) == *LOWER_UP* ]]
}

# Rename NIC $1 to $2.
nic_rename()
{
	local name

	wait_for 10 nic_appears "$1" || return 1
	name=$(nic_ifname "$1")
	[ "$name" = "$2" ] && return
	ip link set dev "$name" down && ip link set dev "$name" name "$2"
}

# The second NIC of the pair may be in its namespace already.
peer_move()
{
	ip -n $NS link show dev $IF1 >/dev/null 2>&1 && return
	nic_rename "${PAIR}1" $IF1 && ip link set dev $IF1 netns $NS
}

# Addresses without duplicate address detection or router solicitation: a
# test's counters should see its own packets alone.
if_configure()
{
	local ns=$1 name=$2 host=$3

	ip netns exec "$ns" sysctl -qw "net.ipv6.conf.$name.accept_dad=0" \
		"net.ipv6.conf.$name.router_solicitations=0" 2>/dev/null
	ip -n "$ns" addr replace "192.0.2.$host/24" dev "$name" &&
		ip -n "$ns" -6 addr replace "2001:db8::$host/64" dev "$name" nodad &&
		ip -n "$ns" link set dev "$name" up
}

# pair_create [NAME]: addresses, namespace, both up and with carrier
pair_create()
{
	PAIR=${1:-$PAIR}
	if [ ! -e /run/netns/init ]; then
		touch /run/netns/init
		mount --bind /proc/1/ns/net /run/netns/init
	fi
	[ -e /run/netns/$NS ] || ip netns add $NS
	ip -n $NS link set dev lo up
	nic_rename "${PAIR}0" $IF0 &&
		peer_move &&
		pair_up
}

# Both ends up and running; what IPv6 loses when a link goes down is set again.
pair_up()
{
	if_configure init $IF0 1 &&
		if_configure $NS $IF1 2 &&
		wait_for 10 if_is_running $IF0 &&
		wait_for 10 if_is_running $IF1 -n $NS
}

# The peer's NIC falls back into the initial namespace with the namespace's end.
pair_destroy()
{
	ip link set dev $IF0 down 2>/dev/null
	if [ -e /run/netns/$NS ]; then
		ip -n $NS link set dev $IF1 down 2>/dev/null
		ip -n $NS link set dev $IF1 netns init 2>/dev/null
		ip netns del $NS
	fi
	return 0
}

# answers [COUNT]: request and response in both families
pair_answers()
{
	ping -q -n -i 0.01 -c "${1:-5}" -w 10 $IP1 >/dev/null &&
		ping -q -n -i 0.01 -c "${1:-5}" -w 10 2001:db8::2 >/dev/null
}
