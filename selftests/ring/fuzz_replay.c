// SPDX-License-Identifier: GPL-2.0
/* Runs the fuzzer's scripts that are kept in the tree, and a fixed number of random ones. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "tap.h"

int fuzz_one(const uint8_t *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

static unsigned int replay(const char *dir)
{
	static uint8_t data[65536];
	unsigned int n = 0;
	struct dirent *e;
	char path[4096];
	size_t size;
	FILE *f;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		f = fopen(path, "rb");
		if (!f)
			continue;
		size = fread(data, 1, sizeof(data), f);
		fclose(f);
		fuzz_one(data, size);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	unsigned int n, i, k, scripts = tap_env("VEI_SCRIPTS", 20000);
	u64 rng = tap_env("VEI_SEED", 7);
	uint8_t data[400];

	tap_begin();
	n = replay(argc > 1 ? argv[1] : "corpus");
	EXPECT(n > 0);
	tap_result("hostile device: %u scripts from the corpus", n);
	for (i = 0; i < scripts; i++) {
		for (k = 0; k < sizeof(data); k++)
			data[k] = rig_rand(&rng);
		fuzz_one(data, rig_below(&rng, sizeof(data)));
	}
	tap_result("hostile device: %u random scripts", scripts);
	return tap_end();
}
