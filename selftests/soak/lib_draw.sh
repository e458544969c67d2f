# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # what is drawn is for others
#
# What the soak does next. All of it follows from the seed alone: nothing here looks at the
# machine, so a seed makes the same steps again.

# Lehmer's generator, of its own: another shell's $RANDOM is another.
DRAW_MODULUS=2147483647
DRAW_STATE=1

draw_seed()
{
	DRAW_STATE=$(($1 % (DRAW_MODULUS - 1) + 1))
	# neighbours begin alike
	draw 2; draw 2; draw 2
}

# draw N: 0 to N - 1, into DRAWN
draw()
{
	DRAW_STATE=$((DRAW_STATE * 48271 % DRAW_MODULUS))
	DRAWN=$((DRAW_STATE % $1))
}

# draw_of WORD...: one of them, into PICKED
draw_of()
{
	draw $#
	shift "$DRAWN"
	PICKED=$1
}

# Steps that one process makes and that leave the soak's own variables alone: two of them can
# be made at once. As often as they stand here.
QUICK=(toggle toggle toggle toggle reset reset channels channels offload offload coalesce
       copybreak mtu mtu updown updown look look cache promisc)

# draw_quick: a step, into QUICK_STEP
draw_quick()
{
	draw_of "${QUICK[@]}"
	QUICK_STEP=$PICKED
	case $PICKED in
	cache)		also "write through" "write back" ;;
	toggle | reset | look)
			also "${DEVICES[@]}" ;;
	channels)	also "${NICS[2]}" "${NICS[3]}" ;;
	*)		also "${NICS[@]}" ;;
	esac
	case $QUICK_STEP in
	toggle*)	also used_event avail_event features_hi indirect notify_on_empty; also 0 1 ;;
	channels*)	also 1 2 ;;
	offload*)	also tx sg tso gso gro; also off on ;;
	coalesce*)	also "tx-usecs 0" "tx-usecs 1000" "tx-usecs 8000" "tx-usecs 100000" \
				"tx-frames 1" "tx-frames 64" "adaptive-rx on" \
				"adaptive-rx off rx-usecs 0" "adaptive-rx off rx-usecs 500 rx-frames 8" ;;
	copybreak*)	also 0 64 128 ;;
	mtu\ ${STREAMS}*)	also 600 1000 1280 1500 ;;
	mtu*)		also 1500 2000 3000 ;;
	promisc*)	also on off ;;
	esac
}

# also WORD...: one of them is the next argument of QUICK_STEP
also()
{
	draw_of "$@"
	QUICK_STEP+=" $PICKED"
}

# What can be wrong with a device, and by how much. total-used-len makes a frame longer in a way
# that no driver can know of.
NET_FAULTS=(
	"used-event-off-by-one 0" "avail-event-off-by-one 0" "avail-event-stuck 0"
	"no-notify-stuck 0" "lost-interrupt 0" "lost-kick 0" "unsuppressed-interrupts 0"
	"unused-field-writes 0" "used-idx-jump 0" "bad-used-id 0" "bad-used-len 0"
	"used-len 0" "used-len 0x7fffffff" "net-header 0xff"
	"queue-size 0" "queue-size 3" "queue-size 65535" "vector-refused 0" "reset-ignored 0"
	"reads-ones 0" "offer-mask 0" "config-pairs 0"
)
BLK_FAULTS=(
	"used-event-off-by-one 0" "avail-event-off-by-one 0" "avail-event-stuck 0"
	"no-notify-stuck 0" "lost-interrupt 0" "lost-kick 0" "unsuppressed-interrupts 0"
	"unused-field-writes 0" "used-idx-jump 0" "bad-used-id 0" "bad-used-len 0"
	"used-len 0" "used-len 0x7fffffff" "total-used-len 0"
	"queue-size 0" "queue-size 3" "queue-size 4" "vector-refused 0" "reset-ignored 0"
	"reads-ones 0" "offer-mask 0"
)

# fault DEVICE QUEUE AFTER FAULT VALUE
draw_fault()
{
	draw_of "${DEVICES[@]}"
	STEP="fault $PICKED"
	if [ "$PICKED" = "$DISK" ]; then
		draw_of 0 1 any any
		STEP+=" $PICKED"
		draw_of 0 5 50
		STEP+=" $PICKED"
		draw_of "${BLK_FAULTS[@]}"
	else
		draw_of 0 0 1 1 2 any any
		STEP+=" $PICKED"
		draw_of 0 5 50
		STEP+=" $PICKED"
		draw_of "${NET_FAULTS[@]}"
	fi
	STEP+=" $PICKED"
}

# reload CORE NET BLK: parameters of each, joined by commas
draw_reload()
{
	draw_of vectors=auto vectors=auto vectors=shared vectors=intx
	STEP="reload $PICKED"
	draw_of used_event=1 used_event=0
	STEP+=,$PICKED
	draw_of avail_event=1 avail_event=0
	STEP+=,$PICKED
	draw_of queue_pairs=0 queue_pairs=0 queue_pairs=1 gso=0 csum=0,gso=0 guest_offloads=0
	STEP+=" $PICKED"
	draw_of num_queues=0 num_queues=1 poll_queues=1 postpone_usecs=0
	STEP+=" $PICKED"
}

# draw_step: the next one, into STEP
draw_step()
{
	local kind first

	draw 100
	kind=$DRAWN
	if [ "$kind" -lt 36 ]; then
		draw_quick
		STEP=$QUICK_STEP
	elif [ "$kind" -lt 50 ]; then
		draw_quick
		first=$QUICK_STEP
		draw_quick
		STEP="both $first + $QUICK_STEP"
	elif [ "$kind" -lt 56 ]; then
		draw_of "${DEVICES[@]}"
		STEP="burst $PICKED"
	elif [ "$kind" -lt 62 ]; then
		draw_of "${NICS[@]}"
		STEP="link $PICKED"
	elif [ "$kind" -lt 65 ]; then
		draw_of "${NICS[@]}"
		STEP="flaps $PICKED"
	elif [ "$kind" -lt 67 ]; then
		STEP="grow"
	elif [ "$kind" -lt 74 ]; then
		draw_of "${DEVICES[@]}"
		STEP="rebind $PICKED"
	elif [ "$kind" -lt 80 ]; then
		draw_of "${DEVICES[@]}"
		STEP="replug $PICKED"
	elif [ "$kind" -lt 82 ]; then
		STEP="sleep"
	elif [ "$kind" -lt 84 ]; then
		draw_of 50 300
		STEP="snapshot $PICKED"
	elif [ "$kind" -lt 87 ]; then
		draw_reload
	else
		draw_fault
	fi
}

# How much is under way until the next round, into PAUSE (us between two sends) and DEPTH.
draw_round()
{
	draw_of 500 2000 5000
	PAUSE=$PICKED
	draw_of 1 4 8
	DEPTH=$PICKED
}
