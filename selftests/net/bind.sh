#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The driver comes and goes under traffic: 200 times unbound and bound, the
# modules removed and loaded. Frames follow the devices; none is spoiled, and
# no memory is lost.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_memory.sh
. "$LIB_DIR/lib_memory.sh"

ROUNDS=${VEI_BIND_ROUNDS:-200}
WARM=20		# before the first measurement
HALF=$(((ROUNDS - WARM) / 2))
HALVES=5	# at the most
# Bytes a round that are too many.
SLAB_LEAK=500
PAGE_LEAK=1500

ALL_TESTS=(
	test_start
	test_bind_rounds
	test_sees_leaks
	"test_rmmod_rounds 10"
	test_bind_twice
	test_exact
)

test_start()
{
	kasan_here || :		# else each shell would look anew
	drv_load
	check_err $? "modules do not load"
	wait_for 60 nic_appears "${PAIR}0"
	wait_for 60 nic_appears "${PAIR}1"
	traffic_follow "${PAIR}0" "${PAIR}1"
	nic_flows "${PAIR}1"
	check_err $? "no traffic"
}

# What the kernel holds, in bytes, while the driver has no device and so should hold
# nothing: objects of all slab caches, which is exact where slabs are checked
# (slub_debug); and pages that are neither free (a processor's own lists of free ones
# included) nor accounted for as anything.
held()
{
	nic_unbind "${PAIR}0" && nic_unbind "${PAIR}1"
	settle
	nic_bind "${PAIR}0" && nic_bind "${PAIR}1"
	echo "$SLABS_LEAST $PAGES_LEAST"
}

slab_bytes()
{
	awk 'NR > 2 { sum += $2 * $4 } END { print sum }' /proc/slabinfo
}

page_bytes()
{
	awk '/^MemTotal:/ { held += $2 }
	     /^(MemFree|Buffers|Cached|AnonPages|Slab|KernelStack|PageTables|Percpu):/ { held -= $2 }
	     / count: / { held -= 4 * $2 }
	     END { print held * 1024 }' /proc/meminfo /proc/zoneinfo
}

# The least of each, once it has not become less for a second: what is freed late, after
# a grace period or when a cache is looked through, has been freed.
settle()
{
	local calm=0 slab page tries=0

	SLABS_LEAST=$((1 << 62)) PAGES_LEAST=$((1 << 62))
	sync
	while [ "$calm" -lt 10 ] && [ $((tries++)) -lt 100 ]; do
		forget "*"
		# which empties the processors' own lists of pages that begin or end being used
		[ ! -e /proc/sys/vm/compact_memory ] || echo 1 >/proc/sys/vm/compact_memory
		sleep 0.1
		slab=$(slab_bytes) page=$(page_bytes)
		calm=$((calm + 1))
		if [ "$slab" -lt "$SLABS_LEAST" ]; then
			SLABS_LEAST=$slab calm=0
		fi
		if [ "$page" -lt "$PAGES_LEAST" ]; then
			PAGES_LEAST=$page calm=0
		fi
	done
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
		if [ $((i & 1)) = 0 ] && ! nic_flows "${PAIR}1" 20; then
			fail "round $i: no traffic"
			return
		fi
	done
}

# growth BYTES...: bytes lost in a round, of what was held after each half. What is lost in each
# round is lost in each half; caches that grow to their size do so in some.
growth()
{
	local before=$1 least=$((1 << 62)) now

	shift
	for now; do
		least=$(((now - before) / HALF < least ? (now - before) / HALF : least))
		before=$now
	done
	echo "$least"
}

# held_grows COMMAND...: run COMMAND FROM TO in two halves, and in more where they leave doubt;
# leaves SLAB and PAGES, the bytes lost in a round
held_grows()
{
	local half slab page

	read -r "slab[0]" "page[0]" <<<"$(held)"
	for ((half = 1; half <= HALVES; half++)); do
		"$@" $((WARM + (half - 1) * HALF)) $((WARM + half * HALF))
		read -r "slab[half]" "page[half]" <<<"$(held)"
		SLAB=$(growth "${slab[@]}") PAGES=$(growth "${page[@]}")
		if [ "$half" -ge 2 ] && [ "$SLAB" -le "$SLAB_LEAK" ] && [ "$PAGES" -le "$PAGE_LEAK" ]; then
			break
		fi
	done
	note "slabs ${slab[*]}, $SLAB a round; pages ${page[*]}, $PAGES a round"
}

test_bind_rounds()
{
	bind_rounds 0 "$WARM"
	held_grows bind_rounds
	check_le "$SLAB" "$SLAB_LEAK" "bytes of slabs lost in a round"
	check_le "$PAGES" "$PAGE_LEAK" "bytes of pages lost in a round"
}

# A pipe with so much in it is two pages, and two kilobytes of slabs.
leak()
{
	local i fd

	for ((i = $1; i < $2; i++)); do
		exec {fd}<>"/run/leak$i"
		printf %5000s "" >&"$fd"
		LEAKED+=("$fd")
	done
}

# The measure itself: a kilobyte a round does not pass, nor do two pages.
test_sees_leaks()
{
	local fd HALF=90	# each is a file that is open

	LEAKED=()
	eval mkfifo "/run/leak{$WARM..$((WARM + HALVES * HALF))}"
	held_grows leak
	check_ge "$SLAB" $((3 * SLAB_LEAK)) "bytes of slabs lost in a round, a pipe being lost"
	check_ge "$PAGES" $((PAGE_LEAK + 1)) "bytes of pages lost in a round, two pages being lost"
	for fd in "${LEAKED[@]}"; do
		exec {fd}>&-
	done
	rm -f /run/leak*
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
		nic_flows "${PAIR}1" 20
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
