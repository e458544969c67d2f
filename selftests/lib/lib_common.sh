# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the lib.sh of each type begins with: it has set LIB_DIR, DRIVER and TYPE_PARAMS.
# A device is the name of its VEI_BDF_<name>.

if type -P qmp >/dev/null; then
	# shellcheck source=/dev/null
	. "$(type -P qmp)"
fi
# shellcheck source=lib_test.sh
. "$LIB_DIR/lib_test.sh"
CLEANUP=cleanup
# shellcheck source=lib_break.sh
. "$LIB_DIR/lib_break.sh"
# shellcheck source=lib_drv.sh
. "$LIB_DIR/lib_drv.sh"
# shellcheck source=lib_log.sh
. "$LIB_DIR/lib_log.sh"
# shellcheck source=lib_machine.sh
. "$LIB_DIR/lib_machine.sh"
# shellcheck source=lib_vei.sh
. "$LIB_DIR/lib_vei.sh"

# device_name DEVICE net|block: the kernel's name for its interface or disk, if there is one
device_name()
{
	local var=VEI_BDF_$1 dir

	for dir in /sys/bus/pci/devices/"${!var}"/{,virtio*/}"$2"/*; do
		if [ -d "$dir" ]; then
			echo "${dir##*/}"
			return 0
		fi
	done
	return 1
}

# skip_elsewhere DEVICE UNNAMED: elsewhere than in a guest of selftests/vm there is nothing
# to test on. UNNAMED is the reason if the host has named no device, so DEVICE is empty.
skip_elsewhere()
{
	local var=VEI_BDF_$1 reason

	if [ -z "$1" ]; then
		reason=$2
	elif [ ! -e "/sys/bus/pci/devices/${!var}/vendor" ]; then
		reason="there is no device ${!var}"
	elif [ "$(id -u)" != 0 ]; then
		reason="not root"
	else
		return
	fi
	echo "TAP version 13"
	echo "1..0 # SKIP $reason"
	exit "$KSFT_SKIP"
}
