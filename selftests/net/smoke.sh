#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The driver takes a pair and it answers: what everything else builds on.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ALL_TESTS=(
	test_load
	test_answers
	test_unload
)

test_load()
{
	drv_load
	check_err $? "modules do not load"
	pair_create
	check_err $? "the pair does not come up"
}

test_answers()
{
	pair_answers
	check_err $? "no answer"
}

test_unload()
{
	drv_unload
	check_err $? "modules do not unload"
	nic_appears "${PAIR}0"
	check_fail $? "an interface is left over"
}

tests_run
