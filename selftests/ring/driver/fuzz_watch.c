// SPDX-License-Identifier: GPL-2.0
/*
 * The watch: driver/core/watch.c in a time of its own, on a queue of requests and on one whose
 * buffers stand until something comes, of a device that is sound, loses kicks, loses interrupts,
 * or does nothing. Processors are away, the owner comes late, the whole machine is stopped.
 *
 * Of a sound device that answers within half a look nothing is found, however late the guest is.
 * A lost kick is made good for at the second look, and if that is lost as well after twice as many,
 * up to 32; a lost interrupt before the third. Trust ends when three looks have found something,
 * none of them more than ten minutes after the one before it, and not else.
 */
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <asm/paravirt_types.h>

#include "../../../driver/core/core.h"
#include "hostile.h"

#define MAX_OPS		64
#define SIZE		8
#define SIDES		2
#define NEVER		(~0UL >> 1)
#define REACTION	(HZ / 50)
#define POLL		(HZ / 100)
#define PATIENCE	32
#define TRUST		3
#define FORGET		(600 * HZ)

enum { SOUND, LOSES_KICKS, LOSES_INTERRUPTS, DEAD, FLAWS };

/**
 * struct side - a queue, its owner and its device
 * @done: when the device will have used what it holds
 * @told: the used index at its last interrupt, sent or lost
 * @intr: when its interrupt will be taken
 * @poll: when the owner, whom that has woken, will look
 * @frames: of a standing queue: what has come for it
 * @stuck: looks since a kick was lost that matters, @tries kicks of the watch's since
 * @used: the used index at the last look
 * @wrapped: it has been all the way round since
 * @kicked: one since the last look
 * @revived: one that came, and by which the device was revived
 * @unheard: an interrupt was lost that matters, @looks looks ago
 */
struct side {
	struct vei_queue *q;
	struct vei_queue_spec spec;
	struct hostile device;
	u16 told;
	unsigned long done, intr, poll;
	unsigned int frames;
	unsigned int stuck, tries;
	u16 used;
	bool wrapped;
	bool revived, kicked;
	bool unheard;
	unsigned int looks;
};

static struct {
	struct vei_dev *dev;
	struct side side[SIDES];
	u8 status;
	unsigned int flaw;
	unsigned long period;
	bool closed;			/* each request is followed by another */
	unsigned long service;		/* of a request, at the most */
	unsigned long due;		/* the watch */
	unsigned long late;		/* and so much too late, next time */
	unsigned long asked[SIDES];	/* when a processor that was asked will answer */
	bool fresh;			/* it has not looked since the reset */
	bool watching;			/* the watch is at it */
	bool scheduled;
	unsigned int restarts, fails;
	unsigned int changes;
	/* what the watch is to think of the device */
	unsigned int found[VEI_NLOST];
	unsigned long when[VEI_NLOST];
	unsigned int look, found_at[VEI_NLOST];
	u8 token;
} f;

struct vei_params vei_params;

/* Time begins at 1000 and does not wrap. */
static unsigned long now(void)
{
	return jiffies;
}

static struct side *side_of(const struct vei_queue *q)
{
	return &f.side[q->index];
}

/* The machine's timers and its one piece of work. */

void init_timer_key(struct timer_list *timer, void (*func)(struct timer_list *),
		    unsigned int flags, const char *name, struct lock_class_key *key)
{
	timer->function = func;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	MUST(timer == &f.dev->watch);
	timer->expires = expires;
	f.due = expires + f.late;
	f.late = 0;
	return 0;
}

/* It answers when it has taken what is pending there. */
void add_timer_on(struct timer_list *timer, int cpu)
{
	struct side *s = side_of(container_of(timer, struct vei_queue, ask));

	MUST(f.watching && f.asked[cpu] == NEVER && &f.side[cpu] == s);
	MUST(timer->expires == now() + 1);
	f.asked[cpu] = timer->expires + script_byte();
	if (s->intr != NEVER && s->intr > f.asked[cpu])
		f.asked[cpu] = s->intr;
}

