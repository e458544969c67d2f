# SPDX-License-Identifier: GPL-2.0
"""Figures as text, as a table for Documentation/bench.md, as words, and as plots by gnuplot."""

import os
import shutil
import subprocess

from . import counts, figures

TITLES = {"kicks": "kicks", "txirqs": "TX irqs", "rxirqs": "RX irqs", "irqs": "irqs",
          "timerirqs": "timer irqs", "programs": "timer prog.", "wakeups": "wake-ups",
          "driver": "driver instr", "lists": "with lists", "guest": "guest instr",
          "usecs": "usecs", "p50": "p50 ns", "p99": "p99 ns"}
WORDS = {"kicks": "kicks", "wakeups": "wake-ups", "driver": "instructions of the driver",
         "guest": "instructions of the whole guest"}
MEANINGLESS = {("rr3ms", "guest")}       # ping polls for want of a finer clock
WORKLOADS = {"pktgen1": "pktgen, 1 at a time", "pktgen32": "pktgen, 32 at a time",
             "udp": "UDP flood", "sndbuf": "UDP, least send buffer",
             "zerocopy": "UDP, zero copy", "tcp": "TCP", "tcpr": "TCP reverse",
             "rr": "request-response", "rr3ms": "every 3 ms", "rr1s": "every second",
             "rr16": "TCP_RR, 16 flows, 4 queues", "tso": "TCP with TSO, 1 stream",
             "tso4": "TCP with TSO, 4 streams",
             "read1": "4 KiB random read, depth 1", "read32": "4 KiB random read, depth 32",
             "seq": "64 KiB sequential write, depth 8", "sync": "4 KiB write and flush, in turn"}


def shown(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3f}"


def spread(three):
    first, middle, third = three
    return f"{shown(middle)} [{shown(first)}-{shown(third)}]"


def text(group, works, of="ours", to="stock"):
    """Lines for the terminal."""
    lines = []
    for work in works:
        ours, stock = group.table[work, of], group.table[work, to]
        lines += ["", f"{work}: {len(ours['wakeups'])} runs of each",
                  f"  {'a ' + group.plan.unit():14} {of:26} {to:26} {of} / {to}"]
        for name, title in TITLES.items():
            if name not in ours or name not in stock:
                continue
            ratio = figures.ratio(ours[name], stock[name])
            lines.append(f"  {title:14} {spread(figures.quartiles(ours[name])):26} "
                         f"{spread(figures.quartiles(stock[name])):26} "
                         f"{spread(ratio) if ratio else '-'}")
    return lines + ["", idle_line(group)]


def idle_line(group):
    rows = ", ".join(f"{label} {TITLES[name]} {rate:.2f}"
                     for (label, name), rate in sorted(group.by_row.items()))
    least = ", ".join(f"{TITLES[name]} {rate:.2f}" for name, rate in group.least.items())
    return f"idle, a second: {rows}; taken off: {least}"


def profile(runs, work, least_share=0.01):
    """The driver's own functions."""
    lines = []
    for label in sorted({run.label for run in runs}):
        mine = [run for run in runs if run.workload == work and run.label == label]
        if not mine:
            continue
        units = sum(run.counted["units"] for run in mine)
        sums = {}
        for run in mine:
            for key, count in run.functions.items():
                if key[1] in counts.MODULES[run.driver]:
                    sums[key] = sums.get(key, 0) + count
        lines += ["", f"{work}, {label}: instructions by function"]
        for (name, module), count in sorted(sums.items(), key=lambda item: -item[1]):
            if count >= least_share * sum(sums.values()):
                lines.append(f"  {count / units:9.1f}  {name} [{module}]")
    return lines


def ratio_cell(mine, other, name):
    if mine is other:
        return "1"
    ratio = figures.ratio(mine.get(name, []), other.get(name, []))
    return spread(ratio) if ratio else "-"


