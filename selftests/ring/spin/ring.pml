/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notifications of a virtqueue: a driver and a device that sleep, and memory in between that lets
 * stores wait. Checked exhaustively by spin/run, which also breaks it on purpose.
 *
 * Each side's stores wait in buffers, one for each location, and reach memory in any order; a load
 * does not wait for them. That is weaker than x86 (which keeps stores in order) and enough to need
 * every barrier of ring.h but the one between loads, for which a load may also happen early.
 *
 *   -DKICK_INDEX   the device suppresses kicks by avail_event, else by flags
 *   -DINTR_INDEX   the driver suppresses interrupts by used_event, else by flags
 *   -DNO_A ... -DNO_D, -DNO_DEV_A ... -DNO_DEV_D, -DNO_RECHECK, -DNO_DEV_RECHECK
 *   -DDRAFT_LOOP   the draft's own listing, taken literally (SPEC section 7)
 *   -DEQUAL_TEST, -DPLAIN_TEST: wrong tests in place of need_event
 *
 * Indices wrap at 8 and the ring has 2 entries; the traffic never ends, so a state in which both
 * sides sleep is a deadlock, and that is what a lost notification comes to.
 */
#define M	8
#define SIZE	2
#define EMPTY	255		/* nothing waits in this buffer */

/* Memory. */
byte avail_idx, used_idx;
byte avail_entry[SIZE] = M - 1, used_entry[SIZE] = M - 1;
byte intr_word, kick_word;	/* used_event or avail->flags; avail_event or used->flags */
bool kick_bell, intr_bell;

/* Stores on their way. */
byte b_avail_idx = EMPTY, b_used_idx = EMPTY, b_intr_word = EMPTY, b_kick_word = EMPTY;
byte b_avail_entry[SIZE] = EMPTY, b_used_entry[SIZE] = EMPTY;

#define store(where, value)	atomic { b_##where == EMPTY -> b_##where = value }
#define driver_entries_out	(b_avail_entry[0] == EMPTY && b_avail_entry[1] == EMPTY)
#define device_entries_out	(b_used_entry[0] == EMPTY && b_used_entry[1] == EMPTY)
#define driver_all_out		(driver_entries_out && b_avail_idx == EMPTY && b_intr_word == EMPTY)
#define device_all_out		(device_entries_out && b_used_idx == EMPTY && b_kick_word == EMPTY)

#ifdef NO_A
#define barrier_A		skip
#else
#define barrier_A		driver_entries_out
#endif
#ifdef NO_B
#define barrier_B		skip
#else
#define barrier_B		driver_all_out
#endif
#ifdef NO_D
#define barrier_D		skip
#else
#define barrier_D		driver_all_out
#endif
#ifdef NO_DEV_A
#define device_A		skip
#else
#define device_A		device_entries_out
#endif
#ifdef NO_DEV_B
#define device_B		skip
#else
#define device_B		device_all_out
#endif
#ifdef NO_DEV_D
#define device_D		skip
#else
#define device_D		device_all_out
#endif

#if defined(EQUAL_TEST)
#define need_event(event, new, old)	((new) == ((event) + 1) % M)
#elif defined(PLAIN_TEST)
#define need_event(event, new, old)	((new) > (event) && (old) <= (event))
#else
#define need_event(event, new, old)	(((new) + 2 * M - (event) - 1) % M < ((new) + M - (old)) % M)
#endif

#ifdef KICK_INDEX
#define kick_wanted(word, new, old)	need_event(word, new, old)
#define kick_on				seen
#define kick_off			((seen + M - SIZE - 1) % M)
#else
#define kick_wanted(word, new, old)	(word == 0)
#define kick_on				0
#define kick_off			1
#endif
#ifdef INTR_INDEX
#define intr_wanted(word, new, old)	need_event(word, new, old)
#define intr_on				last
#define intr_off			((last + M - SIZE - 1) % M)
#else
#define intr_wanted(word, new, old)	(word == 0)
#define intr_on				0
#define intr_off			1
#endif

