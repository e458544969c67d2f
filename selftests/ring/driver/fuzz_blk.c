// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: driver/blk/request.c, reap.c, moder.c and queues.c on a queue whose device answers in
 * any order, with any status and length, late or never, changes a status when it is too late, and
 * lies in the ring; they come back by interrupt, poll, timer and timeout, and by resets that send
 * them again or fail them.
 *
 * Each request ends once, and not while the device has it. It ends well only if the device wrote
 * so; with the error that the status stands for if that is one; and a status that is none never
 * ends a request but breaks the queue. What the device reads is the request that was sent.
 */
#include <linux/blk-mq.h>

#include "../../../driver/blk/blk.h"
#include "hostile.h"

#define MAX_OPS		100
#define TAGS		24
#define MAX_VECS	4

enum where {
	NEW,			/* the block layer's, to be sent */
	STARTED,		/* the driver's */
	REMOTE,			/* done, to be completed on another processor */
	ENDED,
};

struct tag {
	struct request rq;
	struct vei_blk_req req;	/* where blk_mq_rq_to_pdu() looks for it */
	struct bio bio;
	struct bio_vec vec[MAX_VECS];
	enum where where;
	bool used;		/* the device gave it back, and wrote: */
	bool taken;		/* and the driver has it back: what is written now is too late */
	u8 status;
	unsigned int late;	/* times that it took too long, or came back with nonsense */
};

static struct {
	struct vei_dev *dev;
	struct vei_blk vblk;
	struct vei_blk_vq vq;
	struct vei_queue *q;
	struct vei_queue_spec spec;
	struct hostile device;
	struct blk_mq_hw_ctx hctx;
	struct request_queue rqq;
	struct tag tag[TAGS];
	struct vei_seg seg[MAX_VECS * 3 + 2];
	bool remote;			/* where completions go */
	bool elsewhere;			/* and that is where they are just now */
	bool stopped;
	bool resetting;
	bool failing;			/* this reset fails what was not done */
	bool broken;			/* by a status; what is behind it is not seen any more */
} f;

static struct tag *tag_of(struct request *rq)
{
	struct tag *t = container_of(rq, struct tag, rq);

	MUST(t >= f.tag && t < f.tag + TAGS && rq == &f.tag[t - f.tag].rq);
	return t;
}

static bool posted(const struct tag *t)
{
	return hostile_has(&t->req, sizeof(t->req));
}

/* The block layer. */

void blk_mq_start_request(struct request *rq)
{
	struct tag *t = tag_of(rq);

	MUST(t->where == NEW);
	t->where = STARTED;
	t->used = false;
	t->taken = false;
	WRITE_ONCE(rq->state, MQ_RQ_IN_FLIGHT);
}

static void end(struct request *rq, blk_status_t status)
{
	struct tag *t = tag_of(rq);

	MUST(t->where == (f.elsewhere ? REMOTE : STARTED));
	MUST(!posted(t));
	/* What nobody said was done is not. */
	if (status == BLK_STS_OK)
		MUST(t->used && t->status == 0);
	if (status == BLK_STS_NOTSUPP)
		MUST(t->used && t->status == 2);
	if (status == BLK_STS_IOERR && !f.device.lied && !(t->used && t->status == 1)) {
		/* It has had its chances, or there are none any more. */
		MUST(f.resetting && (f.failing || t->late >= 4));
		MUST(!t->used || t->status > 2 || f.broken);
	}
	t->where = ENDED;
	t->late = 0;
	/* It may be somebody else's by now. */
	t->req.next = (void *)-1UL;
	WRITE_ONCE(rq->state, MQ_RQ_IDLE);
}

void blk_mq_end_request(struct request *rq, blk_status_t status)
{
	MUST(!f.vq.lock.rlock.raw_lock.val.counter);
	end(rq, status);
}

void blk_mq_end_request_batch(struct io_comp_batch *iob)
{
	struct request *rq;

	MUST(!f.vq.lock.rlock.raw_lock.val.counter);
	while ((rq = rq_list_pop(&iob->req_list)))
		end(rq, BLK_STS_OK);
}

bool blk_mq_complete_request_remote(struct request *rq)
{
	struct tag *t = tag_of(rq);

	MUST(t->where == STARTED && !posted(t));
	WRITE_ONCE(rq->state, MQ_RQ_COMPLETE);
	t->taken = true;
	if (!f.remote)
		return false;
	t->where = REMOTE;
	return true;
}

