/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-blk on the core. The data path:
 *
 *   request.c  queue_rq -> queue -> device; a request from its header to its status
 *   reap.c     device -> interrupt, poll, timer or timeout -> blk-mq
 *   moder.c    when that interrupt is to come
 *
 * and around it:
 *
 *   main.c     parameters, features, the pci_driver
 *   disk.c     the gendisk and its queues in blk-mq
 *   state.c    from each state of the device to another: restart, sleep, give up
 *   queues.c   what a reset takes and gives anew: negotiation, queues, what was in flight
 *   limits.c   what the configuration says of the disk; its capacity
 *   sysfs.c    attributes of the disk: serial, cache_type, counters
 */
#ifndef _VEI_BLK_H
#define _VEI_BLK_H

#include <linux/blk-mq.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <vei/again.h>
#include <vei/dev.h>
#include <vei/queue.h>

#include "compat.h"
#include "wire.h"

#define VEI_BLK_NAME		"virtio_ei_blk"

/* Pieces of a request beside its data: header and status. */
#define VEI_BLK_EXTRA_SEGS	2

/**
 * enum vei_blk_state - what a device is about; see state.c
 * @VEI_BLK_REMOVED: reset for good
 * @VEI_BLK_ASLEEP: reset until resume
 * @VEI_BLK_RESET: reset, because a restart failed or is under way
 * @VEI_BLK_READY: negotiated, has its queues, and is not let go: nothing comes from it
 * @VEI_BLK_RUNNING: takes requests
 */
enum vei_blk_state {
	VEI_BLK_REMOVED,
	VEI_BLK_ASLEEP,
	VEI_BLK_RESET,
	VEI_BLK_READY,
	VEI_BLK_RUNNING,
};

/**
 * struct vei_blk_req - the driver's part of a request, memory that the device reads and writes
 * @hdr: for the device to read
 * @range: of a discard or write-zeroes, likewise; one, as the block layer joins discards up to
 *	a limit, and requests of them beyond it
 * @status: for the device to write
 * @result: what it wrote, fetched once and checked
 * @timeouts: times that it took too long, over resets; more than a few fail it
 * @next: of those that were taken back together
 */
struct vei_blk_req {
	struct vei_blk_hdr hdr;
	struct vei_blk_range range;
	u8 status;
	u8 result;
	u8 timeouts;
	struct vei_blk_req *next;
};

/**
 * struct vei_blk_done - requests that were taken back, in the order of that
 * @first: the first
 * @tail: where the next one is linked
 * @room: a queue of blk-mq that was stopped and may go on, or NULL
 */
struct vei_blk_done {
	struct vei_blk_req *first;
	struct vei_blk_req **tail;
	struct blk_mq_hw_ctx *room;
};

/**
 * struct vei_blk_trial - whether it pays to postpone interrupts
 * @patient: they are postponed in this period
 * @left: periods like this one, until the other way is tried; this one included
 * @backoff: periods without, after the last time that it did not pay
 * @vain: times in this period that something was done and waited in vain
 * @taken: requests of this period
 * @spent: time that they took, ns
 * @plain: time of a request in the last period without, ns; 0: there was none
 * @suspect: time of a request in the period before, if that seemed to be longer
 */
struct vei_blk_trial {
	bool patient;
	unsigned int left;
	unsigned int backoff;
	unsigned int vain;
	unsigned int taken;
	u64 spent;
	u64 plain;
	u64 suspect;
};

/**
 * struct vei_blk_moder - when a queue asks for interrupts; see moder.c
 * @postponed: the next one was
 * @busy: something was in flight at @reaped
 * @pace: time from one completion to the next while busy, ns, the median
 * @reaped: when requests were last taken back, ns
 * @limit: how long a postponed interrupt may take from @reaped on, ns
 * @asked: after how many requests it was asked for
 * @trial: whether it pays
 */
struct vei_blk_moder {
	bool postponed;
	bool busy;
	u32 pace;
	u64 reaped;
	u64 limit;
	unsigned int asked;
	struct vei_blk_trial trial;
};

