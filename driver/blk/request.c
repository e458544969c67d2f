// SPDX-License-Identifier: GPL-2.0
/*
 * A request, from its header to its status.
 *
 * To the device it is a header, pieces of data or ranges, and a byte of status;
 * each is a piece of its own, as a legacy device may insist on that. The header,
 * ranges and status lie in the request's part that is the driver's, which blk-mq
 * allocates with the request and which has a physical address for that reason.
 */

#include <linux/bio.h>
#include <linux/ioprio.h>

#include "blk.h"

/* No status that a device may write. */
#define VEI_BLK_S_NONE		0xff

static void vei_blk_set_range(const struct request *rq, struct vei_blk_req *req, u32 flags)
{
	req->range.sector = cpu_to_le64(blk_rq_pos(rq));
	req->range.sectors = cpu_to_le32(blk_rq_sectors(rq));
	req->range.flags = cpu_to_le32(flags);
}

/* The header, and a range if there is one. Returns whether there is, or a negative errno. */
static int vei_blk_prepare(struct request *rq, struct vei_blk_req *req)
{
	const u32 op = (__force u32)req_op(rq);

	/* These two by their numbers, which are the same. */
	BUILD_BUG_ON((__force u32)REQ_OP_READ - VEI_BLK_T_IN ||
		     (__force u32)REQ_OP_WRITE - VEI_BLK_T_OUT);
	req->status = VEI_BLK_S_NONE;
	req->hdr.ioprio = req_get_ioprio(rq);
	if (likely(op <= VEI_BLK_T_OUT)) {
		req->hdr.type = op;
		req->hdr.sector = blk_rq_pos(rq);
		return false;
	}
	req->hdr.sector = 0;
	switch (req_op(rq)) {
	case REQ_OP_FLUSH:
		req->hdr.type = VEI_BLK_T_FLUSH;
		break;
	case REQ_OP_DISCARD:
		req->hdr.type = VEI_BLK_T_DISCARD;
		vei_blk_set_range(rq, req, 0);
		return true;
	case REQ_OP_WRITE_ZEROES:
		req->hdr.type = VEI_BLK_T_WRITE_ZEROES;
		vei_blk_set_range(rq, req, rq->cmd_flags & REQ_NOUNMAP ? 0 : VEI_BLK_RANGE_UNMAP);
		return true;
	case REQ_OP_DRV_IN:
		req->hdr.type = VEI_BLK_T_GET_ID;
		break;
	default:
		return -EOPNOTSUPP;
	}
	return false;
}

/*
 * The pieces of a request's data. A bio's vectors are cut as the block layer cuts
 * them when it counts segments, and joined where they touch, so there are never
 * more than it has counted. Returns how many, or -EINVAL all the same.
 */
static int vei_blk_map(const struct vei_blk *vblk, struct request *rq, struct vei_seg *seg)
{
	const u32 size_max = vblk->limits.size_max;
	unsigned int n = 0;
	struct bio *bio;
	u64 end = 0;

	__rq_for_each_bio(bio, rq) {
		const struct bio_vec *bv = __bvec_iter_bvec(bio->bi_io_vec, bio->bi_iter);
		u32 left = bio->bi_iter.bi_size, skip = bio->bi_iter.bi_bvec_done;

		/* By hand, as rq_for_each_bvec() costs several times as much. */
		for (; left; bv++, skip = 0) {
			u64 addr = page_to_phys(bv->bv_page) + bv->bv_offset + skip;
			u32 len = min(bv->bv_len - skip, left);

			left -= len;
			if (n && addr == end && len <= size_max - seg[n - 1].len) {
				seg[n - 1].len += len;
				end += len;
				continue;
			}
			end = addr + len;
			while (len) {
				u32 piece = min(len, size_max);

				if (unlikely(n == vblk->max_segments))
					return -EINVAL;
				seg[n].addr = addr;
				seg[n++].len = piece;
				addr += piece;
				len -= piece;
			}
		}
	}
	return n;
}

/* The usual request: one piece. */
static bool vei_blk_map_one(const struct vei_blk *vblk, struct request *rq, struct vei_seg *seg)
{
	struct bio_vec bv = req_bvec(rq);

	if (bv.bv_len != blk_rq_bytes(rq) || bv.bv_len > vblk->limits.size_max)
		return false;
	seg->addr = page_to_phys(bv.bv_page) + bv.bv_offset;
	seg->len = bv.bv_len;
	return true;
}

/* Under the lock. Returns 0 or a negative errno. */
static int vei_blk_post(struct vei_blk_vq *vq, struct request *rq, bool range)
{
	struct vei_blk_req *req = blk_mq_rq_to_pdu(rq);
	const u64 addr = virt_to_phys(req);
	struct vei_seg *seg = vq->seg;
	int n = 0;

	seg[0].addr = addr + offsetof(struct vei_blk_req, hdr);
	seg[0].len = sizeof(req->hdr);
	if (range) {
		n = 1;
		seg[1].addr = addr + offsetof(struct vei_blk_req, range);
		seg[1].len = sizeof(req->range);
	} else if (blk_rq_nr_phys_segments(rq)) {
		n = vei_blk_map_one(vq->vblk, rq, seg + 1) ? 1 :
		    vei_blk_map(vq->vblk, rq, seg + 1);
		if (unlikely(n < 0))
			return n;
	}
	seg[n + 1].addr = addr + offsetof(struct vei_blk_req, status);
	seg[n + 1].len = sizeof(req->status);
	if (rq_data_dir(rq) == WRITE)
		return vei_queue_add(vq->q, seg, 1 + n, 1, req);
	return vei_queue_add(vq->q, seg, 1, n + 1, req);
}

