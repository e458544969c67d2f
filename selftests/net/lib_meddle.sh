# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Things that go wrong when a test says so: in the kernel, by vei_meddle.ko, and
# in the device, by QEMU's x-draft-fault.

# shellcheck source=lib_again.sh
. "$LIB_DIR/lib_again.sh"

# As wait_for, but without a pause: for what is over within milliseconds.
watch_for()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
	done
}

# function_of NAME...: the first of them that this kernel has
function_of()
{
	local name

	for name; do
		if has_function "$name"; then
			echo "$name"
			return
		fi
	done
	echo "$1"
}

# Is $1 a function of the kernel, or of a loaded module?
has_function()
{
	grep -q " $1\b" /proc/kallsyms
}

# Can QEMU do this, x-draft-fault-value and all? Tests of it are skipped elsewhere.
device_has_faults()
{
	device_set "${PAIR}0" x-draft-fault-value 0 2>/dev/null
}

# faults_here || return 0: in a test of them
faults_here()
{
	device_has_faults && return
	skip "QEMU has not the faults for this"
	return 1
}

# queue_from NIC QUEUE: from here on is counted what queue_to NIC QUEUE leaves by key in
# QUEUE_MORE, of those keys that are numbers
declare -A QUEUE_WAS=() QUEUE_MORE=()
queue_from()
{
	local key

	queue_read "$1" "$2" || return 1
	for key in "${!QUEUE_NOW[@]}"; do
		QUEUE_WAS[$key]=${QUEUE_NOW[$key]}
	done
}

queue_to()
{
	local key

	queue_read "$1" "$2" || return 1
	for key in "${!QUEUE_NOW[@]}"; do
		if [[ ${QUEUE_NOW[$key]} =~ ^[0-9]+$ ]]; then
			QUEUE_MORE[$key]=$((${QUEUE_NOW[$key]} - QUEUE_WAS[$key]))
		fi
	done
}

# Have 100 packets more been sent by transmit queue $1 of vei0 since the last call that was true?
SENT_BEFORE=()
sent_by_queue()
{
	local now

	now=$(nic_count "tx${1}_packets")
	[ "$now" -ge $((${SENT_BEFORE[$1]:-0} + 100)) ] && SENT_BEFORE[$1]=$now
}

# Has the driver taken back all that it gave to queue $2 of NIC $1?
queue_is_empty()
{
	queue_read "$1" "$2" &&
		[ "${QUEUE_NOW[free]}" = "${QUEUE_NOW[size]}" ] &&
		[ "${QUEUE_NOW[used_idx]}" = "${QUEUE_NOW[last_used]}" ]
}

# Is there something in it that the device is done with?
queue_has_used()
{
	queue_read "$1" "$2" && [ "${QUEUE_NOW[used_idx]}" != "${QUEUE_NOW[last_used]}" ]
}

# Is there something in it that the device is not done with?
queue_waits()
{
	queue_read "$1" "$2" && [ "${QUEUE_NOW[used_idx]}" != "${QUEUE_NOW[avail_idx]}" ]
}

# The peer has no buffers left, nothing has been added since the last look, and what the device
# took before it stalled is not yet the quarter of the ring with which a stopped queue goes on.
ring_is_full()
{
	local last=${QUEUE_NOW[adds]-}

	not queue_waits "${PAIR}1" 0 && queue_read "${PAIR}0" 1 &&
		[ "${QUEUE_NOW[adds]}" = "$last" ] &&
		[ "${QUEUE_NOW[free]}" -lt $((QUEUE_NOW[size] / 4)) ]
}

# Until meddle_end: none for the buffers of small packets.
no_receive_memory()
{
	meddle func="$(function_of page_pool_alloc_frag page_pool_alloc_frag_netmem)" skip=1 ret=0
	check_err $? "cannot take the memory away"
}

# Neighbours that need no asking, and no IPv6: nothing on the wire but the test's own.
quiet_pair()
{
	local mac0 mac1

	mac0=$(if_get "$IF0" address)
	mac1=$(if_get "$IF1" address "$NS")
	ipv6_off
	ip neigh replace "$IP1" lladdr "$mac1" dev "$IF0" nud permanent
	ip -n "$NS" neigh replace "$IP0" lladdr "$mac0" dev "$IF1" nud permanent
	ip neigh replace "$NOBODY" lladdr 52:54:00:00:00:77 dev "$IF0" nud permanent
}

# Who gets what is sent here: nobody.
NOBODY=192.0.2.77

# irq_on NAME PROCESSOR
irq_on()
{
	local irq

	irq=$(sed -n "s/^ *\([0-9]*\):.* $1\$/\1/p" /proc/interrupts)
	[ -n "$irq" ] && echo "$2" >"/proc/irq/$irq/smp_affinity_list"
}

# time_out TIMES [GAP_MS]: the stack finds the transmit queue stuck, so many times
time_out()
{
	[ ! -d /sys/module/vei_timeout ] || rmmod vei_timeout
	insmod "$MODULES/vei_timeout.ko" netdev="$IF0" times="$1" gap_ms="${2:-0}"
}

# For the exit of a test that uses these.
meddle_cleanup()
{
	meddle_end
	[ ! -d /sys/module/vei_timeout ] || rmmod vei_timeout
	cleanup
}
