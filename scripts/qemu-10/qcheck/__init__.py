# SPDX-License-Identifier: GPL-2.0
"""What scripts/qemu/check does, one topic a module.

runner            the plan, processes, results
machine           a QEMU, over qtest and QMP
device, disk, net devices as a legacy driver sees them
suppression       what is wrong about a device's notifications
check_*           the checks
"""
