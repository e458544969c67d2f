# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How a test reports: KTAP with the plan first, one result a test function.
#
# ALL_TESTS is an array of "function [ARGUMENT...]". A function calls check_err
# and friends any number of times, or skip; what it left in RET makes its one
# result line. tests_run at the end of the file runs them all.

RET=0
SKIP_REASON=""
KSFT_SKIP=4

note()
{
	echo "# $*"
}

fail()
{
	note "$*"
	RET=1
}

# check_err STATUS MESSAGE: STATUS must be 0
check_err()
{
	[ "$1" = 0 ] || fail "$2"
}

# check_fail STATUS MESSAGE: STATUS must not be 0
check_fail()
{
	[ "$1" != 0 ] || fail "$2"
}

# check_eq GOT EXPECTED MESSAGE
check_eq()
{
	[ "$1" = "$2" ] || fail "$3: got '$1', expected '$2'"
}

# check_ge GOT LOWEST MESSAGE
check_ge()
{
	[ "${1:-0}" -ge "$2" ] || fail "$3: got '$1', expected at least $2"
}

# check_le GOT HIGHEST MESSAGE
check_le()
{
	[ "${1:-0}" -le "$2" ] || fail "$3: got '$1', expected at most $2"
}

# This test function cannot run here, and why.
skip()
{
	SKIP_REASON=$*
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails when time is up
wait_for()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.02
	done
}

not()
{
	! "$@"
}

# Run ALL_TESTS and exit as kselftest wants it.
tests_run()
{
	local number=0 failed=0 skipped=0 entry word

	echo "TAP version 13"
	echo "1..${#ALL_TESTS[@]}"
	for entry in "${ALL_TESTS[@]}"; do
		number=$((number + 1))
		RET=0
		SKIP_REASON=""
		# shellcheck disable=SC2086 # a function and its arguments
		$entry
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
	[ $failed = 0 ] || exit 1
	[ $skipped -lt ${#ALL_TESTS[@]} ] || exit $KSFT_SKIP
	exit 0
}
