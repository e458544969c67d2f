# SPDX-License-Identifier: GPL-2.0
"""Old defects, each with a suite of its own, that the soak has to find as well: by chance, and
with the seed of make test always by the same steps."""

from dataclasses import replace

from . import plan_mutants, plan_mutants_blk, plan_mutants_memory

# By name: what the soak says, and whether its guest dies of it.
FOUND = {
    "resets-under-commands": ("no answer in 10 s|status 1", False),
    "names-not-freed": ("objects of slabs", False),
    "a-reset-fails-requests": ("requests failed", False),
}

KNOWN = {one.name: one
         for one in plan_mutants.ALL + plan_mutants_blk.ALL + plan_mutants_memory.ALL}
ALL = [replace(KNOWN[name], name=f"soak-{name}", guest="soak", suite="soak", only=".",
               symptom=symptom, dies=dies)
       for name, (symptom, dies) in FOUND.items()]
