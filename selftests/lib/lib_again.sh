# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A function of the kernel that fails, or takes long, when a test says so (vei_meddle.ko), and
# what is tried again meanwhile.

MEDDLE=/sys/module/vei_meddle/parameters

# meddle PARAMETER...: until meddle_end, which has to come before the next
meddle()
{
	insmod "$MODULES/vei_meddle.ko" "$@"
}

# meddle_read hits|busy: how often it has struck, how many are delayed now, into MEDDLED
meddle_read()
{
	read -r MEDDLED <$MEDDLE/"$1"
}

meddle_struck()
{
	meddle_read hits && [ "$MEDDLED" -gt "${1:-0}" ]
}

meddle_busy()
{
	meddle_read busy && [ "$MEDDLED" -gt 0 ]
}

meddle_end()
{
	[ ! -d /sys/module/vei_meddle ] || rmmod vei_meddle
}

# hundredths of a second
now()
{
	local up

	read -r up _ </proc/uptime
	echo "${up/./}"
}

# times_said PATTERN: since log_mark
times_said()
{
	log_since | grep -cE -- "$1"
}

# users_tries COMMAND...: the user's own, which fail, one after the other
users_tries()
{
	local i

	for ((i = 0; i < 8; i++)); do
		"$@"
	done 2>/dev/null
}

# check_not_put_off STRIKES COMMAND...: after so many tries of the user's the next one comes as
# soon as it would have. Each try strikes so often.
check_not_put_off()
{
	local left=$1

	shift
	users_tries "$@"
	meddle_read hits
	wait_for 40 meddle_struck $((MEDDLED + left - 1))
	check_err $? "the next try was put off"
}
