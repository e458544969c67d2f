#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/tutorial.md does what it says, on a disk of the draft's.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lib_document.sh
. "$LIB_DIR/lib_document.sh"

ALL_TESTS=(test_start)
document_tests tutorial.md

# As in selftests/vm/shell.
test_start()
{
	drv_load
	check_err $? "the disks do not appear"
	cd "$MODULES" || fail "there is no $MODULES"
}

if is_stock; then
	ALL_TESTS=("skip the stock driver shows no rings")
fi
tests_run
