# SPDX-License-Identifier: GPL-2.0
# The modules are built by Kbuild; this file says what to do with them.

KVER ?= $(shell ls /lib/modules 2>/dev/null | grep cloud-amd64 | sort -V | tail -1)
KDIR ?= $(firstword $(wildcard /lib/modules/$(KVER)/build /usr/src/linux-headers-$(KVER)) /lib/modules/$(KVER)/build)

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules
clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
