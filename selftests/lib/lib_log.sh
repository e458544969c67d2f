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

# log_forgive PATTERN: in all of the kernel's log nothing is wrong but lines like these, which were
# to come; they are taken out of it, as the guest looks at all of it in the end. So what is wrong
# stays in it, but fails this test alone.
log_forgive()
{
	local lines

	dmesg -c >/run/dmesg
	touch /run/unforgiven
	lines=$(grep -E -f /usr/share/vei/kernel-log /run/dmesg | grep -vE -- "$1" | cut -d']' -f2- |
		head -n 20)
	[ -n "$lines" ] || return 0
	echo "$lines" >/dev/kmsg
	lines=$(grep -vF -f /run/unforgiven <<<"$lines") || return 0
	fail "in the log: $(head -n 3 <<<"$lines" | tr '\n' ';')"
	echo "$lines" >>/run/unforgiven
}
