# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What only NICs have of what lib_vei.sh is about.

# Feature bits of virtio-net.
F_CSUM=0
F_GUEST_CSUM=1
F_MAC=5
F_GUEST_TSO4=7
F_HOST_TSO4=11
F_MRG_RXBUF=15
F_STATUS=16
F_CTRL_VQ=17
F_MQ=22

# A lost kick is made good by the transmit watchdog, after seconds: that must not
# pass for a kick that came.
check_no_timeouts()
{
	check_eq "$(ethtool -S "$IF0" | sed -n 's/^ *tx_timeouts: //p')" 0 "$IF0: tx_timeouts"
	check_eq "$(in_peer ethtool -S "$IF1" | sed -n 's/^ *tx_timeouts: //p')" 0 \
		"$IF1: tx_timeouts"
}

# device_link NIC true|false
device_link()
{
	qmp "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"$1\",\"up\":$2}}" >/dev/null
}

# Every NIC of the guest.
all_nics()
{
	local pair

	for pair in $VEI_PAIRS; do
		echo "${pair}0 ${pair}1"
	done
}

# ethtool -S of vei0: one count
nic_count()
{
	ethtool -S "$IF0" | sed -n "s/^ *$1: //p"
}
