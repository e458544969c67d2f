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

available_kb()
{
	sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

test_bind_rounds()
{
	local i nic

	for ((i = 0; i < $1; i++)); do
		# what has settled after the first rounds must not go on shrinking
		if [ "$i" = 20 ]; then
			memory_before=$(available_kb)
		fi
		# now the receiver, now the sender
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
	memory_after=$(available_kb)
}

# A leak of one page a round would show as 4 kB x rounds.
test_memory()
{
	note "available before $memory_before kB, after $memory_after kB"
	check_le $((memory_before - memory_after)) $((ROUNDS * 8)) "kB lost in $ROUNDS rounds"
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
