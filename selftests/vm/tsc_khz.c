// SPDX-License-Identifier: GPL-2.0
/* How fast this machine's time stamp counter runs, in kHz; see vmlib/clock.py. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	unsigned long long begun = __rdtsc();
	double from = now_ms();

	nanosleep(&pause, NULL);
	printf("%.0f\n", (__rdtsc() - begun) / (now_ms() - from));
	return 0;
}
