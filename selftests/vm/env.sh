# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # sourced: the variables are for the caller
# Where things are: which kernel the guests run and where setup keeps what it fetched.

VEI_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VEI_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/virtio-ei
VEI_BUILD=${VEI_BUILD:-$VEI_TOP/build}/vm

# The guest's kernel is the one that the installed headers are for: modules
# built against the one must load into the other.
VEI_HEADERS=linux-headers-cloud-amd64
KVER=${KVER:-$(dpkg-query -W -f '${Depends}' "$VEI_HEADERS" 2>/dev/null |
	sed -n 's/.*linux-headers-\([^ ,]*\) .*/\1/p')}
if [ -n "$KVER" ]; then
	KPKG=$(dpkg-query -W -f '${source:Version}' "linux-headers-$KVER" 2>/dev/null)
	VEI_KERNEL=$VEI_CACHE/kernel-$KVER
	VEI_SOURCE=$VEI_CACHE/source-${KPKG:-none}
fi

# depmod and others live where only root looks by default
PATH=$PATH:/usr/sbin:/sbin