int timer_delete_sync(struct timer_list *timer)
{
	unsigned int i;

	if (timer == &f.dev->watch)
		f.due = NEVER;
	for (i = 0; i < SIDES; i++)
		if (timer == &f.side[i].q->ask)
			f.asked[i] = NEVER;
	return 0;
}

/* Later rather than sooner, as the kernel does it. */
unsigned long round_jiffies_relative(unsigned long j)
{
	return j + HZ - 1 - (j + now() + HZ - 1) % HZ;
}

unsigned long __msecs_to_jiffies(const unsigned int m)
{
	return DIV_ROUND_UP(m * HZ, MSEC_PER_SEC);
}

/* Interrupts are off, and stay so. */
void machine_interrupts(void);
__asm__("machine_interrupts:\n\txor %eax, %eax\n\tret\n");

struct paravirt_patch_template pv_ops = {
	.irq = {
		.save_fl = { machine_interrupts },
		.irq_disable = { machine_interrupts },
		.irq_enable = { machine_interrupts },
	},
};

void pci_set_master(struct pci_dev *pdev)
{
}

int vei_irq_cpu(const struct vei_queue *q)
{
	return q->index;
}

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	MUST(work == &f.dev->distrust);
	f.scheduled = true;
	return true;
}

bool cancel_work_sync(struct work_struct *work)
{
	f.scheduled = false;
	return false;
}

/* The device. */

static u16 word_at(const struct vei_queue *q, size_t at)
{
	return *(u16 *)(q->cfg.mem + at);
}

/* Are there buffers that the device does not know of? */
static bool unfetched(const struct side *s)
{
	return s->device.avail != s->q->ring.published;
}

/* Has it something to do? */
static bool has_work(const struct side *s)
{
	return s->device.nheld && (!s->spec.standing || s->frames);
}

static void device_begins(struct side *s)
{
	if (s->done == NEVER && has_work(s))
		s->done = now() + 1 + script_byte() % f.service;
}

/* It takes all that there is, and begins with it if it may. */
static void device_wakes(struct side *s)
{
	hostile_fetch(&s->device);
	*(u16 *)(s->q->cfg.mem + vei_layout_avail_event(SIZE)) = s->device.avail;
	device_begins(s);
}

/* Now and then a processor is away for long. */
static unsigned long latency(void)
{
	u8 n = script_byte();

	return n >= 0xf0 ? n * 16 : n / 16;
}

static bool wants_interrupt(const struct side *s)
{
	const struct vei_queue *q = s->q;

	if (!q->cfg.intr_by_index)
		return !(word_at(q, vei_layout_avail(SIZE)) & 1);
	return (u16)(s->device.used - word_at(q, vei_layout_used_event(SIZE)) - 1) <
	       (u16)(s->device.used - s->told);
}

static void device_interrupts(struct side *s)
{
	if (wants_interrupt(s)) {
		if (f.flaw == LOSES_INTERRUPTS && script_byte() & 1) {
			if (!s->unheard)
				s->looks = 0;
			s->unheard |= s->intr == NEVER && s->poll == NEVER;
		} else if (s->intr == NEVER) {
			s->intr = now() + latency();
		}
	}
	s->told = s->device.used;
}

static void device_done(struct side *s)
{
	s->done = NEVER;
	while (has_work(s)) {
		hostile_use(&s->device, hostile_release(&s->device, 0), 0);
		s->frames -= s->spec.standing;
	}
	hostile_publish(&s->device);
	device_interrupts(s);
	device_wakes(s);
}

static u32 register_reads(unsigned int at, unsigned int width)
{
	return at == VEI_PCI_STATUS ? f.status : 0;
}

