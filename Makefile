# SPDX-License-Identifier: GPL-2.0
# What to do with the modules. Plain make hands them to Kbuild and installs
# nothing. What runs guests or tests first has scripts/setup install what that
# needs, and scripts/guest-modules build them for the guests' kernel, elsewhere.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build

# Neither kbuild nor QEMU's options can quote these in a path.
comma := ,
unsafe := $(comma) ; : \# % $$ & * ? < > | ( ) ' " ` \\
bad := $(strip $(foreach c,$(unsafe),$(findstring $c,$(CURDIR))))
ifneq ($(words $(CURDIR)) $(bad),1 )
$(error Neither kbuild nor QEMU can work in "$(CURDIR)": move the tree to a path \
	without blanks, commas, colons and other special characters)
endif

.PHONY: all modules kbuild guest-modules setup run shell test check test-ring test-qemu test-vm \
	test-wide test-soak test-seeing test-mutants test-arches test-kernels test-debug test-arm64 \
	test-vhost test-deb deb bench bench-quick bench-ring install install-dkms install-system \
	uninstall-system clean distclean help

all: modules

help:
	@echo 'make              the modules, for the running kernel; KVER=... or KDIR=... names another'
	@echo 'make install      the same, and put them below /lib/modules'
	@echo 'make install-system    vei-bind, what binds devices at boot, and man pages, below PREFIX;'
	@echo '                  make uninstall-system takes them away'
	@echo 'make install-dkms what DKMS builds from, into /usr/src; see Documentation/install.md'
	@echo 'make clean        remove what was built'
	@echo
	@echo 'On Debian 12, amd64, where these install what they need:'
	@echo 'make run          boot guests, run traffic and requests in every suppression mode, print tables'
	@echo 'make test         check, test-ring, test-qemu, test-vm'
	@echo 'make test-wide    test-vm on more devices, and with the controls of its suites'
	@echo 'make test-seeing  of these: bpftrace, perf, the kernel'\''s histograms, and the documents about them'
	@echo 'make test-soak    random steps under traffic for an hour; SOAK_MINUTES=, SOAK_SEED='
	@echo 'make test-mutants old defects put back into the drivers and into QEMU, each to be found: hours'
	@echo 'make test-arches  the ring on arm64, on 32 bits, and in the kernel'\''s memory model'
	@echo 'make test-kernels the guests'\'' tier on other kernels (6.12, 7.x), and a boot on 32 bits'
	@echo 'make test-debug   a part of it on kernels that are built with their checkers: KASAN, lockdep, ...'
	@echo 'make test-arm64   a part of it on arm64, with pages of 4 and of 16 KiB'
	@echo 'make test-vhost   devices of qemu-storage-daemon and of DPDK'
	@echo 'make deb          the Debian package, in build/deb'
	@echo 'make test-deb     that package in a Debian that boots: installed, used, updated, removed'
	@echo 'make shell        a prompt in a guest with the modules loaded'
	@echo 'make check        style'
	@echo 'make bench        instructions and wake-ups beside the stock driver, over several boots: an hour'
	@echo 'make bench-quick  the same on one device in minutes; BENCH_ARGS=--help for options'
	@echo 'make bench-ring   the ring beside Linux'\''s own, in user space'
	@echo 'make setup        only install what all this needs'
	@echo 'make distclean    clean, and remove what was fetched and the QEMU that was built'

modules: kbuild

kbuild:
	@[ -e "$(KDIR)/Makefile" ] || { \
		echo 'There is no kernel to build modules for in $(KDIR). Install the headers:'; \
		echo '  Debian, Ubuntu: linux-headers-$(KVER)'; \
		echo '  Fedora, RHEL:   kernel-devel-$(KVER)'; \
		echo '  openSUSE:       kernel-devel; Arch: linux-headers'; \
		echo 'or name a configured kernel tree: make KDIR=/path/to/linux'; \
		exit 1; } >&2
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

install: modules
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules_install

