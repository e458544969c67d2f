# SPDX-License-Identifier: GPL-2.0
"""What counts the checks of a negative control."""


class Control:
    """Looks to the totals like the outcome of a guest."""

    def __init__(self, name, say):
        self.name = name
        self.say = say
        self.passed = self.failed = self.skipped = 0

    def ok(self):
        return self.failed == 0

    def check(self, good, text):
        if good:
            self.passed += 1
            self.say(f"    ok    {text}")
        else:
            self.failed += 1
            self.say(f"    FAIL  {text}")
