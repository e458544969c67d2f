// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own skbs and its own dissector of headers, as they are in its source. What of them
 * is not called is left out by the linker, and with it all that it would need.
 */
#include <net/core/skbuff.c>

#include "hostile.h"

void flow_begin(void);

/* Before the first of them. */
void skb_begin(void)
{
	static char cache;

	/* Never looked into. */
	skbuff_head_cache = (struct kmem_cache *)&cache;
	flow_begin();
}

/* None is kept for the next script, which is to begin as any other. */
void skb_end(void)
{
	struct napi_alloc_cache *nc = this_cpu_ptr(&napi_alloc_cache);

	while (nc->skb_count)
		kmem_cache_free(skbuff_head_cache, nc->skb_cache[--nc->skb_count]);
}