void blk_mq_requeue_request(struct request *rq, bool kick)
{
	struct tag *t = tag_of(rq);

	MUST(t->where == STARTED && !posted(t) && !f.failing);
	/* What is known to be done is not done twice. */
	if (!f.device.lied)
		MUST(!t->used || t->status > 2 || f.broken);
	MUST(t->late < 4);
	t->where = NEW;
	WRITE_ONCE(rq->state, MQ_RQ_IDLE);
}

void blk_mq_stop_hw_queue(struct blk_mq_hw_ctx *hctx)
{
	MUST(f.vq.lock.rlock.raw_lock.val.counter);
	f.stopped = true;
}

void blk_mq_start_stopped_hw_queue(struct blk_mq_hw_ctx *hctx, bool async)
{
	MUST(hctx == &f.hctx && async);
	f.stopped = false;
}

void hrtimer_start_range_ns(struct hrtimer *timer, ktime_t tim, u64 delta,
			    const enum hrtimer_mode mode)
{
	MUST(tim >= 0);
	timer->node.expires = kernel_now + tim;
	timer->state = HRTIMER_STATE_ENQUEUED;
}

int hrtimer_cancel(struct hrtimer *timer)
{
	MUST(!f.vq.lock.rlock.raw_lock.val.counter);
	timer->state = HRTIMER_STATE_INACTIVE;
	return 0;
}

void vei_blk_ask_restart(struct vei_blk *vblk)
{
}

void vei_blk_queue_broken(struct vei_queue *q)
{
	MUST(q == f.q && q->ring.broken);
	f.broken = true;
	/* It comes back at the next reset, and that counts. */
	if (f.vq.suspect)
		container_of(f.vq.suspect, struct tag, req)->late++;
}

u32 vei_blk_patience(void)
{
	return 100000;
}

/* What the device does. */

static struct tag *tag_of_status(const u8 *status)
{
	unsigned int i;

	for (i = 0; i < TAGS; i++)
		if (status == &f.tag[i].req.status)
			return &f.tag[i];
	MUST(!"a status that is no request's");
	return NULL;
}

/* It reads what was sent. */
static void check_chain(const struct tag *t, const struct piece *piece, unsigned int n)
{
	static const u32 types[] = {
		[REQ_OP_READ] = 0, [REQ_OP_WRITE] = 1, [REQ_OP_FLUSH] = 4, [REQ_OP_DISCARD] = 11,
		[REQ_OP_WRITE_ZEROES] = 13, [REQ_OP_DRV_IN] = 8,
	};
	enum req_op op = req_op(&t->rq);
	struct { u32 type, ioprio; u64 sector; } *hdr = (void *)piece[0].mem;
	struct { u64 sector; u32 sectors, flags; } *range = (void *)piece[1].mem;
	u64 sector = blk_rq_pos(&t->rq);
	unsigned int i, v = 0;
	u32 len = 0, at = 0;

	MUST(n >= 2 && !piece[0].write && piece[0].len == 16);
	MUST(piece[n - 1].write && piece[n - 1].len == 1 && *piece[n - 1].mem == 0xff);
	MUST(hdr->type == types[op] && hdr->ioprio == t->rq.ioprio);
	MUST(hdr->sector == (op == REQ_OP_READ || op == REQ_OP_WRITE ? sector : 0));
	if (op == REQ_OP_DISCARD || op == REQ_OP_WRITE_ZEROES) {
		MUST(n == 3 && !piece[1].write && piece[1].len == 16);
		MUST(range->sector == sector && range->sectors == blk_rq_sectors(&t->rq));
		MUST(range->flags == (op == REQ_OP_WRITE_ZEROES &&
				      !(t->rq.cmd_flags & REQ_NOUNMAP)));
		return;
	}
	for (i = 1; i < n - 1; i++) {
		u32 done = 0;

		MUST(piece[i].write == (op != REQ_OP_WRITE) && piece[i].len);
		MUST(piece[i].len <= f.vblk.limits.size_max);
		len += piece[i].len;
		/* Byte by byte what the vectors say, in any cut. */
		while (done < piece[i].len) {
			const struct bio_vec *bv = &t->vec[v];
			u32 part = min(piece[i].len - done, bv->bv_len - at);

			MUST(v < MAX_VECS && part);
			MUST((u64)(unsigned long)piece[i].mem + done ==
			     page_to_phys(bv->bv_page) + bv->bv_offset + at);
			done += part;
			at += part;
			if (at == bv->bv_len) {
				v++;
				at = 0;
			}
		}
	}
	MUST(len == (op == REQ_OP_FLUSH ? 0 : blk_rq_bytes(&t->rq)));
}

