// SPDX-License-Identifier: GPL-2.0
#include "hostile.h"

static const u8 *front, *end;

void script_begin(const u8 *data, size_t size)
{
	front = data;
	end = data + size;
	kernel_fails = 0;
	kernel_far = false;
	kernel_allocated = 0;
	kernel_pages = 0;
}

/* Operations, until it is over or there were @most of them. */
void script_run(void (*step)(void), unsigned int most)
{
	while (most-- && !script_over())
		step();
}

/* Of what was asked for since the beginning nothing is left. */
void script_end(void)
{
	MUST(!kernel_allocated && !kernel_pages);
}

bool script_over(void)
{
	return front >= end;
}

u8 script_byte(void)
{
	return front < end ? *front++ : 0;
}

u16 script_word(void)
{
	u16 low = script_byte();

	return low | script_byte() << 8;
}

u32 script_long(void)
{
	u32 low = script_word();

	return low | (u32)script_word() << 16;
}

u8 script_lie(void)
{
	return front < end ? *--end : 0;
}

/* A value of interest for a field that now holds @now, of a ring of @size. */
u32 script_value(u32 now, u32 size)
{
	switch (script_byte() % 12) {
	case 0:
		return now + 1;
	case 1:
		return now - 1;
	case 2:
		return now + size;
	case 3:
		return size;
	case 4:
		return size - 1;
	case 5:
		return 0;
	case 6:
		return 0xffffffff;
	case 7:
		return now ^ 1U << (script_byte() & 31);
	case 8:
		return now + 0x8000;
	case 9:
		return now | 0x10000;
	case 10:
		return script_byte();
	default:
		return script_long();
	}
}
