# SPDX-License-Identifier: GPL-2.0
# What to do with the modules. Kbuild builds them, scripts/setup installs what
# that and the rest need.

KVER ?= $(shell . selftests/vm/env.sh; echo $$KVER)
KDIR ?= /lib/modules/$(KVER)/build
# bash: env.sh is
SHELL := /bin/bash

.PHONY: all modules setup run shell test check test-ring test-qemu test-vm bench bench-ring \
	install clean help

all: modules

help:
	@echo 'make run         boot a guest, run traffic in every suppression mode, print a table'
	@echo 'make test        all tests: check, test-ring, test-qemu, test-vm'
	@echo 'make             the modules, for the kernel of KVER or KDIR'
	@echo 'make shell       a prompt in a guest with the modules loaded'
	@echo 'make check       style'
	@echo 'make bench-ring  the ring beside Linux'\''s own, in user space'
	@echo 'make setup       install what all this needs (the others do it by themselves)'

setup:
	@scripts/setup

# scripts/setup knows which kernel only when its headers are there.
modules: setup
	@$(MAKE) --no-print-directory kbuild

.PHONY: kbuild
kbuild:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# The draft's device is in a QEMU of our own, built once and cached.
run: modules
	QEMU=$$(scripts/qemu/build) && export QEMU && scripts/run $(RUN_ARGS)

shell: modules
	QEMU=$$(scripts/qemu/build) && export QEMU && \
		selftests/vm/shell --pair d,features-hi=on,avail-event-idx=on --pair r $(SHELL_ARGS)

check: setup
	scripts/check

test-ring: setup
	$(MAKE) -C selftests/ring test

test-qemu: setup
	scripts/qemu/build >/dev/null
	scripts/qemu/check

test-vm: modules
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && selftests/vm/test $(VM_ARGS)

test: modules
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && scripts/test

bench-ring: setup
	$(MAKE) -C selftests/ring bench

bench: run bench-ring

install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

clean:
	-$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	-$(MAKE) -C selftests/ring clean
	rm -rf build