# What belongs to the modules on a system that has them; debian/rules calls these, too.
PREFIX ?= /usr/local
# where udev and systemd look
LIBDIR ?= $(PREFIX)/lib
root = $(DESTDIR)$(PREFIX)
manuals := $(wildcard Documentation/man/*.[1-9])

install-system:
	install -D -m 755 scripts/bind "$(root)/sbin/vei-bind"
	install -D -m 755 system/bind-named "$(root)/sbin/vei-bind-named"
	install -D -m 644 system/60-persistent-storage-virtio-ei.rules -t "$(DESTDIR)$(LIBDIR)/udev/rules.d"
	install -d "$(DESTDIR)$(LIBDIR)/systemd/system"
	sed 's,@sbindir@,$(PREFIX)/sbin,' system/virtio-ei-bind.service \
		>"$(DESTDIR)$(LIBDIR)/systemd/system/virtio-ei-bind.service"
	for page in $(manuals); do \
		install -D -m 644 $$page -t "$(root)/share/man/man$${page##*.}" || exit 1; done
	[ -e "$(DESTDIR)/etc/virtio-ei.conf" ] || \
		install -D -m 644 system/virtio-ei.conf "$(DESTDIR)/etc/virtio-ei.conf"

# /etc/virtio-ei.conf is the user's.
uninstall-system:
	rm -f "$(root)"/sbin/vei-bind "$(root)"/sbin/vei-bind-named \
		"$(DESTDIR)$(LIBDIR)/udev/rules.d/60-persistent-storage-virtio-ei.rules" \
		"$(DESTDIR)$(LIBDIR)/systemd/system/virtio-ei-bind.service"
	for page in $(notdir $(manuals)); do \
		rm -f "$(root)/share/man/man$${page##*.}/$$page" || exit 1; done

# Only what is source: the tree may have been built in.
dkms_dir = $(DESTDIR)/usr/src/virtio-ei-$(shell cat VERSION)

install-dkms:
	[ ! -e "$(dkms_dir)" ] || { echo '$(dkms_dir) is there already' >&2; exit 1; }
	for file in Kbuild VERSION COPYING dkms.conf $$(find driver include -name '*.[ch]'); do \
		install -D -m 644 $$file "$(dkms_dir)/$$file" || exit 1; done

setup:
	@scripts/setup

deb:
	@scripts/setup --deb
	scripts/deb/build

test-deb:
	@scripts/setup --deb
	scripts/deb/test $(DEB_ARGS)

guest-modules: setup
	@scripts/guest-modules >/dev/null

# The draft's device is in a QEMU of our own, built once and cached.
run: guest-modules
	scripts/setup --bench
	QEMU=$$(scripts/qemu/build) && export QEMU && scripts/run $(RUN_ARGS)

shell: guest-modules
	QEMU=$$(scripts/qemu/build) && export QEMU && \
		selftests/vm/shell --pair d,x-features-hi=on,x-avail-event-idx=on --pair r $(SHELL_ARGS)

check: setup
	scripts/check

test-ring: setup
	$(MAKE) -C selftests/ring test

test-qemu: setup
	scripts/qemu/build >/dev/null
	scripts/qemu/check

test-vm: guest-modules
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && selftests/vm/test $(VM_ARGS)

test-wide: guest-modules
	scripts/setup --seeing
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && selftests/vm/test --wide $(VM_ARGS)

# As long as is wished, and by a random seed, or another's again.
test-soak: guest-modules
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && \
		VEI_SOAK_MINUTES=$(or $(SOAK_MINUTES),60) VEI_SOAK_SEED=$(SOAK_SEED) \
		selftests/vm/test --filter '^soak/' $(VM_ARGS)

test-seeing: guest-modules
	scripts/setup --seeing
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && \
		selftests/vm/test --filter '^(control-)?(seeing|tutorial)/' $(VM_ARGS)

test-mutants: guest-modules
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && selftests/vm/mutants $(MUTANTS_ARGS)
	scripts/qemu/mutants

test-arches:
	scripts/setup --arches
	$(MAKE) -C selftests/ring arches

test-kernels: guest-modules
	scripts/setup --kernels
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && scripts/test on:6.12 on:7 on:686

test-debug: guest-modules
	scripts/setup --debug
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && scripts/test on:kasan on:kcsan

test-arm64: guest-modules
	scripts/setup --kernels
	scripts/test on:arm64 on:arm64-16k

test-vhost: guest-modules
	scripts/setup --kernels
	selftests/vm/test --filter '^(blk-vhost|dpdk)'

test: guest-modules
	QEMU_DRAFT=$$(scripts/qemu/build) && export QEMU_DRAFT && scripts/test

bench-ring: setup
	$(MAKE) -C selftests/ring bench

# QEMU's counting plugin is built against the header that comes with our QEMU.
bench: guest-modules
	scripts/setup --bench
	QEMU=$$(scripts/qemu/build) && export QEMU && scripts/bench/run $(BENCH_ARGS)

bench-quick: guest-modules
	QEMU=$$(scripts/qemu/build) && export QEMU && scripts/bench/quick $(BENCH_ARGS)

# Not kbuild's: the headers may be gone, or of another kernel by now.
clean:
	rm -rf build .tmp_versions
	find . -name .git -prune -o -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.d' -o -name '.tmp_*' \
		-o -name modules.order -o -name Module.symvers \) -exec rm -f {} +
	find . -name __pycache__ -prune -exec rm -rf {} +

distclean: clean
	@scripts/setup --remove
