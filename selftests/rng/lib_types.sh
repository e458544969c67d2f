# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2317 # what is called by a type's name
#
# A device of each type in one machine, each used again and again. Sourced after ALL_TESTS
# is set, and lib.sh.

BIND=${VEI_BIND:-vei-bind}
TYPES=(net blk rng)
NS=peer
declare -A BDF=([net]=${VEI_BDF_a0-} [blk]=${VEI_BDF_d-} [rng]=$VEI_BDF_r) PID=()

cleanup()
{
	local type

	for type in "${!PID[@]}"; do
		load_end "$type"
	done
	ip netns del "$NS" 2>/dev/null
	rmmod virtio_ei_net virtio_ei_blk virtio_ei_rng virtio_ei 2>/dev/null
	stock_unload virtio_net virtio_blk virtio_rng 2>/dev/null
	[ ! -d /sys/module/virtio_ei ]
}

driver_of()
{
	basename "$(readlink "/sys/bus/pci/devices/${BDF[$1]}/driver")"
}

peer_up()
{
	ip netns add "$NS" && ip link set dev "$(device_name a1 net)" name peer0 netns "$NS" &&
		ip -n "$NS" addr add 192.0.2.2/24 dev peer0 && ip -n "$NS" link set dev peer0 up
}

# ready TYPE: what has to be done for it to be used
ready_net()
{
	local name

	wait_for 60 device_name a0 net >/dev/null && name=$(device_name a0 net) &&
		ip addr replace 192.0.2.1/24 dev "$name" && ip link set dev "$name" up
}

ready_blk()
{
	wait_for 60 device_name d block >/dev/null
}

ready_rng()
{
	wait_for 60 rng_selected
}

# once TYPE: something that it can or cannot do
once_net()
{
	ping -q -n -c 3 -i 0.05 -w 5 192.0.2.2 >/dev/null
}

once_blk()
{
	local name

	name=$(device_name d block) &&
		dd if=/run/data of="/dev/$name" bs=64k oflag=direct status=none &&
		dd if="/dev/$name" bs=64k count=4 iflag=direct status=none | cmp -s - /run/data
}

once_rng()
{
	rng_read 256 /run/bytes
}

# Again and again: a byte in /run/done.TYPE for each time, in /run/failed.TYPE if it fails.
load_begin()
{
	: >"/run/done.$1"
	: >"/run/failed.$1"
	(while :; do
		if "once_$1"; then
			printf . >>"/run/done.$1"
		else
			printf . >>"/run/failed.$1"
			sleep 0.1
		fi
	done) 2>/dev/null &
	PID[$1]=$!
}

# Not in the middle of a request.
load_end()
{
	kill "${PID[$1]}"
	wait "${PID[$1]}" 2>/dev/null
	unset "PID[$1]"
}

done_beyond()
{
	[ "$(stat -c %s "/run/done.$1")" -gt "$2" ]
}

check_goes_on()
{
	wait_for 20 done_beyond "$1" $(($(stat -c %s "/run/done.$1") + 2))
	check_err $? "$1 has stopped"
	check_eq "$(stat -c %s "/run/failed.$1")" 0 "$1: failures"
}

# All three are driven by us, used, and looked at.
types_start()
{
	local type

	stock_load virtio_net virtio_blk virtio_rng
	check_err $? "no stock drivers"
	for type in "${TYPES[@]}"; do
		"$BIND" "${BDF[$type]}" "" >/dev/null 2>&1
	done
	modprobe rng_core && insmod "$MODULES/virtio_ei.ko"
	check_err $? "the core does not load"
	for type in "${TYPES[@]}"; do
		insmod "$MODULES/virtio_ei_$type.ko"
		check_err $? "virtio_ei_$type does not load"
		"$BIND" "${BDF[$type]}" "virtio_ei_$type" >/dev/null
		check_eq "$(driver_of "$type")" "virtio_ei_$type" "driver"
	done
	"$BIND" "${VEI_BDF_a1-}" virtio_ei_net >/dev/null && peer_up
	check_err $? "the peer does not come up"
	head -c 256K /dev/urandom >/run/data
	for type in "${TYPES[@]}"; do
		"ready_$type"
		check_err $? "$type does not appear"
		load_begin "$type"
	done
	for type in "${TYPES[@]}"; do
		check_goes_on "$type"
	done
}

test_stop()
{
	cleanup
	check_err $? "modules do not unload"
}

# To be called last.
types_run()
{
	if [ -z "${BDF[net]}" ] || [ -z "${BDF[blk]}" ]; then
		ALL_TESTS=("skip there is no device of each type")
	fi
	tests_run
}
