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
DRIVER=${VEI_DRIVER:-virtio_ei_net}
TYPE_PARAMS=VEI_NET_PARAMS
PAIR=${VEI_PAIRS%% *}

IF0=vei0
IF1=vei1
NS=peer
IP0=192.0.2.1
IP1=192.0.2.2
IPV6_IS_OFF=""

# The peer's own view of /sys/class/net: reading a file there costs no exec.
PEER_SYS=/run/peer-sys

# shellcheck source=lib_common.sh
. "$LIB_DIR/lib_common.sh"
# shellcheck source=lib_nic.sh
. "$LIB_DIR/lib_nic.sh"
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
	local var=VEI_BDF_$1

	echo "/sys/bus/pci/devices/${!var}"
}

# The network interface of NIC $1, if this namespace has it.
nic_ifname()
{
	device_name "$1" net
}

nic_appears()
{
	nic_ifname "$1" >/dev/null
}

in_peer()
{
	ip netns exec $NS "$@"
}

##############################################################################
# The driver

# drv_load [CORE_PARAMETERS [NET_PARAMETERS]], on top of those of the job
drv_load()
{
	# first in, first out: what waits long is not dropped, and no frame
	# overtakes another, so that loss and disorder are the driver's
	echo pfifo >/proc/sys/net/core/default_qdisc
	drv_insert "$@"
}

nic_unbind()
{
	drv_unbind "$(nic_bdf "$1")"
}

nic_bind()
{
	nic_bdf "$1" >"$(pci_driver)/bind"
}

##############################################################################
# The pair

# if_get NAME FILE [NAMESPACE], e.g. if_get vei0 statistics/rx_packets
if_get()
{
	local value

	if_read "$1" "$2" "${3-}" && echo "$value"
}

# The same, into the caller's variable value: without a process.
if_read()
{
	if [ "${3-}" = $NS ]; then
		read -r value <"$PEER_SYS/class/net/$1/$2"
	else
		read -r value <"/sys/class/net/$1/$2"
	fi 2>/dev/null
}

# Up and with carrier; the carrier of an interface that is down cannot be read.
if_is_running()
{
	local value

	if_read "$1" carrier "${2-}" && [ "$value" = 1 ]
}

# What has to be done to NIC $1 for it to be called $2, as lines for ip -batch, is added
# to the caller's batch.
batch_rename()
{
	local name

	wait_for 60 nic_appears "$1" || return 1
	name=$(nic_ifname "$1")
	if [ "$name" != "$2" ]; then
		# which needs it to be down
		batch+="link set dev $name down"$'\n'"link set dev $name name $2"$'\n'
	fi
}

nic_rename()
{
	local batch=""

	batch_rename "$1" "$2" || return 1
	[ -z "$batch" ] || ip -batch - <<<"$batch"
}

# The names of both, and the second into its namespace, unless it is there already.
pair_place()
{
	local batch=""

	batch_rename "${PAIR}0" $IF0 || return 1
	if [ ! -e $PEER_SYS/class/net/$IF1 ]; then
		batch_rename "${PAIR}1" $IF1 || return 1
		batch+="link set dev $IF1 netns $NS"$'\n'
	fi
	[ -z "$batch" ] || ip -batch - <<<"$batch"
}

# if_configure NAMESPACE INTERFACE HOST: addresses and up; init is here
if_configure()
{
	local where=(-n "$1")

	[ "$1" != init ] || where=()
	ip "${where[@]}" -batch - <<-EOT
		addr replace 192.0.2.$3/24 dev $2
		link set dev $2 up
		addr replace 2001:db8::$3/64 dev $2 nodad
	EOT
}

# No duplicate address detection or router solicitation: a test's counters
# should see its own packets alone. Interfaces take it over when they come.
quiet_ipv6()
{
	local file

	for file in accept_dad router_solicitations; do
		echo 0 >/proc/sys/net/ipv6/conf/default/$file
	done
}

# The peer's namespace, a name for this one, and the peer's sysfs.
ns_create()
{
	[ ! -e /run/netns/$NS ] || return 0
	quiet_ipv6
	touch /run/netns/init
	mount --bind /proc/1/ns/net /run/netns/init
	ip netns add $NS
	ip -n $NS link set dev lo up
	mkdir -p $PEER_SYS
	nsenter --net=/run/netns/$NS mount -t sysfs peer $PEER_SYS
	export -f quiet_ipv6
	nsenter --net=/run/netns/$NS bash -c quiet_ipv6
}

ns_destroy()
{
	if [ -e /run/netns/$NS ]; then
		umount $PEER_SYS
		ip netns del $NS
		umount /run/netns/init
		rm -f /run/netns/init
	fi
}

# pair_create [NAME]: addresses, namespace, both up and with carrier
pair_create()
{
	PAIR=${1:-$PAIR}
	ns_create
	pair_place && pair_up
}

# Both ends up and running; what IPv6 loses when a link goes down is set again.
pair_up()
{
	ipv6_on
	if_configure init $IF0 1 &&
		if_configure $NS $IF1 2 &&
		wait_for 60 if_is_running $IF0 &&
		wait_for 60 if_is_running $IF1 $NS
}

# IPv6 off on both ends, until the pair is created anew: it speaks unasked.
ipv6_off()
{
	IPV6_IS_OFF=1
	echo 1 >/proc/sys/net/ipv6/conf/$IF0/disable_ipv6
	in_peer sysctl -qw net.ipv6.conf.$IF1.disable_ipv6=1
}

ipv6_on()
{
	[ -n "$IPV6_IS_OFF" ] || return 0
	IPV6_IS_OFF=""
	echo 0 >/proc/sys/net/ipv6/conf/$IF0/disable_ipv6
	in_peer sysctl -qw net.ipv6.conf.$IF1.disable_ipv6=0
}

# Both ends down, here, and under names that are in nobody's way.
pair_destroy()
{
	if [ -e $PEER_SYS/class/net/$IF1 ]; then
		ip -n $NS link set dev $IF1 down
		ip -n $NS link set dev $IF1 netns init
	fi
	nic_appears "${PAIR}0" && nic_rename "${PAIR}0" "nic${PAIR}0"
	nic_appears "${PAIR}1" && nic_rename "${PAIR}1" "nic${PAIR}1"
	return 0
}

# For every test's exit: nothing is left running, loaded or named.
cleanup()
{
	local rc

	traffic_running && traffic_stop >/dev/null
	drv_unload
	rc=$?
	ns_destroy
	return $rc
}

# pair_answers [COUNT]: request and response in both families
pair_answers()
{
	ping -q -n -i 0.01 -c "${1:-5}" -w 10 $IP1 >/dev/null &&
		ping -q -n -i 0.01 -c "${1:-5}" -w 10 2001:db8::2 >/dev/null
}

skip_elsewhere "${PAIR:+${PAIR}0}" "no pair of devices is named in VEI_PAIRS"
