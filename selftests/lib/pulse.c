// SPDX-License-Identifier: GPL-2.0
/*
 * pulse [USECS]
 *
 * How the rest of the machine fares: on each processor a thread that sleeps for a
 * moment (2000 us), again and again, until SIGTERM. Then, for the one that fared worst,
 *
 *	possible=N steps=N share=P worst_us=T
 *
 * how many times it might have slept and how many it has, parts in a thousand, and the
 * longest that one of them was late.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long nap_us = 2000;

struct processor {
	pthread_t thread;
	int number;
	long steps;
	long long worst;
};

static atomic_bool ended;

static long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static void die(const char *what, int error)
{
	fprintf(stderr, "pulse: %s: %s\n", what, strerror(error));
	exit(1);
}

static void *nap(void *arg)
{
	const struct timespec moment = { .tv_nsec = nap_us * 1000 };
	struct processor *p = arg;
	cpu_set_t only;
	int error;

	CPU_ZERO(&only);
	CPU_SET(p->number, &only);
	error = pthread_setaffinity_np(pthread_self(), sizeof(only), &only);
	if (error)
		die("a processor", error);
	while (!ended) {
		long long began = now_us(), late;

		nanosleep(&moment, NULL);
		late = now_us() - began - nap_us;
		if (late > p->worst)
			p->worst = late;
		p->steps++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int n = sysconf(_SC_NPROCESSORS_ONLN), i, error, got;
	struct processor *all = calloc(n, sizeof(*all));
	long long began = now_us(), possible;
	long steps = 0, worst = 0;
	sigset_t term;

	if (argc > 1)
		nap_us = atol(argv[1]);
	if (nap_us <= 0 || nap_us >= 1000000)
		die("microseconds below a second", EINVAL);
	if (!all)
		die("memory", ENOMEM);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	for (i = 0; i < n; i++) {
		all[i].number = i;
		error = pthread_create(&all[i].thread, NULL, nap, &all[i]);
		if (error)
			die("a thread", error);
	}
	sigwait(&term, &got);
	ended = true;
	possible = (now_us() - began) / nap_us;
	for (i = 0; i < n; i++) {
		pthread_join(all[i].thread, NULL);
		if (!i || all[i].steps < steps)
			steps = all[i].steps;
		if (all[i].worst > worst)
			worst = all[i].worst;
	}
	printf("possible=%lld steps=%ld share=%lld worst_us=%ld\n", possible, steps,
	       possible ? steps * 1000 / possible : 0, worst);
	return 0;
}
