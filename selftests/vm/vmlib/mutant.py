# SPDX-License-Identifier: GPL-2.0
"""A driver with an old defect: its text, its modules, the guest that has to notice."""

import copy
import os
import re
import shutil
import subprocess

from . import config, guest, plan, plan_blk, plan_defects, plan_draft, plan_rng, plan_soak
from .control import Control

MODULES = ("virtio_ei", "virtio_ei_net", "virtio_ei_blk", "virtio_ei_rng")
SOURCES = ("Kbuild", "VERSION", "driver", "include")
# A mutant may well hang its guest.
TIMEOUT = 300


def replaced(text, name, pairs):
    """With each first text of the pairs, which must stand there once, as the second."""
    for old, new in pairs:
        if text.count(old) != 1:
            raise config.ConfigError(f"{name}: not there once: {old!r}")
        text = text.replace(old, new)
    return text


def stale(one):
    """What of a mutant cannot be put back, as the drivers have changed."""
    found = []
    for name, pairs in one.edits.items():
        with open(os.path.join(config.TOP, name)) as file:
            text = file.read()
        try:
            replaced(text, name, pairs)
        except config.ConfigError as error:
            found.append(f"{one.name}: {error}")
    return found


class Tree:
    """The sources in a place of their own, in which Kbuild's objects stay from one to the next."""

    def __init__(self, path):
        self.path = path
        self.kver = config.environment()["KVER"]
        os.makedirs(path, exist_ok=True)
        for name in SOURCES:
            # What differs gets a new time, what was undone keeps its own: make sees either.
            subprocess.run(["rsync", "-a", "--checksum", "--no-times", "--delete",
                            "--exclude=*.o", "--exclude=.*.cmd", "--exclude=*.o.d",
                            os.path.join(config.TOP, name), path + "/"], check=True)

    def write(self, edits, undo=False):
        """Each text must stand there once. Written back it is new as well, so that make sees it."""
        for name, pairs in edits.items():
            path = os.path.join(self.path, name)
            with open(os.path.join(config.TOP, name)) as file:
                text = file.read()
            with open(path, "w") as file:
                file.write(text if undo else replaced(text, name, pairs))

    def build(self):
        """What make says, and whether there are modules now."""
        done = subprocess.run(["make", "-s", "-C", f"/lib/modules/{self.kver}/build",
                               f"M={self.path}", "modules"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode == 0, done.stdout

    def image(self, base):
        """The same image with these modules: of two files of one name the later counts."""
        root = os.path.join(self.path, "root")
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(os.path.join(root, "opt"))
        for name in MODULES:
            shutil.copy(os.path.join(self.path, name + ".ko"), os.path.join(root, "opt"))
        names = "\n".join(["opt"] + [f"opt/{name}.ko" for name in MODULES])
        archive = subprocess.run(["cpio", "--create", "--format=newc", "--quiet"], cwd=root,
                                 input=names.encode(), stdout=subprocess.PIPE, check=True).stdout
        path = os.path.join(self.path, "initramfs.cpio")
        with open(base, "rb") as whole, open(path, "wb") as out:
            shutil.copyfileobj(whole, out)
            out.write(archive)
        return path


def guests_by_name():
    found = (plan.guests() + plan_draft.guests() + plan_defects.guests() + plan_blk.guests() +
             plan_rng.guests() + plan_soak.guests())
    return {one.name: one for one in found}


def guest_for(name, label, wishes):
    """A guest of the plan with these suites only. wishes: by suite, what of it."""
    one = copy.copy(guests_by_name()[name])
    one.name = label
    one.timeout = TIMEOUT
    one.driver = "virtio_ei_blk" if one.disks else one.driver
    one.tests = [test for test in one.tests if suite_of(test) in wishes]
    if len(one.tests) != len(wishes):
        raise config.ConfigError(f"guest {name} has not all of: {' '.join(wishes)}")
    one.env = dict(one.env, **{f"VEI_ONLY_{suite}": only for suite, only in wishes.items()})
    return one


def suite_of(test):
    return test.split(":")[1].removesuffix(".sh")


def sound_guests(mutants):
    """All that the mutants are asked for, guest by guest."""
    wishes = {}
    for one in mutants:
        if one.guest:
            wishes.setdefault(one.guest, {}).setdefault(one.suite, []).append(one.only)
    return [guest_for(name, f"without-{name}",
                      {suite: "|".join(f"({only})" for only in dict.fromkeys(wanted))
                       for suite, wanted in suites.items()})
            for name, suites in wishes.items()]


def boot(one, initrd, log_dir):
    """The outcome, and the lines that were said of it."""
    lines = []
    if one.needs_taps() and (problem := config.taps_problem()):
        raise config.ConfigError(problem)
    outcome = guest.Boot(one, initrd, log_dir, lines.append).run()
    return outcome, lines


def check_sound(one, images, log_dir, totals):
    """Without a mutant the suites pass."""
    outcome, lines = boot(one, images(one), log_dir)
    control = Control(one.name, guest.say)
    control.check(outcome.ok() and not outcome.skipped,
                  f"{one.name}: {outcome.passed} passed, {outcome.failed} failed, "
                  f"{outcome.skipped} skipped")
    if not control.ok():
        for line in lines:
            guest.say(f"    | {line}")
    totals.add(control)


def complaints(lines):
    """What was said of what failed: the checks, and with a dead guest the end of its console."""
    found, inside = [], False
    for line in lines:
        if line.startswith("    FAIL") or line.startswith("  | "):
            inside = True
        elif not line.startswith("          "):
            inside = False
        if inside:
            found.append(line.strip())
    return found


def told(one, name, lines):
    """What counts of the complaints of guest NAME. Of one that is to die the end of its
    console; else what a test says, as long as the guest came so far."""
    if one.dies:
        return [line for line in lines if line.startswith("|")]
    return [line for line in lines
            if not line.startswith(("FAIL  start", f"FAIL  {name}:", "|"))]


def check(one, trees, images, log_dir, totals):
    """With the mutant its suite fails, and says the symptom."""
    tree = trees.get()
    try:
        tree.write(one.edits)
        built, said = tree.build()
        if not one.guest:
            found = not built and re.search(one.symptom, said)
            lines = [line for line in said.splitlines() if "error" in line]
        elif not built:
            found, lines = False, said.splitlines()[:10]
        else:
            booted = guest_for(one.guest, f"mutant-{one.name}", {one.suite: one.only})
            outcome, shown = boot(booted, tree.image(images(booted)), log_dir)
            lines = complaints(shown)
            found = not outcome.ok() and re.search(
                one.symptom, "\n".join(told(one, booted.name, lines)))
        control = Control(one.name, guest.say)
        where = f"{one.suite}.sh" if one.guest else "the compiler"
        if one.harmless:
            control.check(built and not found, f"control: {one.name}: {where} "
                          f"{'minds it' if found else 'has nothing to say'}")
        else:
            control.check(found, f"mutant {one.name}: noticed by {where}" if found else
                          f"mutant {one.name}: {where} does not say: {one.symptom}")
        for line in lines[:12] if found else lines:
            guest.say(f"          {line}")
        totals.add(control)
    finally:
        tree.write(one.edits, undo=True)
        trees.put(tree)
