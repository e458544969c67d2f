// SPDX-License-Identifier: GPL-2.0
/* See skb.c. */
#include <net/core/flow_dissector.c>

void flow_begin(void);

void flow_begin(void)
{
	init_default_flow_dissectors();
}
