// SPDX-License-Identifier: GPL-2.0
/* When something is tried again that had no memory: <vei/again.h>, by a clock of ours. */
#include <vei/again.h>

#include "tap.h"

unsigned long jiffies;

/* Each try at its time, also where the clock wraps around. */
static void ever_more_rarely(unsigned long from)
{
	static const unsigned int seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	struct vei_again again = { 0 };
	unsigned int i;

	jiffies = from;
	EXPECT(!vei_again_waits(&again));
	for (i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		EXPECT_EQ(vei_again_failed(&again), seconds[i] * HZ);
		EXPECT(vei_again_waits(&again));
		jiffies += seconds[i] * HZ;
	}
	vei_again_over(&again);
	EXPECT(!vei_again_waits(&again));
	EXPECT_EQ(vei_again_failed(&again), HZ);
	tap_result("ever more rarely, from %lu on", from);
}

/* Somebody else's tries before that, a thousand of them. */
static void others(unsigned long from)
{
	struct vei_again again = { 0 };
	unsigned int i;

	jiffies = from;
	vei_again_failed(&again);
	for (i = 0; i < 1000; i++) {
		jiffies = from + i % HZ;
		EXPECT_EQ(vei_again_failed(&again), HZ - i % HZ);
	}
	jiffies = from + HZ;
	EXPECT_EQ(vei_again_failed(&again), 2 * HZ);
	jiffies += 2 * HZ - 1;
	EXPECT_EQ(vei_again_failed(&again), 1);
	jiffies++;
	EXPECT_EQ(vei_again_failed(&again), 4 * HZ);
	tap_result("tries of others leave the time as it is, from %lu on", from);
}

int main(void)
{
	tap_begin();
	ever_more_rarely(0);
	ever_more_rarely(-100UL);
	ever_more_rarely(-3UL * HZ);
	others(5);
	others(-10UL);
	return tap_end();
}