static void register_written(unsigned int at, unsigned int width, u32 value)
{
	bool lost = f.flaw == DEAD;
	struct side *s;

	if (at == VEI_PCI_STATUS)
		f.status = value;
	if (at != VEI_PCI_QUEUE_NOTIFY)
		return;
	MUST(value < SIDES && f.dev->live);
	s = &f.side[value];
	if (f.flaw == LOSES_KICKS)
		lost = script_byte() & 1;
	if (f.watching) {
		MUST(s->q->told == s->q->ring.published);
		s->tries++;
		s->kicked = true;
		s->revived = !lost && f.service == 1 && s->done == NEVER && unfetched(s);
	}
	if (!lost)
		device_wakes(s);
}

/* The owner. */

static void post(struct side *s)
{
	struct vei_seg seg = { (unsigned long)&f.token, 1 };

	MUST(!vei_queue_add(s->q, &seg, !s->spec.standing, s->spec.standing, &f.token));
}

static void owner_polls(struct side *s)
{
	bool again = s->spec.standing || f.closed;
	unsigned int n = 0;
	u32 len;

	s->poll = NEVER;
	s->unheard = false;
	vei_queue_intr_disable(s->q);
	for (; vei_queue_get(s->q, &len); n++)
		if (again)
			post(s);
	MUST(!s->q->ring.broken);
	if (n && again)
		vei_queue_kick(s->q);
	if (!vei_queue_intr_postpone(s->q, 1 + (script_byte() & 3)))
		s->poll = now() + 1;
}

static void handler(struct vei_queue *q)
{
	struct side *s = side_of(q);

	MUST(f.dev->live && (!f.watching || s->device.used != q->ring.last_used));
	vei_queue_intr_hush(q);
	s->unheard = false;
	if (s->poll == NEVER)
		s->poll = now() + latency();
}

static bool queue_busy(struct vei_queue *q)
{
	return side_of(q)->poll != NEVER;
}

static void config_changed(struct vei_dev *dev)
{
	MUST(dev->intr_polled);
	f.changes++;
}

/* What a device that was reset will never use. */
static void drain(struct vei_queue *q)
{
	u16 cursor = 0;

	while (vei_queue_drain(q, &cursor))
		;
}

static void begin(void)
{
	unsigned int i, n;

	for (i = 0; i < SIDES; i++) {
		struct side *s = &f.side[i];
		struct vei_queue_spec spec = s->spec;
		struct vei_queue *q = s->q;

		*s = (struct side){ .q = q, .spec = spec, .done = NEVER, .intr = NEVER,
				    .poll = NEVER };
		hostile_begin(&s->device, q);
		f.asked[i] = NEVER;
	}
	MUST(!vei_dev_ready(f.dev));
	f.fresh = true;
	for (n = 0; n < SIZE; n++)
		post(&f.side[1]);
	vei_queue_kick(f.side[1].q);
}

static int restart(struct vei_dev *dev)
{
	unsigned int i;

	f.restarts++;
	if (f.fails) {
		f.fails--;
		return -ENOMEM;
	}
	MUST(!vei_dev_start(dev));
	for (i = 0; i < SIDES; i++) {
		drain(f.side[i].q);
		if (dev->intr_flags)
			dev->acked &= ~BIT_ULL(VIRTIO_RING_F_USED_EVENT_IDX);
		machine_renew(f.side[i].q, &f.side[i].spec);
	}
	begin();
	return 0;
}

static const struct vei_dev_ops ops = {
	.config_changed = config_changed,
	.queue_busy = queue_busy,
	.restart = restart,
};

/* What is to be. */

static bool is_stuck(const struct side *s)
{
	if (s->done != NEVER || s->device.nheld || !unfetched(s))
		return false;
	/* Of one whose buffers stand, nobody knows before it has used some, or by flags. */
	return !s->spec.standing || (s->q->cfg.kick_by_index && s->device.used);
}

/* Looks until the watch has kicked so often. */
static unsigned int looks_for(unsigned int tries)
{
	unsigned int looks = 2, i;

	for (i = 1; i < tries; i++)
		looks += i < 5 ? 1 << i : PATIENCE;
	return looks;
}

