# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Memory that is refused to the driver, at one place after the other (vei_refuse.ko), and
# what it holds of it: pages (vei_held.ko), and objects of slabs, of which the kernel keeps
# who has asked for them (slub_debug=U).

REFUSE=/sys/module/vei_refuse/parameters
HELD=/sys/module/vei_held/parameters
# So long it may take until nothing changes any more, on a machine that is busy as well.
HELD_SECONDS=300
# Nothing has more places than that.
WALK_END=1000

# memory_here || return 0: in the first test. Elsewhere memory cannot be refused.
memory_here()
{
	[ ! -d $REFUSE ] || return 0
	# shellcheck disable=SC2086 # parameters are words
	if ! insmod "$MODULES/vei_refuse.ko" ${VEI_REFUSE-} 2>/dev/null; then
		skip_or_fail "this kernel has no place to refuse memory at"
		return 1
	fi
	insmod "$MODULES/vei_held.ko"
	check_err $? "pages cannot be counted"
	grep -q 'slub_debug=[^ ]*U' /proc/cmdline
	check_err $? "the kernel does not keep who has an object of a slab"
}

memory_cleanup()
{
	local module

	for module in vei_refuse vei_held; do
		[ ! -d "/sys/module/$module" ] || rmmod "$module"
	done
	cleanup
}

# refuse one|all|none|new, also into REFUSING
refuse()
{
	REFUSING=$1
	echo "$1" >$REFUSE/now
}

# refused: has anything been, since "refuse one" or "refuse all"?
refused()
{
	local struck

	read -r struck <$REFUSE/struck
	[ "$struck" != 0 ]
}

# Objects of slabs that the driver has asked for, of which nobody has freed them: by whom, and
# how many. What the stack wants for a packet that it was given is not the driver's. A module that
# was unloaded has no names any more, but addresses where modules are.
slabs_whose()
{
	cat /sys/kernel/debug/slab/kmalloc-*/alloc_traces | awk '
		BEGIN { RS = ""; FS = "\n"; ours = "\\[virtio_ei|(^|[ \t\n])0xffffffffc0" }
		$0 ~ ours && !/napi_gro_receive|napi_complete_done|blk_mq_end_request/ {
			split($1, words, " ")
			for (i = 2; i < NF && $i !~ ours; i++)
				;
			print words[1], words[2], $i
		}' | sort
}

slabs_held()
{
	slabs_whose | awk '{ sum += $1 } END { print sum + 0 }'
}

pages_held()
{
	local pages

	read -r pages <$HELD/pages
	echo "$pages"
}

# Does the kernel watch its memory, and for that keep for a while what was freed?
kasan_here()
{
	[ -n "${KASAN-}" ] || KASAN=$(grep -c -m 1 ' kasan_quarantine_reduce$' /proc/kallsyms)
	[ "$KASAN" != 0 ]
}

# forget CACHES: what is free is free. What was looked up in sysfs is kept for who may look it
# up again, and a page that was read on some processor's list, though disk and file have gone;
# and KASAN keeps objects, which are not free for the slabs' account until it lets them go.
forget()
{
	local cache

	echo 3 >/proc/sys/vm/drop_caches
	kasan_here || return 0
	for cache in /sys/kernel/slab/$1; do
		[ -L "$cache" ] || echo 1 >"$cache/shrink"
	done
}

# Has nobody freed any since the last call?
held_rests()
{
	local before=$SLABS_BEFORE+$PAGES_BEFORE

	forget "kmalloc-*"
	SLABS_BEFORE=$(slabs_held) PAGES_BEFORE=$(pages_held)
	[ "$SLABS_BEFORE+$PAGES_BEFORE" = "$before" ] && [ $((++RESTS)) -ge 5 ]
}

# held_from, with the driver off its devices: what is held then, when all that is freed late
# has been, is held for good
held_from()
{
	SLABS_BEFORE="" PAGES_BEFORE="" RESTS=0
	wait_for "$HELD_SECONDS" held_rests
	check_err $? "what is held changes"
	slabs_whose >/run/whose
}

held_as_before()
{
	forget "kmalloc-*"
	[ "$(pages_held)" -le "$PAGES_BEFORE" ] && [ "$(slabs_held)" -le "$SLABS_BEFORE" ]
}

# check_held: likewise; nothing more is held than then. What is freed late has its time.
check_held()
{
	wait_for 90 held_as_before
	check_err $? "$(slabs_held) objects of slabs and $(pages_held) pages are held, of $SLABS_BEFORE and $PAGES_BEFORE"
	[ "$RET" = 0 ] || {
		sed 's/^/# page: /' $HELD/whose
		slabs_whose | diff /run/whose - | grep '^[-+<>][ 0-9]' | sed 's/^/# slab: /'
	}
}

# walk LEAST STEP AFTER: do STEP again and again, with memory refused at another place each
# time, until there is none left, and at last with none at all. After each of these AFTER is
# called with STEP's status, and has to find everything in order, or bring it there. LEAST:
# places that there must be.
walk()
{
	local least=$1 step=$2 after=$3 n=0 failed=0 rc place
	local -A ours=()

	refuse new
	while :; do
		refuse one
		"$step" >/run/step 2>&1
		rc=$?
		refuse none
		refused || break
		n=$((n + 1))
		[ $rc = 0 ] || failed=$((failed + 1))
		read -r place <$REFUSE/where
		ours[${place%%+*}]=1
		[ -z "${VEI_SHOW-}" ] || note "$n: status $rc: $place"
		"$after" $rc
		if [ "$RET" != 0 ]; then
			note "refused, with status $rc: $place; it said: $(tr '\n' ';' </run/step)"
			return
		fi
		if [ $n = $WALK_END ]; then
			fail "there is no end of it; the last: $place"
			return
		fi
	done
	check_err $rc "cannot be done, though nothing was refused: $(tr '\n' ';' </run/step)"
	"$after" $rc
	refuse all
	"$step" >/run/step 2>&1
	rc=$?
	refuse none
	refused
	check_err $? "without any memory nothing was refused"
	"$after" $rc
	note "$n places, in ${#ours[@]} functions of ours; at $failed of them it failed"
	check_ge $n "$least" "places at which memory was refused"
}

# asks_nothing STEP: it is done without any memory
asks_nothing()
{
	local rc

	refuse all
	"$@" >/run/step 2>&1
	rc=$?
	refuse none
	check_err $rc "$* fails without memory: $(tr '\n' ';' </run/step)"
	refused
	check_fail $? "$* asks for memory"
}