static void op_answer(u8 how)
{
	struct piece piece[MAX_PIECES];
	unsigned int n;
	struct tag *t;
	u16 head;

	hostile_fetch(&f.device);
	if (!f.device.nheld)
		return;
	head = hostile_release(&f.device, how & 8 ? script_byte() % f.device.nheld : 0);
	/* Who has lied may have been given no more. */
	if (f.device.lied) {
		hostile_use(&f.device, head, how & 0x80 ? script_long() : 1);
		hostile_publish(&f.device);
		return;
	}
	n = hostile_chain(&f.device, head, piece);
	t = tag_of_status(piece[n - 1].mem);
	MUST(t->where == STARTED && !t->used);
	check_chain(t, piece, n);
	t->status = how & 0x40 ? script_byte() : 0;
	t->used = true;
	*piece[n - 1].mem = t->status;
	hostile_use(&f.device, head, how & 0x80 ? script_long() : 1);
	if (!(how & 0x10))
		hostile_publish(&f.device);
}

/* Another status, of a request that was given back. */
static void op_rewrite(u8 how)
{
	struct tag *t = &f.tag[how % TAGS];

	if (f.device.lied || !t->used || (t->where != STARTED && t->where != REMOTE))
		return;
	t->req.status = script_byte();
	/* In time: not of one that was found to have none. */
	if (!t->taken && posted(t))
		t->status = t->req.status;
}

/* What the block layer sends. */
static void op_send(u8 how)
{
	static const enum req_op ops[] = {
		REQ_OP_READ, REQ_OP_WRITE, REQ_OP_FLUSH, REQ_OP_DISCARD, REQ_OP_WRITE_ZEROES,
		REQ_OP_DRV_IN, REQ_OP_READ, REQ_OP_ZONE_RESET,
	};
	struct blk_mq_queue_data bd;
	blk_status_t status;
	unsigned int i, k, segs = 0;
	struct tag *t;
	u64 base;

	for (i = 0; i < TAGS && f.tag[i].where != NEW && f.tag[i].where != ENDED; i++)
		;
	if (i == TAGS || f.stopped)
		return;
	t = &f.tag[i];
	if (t->where == ENDED || !t->rq.q) {
		memset(&t->rq, 0, sizeof(t->rq));
		t->rq.q = &f.rqq;
		t->rq.mq_hctx = &f.hctx;
		t->rq.cmd_flags = ops[how >> 3 & 7] | (how & 0x40 ? REQ_NOUNMAP : 0);
		t->rq.__sector = script_word();
		t->rq.ioprio = how;
		t->bio = (struct bio){ .bi_io_vec = t->vec };
		base = (u64)script_byte() << 20;
		/* As the block layer does, it counts what touches as one. */
		for (k = 0; k < (how & 7) % MAX_VECS + 1; k++) {
			u8 cut = script_byte();

			t->vec[k].bv_page = pfn_to_page((base >> PAGE_SHIFT) + 3 * k + (cut & 1));
			t->vec[k].bv_offset = cut & 2 ? 512 : 0;
			t->vec[k].bv_len = cut & 4 ? (cut & 8 ? 12288 : 4096) -
						     t->vec[k].bv_offset : 512;
			t->bio.bi_iter.bi_size += t->vec[k].bv_len;
			segs++;
		}
		t->rq.bio = &t->bio;
		t->rq.biotail = &t->bio;
		t->rq.nr_phys_segments = segs;
		t->rq.__data_len = t->bio.bi_iter.bi_size;
		if (req_op(&t->rq) == REQ_OP_FLUSH || req_op(&t->rq) == REQ_OP_DISCARD ||
		    req_op(&t->rq) == REQ_OP_WRITE_ZEROES) {
			t->rq.nr_phys_segments = 0;
			if (req_op(&t->rq) == REQ_OP_FLUSH) {
				t->rq.bio = NULL;
				t->rq.__data_len = 0;
			}
		}
		t->where = NEW;
	}
	bd = (struct blk_mq_queue_data){ .rq = &t->rq, .last = !(how & 0x80) };
	status = vei_blk_queue_rq(&f.hctx, &bd);
	switch (status) {
	case BLK_STS_OK:
		MUST(t->where == STARTED);
		break;
	case BLK_STS_RESOURCE:
		MUST(f.stopped && !posted(t));
		t->where = NEW;
		break;
	default:
		MUST(status == BLK_STS_NOTSUPP || status == BLK_STS_IOERR);
		MUST(!posted(t));
		if (status == BLK_STS_NOTSUPP)
			MUST(req_op(&t->rq) == REQ_OP_ZONE_RESET);
		t->where = ENDED;
		t->late = 0;
	}
	MUST(!f.vq.lock.rlock.raw_lock.val.counter);
}