/**
 * struct vei_blk_vq - a queue; who holds @lock may use @q and all below
 * @lock: taken from hard interrupts too
 * @q: the virtqueue; NULL while the device is down
 * @vblk: the device
 * @seg: where a request's pieces are put together
 * @full: queue of blk-mq that was stopped, as there was no room; or NULL
 * @suspect: requests that came back with a status that is none
 * @suspects: how many there ever were
 * @polled: has no interrupt
 * @by_index: interrupts can be postponed
 * @moder: whether they are
 * @overdue: fires if a postponed interrupt has not come
 * @cpus: processors that send their requests here
 * @timers: times that @overdue fired
 * @name: as in /proc/interrupts
 */
struct vei_blk_vq {
	spinlock_t lock;	/* see above */
	struct vei_queue *q;
	struct vei_blk *vblk;
	struct vei_seg *seg;
	struct blk_mq_hw_ctx *full;
	struct vei_blk_req *suspect;
	u64 suspects;
	bool polled;
	bool by_index;
	struct vei_blk_moder moder;
	struct hrtimer overdue;
	cpumask_var_t cpus;
	struct vei_count timers;
	char name[16];
} ____cacheline_aligned_in_smp;

/**
 * struct vei_blk_limits - what the configuration says of a disk
 * @seg_max: segments of a request
 * @size_max: bytes of a segment
 * @block: bytes of a logical block
 * @physical: bytes of a physical block
 * @alignment: bytes to the first one that is aligned
 * @io_min: bytes that are better not undercut
 * @io_opt: bytes that are best
 * @discard_sectors: of a range; 0: no discard
 * @discard_granularity: bytes
 * @zeroes_sectors: of a request; 0: no write-zeroes
 * @cylinders: geometry; 0: none
 * @heads: likewise
 * @sectors: likewise
 */
struct vei_blk_limits {
	u32 seg_max;
	u32 size_max;
	u32 block;
	u32 physical;
	u32 alignment;
	u32 io_min;
	u32 io_opt;
	u32 discard_sectors;
	u32 discard_granularity;
	u32 zeroes_sectors;
	u16 cylinders;
	u8 heads;
	u8 sectors;
};

/**
 * struct vei_blk - a virtio-blk device; lives as long as its disk
 * @dev: the core's view of it
 * @disk: the block layer's; NULL before there is one
 * @tags: requests
 * @index: of the disk's name
 * @vq: queues, @nvq of them, those that are polled last
 * @spec: of the same, as the core wants it
 * @nvq: how many
 * @npoll: how many of them are polled
 * @features: bits of the device type that were acknowledged at first
 * @limits: of the disk
 * @max_segments: of a request, header and status not counted
 * @lock: of @state, and of what goes with its changes; never held over I/O
 * @state: see state.c
 * @has_queue: the block layer has a queue that is not dead
 * @added: the disk was seen by others, who may still have it open
 * @held: the block layer sends nothing
 * @given_up: it was let go again after a restart that failed, and none has succeeded since
 * @stuck: a restart was asked for, and there was none since
 * @futile: restarts of a device that lied, in a row, after which it did not do one request
 * @used: requests that it had done at the last restart
 * @wce: with CONFIG_WCE, how its cache is meant to be: write-back, else write-through
 * @wce_lock: one change of it at a time
 * @config_work: looks what changed in the configuration
 * @restart_work: restarts a device that is stuck, or broken for a while, or had no memory to
 * @restart_again: when that is, if there was no memory
 * @give_up_work: fails what waits for a device that could not be restarted
 * @timeouts: requests that took too long
 * @restarts: times that the device was reset and set up anew
 */
struct vei_blk {
	struct vei_dev *dev;
	struct gendisk *disk;
	struct blk_mq_tag_set tags;
	int index;
	struct vei_blk_vq *vq;
	struct vei_queue_spec *spec;
	unsigned int nvq;
	unsigned int npoll;
	u64 features;
	struct vei_blk_limits limits;
	unsigned int max_segments;
	struct mutex lock;		/* see above */
	enum vei_blk_state state;
	bool has_queue;
	bool added;
	bool held;
	bool given_up;
	bool stuck;
	unsigned int futile;
	u64 used;
	bool wce;
	struct mutex wce_lock;		/* one change at a time */
	struct work_struct config_work;
	struct delayed_work restart_work;
	struct vei_again restart_again;
	struct delayed_work give_up_work;
	atomic64_t timeouts;
	struct vei_count restarts;
};

/**
 * vei_blk_has() - was a feature bit negotiated, at first and ever since?
 * @vblk: the device
 * @bit: 0..23
 */
