/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receive buffers out of a page_pool. A legacy device gets physical addresses,
 * so nothing is mapped.
 */
#ifndef _VEI_NET_POOL_H
#define _VEI_NET_POOL_H

#include <linux/netdevice.h>

#include "compat.h"

/**
 * vei_pool_create() - make a pool for a receive queue
 * @netdev: the device
 * @order: of its pages
 * @size: buffers in the ring
 *
 * Return: the pool, or an ERR_PTR().
 */
static inline struct page_pool *vei_pool_create(struct net_device *netdev, unsigned int order,
						unsigned int size)
{
	struct page_pool_params params = {
		.flags = VEI_POOL_FRAGMENTS ? PP_FLAG_PAGE_FRAG : 0,
		.order = order,
		.pool_size = size,
		.nid = dev_to_node(netdev->dev.parent),
	};

	return page_pool_create(&params);
}

/**
 * vei_pool_alloc() - take a buffer
 * @pool: from here
 * @truesize: bytes, a multiple of a cache line; without fragments, those of a page
 *
 * Return: its address, aligned to a cache line, or NULL.
 */
static inline void *vei_pool_alloc(struct page_pool *pool, unsigned int truesize)
{
	unsigned int offset = 0;
	struct page *page = VEI_POOL_FRAGMENTS ?
			    page_pool_dev_alloc_frag(pool, &offset, truesize) :
			    page_pool_dev_alloc_pages(pool);

	return page ? page_address(page) + offset : NULL;
}

#endif /* _VEI_NET_POOL_H */