/* The watch has looked, and not been late; at what was in doubt, or as always. */
static void check_look(struct side *s, bool full, bool was_stuck, bool was_unheard)
{
	bool moved = s->device.used != s->used || (full && s->wrapped);

	s->used = s->device.used;
	if (moved || (full && !was_stuck)) {
		s->stuck = 0;
		s->tries = 0;
	}
	if (was_stuck && (full || moved || !s->stuck)) {
		s->stuck++;
		MUST(!s->tries || s->stuck >= looks_for(s->tries));
		MUST(s->stuck < looks_for(s->tries + 1));
		if (!is_stuck(s))
			s->stuck = 0;
	}
	if (!s->stuck)
		s->tries = 0;
	if (full && was_unheard && s->unheard)
		MUST(++s->looks < 3);
}

/* What was found counts once a look, and as long as it is not forgotten. */
static void check_found(enum vei_lost what, u64 before)
{
	bool found = vei_count_read(&f.dev->lost[what]) != before;

	MUST(!found || f.flaw == (what == VEI_LOST_KICK ? LOSES_KICKS : LOSES_INTERRUPTS));
	if (!found)
		return;
	if (f.found[what] && now() - f.when[what] > FORGET)
		f.found[what] = 0;
	if (!f.found[what] || f.found_at[what] != f.look)
		f.found[what]++;
	f.found_at[what] = f.look;
	f.when[what] = now();
	if (f.found[what] >= TRUST)
		MUST(f.scheduled);
}

/**
 * struct moment - a queue before a look
 * @side: all of it
 * @count: its counters
 * @asked: when its processor would answer
 */
struct moment {
	struct side side;
	struct vei_queue_count count;
	unsigned long asked;
};

static u64 more(const struct side *s, const struct moment *was, enum vei_lost what)
{
	return vei_count_read(&s->q->count.lost[what]) - vei_count_read(&was->count.lost[what]);
}

/* After a look: a whole one, or soon after that once more, or one too late. */
static void check_side(struct side *s, const struct moment *was, bool full, bool again, bool late)
{
	const struct vei_dev *dev = f.dev;
	unsigned long until = dev->watch.expires - now(), asked = f.asked[s->q->index];
	bool moved = s->device.used != was->side.used;
	u64 kick = more(s, was, VEI_LOST_KICK), intr = more(s, was, VEI_LOST_INTERRUPT);

	/* One that was kicked, or whose processor was asked, is looked at soon. */
	if (full && (s->tries != was->side.tries || (was->asked == NEVER && asked != NEVER)))
		MUST(dev->watch_again && until <= REACTION);
	/* Nothing is found that was not lost. */
	MUST(!kick || (again && !late && was->side.kicked && moved));
	MUST(!intr || was->side.unheard);
	/* The first look after a reset sees what there is. */
	if (f.fresh)
		MUST(s->tries == was->side.tries && !kick && !intr);
	/* Nobody is kicked who was busy all the while. */
	if (full && was->side.wrapped)
		MUST(s->tries == was->side.tries);
	/* The owner's counter is the owner's. */
	MUST(vei_count_read(&s->q->count.kicks) == vei_count_read(&was->count.kicks));
	if (late && !again) {
		s->stuck = 0;
		s->tries = 0;
		s->looks = 0;
	} else if (full || again) {
		check_look(s, full, is_stuck(&was->side), was->side.unheard && was->asked == NEVER);
		/* Nobody who waits is looked at as rarely as who is idle. */
		if (full && s->stuck)
			MUST(until <= f.period + HZ);
	}
	/* Its kick has helped, as something was used; nobody knows of one looked at too late. */
	if (again && was->side.revived && moved && !late)
		MUST(kick);
	if (dev->intr_polled)
		MUST(!s->unheard);
	if (full || again || late)
		s->wrapped = false;
}

