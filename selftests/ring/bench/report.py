#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The benchmark's tables, as Markdown, from the lines that count.py and bench wrote.

usage: report.py DIR               print them
       report.py --into FILE TABLES    put them between the marks in FILE
"""
import collections
import math
import os
import platform
import statistics
import subprocess
import sys

OURS = "virtio-ei"
STAGES = ("add", "kick", "disable", "get", "enable")
BEGIN, END = "<!-- ring tables: begin -->", "<!-- ring tables: end -->"


def rows(path):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f]


def spread(values):
    """Median and quartiles."""
    if len(values) < 4:
        return "%.2f" % statistics.median(values)
    low, mid, high = statistics.quantiles(values, n=4)
    return "%.2f [%.2f-%.2f]" % (mid, low, high)


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def machine():
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    gcc = subprocess.check_output(["gcc", "--version"], text=True).splitlines()[0]
    return "%d cores of %s, %s %s; %s" % (os.cpu_count(), model, platform.system(),
                                          platform.machine(), gcc)


def instruction_tables(data, titles, linux):
    cost = collections.defaultdict(dict)
    for scenario, ring, stage, value in data:
        cost[scenario][ring, stage] = float(value)
    if not cost:
        return
    rings = linux + ["bare"]
    print("### Instructions a buffer\n")
    print("Driver's side only; callgrind, the same at every run.\n")
    print("| scenario | %s | **virtio-ei** | %s | %s |" % (
        " | ".join(rings), " / ".join(STAGES), " | ".join("/ " + r for r in linux)))
    print("|---" * (4 + len(rings) + len(linux) - 1) + "|")
    ratios = collections.defaultdict(list)
    for scenario, title in titles.items():
        if scenario not in cost:
            continue
        c = cost[scenario]
        ours = c[OURS, "total"]
        quotients = []
        for ring in linux:
            q = ours / c[ring, "total"]
            quotients.append("%.3f" % q)
            ratios[ring, scenario.startswith("burst")].append(q)
        print("| %s | %s | **%.1f** | %s | %s |" % (
            title, " | ".join("%.1f" % c[r, "total"] for r in rings), ours,
            " / ".join("%.1f" % c[OURS, s] for s in STAGES), " | ".join(quotients)))
    print()
    for ring in linux:
        plain, burst = ratios[ring, False], ratios[ring, True]
        print("- against %s: geometric mean %.3f, worst %.3f; bursts %.3f at worst" % (
            ring, geomean(plain), max(plain), max(burst)))
    print()


def time_table(data, titles, linux):
    ns = collections.defaultdict(dict)
    for scenario, ring, sample, value in data:
        ns[scenario, ring][int(sample)] = float(value)
    if not ns:
        return
    print("### Nanoseconds a buffer\n")
    print("Ratios of interleaved samples, median and quartiles; the harness and its device are taken off"
          " by the *floor*, a driver that only moves indices.\n")
    print("| scenario | %s | %s |" % (" | ".join("/ " + r for r in linux),
                                     " | ".join("ns " + r for r in linux + [OURS])))
    print("|---" * (2 + 2 * len(linux)) + "|")
    medians = collections.defaultdict(list)
    gross = collections.defaultdict(list)
    for scenario, title in titles.items():
        floor = ns[scenario, "floor"]
        net = {r: [max(v - floor[k], 0.1) for k, v in sorted(ns[scenario, r].items())]
               for r in linux + [OURS]}
        cells = []
        for ring in linux:
            q = [a / b for a, b in zip(net[OURS], net[ring])]
            if not scenario.startswith("burst"):
                medians[ring].append(statistics.median(q))
            gross[ring].append(statistics.median(
                ns[scenario, OURS][k] / v for k, v in ns[scenario, ring].items()))
            cells.append(spread(q))
        print("| %s | %s | %s |" % (title, " | ".join(cells), " | ".join(
            "%.1f" % statistics.median(net[r]) for r in linux + [OURS])))
    print()
    for ring in linux:
        print("- against %s: geometric mean of the medians %.2f, worst %.2f;"
              " with harness and device left in: %.2f, worst %.2f" % (
                  ring, geomean(medians[ring]), max(medians[ring]),
                  geomean(gross[ring]), max(gross[ring])))
    print()


def pair_table(data):
    units, cost = [], collections.defaultdict(list)
    for mode, ring, _, value, unit in data:
        units.append(float(unit))
        cost[ring + (" (burst)" if mode.endswith("burst") else ""),
             mode.replace("-burst", "")].append(float(value) / float(unit))
    if not cost:
        return
    print("### Two cores\n")
    print("A buffer's cost in units of the round trip of one cache line between the two cores, which took"
          " %.0f ns (quartiles %.0f-%.0f) in the same run; both sides poll.\n" % (
              statistics.median(units), *statistics.quantiles(units, n=4)[::2]))
    print("| ring | 32 at a time, up to 128 outstanding | one outstanding |")
    print("|---|---|---|")
    for ring in dict.fromkeys(r for r, _ in cost):
        print("| %s | %s | %s |" % (ring, spread(cost[ring, "pair-32"]),
                                    spread(cost[ring, "pair-1"])))
    print()


def insert(target, tables):
    with open(tables, encoding="utf-8") as f:
        new = f.read().strip()
    with open(target, encoding="utf-8") as f:
        text = f.read()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    with open(target, "w", encoding="utf-8") as f:
        f.write(text[:begin] + "\n\n" + new + "\n\n" + text[end:])


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--into":
        insert(sys.argv[2], sys.argv[3])
        return
    out = sys.argv[1]
    titles, linux = {}, []
    for words in (line.split("\t") for line in subprocess.check_output(
            [os.path.join(out, "bench"), "list"], text=True).splitlines()):
        if words[0] == "scenario":
            titles[words[1]] = words[4]
        elif words[1].startswith("linux-"):
            linux.append(words[1])
    with open(os.path.join(out, "versions"), encoding="utf-8") as f:
        versions = ", ".join(f.read().split())
    print("`make bench-ring` on %s. Linux from Debian's linux-source %s.\n" % (machine(), versions))
    instruction_tables(rows(os.path.join(out, "count.tsv")), titles, linux)
    time_table(rows(os.path.join(out, "time.tsv")), titles, linux)
    pair_table(rows(os.path.join(out, "pair.tsv")))


if __name__ == "__main__":
    main()
