# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Requests to a disk, every answer checked: in the background while something happens to
# the device, or all at once.

LOAD_PID=""
LOAD_LOG=/run/load.log
LOAD_PROGRESS=/run/load.progress
LOAD_COUNTS=""

# load_start DISK [OPTION...] of "disk load"; with -l first, the disk may go and come back
load_start()
{
	local disk=$1 target

	shift
	if [ "${1-}" = -l ]; then
		target=pci:$(disk_bdf "$disk")
	else
		target=$(disk_dev "$disk")
	fi
	rm -f "$LOAD_PROGRESS"
	"$DISK_TOOL" load -p "$LOAD_PROGRESS" "$@" "$target" >"$LOAD_LOG.out" 2>"$LOAD_LOG" &
	LOAD_PID=$!
}

load_running()
{
	[ -n "$LOAD_PID" ] && kill -0 "$LOAD_PID" 2>/dev/null
}

load_ended()
{
	! load_running
}

# Requests done so far.
load_done()
{
	local number=0

	{ read -r number <"$LOAD_PROGRESS"; } 2>/dev/null
	# the file may be there and empty
	echo $((10#${number:-0}))
}

load_beyond()
{
	[ "$(load_done)" -ge "$1" ]
}

# load_flows [REQUESTS [SECONDS]]: so many more are done within the time
load_flows()
{
	wait_for "${2:-20}" load_beyond $(($(load_done) + ${1:-100}))
}

# End it; fails if it had ended before, hangs, or found anything wrong.
load_stop()
{
	local rc=0

	if ! load_running; then
		note "the load ended early"
		rc=1
	fi
	kill "$LOAD_PID" 2>/dev/null
	if ! wait_for 35 load_ended; then
		note "the load does not end: $(cat "/proc/$LOAD_PID/task/"*/wchan 2>/dev/null)"
		kill -KILL "$LOAD_PID"
		return 1
	fi
	wait "$LOAD_PID" || rc=1
	LOAD_PID=""
	LOAD_COUNTS=$(<"$LOAD_LOG.out")
	if [ $rc != 0 ]; then
		note "load: $LOAD_COUNTS $(head -n 5 "$LOAD_LOG" | tr '\n' ' ')"
	fi
	return $rc
}

# For a suite's exit.
load_kill()
{
	if load_running; then
		kill -KILL "$LOAD_PID"
		wait_for 60 load_ended
	fi
	LOAD_PID=""
}

# load_count NAME: from the last line of counts
load_count()
{
	local word

	for word in $LOAD_COUNTS; do
		if [ "${word%%=*}" = "$1" ]; then
			echo "${word#*=}"
		fi
	done
}

# load_run DISK REQUESTS [OPTION...]: so many a thread, and the counts
load_run()
{
	local disk=$1 requests=$2 rc=0

	shift 2
	LOAD_COUNTS=$(timeout 120 "$DISK_TOOL" load -t "$requests" "$@" "$(disk_dev "$disk")" \
		2>"$LOAD_LOG") || rc=$?
	if [ $rc != 0 ]; then
		note "load: code $rc, $LOAD_COUNTS $(head -n 5 "$LOAD_LOG" | tr '\n' ' ')"
	fi
	return $rc
}

# requests DISK NUMBER [OPTION...] of "disk count": small ones, many under way
requests()
{
	local disk=$1 number=$2

	shift 2
	timeout 300 "$DISK_TOOL" count "$@" "$(disk_dev "$disk")" "$number" >"$LOAD_LOG" 2>&1 || {
		note "count: $(head -n 5 "$LOAD_LOG" | tr '\n' ' ')"
		return 1
	}
}

##############################################################################
# For negative controls

# spoil DISK: until the suite ends somebody else writes to the beginning of it as well
spoil()
{
	local dev

	dev=$(disk_dev "$1")
	while [ ! -e /run/spoilt ]; do
		dd if=/dev/urandom of="$dev" bs=64k count=8 oflag=direct conv=notrunc status=none
	done &
	SPOILER=$!
}

spoil_end()
{
	[ -n "${SPOILER-}" ] || return 0
	: >/run/spoilt
	wait "$SPOILER"
	rm /run/spoilt
	SPOILER=""
}

# patient DISK: nobody who waits for it is saved by its time limit
patient()
{
	disk_set "$1" queue/io_timeout 60000
}
