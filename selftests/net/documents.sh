#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The commands of Documentation/seeing.md print what it says.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_document.sh
. "$LIB_DIR/lib_document.sh"

ALL_TESTS=(test_start)
document_tests seeing.md

# As in selftests/vm/shell.
test_start()
{
	drv_load && pair_create
	check_err $? "the pair does not come up"
	cd "$MODULES" || fail "there is no $MODULES"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver has no such tracepoints")
elif ! type -P bpftrace >/dev/null || ! type -P perf >/dev/null; then
	ALL_TESTS=("skip there are no bpftrace and perf in this guest: boot --seeing")
fi
tests_run