def markdown(group, works):
    """One table a workload: rows of drivers, medians with quartiles."""
    names = [name for name in TITLES if (name != "usecs" or name in group.ratios) and
             any(name in row for row in group.table.values())]
    lines = [f"### {group.title}", "", group.remark, ""]
    ratios = [name for name in group.ratios if name in names]
    head = " | ".join(["| ", *(TITLES[name] for name in names),
                       *(f"{TITLES[name]} / stock" for name in ratios)]) + " |"
    for work in works:
        lines += [f"**{WORKLOADS[work]}**", "", head, "|" + "---|" * (len(names) + len(ratios) + 1)]
        for row in group.plan.rows:
            mine, other = group.table[work, row.label], group.table[work, group.reference]
            cells = [spread(figures.quartiles(mine[name])) if name in mine else "-"
                     for name in names]
            cells += [ratio_cell(mine, other, name) for name in ratios]
            lines.append(f"| {group.names[row.label]} | {' | '.join(cells)} |")
        lines.append("")
    return lines + [idle_line(group) + ".", ""]


def stands(mine, other, ratio):
    """Quartiles that do not overlap, of runs enough to have any, and not for next to nothing."""
    ours, stock = figures.quartiles(mine), figures.quartiles(other)
    return (min(len(mine), len(other)) >= 4 and (ours[2] < stock[0] or ours[0] > stock[2]) and
            abs(ratio[1] - 1) >= 0.02)


def words(group, works):
    """What may be said."""
    lines = []
    for row in group.plan.rows:
        if row.label == group.reference:
            continue
        for work in works:
            mine, other = group.table[work, row.label], group.table[work, group.reference]
            for name, word in WORDS.items():
                if name not in mine or name not in other or (work, name) in MEANINGLESS:
                    continue
                ratio = figures.ratio(mine[name], other[name])
                if not ratio:
                    continue
                if stands(mine[name], other[name], ratio):
                    said = f"{ratio[1]:.2f} times the {word}"
                else:
                    said = f"no difference in {word} that stands"
                lines.append(f"- {WORKLOADS[work]}: {group.names[row.label]} {said} "
                             f"[{ratio[0]:.2f}-{ratio[2]:.2f}]")
    return lines


PLOT = """
set terminal svg noenhanced size 900,420 font "sans,12" background "white"
set output "{out}"
set title "{title}"
set ylabel "{unit}"
set yrange [0:*]
set grid ytics
set style fill solid 0.7 border -1
set xtics rotate by -20 nomirror ({tics})
set xrange [-0.6:{last}]
set key outside top center horizontal
{line}
plot {series}
"""


def bars(path, title, unit, tics, series, line=""):
    """A plot of bars in groups, by gnuplot; path, or None without it or without a bar.

    tics: the groups' names. series: (name, {group's number: (least, value, most)}) in turn.
    """
    if not shutil.which("gnuplot") or not series:
        return None
    width = 0.8 / len(series)
    drawn = []
    for number, (name, values) in enumerate(series):
        if not values:
            continue
        data = f"{os.path.splitext(path)[0]}-{number}.dat"
        with open(data, "w") as out:
            for place, (least, value, most) in values.items():
                at = place + (number - (len(series) - 1) / 2) * width
                out.write(f"{at} {value} {least} {most} {width * 0.9}\n")
        drawn.append(f'"{data}" using 1:2:3:4:5 with boxerrorbars title "{name}"')
    if not drawn:
        return None
    names = ", ".join(f'"{name}" {place}' for place, name in enumerate(tics))
    # What was measured is not lost for want of a picture.
    done = subprocess.run(["gnuplot"], text=True, input=PLOT.format(
        out=path, title=title, unit=unit, tics=names, line=line, last=len(tics) - 0.4,
        series=", ".join(drawn)))
    return None if done.returncode else path


def plot(group, works, name, title, directory):
    """Ratios to the reference with their quartiles, one box a workload and row; the file."""
    series = []
    for row in group.plan.rows:
        if row.label == group.reference:
            continue
        ratios = {place: figures.ratio(group.table[work, row.label].get(name, []),
                                       group.table[work, group.reference].get(name, []))
                  for place, work in enumerate(works)}
        series.append((group.names[row.label],
                       {place: ratio for place, ratio in ratios.items() if ratio}))
    return bars(os.path.join(directory, f"{group.name}-{name}.svg"), title, "stock = 1",
                [WORKLOADS[work] for work in works], series,
                "set arrow from graph 0, first 1 to graph 1, first 1 nohead dt 2")
