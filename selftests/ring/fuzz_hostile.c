// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile device. The input is a script for both sides: the driver's operations from its front,
 * the device's lies from its end. Before every single read of shared memory, and after every write
 * to it, the device may change the very field or any other; between operations it may also do its
 * work properly, so that scripts get deep. A restless device changes every word of its own half as
 * soon as it has been read, until the operation is over: what is fetched twice is found.
 *
 * Whatever it does, the ring may break, with a reason that has a name; it may not crash, loop, give
 * a token twice or one that it was not given, report more bytes than the buffer has, write into the
 * device's half of the memory, lose a descriptor or a token.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define MAX_TOKENS 256
#define MAX_STEPS 400
#define MAX_CHANGED 64
/* They cost most, and the fuzzer likes them. */
#define MAX_RESTARTS 4

struct fuzz {
	struct rig rig;
	struct rig_dev dev;
	const u8 *front, *end;
	bool live;			/* the device is at work: hooks may fire */
	bool restless;			/* nothing that was read stays as it was */
	unsigned int restarts;
	u64 posted, published, taken;
	u8 *shadow;			/* the device's half as the device left it */
	size_t shadow_off, shadow_bytes;
	struct { bool posted; u32 in_len; } token[MAX_TOKENS];
	unsigned int next_token;
	u16 held[VEI_RING_SIZE_MAX];
	unsigned int nheld;
	struct { size_t off; u32 n, value; } changed[MAX_CHANGED];
	unsigned int nchanged;
};

static struct fuzz f;

#define MUST(cond) do {								\
	if (!(cond)) {								\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
		abort();							\
	}									\
} while (0)

static u8 front(void)
{
	return f.front < f.end ? *f.front++ : 0;
}

static u8 back(void)
{
	return f.front < f.end ? *--f.end : 0;
}

static u16 back16(void)
{
	return back() | back() << 8;
}

/* Change @n bytes at @off of the ring memory, as the device may. */
static void lie_at(size_t off, const void *value, size_t n)
{
	if (off + n > f.rig.mem_bytes)
		return;
	memcpy(f.rig.mem + off, value, n);
	if (off >= f.shadow_off)
		memcpy(f.shadow + (off - f.shadow_off), value, n);
	else if (off + n > f.shadow_off)
		memcpy(f.shadow, (u8 *)value + (f.shadow_off - off), off + n - f.shadow_off);
}

/* A value of interest for a field that now holds @now. */
static u32 lie_value(u32 now)
{
	u32 size = f.rig.p.size;

	u32 values[] = {
		now + 1, now - 1, now + size, size, size - 1, 0, 0xffffffff,
		now ^ (1u << (back() & 31)), now + 0x8000, now | 0x10000, back() % size,
		back16() | (u32)back16() << 16,
	};

	return values[back() % ARRAY_SIZE(values)];
}

static void lie(const void *p, size_t n)
{
	size_t off = (const u8 *)p - f.rig.mem;
	u32 now = 0, value;
	u8 how;

	/* The tables lie elsewhere, and are nothing that the driver reads. */
	if (off >= f.rig.mem_bytes)
		return;
	how = back();
	if (how < 200 && how >= 40)
		return;
	if (how >= 220)		/* anywhere at all */
		off = (back16() * 2u) % f.rig.mem_bytes;
	if (n > 4)
		n = 4;
	memcpy(&now, f.rig.mem + off, off + n > f.rig.mem_bytes ? f.rig.mem_bytes - off : n);
	value = lie_value(now);
	lie_at(off, &value, n);
}

void vei_hook_before_read(const void *p, size_t n)
{
	if (f.live && !f.restless && f.front < f.end)
		lie(p, n);
}

void vei_hook_after_read(const void *p, size_t n)
{
	size_t off = (const u8 *)p - f.rig.mem;
	u32 now = 0, value;

	if (!f.live || !f.restless || off < f.shadow_off || off >= f.rig.mem_bytes ||
	    f.nchanged == MAX_CHANGED || !(back() & 3))
		return;
	memcpy(&now, p, n);
	f.changed[f.nchanged].off = off;
	f.changed[f.nchanged].n = n;
	f.changed[f.nchanged++].value = now;
	value = lie_value(now);
	lie_at(off, &value, n);
}

/* Last changed first: a word that was read twice gets back what it was at first. */
static void change_back(void)
{
	while (f.nchanged) {
		f.nchanged--;
		lie_at(f.changed[f.nchanged].off, &f.changed[f.nchanged].value,
		       f.changed[f.nchanged].n);
	}
}

void vei_hook_after_write(const void *p, size_t n)
{
	if (f.live && !f.restless && f.front < f.end && !(back() & 7))
		lie(p, n);
}

