#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory that runs out, at each place at which the driver asks for some, in turn: what is
# refused leaves nothing behind, and works at the next try.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_memory.sh
. "$LIB_DIR/lib_memory.sh"

ALL_TESTS=(test_start test_probe test_reset)
# in a guest of its own
[ "${VEI_MEMORY-}" != sleep ] || ALL_TESTS=(test_start test_resume)
CLEANUP=memory_cleanup

test_start()
{
	memory_here || return 0
	drv_load
	check_err $? "the device does not appear"
	rng_read 64 /run/bytes
	check_err $? "no bytes come"
	rng_unbind
	check_err $? "cannot be unbound"
	held_from
}

step_bind()
{
	rng_bind
}

after_bind()
{
	if [ "$1" != 0 ]; then
		check_no_trace "$RNG"
		rng_bind
		check_err $? "not at the next try either"
	fi
	wait_for 60 rng_selected
	check_err $? "the device does not appear"
	rng_read 64 /run/bytes
	check_err $? "no bytes come"
	rng_unbind
	check_err $? "cannot be unbound"
}

test_probe()
{
	memory_here || return 0
	walk 20 step_bind after_bind
	check_held
}

# without_any STEP...: it needs none, as all is there from before
without_any()
{
	memory_here || return 0
	rng_bind && wait_for 60 rng_selected
	check_err $? "the device does not appear"
	asks_nothing "$@"
	rng_read 64 /run/bytes
	check_err $? "no bytes come"
	rng_unbind
	check_held
}

test_reset()
{
	without_any vei_set "$RNG" reset 1
}

test_resume()
{
	if ! can_sleep; then
		skip "this machine cannot sleep"
		return
	fi
	without_any suspend
}

tests_run
