# SPDX-License-Identifier: GPL-2.0
"""From counts to figures a packet or request: idle taken off, medians and quartiles, ratios."""

import collections
import statistics

# What falls away when nothing is sent is taken off these.
TIMED = ("timerirqs", "programs")
FIGURES = ("kicks", "txirqs", "rxirqs", "irqs", "timerirqs", "programs", "wakeups",
           "driver", "lists", "guest")


def quartiles(values):
    """First, median, third."""
    values = sorted(values)
    if len(values) == 1:
        return values[0], values[0], values[0]
    first, middle, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, middle, third


def idle_rates(runs):
    """Per guest second with nothing going on, by row; what is taken off is the least of them.

    The least: a driver that keeps a timer going while idle does not thereby look better.
    """
    rates = {}
    for run in runs:
        if run.workload == "idle":
            seconds = run.counted["usecs"] / 1e6
            for name in TIMED:
                if name in run.counted:
                    rates.setdefault((run.label, name), []).append(run.counted[name] / seconds)
    by_row = {key: statistics.median(values) for key, values in rates.items()}
    least = {name: min((rate for (_, other), rate in by_row.items() if other == name), default=0)
             for name in TIMED}
    return by_row, least


def per_unit(run, idle):
    counted, units = run.counted, run.counted["units"]
    if not units:
        return None
    seconds = counted["usecs"] / 1e6
    out = {}
    for name in FIGURES:
        if name in counted:
            value = counted[name]
            if name in TIMED:
                value = max(value - idle[name] * seconds, 0)
            out[name] = value / units
    out["wakeups"] = sum(out.get(name, 0) for name in ("txirqs", "rxirqs", "irqs", *TIMED))
    out["usecs"] = counted["usecs"] / units
    out.update((name, counted[name]) for name in ("p50", "p99") if name in counted)
    return out


def collect(runs):
    """{(workload, label): {figure: [value of each run]}} and the idle rates; runs in order."""
    by_row, least = idle_rates(runs)
    table = collections.defaultdict(lambda: collections.defaultdict(list))
    for run in sorted(runs, key=lambda run: (run.boot, run.round)):
        if run.workload == "idle":
            continue
        figures = per_unit(run, least)
        if figures:
            for name, value in figures.items():
                table[run.workload, run.label][name].append(value)
    return table, by_row, least


def ratio(ours, stock):
    """Quartiles of the ratios of runs that were made side by side; None where stock has none."""
    pairs = [(a, b) for a, b in zip(ours, stock) if b]
    if not pairs:
        return None
    return quartiles([a / b for a, b in pairs])