/* On another processor, later. */
static void complete_remote(void)
{
	unsigned int i;

	f.elsewhere = true;
	for (i = 0; i < TAGS; i++)
		if (f.tag[i].where == REMOTE)
			vei_blk_complete(&f.tag[i].rq);
	f.elsewhere = false;
}

static void op_timeout(u8 which)
{
	struct tag *t = &f.tag[which % TAGS];

	if (t->where != STARTED)
		return;
	if (vei_blk_timeout(&t->rq) == BLK_EH_RESET_TIMER) {
		MUST(t->where == STARTED || t->where == REMOTE);
		t->late++;
	}
}

static void begin(void)
{
	machine_renew(f.q, &f.spec);
	hostile_begin(&f.device, f.q);
	f.vq.q = f.q;
	f.vq.by_index = f.dev->acked & BIT(29);
	vei_blk_start_moder(&f.vq);
	f.stopped = false;
	f.broken = false;
	registers.status = VEI_STATUS_DRIVER_OK;
	f.dev->gone = false;
}

/* Everything has come back: done, to be sent again, or failed. */
static void op_reset(bool fail)
{
	unsigned int i;

	/* What was done by then counts. */
	hostile_publish(&f.device);
	f.remote = false;
	complete_remote();
	f.resetting = true;
	f.failing = fail;
	vei_blk_down(&f.vblk, fail);
	f.resetting = false;
	f.failing = false;
	MUST(!f.vq.q && !f.vq.suspect && !vei_queue_in_flight(f.q));
	for (i = 0; i < TAGS; i++)
		MUST(f.tag[i].where == NEW || f.tag[i].where == ENDED);
}

static void step(void)
{
	u8 op = script_byte();
	struct io_comp_batch iob = { };

	switch (op & 15) {
	case 0:
	case 1:
	case 2:
	case 3:
		op_send(script_byte());
		break;
	case 4:
	case 5:
	case 6:
		op_answer(script_byte());
		break;
	case 7:
	case 8:
	case 9:
		kernel_now += (u64)op << 12;
		if (f.vq.polled) {
			vei_blk_poll(&f.hctx, op & 0x80 ? &iob : NULL);
			if (iob.complete)
				iob.complete(&iob);
		} else {
			vei_blk_interrupt(f.q);
		}
		break;
	case 10:
		f.remote = op & 0x80;
		complete_remote();
		break;
	case 11:
		if (f.vq.overdue.state) {
			kernel_now += (u64)op << 12;
			f.vq.overdue.state = HRTIMER_STATE_INACTIVE;
			vei_blk_overdue(&f.vq.overdue);
		}
		break;
	case 12:
		op_timeout(op >> 4);
		break;
	case 13:
		if (op & 0x80)
			op_rewrite(op >> 4 & 7);
		else
			vei_blk_commit_rqs(&f.hctx);
		break;
	case 14:
		if (op & 0x80)
			hostile_lie(&f.device);
		else
			hostile_publish(&f.device);
		break;
	default:
		op_reset(op & 0x10);
		begin();
	}
	MUST(!f.vq.lock.rlock.raw_lock.val.counter);
}

int fuzz_one(const u8 *data, size_t size)
{
	static const struct vei_dev_ops ops = { .queue_broken = vei_blk_queue_broken };
	static const u32 maxima[] = { U32_MAX, 4096, 4096, 8192 };
	unsigned int i;
	u8 how;

	BUILD_BUG_ON(offsetof(struct tag, req) != sizeof(struct request));
	memset(&f, 0, sizeof(f));
	script_begin(data, size);
	kernel_now = NSEC_PER_SEC;
	how = script_byte();
	f.dev = machine_begin((how & 1 ? BIT(29) : 0) | (how & 2 ? BIT(28) : 0), &ops, &f.vblk);
	f.vblk.dev = f.dev;
	f.vblk.vq = &f.vq;
	f.vblk.nvq = 1;
	f.vblk.limits.size_max = maxima[how >> 2 & 3];
	f.vblk.max_segments = ARRAY_SIZE(f.seg) - 2;
	f.vq.vblk = &f.vblk;
	f.vq.seg = f.seg;
	f.vq.polled = how & 0x10;
	f.hctx.driver_data = &f.vq;
	f.spec = (struct vei_queue_spec){
		.name = "req.0", .handler = vei_blk_interrupt, .priv = &f.vq,
		.table_len = how & 0x20 ? ARRAY_SIZE(f.seg) : 0,
	};
	f.q = machine_queue(&f.spec, 16U << (how >> 6 & 1));
	for (i = 0; i < TAGS; i++)
		f.tag[i].where = ENDED;
	begin();
	script_run(step, MAX_OPS);
	op_reset(true);
	machine_end();
	script_end();
	return 0;
}