static void watch_looks(void)
{
	struct vei_dev *dev = f.dev;
	unsigned long behind = now() - dev->watch_next, bearable;
	u64 lost[VEI_NLOST];
	bool again = dev->watch_again && !f.fresh, full, late, scheduled = f.scheduled;
	struct moment was[SIDES];
	unsigned int i, changes = f.changes;

	bearable = again ? REACTION : dev->watch_delay / 4 + HZ / 10;
	late = f.fresh || ((long)behind >= 0 && behind > bearable);
	full = !again && !late && (long)behind >= 0;
	f.look += full;
	for (i = 0; i < VEI_NLOST; i++)
		lost[i] = vei_count_read(&dev->lost[i]);
	for (i = 0; i < SIDES; i++) {
		struct side *s = &f.side[i];

		was[i] = (struct moment){ *s, s->q->count, f.asked[i] };
		if (again) {
			s->revived = false;
			s->kicked = false;
		}
	}

	f.watching = true;
	f.due = NEVER;
	dev->watch.function(&dev->watch);
	f.watching = false;
	MUST(f.due != NEVER);
	MUST(dev->watch.expires - now() <= 4 * f.period + HZ);
	if (!dev->intr_polled)
		MUST(dev->watch.expires == dev->watch_next);
	/* Soon once more after a look that leaves a doubt, and only then. */
	MUST(!dev->watch_again || full || (long)behind < 0);
	if (dev->intr_polled)
		MUST(dev->watch.expires - now() <= POLL);

	for (i = 0; i < VEI_NLOST; i++)
		check_found(i, lost[i]);
	MUST(scheduled || !f.scheduled || f.found[VEI_LOST_KICK] >= TRUST ||
	     f.found[VEI_LOST_INTERRUPT] >= TRUST);
	MUST(!full || !dev->intr_polled || f.changes > changes);
	for (i = 0; i < SIDES; i++)
		check_side(&f.side[i], &was[i], full, again, late);
	MUST(!f.fresh || !dev->watch_again);
	f.fresh = false;
}

/* The consequences. */
static void work(void)
{
	struct vei_dev *dev = f.dev;
	bool by_index = vei_dev_intr_by_index(dev), always = dev->kick_always;
	bool flags = dev->intr_flags, polled = dev->intr_polled;
	unsigned int restarts = f.restarts;
	enum vei_lost what = VEI_NLOST;

	f.fails = script_byte() & 3;
	if (f.found[VEI_LOST_KICK] >= TRUST && !always) {
		what = VEI_LOST_KICK;
		always = true;
	} else if (f.found[VEI_LOST_INTERRUPT] >= TRUST && by_index) {
		what = VEI_LOST_INTERRUPT;
		flags = true;
	} else if (f.found[VEI_LOST_INTERRUPT] >= TRUST && !polled) {
		what = VEI_LOST_INTERRUPT;
		polled = true;
	}
	f.scheduled = false;
	dev->distrust.func(&dev->distrust);
	MUST(dev->kick_always == always && dev->intr_flags == flags && dev->intr_polled == polled);
	if (what == VEI_NLOST)
		return;
	f.found[what] = 0;
	/* By a restart, and not by one alone if that fails. */
	if (what == VEI_LOST_KICK || by_index)
		MUST(f.restarts - restarts >= 1 && (!f.fails || f.restarts - restarts == 2));
	f.fails = 0;
}

/* The user trusts it anew. */
static void trust(void)
{
	vei_watch_trust(f.dev);
	MUST(!f.dev->kick_always && !f.dev->intr_flags && !f.dev->intr_polled);
	memset(f.found, 0, sizeof(f.found));
	f.fails = 0;
	restart(f.dev);
}

/* Time goes on. */

static unsigned long next(void)
{
	unsigned long at = f.due;
	unsigned int i;

	for (i = 0; i < SIDES; i++) {
		const struct side *s = &f.side[i];

		at = min(min(min(at, s->done), min(s->intr, s->poll)), f.asked[i]);
	}
	return at;
}