/*
 * No room, or a queue that is broken: no more until something is taken back, or
 * the device was restarted. Under the lock, as what lets it go on.
 *
 * BLK_STS_DEV_RESOURCE would leave it to a request that ends to have the block layer
 * try again, but those that end in a batch do not. Nor does what lets the queue go on
 * find the request, where that comes before blk-mq has put it back.
 */
static blk_status_t vei_blk_stop(struct vei_blk_vq *vq, struct blk_mq_hw_ctx *hctx)
{
	vei_queue_kick(vq->q);
	vq->full = hctx;
	blk_mq_stop_hw_queue(hctx);
	return BLK_STS_RESOURCE;
}

/**
 * vei_blk_queue_rq() - blk_mq_ops.queue_rq
 * @hctx: one of our queues
 * @bd: the request, and whether it is the last one for now
 *
 * The device sees requests, and is kicked, at the end of a batch.
 *
 * Return: of the block layer's status codes.
 */
blk_status_t vei_blk_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct vei_blk_vq *vq = hctx->driver_data;
	struct request *rq = bd->rq;
	struct vei_blk_req *req = blk_mq_rq_to_pdu(rq);
	int err, range = vei_blk_prepare(rq, req);
	blk_status_t status = BLK_STS_OK;
	unsigned long flags;

	if (unlikely(range < 0))
		return BLK_STS_NOTSUPP;
	/* Before the device can be done with it. */
	blk_mq_start_request(rq);
	spin_lock_irqsave(&vq->lock, flags);
	err = likely(vq->q) ? vei_blk_post(vq, rq, range) : -ENODEV;
	if (unlikely(err == -ENOSPC || err == -EIO)) {
		status = vei_blk_stop(vq, hctx);
	} else if (unlikely(err)) {
		status = BLK_STS_IOERR;
		req->timeouts = 0;
	}
	if (bd->last && !status)
		vei_queue_kick(vq->q);
	spin_unlock_irqrestore(&vq->lock, flags);
	return status;
}

/**
 * vei_blk_commit_rqs() - blk_mq_ops.commit_rqs: the batch ended without its last request
 * @hctx: one of our queues
 */
void vei_blk_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	struct vei_blk_vq *vq = hctx->driver_data;
	unsigned long flags;

	spin_lock_irqsave(&vq->lock, flags);
	if (vq->q)
		vei_queue_kick(vq->q);
	spin_unlock_irqrestore(&vq->lock, flags);
}

static blk_status_t vei_blk_status(u8 result)
{
	switch (result) {
	case VEI_BLK_S_OK:
		return BLK_STS_OK;
	case VEI_BLK_S_UNSUPP:
		return BLK_STS_NOTSUPP;
	default:
		return BLK_STS_IOERR;
	}
}

/**
 * vei_blk_complete() - blk_mq_ops.complete: tell whoever sent the request
 * @rq: a request that was taken back
 */
void vei_blk_complete(struct request *rq)
{
	const struct vei_blk_req *req = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, vei_blk_status(req->result));
}

/**
 * vei_blk_complete_into() - complete requests, as many as possible together, by the caller
 * @done: requests that were taken back; the lock is not held
 * @iob: the caller's batch, or NULL
 *
 * On the processor that sent them, where the block layer wants that.
 */
void vei_blk_complete_into(struct vei_blk_done *done, struct io_comp_batch *iob)
{
	struct vei_blk_req *req, *next;

	if (unlikely(done->room))
		blk_mq_start_stopped_hw_queue(done->room, true);
	for (req = done->first; req; req = next) {
		struct request *rq = blk_mq_rq_from_pdu(req);

		next = req->next;
		req->timeouts = 0;
		if (blk_mq_complete_request_remote(rq))
			continue;
		/*
		 * What that takes for an error differs, and what is in a batch ends as done. Nor
		 * does a batch have those sent that found no room.
		 */
		if (req->result != VEI_BLK_S_OK || done->room ||
		    !blk_mq_add_to_batch(rq, iob, false, blk_mq_end_request_batch))
			vei_blk_complete(rq);
	}
}

/**
 * vei_blk_complete_all() - complete requests
 * @done: requests that were taken back; the lock is not held
 */
void vei_blk_complete_all(struct vei_blk_done *done)
{
	DEFINE_IO_COMP_BATCH(iob);

	/* One is no batch. */
	if (done->first && !done->first->next && !done->room) {
		struct request *rq = blk_mq_rq_from_pdu(done->first);

		done->first->timeouts = 0;
		if (!blk_mq_complete_request_remote(rq))
			vei_blk_complete(rq);
		return;
	}
	vei_blk_complete_into(done, &iob);
	if (iob.complete)
		iob.complete(&iob);
}
