# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The driver of a suite's devices: DRIVER, which is ours or, for comparison, the stock
# one, and TYPE_PARAMS, the name of the variable with the job's parameters for it.

MODULES=${VEI_MODULES:-/opt}

is_stock()
{
	[ "${DRIVER#virtio_ei_}" = "$DRIVER" ]
}

# From Debian's 6.12 on the stock transport is part of the kernel. Then it cannot be loaded
# and unloaded, but it can take devices and leave them; the guest's init has it leave all.
STOCK=/sys/bus/pci/drivers/virtio-pci

stock_built_in()
{
	grep -q '/virtio_pci\.ko' "/lib/modules/$(uname -r)/modules.builtin"
}

# stock_load DRIVER...: the stock drivers, with the devices that nobody has
stock_load()
{
	local device module

	for module in virtio_pci "$@"; do
		modprobe "$module" || return
	done
	stock_built_in || return 0
	for device in /sys/bus/pci/devices/*; do
		if [ "$(<"$device/vendor")" = 0x1af4 ] && [ ! -e "$device/driver" ]; then
			echo "${device##*/}" >/sys/bus/pci/drivers_probe
		fi
	done
}

stock_unload()
{
	local device

	local rc=0

	rmmod "$@" || rc=1
	if ! stock_built_in; then
		rmmod virtio_pci && return $rc
		return
	fi
	for device in "$STOCK"/*:*; do
		[ ! -e "$device" ] || echo "${device##*/}" >"$STOCK/unbind"
	done
	return $rc
}

# drv_insert [CORE_PARAMETERS [TYPE_PARAMETERS]], on top of those of the job
drv_insert()
{
	if is_stock; then
		stock_load "$DRIVER"
		return
	fi
	# shellcheck disable=SC2086 # parameters are words
	insmod "$MODULES/virtio_ei.ko" ${VEI_CORE_PARAMS-} ${1-} &&
		insmod "$MODULES/$DRIVER.ko" ${!TYPE_PARAMS-} ${2-}
}

drv_loaded()
{
	[ -d "/sys/module/$DRIVER" ]
}

# watch_is_quiet [ADDRESS]: the watch of the device there, or of each one, has found nothing
# lost, unless a suite loses it on purpose. Who asks may not look at what comes of it, so it
# fails the test by itself.
watch_is_quiet()
{
	local file lost rc=0

	[ -z "${LOSSES_EXPECTED-}" ] || return 0
	for file in /sys/bus/pci/devices/${1:-*}/virtio_ei/{kicks,interrupts}_lost; do
		if { read -r lost <"$file"; } 2>/dev/null && [ "$lost" != 0 ]; then
			fail "${file#/sys/bus/pci/devices/}: $lost, expected 0"
			rc=1
		fi
	done
	return $rc
}

drv_unload()
{
	local module rc=0

	if is_stock; then
		drv_loaded || return 0
		stock_unload "$DRIVER"
		return
	fi
	watch_is_quiet || rc=1
	for module in "$DRIVER" virtio_ei; do
		if [ -d "/sys/module/$module" ]; then
			rmmod "$module" || rc=1
		fi
	done
	return $rc
}

drv_reload()
{
	drv_unload && drv_load "$@"
}

# The PCI driver's directory; virtio-pci for a stock driver.
pci_driver()
{
	if is_stock; then
		echo "$STOCK"
	else
		echo "/sys/bus/pci/drivers/$DRIVER"
	fi
}

# drv_unbind ADDRESS: the device there, of which nothing was lost
drv_unbind()
{
	watch_is_quiet "$1"
	echo "$1" >"$(pci_driver)/unbind"
}
