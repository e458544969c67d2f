#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judge llvm-cov's export of the pure layer: lines and branches reached, and what is left.

The same header is compiled into several programs, and llvm-cov lists a function once for each: a line or
a branch counts as reached if it is in any of them.
"""
import collections
import json
import os
import sys


def collect(export):
    """By file: {line: times reached}, {(line, column, which way): times}."""
    lines = collections.defaultdict(lambda: collections.Counter())
    branches = collections.defaultdict(lambda: collections.Counter())
    for item in export["data"]:
        for fn in item["functions"]:
            for region in fn["regions"]:
                first, _, last, _, count, file_id, _, kind = region
                if kind != 0:
                    continue
                name = fn["filenames"][file_id]
                # Inner regions come later and are more exact than the one around them.
                for line in range(first, last + 1):
                    lines[name, fn["name"].split(":")[-1], id(fn)][line] = count
            for branch in fn.get("branches", []):
                line, col, _, _, yes, no, file_id = branch[:7]
                name = fn["filenames"][file_id]
                branches[name][line, col, True] += yes
                branches[name][line, col, False] += no
    merged = collections.defaultdict(collections.Counter)
    for (name, _, _), counts in lines.items():
        for line, count in counts.items():
            merged[name][line] += count
    return merged, branches


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        lines, branches = collect(json.load(f))
    limit = float(sys.argv[2])
    count = bad = 0
    for name in sorted(lines):
        short = "/".join(name.split(os.sep)[-2:])
        if not (short.startswith("vei/") or short.startswith("uapi/")):
            continue
        left = [("line", n, "") for n, c in sorted(lines[name].items()) if not c]
        nlines = len(lines[name])
        ways = branches.get(name, {})
        left += [("branch", k[0], "never " + ("taken" if k[2] else "passed by"))
                 for k, c in sorted(ways.items()) if not c]
        line_cov = 100.0 * sum(1 for c in lines[name].values() if c) / max(nlines, 1)
        branch_cov = 100.0 * sum(1 for c in ways.values() if c) / len(ways) if ways else 100.0
        ok = line_cov >= limit and branch_cov >= limit
        count += 1
        bad += not ok
        with open(name, encoding="utf-8") as f:
            text = f.read().splitlines()
        for kind, line, how in left:
            print("# left: %s:%d %s %s: %s" % (short, line, kind, how, text[line - 1].strip()))
        print("%s %d - coverage %s: lines %.1f %% of %d, branches %.1f %% of %d" % (
            "ok" if ok else "not ok", count, short, line_cov, nlines, branch_cov, len(ways)))
    print("1..%d" % count)
    sys.exit(1 if bad or not count else 0)


if __name__ == "__main__":
    main()
