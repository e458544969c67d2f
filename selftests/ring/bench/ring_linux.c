// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's own virtio_ring.c behind the contract. The Makefile compiles this together with the file
 * that fetch-linux brought, once per kernel version (-DBENCH_OPS=... -DBENCH_NAME=...).
 */
#include "shim.h"
#include <linux/virtio.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_config.h>
#include "contract.h"

struct linux_ring {
	struct virtio_device vdev;
	struct virtqueue *vq;
	struct scatterlist sg[BENCH_MAX_SEG];
	unsigned int nseg;
	bool receive;
};

static bool bx_notify(struct virtqueue *vq)
{
	(void)vq;
	return true;
}

static void bx_callback(struct virtqueue *vq)
{
	(void)vq;
}

static void *ring_open(const struct bench_params *p, struct bench_shared *sh)
{
	static const struct virtio_config_ops no_ops;
	struct linux_ring *r = aligned_alloc(64, (sizeof(*r) + 63) & ~63UL);
	const struct vring *v;
	unsigned int i;

	memset(r, 0, sizeof(*r));
	/* 64 bit features, as a legacy device has them: no VERSION_1, no ACCESS_PLATFORM. */
	if (p->event_idx)
		r->vdev.features |= 1ULL << VIRTIO_RING_F_EVENT_IDX;
	if (p->indirect)
		r->vdev.features |= 1ULL << VIRTIO_RING_F_INDIRECT_DESC;
	r->vdev.config = &no_ops;
	r->vdev.dev.parent = &r->vdev.dev;
	INIT_LIST_HEAD(&r->vdev.vqs);
	r->nseg = p->nseg;
	r->receive = p->receive;
	for (i = 0; i < p->nseg; i++) {
		r->sg[i].page_link = (uintptr_t)virt_to_page(p->buf[i]);
		r->sg[i].offset = offset_in_page(p->buf[i]);
		r->sg[i].length = p->len[i];
	}
	r->sg[p->nseg - 1].page_link |= 2UL;
	r->vq = vring_create_virtqueue(0, p->qsz, PAGE_SIZE, &r->vdev, true, false, false,
				       bx_notify, bx_callback, "bench");
	if (!r->vq)
		return NULL;
	v = virtqueue_get_vring(r->vq);
	sh->desc = (void *)v->desc;
	sh->avail = (void *)v->avail;
	sh->used = (void *)v->used;
	return r;
}

static void ring_close(void *ring)
{
	struct linux_ring *r = ring;

	while (virtqueue_detach_unused_buf(r->vq))
		;
	vring_del_virtqueue(r->vq);
	free(r);
}

/* virtio_net's own calls: add_outbuf to transmit, add_inbuf_ctx to receive. */
static BENCH_ENTRY int bx_add(void *ring, void *token)
{
	struct linux_ring *r = ring;

	if (r->receive)
		return virtqueue_add_inbuf_ctx(r->vq, r->sg, r->nseg, token, NULL, GFP_ATOMIC);
	return virtqueue_add_outbuf(r->vq, r->sg, r->nseg, token, GFP_ATOMIC);
}

static BENCH_ENTRY bool bx_kick(void *ring)
{
	return virtqueue_kick_prepare(((struct linux_ring *)ring)->vq);
}

static BENCH_ENTRY void bx_disable(void *ring)
{
	virtqueue_disable_cb(((struct linux_ring *)ring)->vq);
}

static BENCH_ENTRY void *bx_get(void *ring, uint32_t *len)
{
	return virtqueue_get_buf(((struct linux_ring *)ring)->vq, len);
}

static BENCH_ENTRY bool bx_enable(void *ring)
{
	return virtqueue_enable_cb(((struct linux_ring *)ring)->vq);
}

const struct bench_ring_ops BENCH_OPS = {
	.name = BENCH_NAME,
	.open = ring_open,
	.close = ring_close,
	.add = bx_add,
	.kick = bx_kick,
	.disable = bx_disable,
	.get = bx_get,
	.enable = bx_enable,
};