/* The private state adds up: every descriptor is free once or part of one posted chain. */
static void check_private(void)
{
	const struct vei_ring *r = &f.rig.ring;
	u32 size = f.rig.p.size, i, n = 0, id;
	u8 seen[256] = { 0 };

	if (size > sizeof(seen) || r->broken)
		return;
	for (i = 0, id = r->free_head; i < r->num_free; i++, id = r->next[id]) {
		MUST(id < size && !seen[id] && !r->slot[id].token);
		seen[id] = 1;
		if (i + 1 == r->num_free)
			MUST(id == r->free_tail);
		n++;
	}
	for (id = 0; id < size; id++) {
		u32 at = id;

		if (!r->slot[id].token)
			continue;
		for (i = 0; i < r->slot[id].count; i++, at = r->next[at]) {
			MUST(at < size && !seen[at]);
			seen[at] = 1;
			n++;
			if (i + 1 == r->slot[id].count)
				MUST(at == r->slot[id].last);
		}
	}
	MUST(n == size);
	MUST(vei_ring_in_flight(r) == (u16)(f.posted - f.taken));
	/* What was seen of used->idx is what was checked of it. */
	MUST((u16)(r->used_seen - r->last_used) <= (u16)(r->published - r->last_used));
}

static void check_shared(void)
{
	MUST(!memcmp(f.rig.mem + f.shadow_off, f.shadow, f.shadow_bytes));
}

static void taken(void *token, u32 len)
{
	size_t i = (uintptr_t)token - 1;

	MUST(i < MAX_TOKENS);
	MUST(f.token[i].posted);
	MUST(len <= f.token[i].in_len);
	f.token[i].posted = false;
	f.taken++;
	MUST(f.taken <= f.published);
}

static void *new_token(void)
{
	unsigned int i, k;

	for (i = 0; i < MAX_TOKENS; i++) {
		k = (f.next_token + i) % MAX_TOKENS;
		if (!f.token[k].posted) {
			f.next_token = k + 1;
			return (void *)(uintptr_t)(k + 1);
		}
	}
	return NULL;
}

static void post(void *token, u32 in_len)
{
	size_t i = (uintptr_t)token - 1;

	f.token[i].posted = true;
	f.token[i].in_len = in_len;
	f.posted++;
}

static void op_add(u8 how)
{
	unsigned int out = how & 3, in = how >> 2 & 3, i;
	struct vei_seg seg[16];
	void *token = new_token();
	u32 in_len = 0;
	int err;

	if (how & 0x40)
		out *= 3;
	for (i = 0; i < out + in; i++) {
		seg[i].addr = 0x1000 * i;
		seg[i].len = how & 0x20 ? 0 : 100 + i;
		if (i >= out)
			in_len += seg[i].len;
	}
	err = vei_ring_add(&f.rig.ring, seg, out, in, token);
	MUST(err == 0 || err == -ENOSPC || err == -EINVAL || err == -EIO);
	MUST((err == -EIO) <= (f.rig.ring.broken != VEI_RING_OK));
	if (!err)
		post(token, in_len);
}

static void op_add_burst(u8 how)
{
	unsigned int n = 1 + how % 12, i, got;
	struct vei_seg seg[12];
	void *token[12];
	bool in = how & 0x80;

	for (i = 0; i < n; i++) {
		token[i] = new_token();
		if (!token[i])
			break;
		/* Keep new_token() from giving the same again. */
		f.token[(uintptr_t)token[i] - 1].posted = true;
		seg[i] = (struct vei_seg){ 0x1000, 64 + i };
	}
	n = i;
	got = vei_ring_add_burst(&f.rig.ring, seg, token, n, in);
	MUST(got <= n);
	for (i = 0; i < n; i++) {
		f.token[(uintptr_t)token[i] - 1].posted = false;
		if (i < got)
			post(token[i], in ? seg[i].len : 0);
	}
}

/* The device does its work properly, as far as its own lies let it. */
static void op_device(u8 how)
{
	struct rig_dev *dev = &f.dev;
	u16 idx, head;
	u32 word;

	f.live = false;
	memcpy(&idx, &dev->avail_ring->idx, 2);
	while (dev->avail != idx && f.nheld < f.rig.p.size) {
		memcpy(&head, &dev->avail_ring->ring[dev->avail++ % dev->size], 2);
		f.held[f.nheld++] = head;
	}
	for (how = 1 + how % 16; how && f.nheld; how--) {
		unsigned int pick = front() & 0x80 ? front() % f.nheld : 0;
		size_t at = (u8 *)&dev->used_ring->ring[dev->used++ % dev->size] - f.rig.mem;

		word = f.held[pick];
		memmove(&f.held[pick], &f.held[pick + 1],
			(f.nheld - pick - 1) * sizeof(f.held[0]));
		f.nheld--;
		lie_at(at, &word, 4);
		word = front() & 0x7f;
		lie_at(at + 4, &word, 4);
	}
	lie_at((u8 *)&dev->used_ring->idx - f.rig.mem, &dev->used, 2);
	lie_at((u8 *)dev->avail_event - f.rig.mem, &dev->avail, 2);
	f.live = true;
}

