#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Instructions per buffer and stage, exactly, under callgrind.

Every ring's stages are functions named bx_*; callgrind collects only inside them. Each scenario is run
for two lengths and the difference taken, so that set-up and the first lap of the ring do not count.
Writes one tab-separated line per ring, scenario and stage.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

STAGES = ("add", "kick", "disable", "get", "enable")


def profile(bench, ring, scenario, rounds):
    """Inclusive instructions of every stage."""
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "out")
        cmd = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out,
               "--toggle-collect=bx_*", "--compress-strings=no", "--compress-pos=no",
               bench, "count", ring, scenario, str(rounds)]
        run = subprocess.run(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             check=False)
        if run.returncode:
            sys.exit("%s\n%s" % (" ".join(cmd), run.stderr))
        cost = collections.Counter()
        fn = ""
        with open(out, encoding="utf-8") as f:
            for line in f:
                if line.startswith("fn="):
                    fn = line[3:].strip()
                elif re.match(r"[0-9+*-]", line):
                    # The line behind calls= holds what the callee cost, all included.
                    words = line.split()
                    if fn.startswith("bx_") and len(words) > 1:
                        cost[fn[3:].split("'")[0]] += int(words[1])
        return cost


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench")
    parser.add_argument("--rings", default="")
    parser.add_argument("--scenarios", default="")
    args = parser.parse_args()
    rings, scenarios = [], []
    for line in subprocess.check_output([args.bench, "list"], text=True).splitlines():
        words = line.split("\t")
        if words[0] == "ring" and words[1] != "floor":
            rings.append(words[1])
        elif words[0] == "scenario":
            scenarios.append((words[1], int(words[2])))
    if args.rings:
        rings = args.rings.split(",")
    for name, batch in scenarios:
        if args.scenarios and name not in args.scenarios.split(","):
            continue
        for ring in rings:
            short = profile(args.bench, ring, name, 512 // batch)
            long = profile(args.bench, ring, name, 1536 // batch)
            total = 0
            for stage in STAGES:
                got = long[stage] - short[stage]
                got += long[stage + "_burst"] - short[stage + "_burst"]
                total += got
                print("%s\t%s\t%s\t%.2f" % (name, ring, stage, got / 1024))
            print("%s\t%s\ttotal\t%.2f" % (name, ring, total / 1024), flush=True)


if __name__ == "__main__":
    main()
