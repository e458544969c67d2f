// SPDX-License-Identifier: GPL-2.0
/*
 * The page_pool: each buffer is a page of its own, of any order, in an arena where nothing else
 * may be touched. The struct pages of the arena are where the kernel's macros compute them to be.
 */
#include <linux/mm.h>
#include <net/page_pool.h>

#include "hostile.h"

#define ARENA		0x200000000000UL
#define STRIDE		0x10000UL
#define NBUF		512
#define NPAGES		(NBUF * STRIDE / PAGE_SIZE)
#define PAGES_PER_BUF	(STRIDE / PAGE_SIZE)

static struct page *pages;
static bool out[NBUF];
static unsigned int nout, next;
static struct page_pool the_pool;

void pages_begin(void)
{
	if (!pages) {
		void *mem = mmap((void *)ARENA, NBUF * STRIDE, 3, 0x100022, -1, 0);

		MUST(mem == (void *)ARENA);
		__asan_poison_memory_region(mem, NBUF * STRIDE);
		pages = calloc(NPAGES, sizeof(*pages));
		vmemmap_base = (unsigned long)(pages - (ARENA >> PAGE_SHIFT));
	}
	next = 0;
}

/* Of the buffers that were handed out since somebody set them. */
unsigned int pages_smallest, pages_largest;

/* Buffers that somebody has. */
unsigned int pages_out(void)
{
	return nout;
}

struct page_pool *page_pool_create(const struct page_pool_params *params)
{
	the_pool.p = *params;
	return kernel_fail() ? ERR_PTR(-ENOMEM) : &the_pool;
}

void page_pool_destroy(struct page_pool *pool)
{
	MUST(pool == &the_pool);
}

struct page *page_pool_alloc_frag(struct page_pool *pool, unsigned int *offset, unsigned int size,
				  gfp_t gfp)
{
	unsigned int i;

	MUST(pool == &the_pool && size && size <= STRIDE && size <= PAGE_SIZE << pool->p.order);
	if (kernel_fail())
		return NULL;
	for (i = next; out[i]; i = (i + 1) % NBUF)
		MUST(nout < NBUF);
	next = (i + 1) % NBUF;
	out[i] = true;
	nout++;
	*offset = 0;
	pages_smallest = min(pages_smallest, size);
	pages_largest = max(pages_largest, size);
	atomic_long_set(&pages[i * PAGES_PER_BUF].pp_frag_count, 1);
	__asan_unpoison_memory_region((void *)(ARENA + i * STRIDE), size);
	return &pages[i * PAGES_PER_BUF];
}

static void give_back(struct page *page)
{
	size_t i = (page - pages) / PAGES_PER_BUF;
	void *mem = (void *)(ARENA + i * STRIDE);

	MUST(page >= pages && i < NBUF && page == &pages[i * PAGES_PER_BUF]);
	MUST(out[i] && !hostile_has(mem, STRIDE));
	out[i] = false;
	nout--;
	__asan_poison_memory_region(mem, STRIDE);
}

void page_pool_put_defragged_page(struct page_pool *pool, struct page *page,
				  unsigned int dma_sync_size, bool allow_direct)
{
	MUST(pool == &the_pool);
	give_back(page);
}

/* What an skb had. */
bool page_pool_return_skb_page(struct page *page)
{
	give_back(page);
	return true;
}
