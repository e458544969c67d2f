# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # soak.sh has what is not used here
#
# What is under way during the soak, and what has to be true of it: frames and TCP in both
# directions, requests of the disk, every byte checked.

declare -A STREAM=()
# What the watch had found lost by the time that counts, by device.
declare -A LOST=()
declare -A RX=()
# A nap, of which one that is later by so much shows that the host does not let the guest run.
NAP_US=50000
LATE_US=1000000
# Words of the driver that say that something is wrong; what the watch says is counted.
COMPLAINTS='virtio_ei[^ ]* .*(broken|stuck|no answer|cannot|timeout|is gone|refused|is still)'

##############################################################################
# Streams

# stream NAME OPTION...: of the traffic program
stream()
{
	"$TRAFFIC" "${@:2}" >"/run/soak.$1" 2>"/run/soak.$1.err" &
	STREAM[$1]=$!
}

streams_start()
{
	local one two

	one=pci:$(nic_bdf "${NICS[0]}") two=pci:$(nic_bdf "${NICS[1]}")
	# whatever gets lost on the way
	stream frames-there packet -i "$one" -I "$two" -c 0 -L -u -b 4 -p "$PAUSE"
	stream frames-back packet -i "$two" -I "$one" -c 0 -L -u -b 4 -p "$PAUSE"
	# nothing does, in the end
	stream tcp-there tcp -N "/run/netns/$NS" -a "$IP1" -c 60000000000 -t 240 -s 1:20000 \
		-p $((4 * PAUSE))
	stream tcp-back tcp -n "/run/netns/$NS" -a "$IP0" -c 60000000000 -t 240 -s 1:20000 \
		-p $((4 * PAUSE))
	LOSSES="" REWOUND=""
	load_start "$DISK" -l -d "$DEPTH" -r "$SEED"
}

stream_ended()
{
	! kill -0 "$1" 2>/dev/null
}

# They end, and have found nothing wrong.
streams_stop()
{
	local name rc

	for name in "${!STREAM[@]}"; do
		kill "${STREAM[$name]}" 2>/dev/null
		check_err $? "$name ended early"
	done
	for name in "${!STREAM[@]}"; do
		wait_for 300 stream_ended "${STREAM[$name]}"
		check_err $? "$name does not end"
		kill -KILL "${STREAM[$name]}" 2>/dev/null
		wait "${STREAM[$name]}"
		rc=$?
		check_err $rc "$name: $(cat "/run/soak.$name" "/run/soak.$name.err" | tr '\n' ' ')"
		[ -n "$REWOUND" ] || ! grep -q 'undone=[1-9]' "/run/soak.$name"
		check_err $? "$name: frames that were never sent"
		unset "STREAM[$name]"
	done
	load_stop
	check_err $? "the disk: lost or spoiled"
	[ -n "$LOSSES" ] || check_eq "$(load_count errors)" 0 "requests failed, of $LOAD_COUNTS"
}

streams_kill()
{
	local name

	for name in "${!STREAM[@]}"; do
		kill -KILL "${STREAM[$name]}" 2>/dev/null
		wait "${STREAM[$name]}" 2>/dev/null
	done
	load_kill
}