static bool is_over(unsigned long *at)
{
	if (*at > now())
		return false;
	*at = NEVER;
	return true;
}

/* All that is due; an interrupt before its processor says that it is there. */
static void happen(struct side *s, unsigned int cpu)
{
	if (is_over(&s->done))
		device_done(s);
	if (is_over(&s->intr)) {
		vei_count_inc(&s->q->count.interrupts);
		s->q->handler(s->q);
	}
	if (is_over(&s->poll))
		owner_polls(s);
	if (is_over(&f.asked[cpu]))
		s->q->ask.function(&s->q->ask);
}

static void run(unsigned long n)
{
	unsigned long end = now() + n, at;
	unsigned int i;

	while ((at = next()) <= end) {
		jiffies = max(at, now());
		if (f.due <= now() && script_byte() & 1)
			watch_looks();
		for (i = 0; i < SIDES; i++)
			happen(&f.side[i], i);
		if (f.due <= now())
			watch_looks();
	}
	jiffies = end;
}

/* The machine stands still, the device with it; longer than any look may be late. */
static void stop(unsigned long n)
{
	unsigned int i;

	n += 2 * 4 * f.period + 2 * HZ;
	jiffies += n;
	for (i = 0; i < SIDES; i++)
		if (f.side[i].done != NEVER)
			f.side[i].done += n;
}

/* As many requests as there are indices have been made and done. */
static void go_round(struct side *s)
{
	vei_count_add(&s->q->count.adds, 0x10000);
	s->wrapped = true;
}

static void step(void)
{
	u8 op = script_byte();
	struct side *s;

	switch (op & 7) {
	case 0:
		s = &f.side[0];
		if (vei_queue_num_free(s->q)) {
			post(s);
			vei_queue_kick(s->q);
		}
		break;
	case 1:
		s = &f.side[1];
		s->frames++;
		device_begins(s);
		break;
	case 2:
		run(script_byte());
		break;
	case 3:
		run(script_word() & 0x3fff);
		break;
	case 4:
		if (op & 0x80)
			run(FORGET + 16 * f.period);
		else
			run((op >> 3) * f.period);
		break;
	case 5:
		f.late = op & 0x80 ? script_byte() * 8 : script_byte() / 4;
		break;
	case 6:
		if (op & 0x80)
			stop(script_byte());
		else
			go_round(&f.side[op >> 3 & 1]);
		break;
	default:
		if (op & 0x80)
			trust();
		else if (f.scheduled)
			work();
	}
}

int fuzz_one(const u8 *data, size_t size)
{
	u8 how;
	u64 features = 0;
	unsigned int i;

	memset(&f, 0, sizeof(f));
	script_begin(data, size);
	jiffies = 1000;
	how = script_byte();
	f.flaw = how % FLAWS;
	if (how & 0x10)
		features |= BIT_ULL(VIRTIO_RING_F_USED_EVENT_IDX);
	if (how & 0x20)
		features |= BIT_ULL(VIRTIO_RING_F_AVAIL_EVENT_IDX);
	vei_params.watch_ms = 1000 << (how >> 6);
	f.period = msecs_to_jiffies(vei_params.watch_ms);
	f.closed = how & 4;
	f.service = how & 8 ? 1 : f.period / 2 - 2;
	f.dev = machine_begin(features, &ops, NULL);
	registers.read = register_reads;
	registers.write = register_written;
	vei_watch_init(f.dev);
	for (i = 0; i < SIDES; i++) {
		struct side *s = &f.side[i];

		s->spec = (struct vei_queue_spec){ .name = "watched", .handler = handler,
						   .standing = i };
		s->q = machine_queue(&s->spec, SIZE);
		vei_watch_add(s->q);
	}
	begin();
	script_run(step, MAX_OPS);
	MUST(!vei_dev_reset(f.dev));
	for (i = 0; i < SIDES; i++) {
		MUST(!f.side[i].q->asked);
		drain(f.side[i].q);
	}
	machine_end();
	script_end();
	return 0;
}
