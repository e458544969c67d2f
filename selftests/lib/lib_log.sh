# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the kernel has said since a moment of the test.

# The kernel's log since the last log_mark.
log_mark()
{
	LOG_MARK="mark $$ $((++LOG_MARKS))"	# no other suite's
	echo "$LOG_MARK" >/dev/kmsg
}

log_since()
{
	dmesg | sed -n "/$LOG_MARK\$/,\$p"
}

# log_has STRING
log_has()
{
	log_since | grep -qF -- "$1"
}

# log_lacks PATTERN: fails the test if a line since log_mark matches
log_lacks()
{
	local lines

	if lines=$(log_since | grep -E -- "$1"); then
		fail "in the log: $(head -n 3 <<<"$lines" | cut -d']' -f2- | tr '\n' ';')"
	fi
}

# log_says PATTERN: fails the test if none does
log_says()
{
	log_since | grep -qE -- "$1" || fail "not in the log: $1"
}
