# SPDX-License-Identifier: GPL-2.0
"""Side by side with the stock driver: boots, counts, figures."""

import os
import sys

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(BENCH))
sys.path.insert(0, os.path.join(TOP, "selftests", "vm"))
