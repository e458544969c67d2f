// SPDX-License-Identifier: GPL-2.0
/*
 * A counter of <vei/count.h> is read on one thread while another counts. Each step changes both
 * halves of it, so that a reader who gets one half from before and one from after sees no multiple
 * of the step. With VEI_PLAIN it is the counter of 64-bit machines, wherever this runs: on 32 bits
 * that has to tear.
 *
 * VEI_VALUES=n different ones are looked at.
 */
#if __SIZEOF_POINTER__ == 8 || defined(VEI_PLAIN)
#define CONFIG_64BIT 1
#endif

#include <pthread.h>
#include <stdlib.h>

#include <vei/count.h>

#include "tap.h"

#define STEP 0xffffffffull

static struct vei_count count;
static u64 steps;
static int enough;

static void *writer(void *unused)
{
	while (!__atomic_load_n(&enough, __ATOMIC_ACQUIRE)) {
		vei_count_add(&count, STEP);
		steps++;
		barrier();
	}
	return unused;
}

int main(void)
{
	u64 value, before = 0, torn = 0, back = 0, seen = 0, wanted = 5000;
	pthread_t thread;

	if (getenv("VEI_VALUES"))
		wanted = strtoull(getenv("VEI_VALUES"), NULL, 0);
	tap_begin();
	if (pthread_create(&thread, NULL, writer, NULL))
		return 1;
	while (seen < wanted) {
		value = vei_count_read(&count);
		torn += value % STEP != 0;
		back += value < before;
		seen += value != before;
		before = value;
	}
	__atomic_store_n(&enough, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT_EQ(torn, 0);
	EXPECT_EQ(back, 0);
	EXPECT_EQ(vei_count_read(&count) == steps * STEP, 1);
	tap_result("a counter is never torn (%llu values seen)", (unsigned long long)seen);
	return tap_end();
}
