// SPDX-License-Identifier: GPL-2.0
/*
 * vei_meddle.ko once more under another name: suites that meddle themselves have
 * negative controls as well.
 */

#include "vei_meddle.c"
