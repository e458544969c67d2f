# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What can be done to the machine: devices taken out and put back, and sleep. A device is
# the name of its VEI_BDF_<name> and VEI_DEVICE_<name>, which is also QEMU's id.

pci_present()
{
	local var=VEI_BDF_$1

	[ -e "/sys/bus/pci/devices/${!var}/vendor" ]
}

# Out with device $1.
unplug()
{
	local var=VEI_BDF_$1

	watch_is_quiet "${!var}"
	qmp "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"$1\"}}" >/dev/null
	check_err $? "$1 cannot be unplugged"
	wait_for 40 not pci_present "$1"
	check_err $? "$1 is still there"
}

# A stock driver that is part of the kernel takes what is new: ours gets device $1 from it.
hand_over()
{
	local var=VEI_BDF_$1

	wait_for 10 test -e "$STOCK/${!var}"
	check_err $? "$1 appears with no driver"
	echo "${!var}" >"$STOCK/unbind"
	! drv_loaded || echo "${!var}" >"$(pci_driver)/bind"
}

plug_in()
{
	local var=VEI_DEVICE_$1

	qmp "{\"execute\":\"device_add\",\"arguments\":{\"device\":\"${!var}\"}}" >/dev/null
	check_err $? "$1 cannot be plugged"
	if ! is_stock && stock_built_in; then
		hand_over "$1"
	fi
}

can_sleep()
{
	grep -qw mem /sys/power/state && grep -qw deep /sys/power/mem_sleep
}

# To sleep (S3), and woken by the host: an alarm set beforehand might come before sleep does.
suspend()
{
	local online

	qmp '{"execute":"wake"}' >/dev/null || return
	online=$(</sys/devices/system/cpu/online)
	echo deep >/sys/power/mem_sleep
	echo mem >/sys/power/state || return
	processors_back "$online"
}

# Has the kernel said, since it last went to sleep, that a processor did not answer?
processor_dumb()
{
	dmesg | awk '/PM: suspend entry/ { dumb = 0 }
		     /do_boot_cpu failed|failed to report alive state/ { dumb = 1 }
		     END { exit !dumb }'
}

# QEMU keeps one start-up IPI for a processor. Where the host is busy, the firmware's may still
# wait on the way back from sleep; INIT does not take it away, and that of the kernel is lost
# behind it. No driver has a part in that: the processor gets another chance, which is noted,
# also in the kernel's log. Its file "online" still says 1, and takes no other 1 then, so it is
# brought to where processor 0 is in the kernel's steps of hotplug.
processors_back()
{
	local cpus=/sys/devices/system/cpu cpu up said

	[ "$(<$cpus/online)" != "$1" ] || return 0
	read -r up <$cpus/cpu0/hotplug/state
	for cpu in "$cpus"/cpu[0-9]*; do
		if ! processor_dumb || [ "$(<"$cpu/hotplug/state")" = "$up" ]; then
			continue
		fi
		echo "$up" >"$cpu/hotplug/target"
		said="${cpu##*/} did not answer after sleep: it is at $(<"$cpu/hotplug/state") of $up"
		note "$said"
		echo "$said" >/dev/kmsg
	done
	check_eq "$(<$cpus/online)" "$1" "processors after sleep"
}