static inline bool vei_blk_has(const struct vei_blk *vblk, unsigned int bit)
{
	return vblk->features & BIT_ULL(bit);
}

/**
 * vei_blk_done_init() - none
 * @done: requests
 */
static inline void vei_blk_done_init(struct vei_blk_done *done)
{
	done->first = NULL;
	done->tail = &done->first;
	done->room = NULL;
}

/**
 * vei_blk_done_add() - one more
 * @done: requests
 * @req: the request
 */
static inline void vei_blk_done_add(struct vei_blk_done *done, struct vei_blk_req *req)
{
	req->next = NULL;
	*done->tail = req;
	done->tail = &req->next;
}

/* main.c */
u64 vei_blk_wanted_features(void);
unsigned int vei_blk_wanted_queues(void);
unsigned int vei_blk_wanted_poll_queues(void);
u32 vei_blk_patience(void);

/* limits.c */
int vei_blk_read_limits(struct vei_dev *dev, struct vei_blk_limits *l);
bool vei_blk_limits_serve(const struct vei_blk_limits *now, const struct vei_blk_limits *before);
void vei_blk_queue_limits(struct vei_blk *vblk, struct queue_limits *lim);
u64 vei_blk_read_capacity(struct vei_blk *vblk);
bool vei_blk_write_back(struct vei_blk *vblk);
void vei_blk_set_wce(struct vei_blk *vblk, bool wce);
void vei_blk_config_changed(struct vei_dev *dev);
void vei_blk_config_work(struct work_struct *work);

/* queues.c */
int vei_blk_choose_queues(struct vei_blk *vblk);
void vei_blk_free_queues(struct vei_blk *vblk);
int vei_blk_up(struct vei_blk *vblk);
void vei_blk_down(struct vei_blk *vblk, bool fail);
void vei_blk_spread(struct vei_blk *vblk);

/* state.c */
int vei_blk_state_init(void);
void vei_blk_state_exit(void);
int vei_blk_begin(struct vei_blk *vblk);
int vei_blk_run(struct vei_blk *vblk);
void vei_blk_ask_restart(struct vei_blk *vblk);
int vei_blk_restart_dev(struct vei_dev *dev);
void vei_blk_restart_work(struct work_struct *work);
void vei_blk_give_up_work(struct work_struct *work);
void vei_blk_queue_broken(struct vei_queue *q);
bool vei_blk_drain(struct vei_blk *vblk);
int vei_blk_suspend(struct vei_blk *vblk);
int vei_blk_resume(struct vei_blk *vblk);
void vei_blk_end(struct vei_blk *vblk);

/* disk.c */
int vei_blk_disk_init(void);
void vei_blk_disk_exit(void);
int vei_blk_alloc_disk(struct vei_blk *vblk);
int vei_blk_add_disk(struct vei_blk *vblk);
void vei_blk_del_disk(struct vei_blk *vblk);
void vei_blk_put_disk(struct vei_blk *vblk);
void vei_blk_free(struct vei_blk *vblk);

/* request.c */
blk_status_t vei_blk_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd);
void vei_blk_commit_rqs(struct blk_mq_hw_ctx *hctx);
void vei_blk_complete(struct request *rq);
void vei_blk_complete_into(struct vei_blk_done *done, struct io_comp_batch *iob);
void vei_blk_complete_all(struct vei_blk_done *done);

/* reap.c */
void vei_blk_interrupt(struct vei_queue *q);
int vei_blk_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob);
enum blk_eh_timer_return vei_blk_timeout(struct request *rq);
unsigned int vei_blk_take(struct vei_blk_vq *vq, struct vei_blk_done *done);
void vei_blk_reap(struct vei_blk_vq *vq, struct vei_blk_done *done, bool patient);

/* moder.c */
void vei_blk_start_moder(struct vei_blk_vq *vq);
void vei_blk_note_pace(struct vei_blk_vq *vq, unsigned int taken, unsigned int in_flight);
unsigned int vei_blk_choose(struct vei_blk_vq *vq, unsigned int taken, unsigned int in_flight);
void vei_blk_watch(struct vei_blk_vq *vq, unsigned int n);
enum hrtimer_restart vei_blk_overdue(struct hrtimer *timer);

/* sysfs.c */
extern const struct attribute_group *vei_blk_disk_groups[];

#endif /* _VEI_BLK_H */
