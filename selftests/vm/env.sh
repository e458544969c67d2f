# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # sourced: the variables are for the caller
# Where things are: which kernel the guests run and where setup keeps what it fetched.
# VEI_ON=NAME: another one than that of the installed headers, see selftests/vm/kernels.

VEI_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VEI_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/virtio-ei
VEI_ON=${VEI_ON-}
VEI_BUILD=${VEI_BUILD:-$VEI_TOP/build}
VEI_VM=$VEI_BUILD/vm${VEI_ON:+-$VEI_ON}

# The guest's kernel is the one that the installed headers are for: modules
# built against the one must load into the other.
VEI_HEADERS=linux-headers-cloud-amd64
KVER=${KVER:-$(dpkg-query -W -f '${Depends}' "$VEI_HEADERS" 2>/dev/null |
	sed -n 's/.*linux-headers-\([^ ,]*\) .*/\1/p')}
if [ -n "$KVER" ]; then
	KPKG=$(dpkg-query -W -f '${source:Version}' "linux-headers-$KVER" 2>/dev/null)
	VEI_KERNEL=$VEI_CACHE/kernel-$KVER
	# 3: which files of it are kept, see scripts/setup; those of others stay for them.
	VEI_SOURCE=$VEI_CACHE/source-${KPKG:-none}-3
fi

# What the kernel's own programs are built with (empty: what is installed), the tree in which
# modules are built, and where the image's programs come from. VEI_DEBUG: the kernel's own
# checkers are built in, which takes memory and time.
VEI_ARCH=amd64
VEI_TOOLS=
VEI_KBUILD=/lib/modules/$KVER/build
VEI_USER=
VEI_DEBUG=
if [ -n "$VEI_ON" ]; then
	VEI_ARCH=$(awk -v name="$VEI_ON" '$1 == name { print $3 }' "$VEI_TOP/selftests/vm/kernels")
	# A run keeps the one that it began with.
	VEI_ON_DIR=${VEI_ON_DIR:-$VEI_CACHE/on-$VEI_ON}
	KVER=$(cat "$VEI_ON_DIR/release" 2>/dev/null) ||
		echo "VEI_ON=$VEI_ON: not there, run scripts/guest-kernel $VEI_ON" >&2
	VEI_KERNEL=$VEI_ON_DIR/kernel
	VEI_TOOLS=$VEI_ON_DIR/tools
	VEI_KBUILD=/lib/modules/$KVER/build
	if [ -e "$VEI_TOP/scripts/debug-kernel/$VEI_ON.config" ]; then
		VEI_DEBUG=1
		VEI_TOOLS=
		VEI_KBUILD=$VEI_ON_DIR/build
	fi
	if [ "$VEI_ARCH" != amd64 ]; then
		VEI_USER=$VEI_CACHE/user-$VEI_ARCH
	fi
fi

# depmod and others live where only root looks by default
PATH=$PATH:/usr/sbin:/sbin
