// SPDX-License-Identifier: GPL-2.0
/*
 * bench list                          rings and scenarios, one a line
 * bench count RING SCENARIO ROUNDS    rounds to run under callgrind
 * bench time SAMPLES [MS]             ns a buffer, interleaved, as tab-separated lines
 * bench pair SAMPLES [MS]             two threads on two cores
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static void cmd_list(void)
{
	unsigned int i;

	for (i = 0; i < bench_nrings; i++)
		if (bench_rings[i] && !bench_rings[i]->device)
			printf("ring\t%s\n", bench_rings[i]->name);
	for (i = 0; i < bench_nscenarios; i++)
		printf("scenario\t%s\t%u\t%u\t%s\n", bench_scenarios[i].name,
		       bench_scenarios[i].batch, bench_scenarios[i].burst,
		       bench_scenarios[i].title);
}

static int cmd_count(char **argv)
{
	const struct bench_ring_ops *ops = bench_find_ring(argv[0]);
	const struct bench_scenario *sc = bench_find_scenario(argv[1]);
	struct bench_device dev;
	void *ring;

	if (!ops || !sc) {
		fprintf(stderr, "no such ring or scenario\n");
		return 1;
	}
	ring = bench_open(ops, sc, &dev);
	bench_rounds(ops, ring, sc, &dev, strtoul(argv[2], NULL, 0));
	ops->close(ring);
	return 0;
}

/* One sample: ns a buffer, the device's part included. */
static double sample(const struct bench_ring_ops *ops, const struct bench_scenario *sc, double ms)
{
	unsigned long rounds = 512 / sc->batch;
	struct bench_device dev;
	void *ring = bench_open(ops, sc, &dev);
	double t0, t1, begin;

	bench_rounds(ops, ring, sc, &dev, 2 * BENCH_QSZ);
	t1 = bench_now();
	begin = t1;
	do {
		t0 = t1;
		bench_rounds(ops, ring, sc, &dev, rounds);
		t1 = bench_now();
		bench_slice((t1 - t0) / 512);
	} while (t1 - begin < ms * 1e6);
	ops->close(ring);
	return bench_median();
}

static int cmd_time(unsigned int samples, double ms)
{
	unsigned int s, i, k;

	for (k = 0; k < samples; k++)
		for (s = 0; s < bench_nscenarios; s++)
			for (i = 0; i < bench_nrings; i++)
				if (bench_rings[i] && !bench_rings[i]->device)
					printf("%s\t%s\t%u\t%.3f\n", bench_scenarios[s].name,
					       bench_rings[i]->name, k,
					       sample(bench_rings[i], &bench_scenarios[s], ms));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "list"))
		return cmd_list(), 0;
	if (argc == 5 && !strcmp(argv[1], "count"))
		return cmd_count(argv + 2);
	if (argc >= 3 && !strcmp(argv[1], "time"))
		return cmd_time(atoi(argv[2]), argc > 3 ? atof(argv[3]) : 2);
	if (argc >= 3 && !strcmp(argv[1], "pair"))
		return bench_pair(atoi(argv[2]), argc > 3 ? atof(argv[3]) : 20);
	fputs("usage: bench list | count RING SCENARIO ROUNDS | time N [MS] | pair N [MS]\n",
	      stderr);
	return 2;
}