static void op_get(void)
{
	u32 len = 0x12345678;
	void *token = vei_ring_get(&f.rig.ring, &len);

	if (token)
		taken(token, len);
}

static void op_get_burst(u8 how)
{
	void *token[20];
	u32 len[20];
	unsigned int max = how % 21, n = vei_ring_get_burst(&f.rig.ring, token, len, max), i;

	MUST(n <= max);
	for (i = 0; i < n; i++)
		taken(token[i], len[i]);
}

/* All that was posted and did not come back comes back now, once. */
static void drain(void)
{
	struct vei_ring *r = &f.rig.ring;
	u64 left = f.posted - f.taken;
	u16 cursor = 0;
	void *token;

	while ((token = vei_ring_drain(r, &cursor))) {
		size_t i = (uintptr_t)token - 1;

		MUST(i < MAX_TOKENS && f.token[i].posted);
		f.token[i].posted = false;
		MUST(left--);
	}
	MUST(!left);
}

static void restart(void)
{
	f.live = false;
	drain();
	vei_ring_reset(&f.rig.ring);
	MUST(rig_is_fresh(&f.rig));
	f.posted = 0;
	f.published = 0;
	f.taken = 0;
	f.nheld = 0;
	f.dev.avail = 0;
	f.dev.used = 0;
	f.dev.decided = 0;
	memcpy(f.shadow, f.rig.mem + f.shadow_off, f.shadow_bytes);
	f.live = true;
}

static void step(void)
{
	struct vei_ring *r = &f.rig.ring;
	u8 op = front();

	switch (op & 15) {
	case 0:
	case 1:
	case 2:
		op_add(front());
		break;
	case 3:
		op_add_burst(front());
		break;
	case 4:
	case 5:
		f.published = f.posted;
		vei_ring_kick_prepare(r);
		break;
	case 6:
		f.published = f.posted;
		vei_ring_publish(r);
		break;
	case 7:
	case 8:
		op_device(op >> 4);
		break;
	case 9:
	case 10:
		op_get();
		break;
	case 11:
		op_get_burst(front());
		break;
	case 12:
		vei_ring_intr_disable(r);
		break;
	case 13:
		vei_ring_intr_enable(r);
		break;
	case 14:
		vei_ring_intr_postpone(r, front());
		break;
	default:
		if (op < 0x60)
			vei_ring_pending(r);
		else if (op < 0x80)
			(void)(vei_ring_unused(r) | vei_ring_starved(r, r->kick.by_index) |
			       vei_ring_intr_due(r));
		else if (op < 0xe0)
			vei_ring_intr_hush(r);
		else if (op == 0xef)
			vei_ring_break(r, VEI_RING_STOPPED, 0);
		else if (f.restarts++ < MAX_RESTARTS)
			restart();
	}
	change_back();
	MUST((unsigned int)r->broken <= VEI_RING_STOPPED);
	MUST(r->broken != VEI_RING_USED_LEN || f.rig.p.strict_len);
	MUST(strcmp(vei_ring_strerror(r->broken), "unknown"));
	check_private();
	check_shared();
}

/* The name that libFuzzer calls. */
int fuzz_one(const uint8_t *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

int fuzz_one(const uint8_t *data, size_t size)
{
	static const u16 bases[] = { 0, 65530, 65535, 32767 };
	struct rig_params p = { 0 };
	unsigned int steps;
	u8 how;

	memset(&f, 0, offsetof(struct fuzz, held));
	f.nheld = 0;
	f.nchanged = 0;
	f.front = data;
	f.end = data + size;
	how = front();
	p.size = 1u << (how % 7);
	p.kick_by_index = how & 0x80;
	p.intr_by_index = how & 0x40;
	f.restless = how & 0x20;
	how = front();
	p.table_len = how & 3 ? (how & 3) * 3 : 0;
	p.indirect_min = how >> 2 & 7;
	p.strict_len = how & 0x20;
	p.base = bases[how >> 6];
	MUST(!rig_init(&f.rig, &p));
	rig_dev_init(&f.dev, &f.rig);
	f.shadow_off = vei_layout_used(p.size);
	f.shadow_bytes = f.rig.mem_bytes - f.shadow_off;
	f.shadow = malloc(f.shadow_bytes);
	memcpy(f.shadow, f.rig.mem + f.shadow_off, f.shadow_bytes);
	f.live = true;
	for (steps = 0; steps < MAX_STEPS && f.front < f.end; steps++)
		step();
	f.live = false;
	drain();
	free(f.shadow);
	rig_free(&f.rig);
	return 0;
}
