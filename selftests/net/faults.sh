#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The negative controls of wakeup.sh and direction.sh: a device with a seeded
# fault (QEMU's x-draft-fault) has to be found out, by name of the symptom. And
# the driver has to survive it: after a reset, with the fault gone, all is well.
#
# Where a fault strikes is fixed at the device's start (x-draft-fault-queue): the
# first pair has it in the receive queues, the second in the transmit queues.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_wakeup.sh
. "$LIB_DIR/lib_wakeup.sh"

# fault, used_event:avail_event, the half that has it, what must be said
RECEIVE_FAULTS=(
	"used-event-off-by-one 1:1 1 lost interrupt"
	"lost-interrupt 1:1 1 lost interrupt"
	"lost-interrupt 0:0 1 lost interrupt"
	"bad-used-id 1:1 1 used id out of range"
	"bad-used-len 1:1 1 used len over the buffer"
	"used-idx-jump 1:1 1 used->idx out of range"
)
TRANSMIT_FAULTS=(
	"avail-event-off-by-one 1:1 0 lost kick"
	"avail-event-stuck 1:1 0 lost kick"
	"lost-kick 1:1 0 lost kick"
	"lost-kick 0:0 0 lost kick"
	"no-notify-stuck 0:0 0 lost kick"
	"bad-used-id 1:1 0 used id out of range"
	"used-idx-jump 1:1 0 used->idx out of range"
)

read -r RECEIVE_PAIR TRANSMIT_PAIR _ <<<"$VEI_PAIRS x x"
ALL_TESTS=("test_start $RECEIVE_PAIR 0")
for fault in "${RECEIVE_FAULTS[@]}"; do
	ALL_TESTS+=("test_fault $fault" test_recovers)
done
ALL_TESTS+=("test_start $TRANSMIT_PAIR 1")
for fault in "${TRANSMIT_FAULTS[@]}"; do
	ALL_TESTS+=("test_fault $fault" test_recovers)
done

# <pair> <queue>
test_start()
{
	PAIR=$1
	drv_reload && pair_create "$PAIR"
	check_err $? "the pair does not come up"
	check_eq "$(device_prop "${PAIR}0" x-draft-fault-queue)" "$2" "x-draft-fault-queue"
	wakeups_ok
	check_err $? "not even without a fault"
}

# fault_set NIC FAULT
fault_set()
{
	device_set "$1" x-draft-fault "\"$2\""
}

test_fault()
{
	local fault=$1 mode=$2 nic said

	FAULTY=$PAIR$3
	shift 3
	for nic in "${PAIR}0" "${PAIR}1"; do
		vei_set "$nic" used_event "${mode%:*}" && vei_set "$nic" avail_event "${mode#*:}"
		check_err $? "$nic: cannot be toggled"
	done
	wait_for 60 if_is_running "$IF0"
	fault_set "$FAULTY" "$fault"
	check_err $? "$FAULTY: cannot be given the fault"
	said=$(wakeups_ok)
	check_fail $? "not found out"
	grep -F -- "$FAULTY" <<<"$said" | grep -qF -- "$*"
	check_err $? "'$*' of $FAULTY is not among the symptoms: $(tr -d '#' <<<"$said" | tr '\n' ';')"
	case $* in
	lost*)	;;
	*)	check_no_carrier ;;
	esac
}

# Who uses a card with a broken queue, as a bond does, must see that it is one.
check_no_carrier()
{
	if [ "$FAULTY" = "${PAIR}0" ]; then
		wait_for 60 not if_is_running "$IF0"
	else
		wait_for 60 not if_is_running "$IF1" "$NS"
	fi
	check_err $? "$FAULTY has a carrier"
}

test_recovers()
{
	local nic

	fault_set "$FAULTY" none
	for nic in "${PAIR}0" "${PAIR}1"; do
		vei_set "$nic" reset 1
		check_err $? "$nic: cannot be reset"
	done
	wait_for 60 if_is_running "$IF0" && wait_for 60 if_is_running "$IF1" "$NS"
	wakeups_ok
	check_err $? "does not recover"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver shows no rings")
fi
tests_run