/* Memory lets a waiting store arrive, any of them, whenever it likes. */
active proctype memory()
{
end:	do
	:: atomic { b_avail_idx != EMPTY -> avail_idx = b_avail_idx; b_avail_idx = EMPTY }
	:: atomic { b_used_idx != EMPTY -> used_idx = b_used_idx; b_used_idx = EMPTY }
	:: atomic { b_intr_word != EMPTY -> intr_word = b_intr_word; b_intr_word = EMPTY }
	:: atomic { b_kick_word != EMPTY -> kick_word = b_kick_word; b_kick_word = EMPTY }
	:: atomic { b_avail_entry[0] != EMPTY -> avail_entry[0] = b_avail_entry[0];
		    b_avail_entry[0] = EMPTY }
	:: atomic { b_avail_entry[1] != EMPTY -> avail_entry[1] = b_avail_entry[1];
		    b_avail_entry[1] = EMPTY }
	:: atomic { b_used_entry[0] != EMPTY -> used_entry[0] = b_used_entry[0];
		    b_used_entry[0] = EMPTY }
	:: atomic { b_used_entry[1] != EMPTY -> used_entry[1] = b_used_entry[1];
		    b_used_entry[1] = EMPTY }
	od
}

/* Load what @idx says is in @entry: it must be that, not what was there a lap ago. */
#ifdef NO_C
#define driver_early			early = used_entry[last % SIZE];
#define driver_entry_ok			(used_entry[last % SIZE] == last && early == last)
#else
#define driver_early
#define driver_entry_ok			(used_entry[last % SIZE] == last)
#endif
#ifdef NO_DEV_C
#define device_early			early = avail_entry[seen % SIZE];
#define device_entry_ok			(avail_entry[seen % SIZE] == seen && early == seen)
#else
#define device_early
#define device_entry_ok			(avail_entry[seen % SIZE] == seen)
#endif

active proctype driver()
{
	byte avail, last, idx, word, old, early;

add:	if
	:: (avail + M - last) % M < SIZE ->
		store(avail_entry[avail % SIZE], avail);
		avail = (avail + 1) % M;
		/* Another before publishing? */
		if
		:: (avail + M - last) % M < SIZE -> goto add
		:: skip
		fi;
		barrier_A;
		store(avail_idx, avail);
		barrier_B;
		atomic {
			word = kick_word;
			if
			:: kick_wanted(word, avail, old) -> kick_bell = true
			:: else
			fi;
			old = avail;
			word = 0
		}
		if
		:: goto add
		:: goto poll
		fi
	:: (avail + M - last) % M == SIZE
	fi;

poll:	store(intr_word, intr_off);
#ifdef DRAFT_LOOP
	do
	:: idx = used_idx;
	   if
	   :: last != idx ->
		store(intr_word, intr_on);
		barrier_D;
		idx = used_idx;
		if
		:: last != idx -> goto sleep
		:: else
		fi
	   :: else
	   fi;
	   assert(driver_entry_ok);
	   last = (last + 1) % M;
	od;
#endif
take:	driver_early
	idx = used_idx;
	if
	:: last != idx ->
		assert(driver_entry_ok);
		last = (last + 1) % M;
		if
		:: goto take
		:: goto add
		fi
	:: else
	fi;
	store(intr_word, intr_on);
	barrier_D;
#ifndef NO_RECHECK
	idx = used_idx;
	if
	:: last != idx -> goto poll
	:: else
	fi;
#endif
	if
	:: avail == last -> goto add
	:: else
	fi;
sleep:	atomic { intr_bell -> intr_bell = false };
	goto poll
}

active proctype device()
{
	byte seen, used, idx, word, old, early;

work:	device_early
	idx = avail_idx;
	if
	:: seen != idx ->
		assert(device_entry_ok);
		store(used_entry[used % SIZE], used);
		seen = (seen + 1) % M;
		used = (used + 1) % M;
		/* Another before publishing? */
		if
		:: seen != idx && (used + M - old) % M < SIZE -> goto work
		:: skip
		fi;
		device_A;
		store(used_idx, used);
		device_B;
		atomic {
			word = intr_word;
			if
			:: intr_wanted(word, used, old) -> intr_bell = true
			:: else
			fi;
			old = used;
			word = 0
		}
		goto work
	:: else
	fi;
	store(kick_word, kick_on);
	device_D;
#ifndef NO_DEV_RECHECK
	idx = avail_idx;
	if
	:: seen != idx -> goto work
	:: else
	fi;
#endif
	atomic { kick_bell -> kick_bell = false };
	if
	:: store(kick_word, kick_off)
	:: skip
	fi;
	goto work
}