# rx_read NIC: packets received, into RX_NOW; its interface is in one namespace or the other
rx_read()
{
	local var=VEI_BDF_$1 file

	RX_NOW=0
	for file in {/sys,"$PEER_SYS"}/bus/pci/devices/"${!var}"/net/*/statistics/rx_packets; do
		{ read -r RX_NOW <"$file"; } 2>/dev/null && return
	done
}

# Has the other one of the pair a fault, or this one?
is_excused()
{
	[ -n "${FAULTY[${1%?}0]-}${FAULTY[${1%?}1]-}" ]
}

# Is everything further than it was? What is not, into STANDING.
all_flow()
{
	local nic

	STANDING=""
	for nic in "${NICS[@]}"; do
		rx_read "$nic"
		is_excused "$nic" || [ "$RX_NOW" -ge $((RX[$nic] + 20)) ] || STANDING+=" $nic"
	done
	[ -n "${FAULTY[$DISK]-}" ] || load_beyond $((DONE + 10)) || STANDING+=" $DISK"
	[ -z "$STANDING" ]
}

check_flows()
{
	local nic

	for nic in "${NICS[@]}"; do
		rx_read "$nic"
		RX[$nic]=$RX_NOW
	done
	DONE=$(load_done)
	wait_for "$PATIENCE" all_flow
	check_err $? "does not go on:$STANDING"
}

##############################################################################
# What should not be

# lost_read DEVICE: what the watch has found lost, into LOST_NOW
lost_read()
{
	local var=VEI_BDF_$1 dir kicks=0 interrupts=0

	dir=/sys/bus/pci/devices/${!var}/virtio_ei
	{ read -r kicks <"$dir/kicks_lost" && read -r interrupts <"$dir/interrupts_lost"; } 2>/dev/null
	LOST_NOW="kicks_lost $kicks, interrupts_lost $interrupts"
}

# From here on nothing more is lost of it.
watch_begin()
{
	lost_read "$1"
	LOST[$1]=$LOST_NOW
}

# It has been bound anew, and counts from 0.
new_device()
{
	LOST[$1]="kicks_lost 0, interrupts_lost 0"
}

# The watch goes by the time that the device takes. What it finds while the host does not let
# the device run says nothing of the driver; it is trusted again.
check_watch()
{
	local dev

	pulse_stop
	pulse_start $NAP_US
	for dev in "${DEVICES[@]}"; do
		[ -z "${FAULTY[$dev]-}" ] || continue
		lost_read "$dev"
		if [ "$LOST_NOW" != "${LOST[$dev]}" ] && [ "$PULSE_WORST" -gt $LATE_US ]; then
			note "$dev: $LOST_NOW, as the machine stood still for $PULSE_WORST us"
			vei_set "$dev" reset 1
			check_err $? "$dev cannot be reset"
			LOST[$dev]=$LOST_NOW
		fi
		check_eq "$LOST_NOW" "${LOST[$dev]}" "$dev has no fault"
	done
}

# What the kernel has said since the last time; it may keep it.
check_kernel()
{
	local lines

	dmesg -c >/run/soak.dmesg
	if lines=$(grep -E -f /usr/share/vei/kernel-log /run/soak.dmesg); then
		fail "in the log: $(head -n 3 <<<"$lines" | tr '\n' ';')"
	fi
	if [ -z "$FAULTED" ] && lines=$(grep -E "$COMPLAINTS" /run/soak.dmesg); then
		fail "the driver complains of devices without a fault: $(head -n 3 <<<"$lines" | tr '\n' ';')"
	fi
	CHECKS=$((CHECKS + 1))
	FAULTED=${FAULTY[*]}
}

# exact KIND OPTION...: nothing gets lost of it
exact()
{
	local counts

	counts=$("$TRAFFIC" "$@" 2>/run/soak.exact)
	check_err $? "$*: $counts $(tr '\n' ' ' </run/soak.exact)"
}

# With all at rest and without a fault.
check_exact()
{
	local one two

	one=pci:$(nic_bdf "${NICS[0]}") two=pci:$(nic_bdf "${NICS[1]}")
	exact packet -i "$one" -I "$two" -c 1000 -t "$PATIENCE"
	exact packet -i "$two" -I "$one" -c 1000 -t "$PATIENCE"
	exact udp -N "/run/netns/$NS" -a "$IP1" -c 300 -w 32 -t "$PATIENCE"
	exact udp -n "/run/netns/$NS" -a "$IP0" -c 300 -w 32 -t "$PATIENCE"
	exact tcp -N "/run/netns/$NS" -a "$IP1" -c 1000000 -t "$PATIENCE"
	exact tcp -n "/run/netns/$NS" -a "$IP0" -c 1000000 -t "$PATIENCE"
	load_run "$DISK" 30 -d 4
	check_err $? "the disk: lost or spoiled"
	check_disk_idle
}

# However many queues it has now.
check_disk_idle()
{
	local file

	for file in "/sys/kernel/debug/virtio_ei/$(disk_bdf "$DISK")"/queue*; do
		wait_for "$PATIENCE" queue_idle "$DISK" "${file##*queue}"
		check_err $? "$DISK ${file##*/}: used ${QUEUE_NOW[used_idx]-} of ${QUEUE_NOW[avail_idx]-}"
		check_eq "${QUEUE_NOW[broken]-}" no "$DISK ${file##*/}: broken"
	done
}

# Driver and device agree on what was negotiated, and it is what the toggles say.
check_agreed()
{
	local dev toggle

	for dev in "${DEVICES[@]}"; do
		for toggle in used_event avail_event features_hi indirect notify_on_empty; do
			declare -g "$toggle=$(vei_get "$dev" $toggle)"
		done
		if [ "$dev" = "$DISK" ]; then
			check_negotiated "$dev" 0 0
		else
			check_negotiated "$dev"
		fi
	done
}

##############################################################################
# Memory

# Can it be told here who holds what? Where there is kmemleak, it is asked at the guest's end.
HELD_KNOWN=""
held_known()
{
	[ -e /sys/kernel/debug/kmemleak ] || ! grep -q 'slub_debug=[^ ]*U' /proc/cmdline ||
		[ ! -e /sys/kernel/debug/slab/kmalloc-64/alloc_traces ] ||
		! insmod "$MODULES/vei_held.ko" 2>/dev/null || HELD_KNOWN=1
	[ -n "$HELD_KNOWN" ] || ! usual_kernel || fail "who holds memory is not known"
}

# off_and_on COMMAND: which finds all devices unbound
off_and_on()
{
	local dev

	for dev in "${DEVICES[@]}"; do
		dev_unbind "$dev"
		check_err $? "$dev cannot be unbound"
	done
	"$1"
	for dev in "${DEVICES[@]}"; do
		new_device "$dev"
		dev_bind "$dev" && set_up "$dev"
		check_err $? "$dev is not back"
	done
}
