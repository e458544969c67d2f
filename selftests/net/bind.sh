#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The driver comes and goes under traffic: 200 times unbound and bound, the
# modules removed and loaded. Frames follow the devices; none is spoiled, and
# no memory is lost.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=${VEI_BIND_ROUNDS:-200}

ALL_TESTS=(
	test_start
	"test_bind_rounds $ROUNDS"
	test_memory
	"test_rmmod_rounds 10"
	test_bind_twice
	test_exact
)
trap cleanup EXIT

flows()
{
	local name

	name=$(nic_ifname "${PAIR}1") && rx_beyond "$name" "$1"
}

test_start()
{
	drv_load
	check_err $? "modules do not load"
	wait_for 5 nic_appears "${PAIR}0"
	wait_for 5 nic_appears "${PAIR}1"
	traffic_follow "${PAIR}0" "${PAIR}1"
	wait_for 10 flows 100
	check_err $? "no traffic"
}

# What the kernel holds and could not give back.
held_kb()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemTotal:/ { held += $2 }
	     /^(MemFree|Buffers|Cached|SReclaimable):/ { held -= $2 }
	     END { print held }' /proc/meminfo
}

# Rounds from $1 up to $2: now the receiver goes and comes, now the sender.
bind_rounds()
{
	local i nic

	for ((i = $1; i < $2; i++)); do
		nic=$PAIR$((1 - (i & 1)))
		if ! nic_unbind "$nic" || ! nic_bind "$nic"; then
			fail "round $i: cannot unbind and bind"
			return
		fi
		if [ $((i & 1)) = 0 ] && ! wait_for 10 flows 20; then
			fail "round $i: no traffic"
			return
		fi
	done
}

test_bind_rounds()
{
	local middle=$(($1 / 2))

	bind_rounds 0 20
	held=("$(held_kb)")
	bind_rounds 20 "$middle"
	held+=("$(held_kb)")
	bind_rounds "$middle" "$1"
	held+=("$(held_kb)")
}

# What is lost in each round is lost in both halves; caches that grow to their
# size grow in the first.
test_memory()
{
	local first=$((held[1] - held[0])) second=$((held[2] - held[1]))

	note "held ${held[*]} kB"
	check_le $((first < second ? first : second)) $((ROUNDS * 2)) "kB lost in half the rounds"
}

test_rmmod_rounds()
{
	local i

	for ((i = 0; i < $1; i++)); do
		if is_stock; then
			rmmod virtio_net virtio_pci
		else
			rmmod virtio_ei_net virtio_ei
		fi
		check_err $? "round $i: modules do not unload"
		drv_load
		check_err $? "round $i: modules do not load"
		wait_for 10 flows 20
		check_err $? "round $i: no traffic"
	done
	traffic_stop
	check_err $? "the traffic was spoiled"
}

# What is bound cannot be bound again, what is not cannot be unbound.
test_bind_twice()
{
	nic_bind "${PAIR}0" 2>/dev/null
	check_fail $? "bound twice"
	nic_unbind "${PAIR}0"
	check_err $? "cannot unbind"
	nic_unbind "${PAIR}0" 2>/dev/null
	check_fail $? "unbound twice"
	nic_bind "${PAIR}0"
	check_err $? "cannot bind"
}

test_exact()
{
	local way

	pair_create
	check_err $? "the pair does not come up"
	for way in there back; do
		traffic_run packet "$way" -c 2000
		check_err $? "packets lost or spoiled"
	done
}

tests_run
