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

# drv_insert [CORE_PARAMETERS [TYPE_PARAMETERS]], on top of those of the job
drv_insert()
{
	if is_stock; then
		modprobe virtio_pci && modprobe "$DRIVER"
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

drv_unload()
{
	local module rc=0

	if is_stock; then
		set -- "$DRIVER" virtio_pci
	else
		set -- "$DRIVER" virtio_ei
	fi
	for module; do
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
		echo /sys/bus/pci/drivers/virtio-pci
	else
		echo "/sys/bus/pci/drivers/$DRIVER"
	fi
}
