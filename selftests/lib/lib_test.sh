# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How a test reports: KTAP with the plan first, one result a test function.
#
# ALL_TESTS is an array of "function [ARGUMENT...]". A function calls check_err
# and friends, at least once, or skip with a reason, and returns 0; what it left
# in RET makes its one result line. One that does not exist, that checked
# nothing, or that returns anything else has failed, and so has a suite that
# exits before its end. tests_run at the end of the file runs them all.
#
# VEI_ONLY is a regular expression: only the entries of ALL_TESTS that match. The
# negative controls make something wrong in one test: VEI_BREAK_AT is its entry,
# VEI_BREAK the shell command (see lib_break.sh). With _<suite> behind the name,
# as in VEI_ONLY_link, each is for one suite.

# At the end the function that is named in CLEANUP is called.

RET=0
CHECKS=0
SKIP_REASON=""
KSFT_SKIP=4
BROKEN=""
CLEANUP=""

note()
{
	echo "# $*"
}

fail()
{
	note "$*"
	CHECKS=$((CHECKS + 1))
	RET=1
}

# verdict STATUS MESSAGE: of each check
verdict()
{
	CHECKS=$((CHECKS + 1))
	[ "$1" = 0 ] || fail "$2"
}

# check_err STATUS MESSAGE: STATUS must be 0
check_err()
{
	verdict "$1" "$2"
}

# check_fail STATUS MESSAGE: STATUS must not be 0
check_fail()
{
	[ "$1" != 0 ]
	verdict $? "$2"
}

# check_eq GOT EXPECTED MESSAGE
check_eq()
{
	[ "$1" = "$2" ]
	verdict $? "$3: got '$1', expected '$2'"
}

# check_ge GOT LOWEST MESSAGE; what is no number is too low
check_ge()
{
	[ "$1" -ge "$2" ] 2>/dev/null
	verdict $? "$3: got '$1', expected at least $2"
}

# check_le GOT HIGHEST MESSAGE; what is no number is too high
check_le()
{
	[ "$1" -le "$2" ] 2>/dev/null
	verdict $? "$3: got '$1', expected at most $2"
}

# This test function cannot run here, and why.
skip()
{
	SKIP_REASON=$*
	[ -n "$*" ] || fail "skipped without a reason"
}

# The kernel that guests usually run: it has all that is asked for.
usual_kernel()
{
	[[ $(uname -r) = 6.1.*-cloud-amd64 ]]
}

# Likewise, where another kernel may lack what this needs.
skip_or_fail()
{
	if usual_kernel; then
		fail "not here: $*"
	else
		skip "$@"
	fi
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails when time is up. What has not
# come soon is looked for less often: an emulated processor is a slow one.
wait_for()
{
	local deadline=$((SECONDS + $1)) tries=0

	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		# a process of its own: while a builtin waits, bash reaps no child, and one that
		# has ended is still there to kill -0
		if [ $((++tries)) -lt 10 ]; then
			sleep 0.02
		elif [ $tries -lt 20 ]; then
			sleep 0.1
		else
			sleep 0.3
		fi
	done
}

not()
{
	! "$@"
}

# suite_var NAME: VEI_NAME is this suite's own, if there is one, and never unset.
suite_var()
{
	local suite=${0##*/} all=VEI_$1 own

	suite=${suite%.sh}
	own=${all}_${suite//[^A-Za-z0-9_]/_}
	declare -g "$all=${!own-${!all-}}"
}

# Only the entries that are asked for.
tests_select()
{
	local entry chosen=()

	for entry in "${ALL_TESTS[@]}"; do
		[[ $entry =~ $VEI_ONLY ]] && chosen+=("$entry")
	done
	ALL_TESTS=("${chosen[@]}")
}

# test_call FUNCTION [ARGUMENT...]: leaves RET and SKIP_REASON
test_call()
{
	local rc

	RET=0
	CHECKS=0
	SKIP_REASON=""
	if ! declare -F "$1" >/dev/null; then
		fail "there is no function $1"
		return
	fi
	"$@"
	rc=$?
	if [ $rc != 0 ]; then
		fail "$1 returned $rc"
	elif [ $CHECKS = 0 ] && [ -z "$SKIP_REASON" ]; then
		fail "$1 checked nothing"
	fi
}

# Whatever ends the suite: its cleanup; without that, or without its last test, it has
# failed.
tests_exit()
{
	local rc=$?

	[ -z "$BROKEN" ] || break_off
	if [ -n "$CLEANUP" ] && ! "$CLEANUP"; then
		echo "# not cleaned up"
		rc=1
	fi
	if [ -z "${TESTS_ENDED-}" ]; then
		echo "Bail out! the suite ended before its last test"
		exit 1
	fi
	exit $rc
}

# Run ALL_TESTS and exit as kselftest wants it.
tests_run()
{
	local number=0 failed=0 skipped=0 entry word

	trap tests_exit EXIT
	suite_var ONLY
	[ -z "$VEI_ONLY" ] || tests_select
	suite_var BREAK
	suite_var BREAK_AT
	echo "TAP version 13"
	echo "1..${#ALL_TESTS[@]}"
	[ ${#ALL_TESTS[@]} -gt 0 ] || exit 1
	for entry in "${ALL_TESTS[@]}"; do
		number=$((number + 1))
		[ "$VEI_BREAK_AT" != "$entry" ] || break_on
		# shellcheck disable=SC2086 # a function and its arguments
		test_call $entry
		[ "$VEI_BREAK_AT" != "$entry" ] || break_off
		word=${entry#test_}
		if [ $RET != 0 ]; then
			failed=$((failed + 1))
			echo "not ok $number - ${word//_/ }"
		elif [ -n "$SKIP_REASON" ]; then
			skipped=$((skipped + 1))
			echo "ok $number - ${word//_/ } # SKIP $SKIP_REASON"
		else
			echo "ok $number - ${word//_/ }"
		fi
	done
	TESTS_ENDED=1
	[ $failed = 0 ] || exit 1
	[ $skipped -lt ${#ALL_TESTS[@]} ] || exit $KSFT_SKIP
	exit 0
}
