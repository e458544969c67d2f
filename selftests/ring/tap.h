/* SPDX-License-Identifier: GPL-2.0 */
/* KTAP for user-space programs: one line a test, the plan at the end, exit 1 if any failed. */
#ifndef VEI_TAP_H
#define VEI_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_count, tap_failed;

/* A failed expectation inside a test: says where, and the test goes on to its end. */
static int tap_bad;
#define EXPECT(cond) do {							\
	if (!(cond)) {								\
		if (tap_bad++ < 10)						\
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
	}									\
} while (0)
#define EXPECT_EQ(a, b) do {							\
	long long a_ = (a), b_ = (b);						\
	if (a_ != b_) {								\
		if (tap_bad++ < 10)						\
			printf("# %s:%d: %s is %lld, not %lld\n", __FILE__,	\
			       __LINE__, #a, a_, b_);				\
	}									\
} while (0)

static inline void tap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n");
}

/* Report the test that ends here, by the expectations that failed since the last report. */
static inline void tap_result(const char *fmt, ...)
{
	va_list ap;

	tap_count++;
	if (tap_bad)
		tap_failed++;
	printf("%s %d - ", tap_bad ? "not ok" : "ok", tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	tap_bad = 0;
}

static inline void tap_skip(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, name, why);
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

/* A number from the environment, so that a run can be lengthened or replayed. */
static inline unsigned long long tap_env(const char *name, unsigned long long dflt)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : dflt;
}

#endif /* VEI_TAP_H */
