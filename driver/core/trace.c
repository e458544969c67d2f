// SPDX-License-Identifier: GPL-2.0
/* The tracepoints of trace.h, once. */

#include <linux/export.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(vei_kick);
EXPORT_TRACEPOINT_SYMBOL_GPL(vei_rearm);
