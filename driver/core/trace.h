/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints: negotiation, kick decision, interrupt, re-arm. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM virtio_ei

#if !defined(_VEI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VEI_TRACE_H

#include <linux/tracepoint.h>

#include <vei/queue.h>

TRACE_EVENT(vei_negotiate,
	TP_PROTO(const struct vei_dev *dev),
	TP_ARGS(dev),
	TP_STRUCT__entry(
		__string(name, pci_name(dev->pdev))
		__field(u64, offered)
		__field(u64, acked)
		__field(int, dialect)
	),
	TP_fast_assign(
		VEI_ASSIGN_STR(name, pci_name(dev->pdev));
		__entry->offered = dev->offered;
		__entry->acked = dev->acked;
		__entry->dialect = dev->dialect;
	),
	TP_printk("%s offered=0x%016llx acked=0x%016llx dialect=%s", __get_str(name),
		  __entry->offered, __entry->acked,
		  __entry->dialect == VEI_DIALECT_DRAFT ? "draft" : "released")
);

TRACE_EVENT(vei_kick,
	TP_PROTO(const struct vei_queue *q, u16 old, bool kick),
	TP_ARGS(q, old, kick),
	TP_STRUCT__entry(
		__string(name, q->name)
		__field(u16, old)
		__field(u16, new)
		__field(u16, word)
		__field(bool, by_index)
		__field(bool, kick)
	),
	TP_fast_assign(
		VEI_ASSIGN_STR(name, q->name);
		__entry->old = old;
		__entry->new = q->ring.published;
		__entry->word = q->ring.kick.seen;
		__entry->by_index = q->ring.kick.by_index;
		__entry->kick = kick;
	),
	TP_printk("%s old=%u new=%u %s=%u kick=%d", __get_str(name), __entry->old, __entry->new,
		  __entry->by_index ? "avail_event" : "used_flags", __entry->word, __entry->kick)
);

TRACE_EVENT(vei_interrupt,
	TP_PROTO(const struct vei_queue *q, bool empty),
	TP_ARGS(q, empty),
	TP_STRUCT__entry(
		__string(name, q->name)
		__field(bool, empty)
	),
	TP_fast_assign(
		VEI_ASSIGN_STR(name, q->name);
		__entry->empty = empty;
	),
	TP_printk("%s empty=%d", __get_str(name), __entry->empty)
);

TRACE_EVENT(vei_rearm,
	TP_PROTO(const struct vei_queue *q, u16 n, bool armed),
	TP_ARGS(q, n, armed),
	TP_STRUCT__entry(
		__string(name, q->name)
		__field(u16, last_used)
		__field(u16, word)
		__field(u16, n)
		__field(bool, by_index)
		__field(bool, armed)
	),
	TP_fast_assign(
		VEI_ASSIGN_STR(name, q->name);
		__entry->last_used = q->ring.last_used;
		__entry->word = q->ring.intr.shadow;
		__entry->n = n;
		__entry->by_index = q->ring.intr.by_index;
		__entry->armed = armed;
	),
	TP_printk("%s last_used=%u %s=%u after=%u armed=%d", __get_str(name), __entry->last_used,
		  __entry->by_index ? "used_event" : "avail_flags", __entry->word, __entry->n,
		  __entry->armed)
);

TRACE_EVENT(vei_lost,
	TP_PROTO(const struct vei_queue *q, enum vei_lost what, u16 used),
	TP_ARGS(q, what, used),
	TP_STRUCT__entry(
		__string(name, q->name)
		__field(int, what)
		__field(u16, available)
		__field(u16, used)
		__field(u16, taken)
	),
	TP_fast_assign(
		VEI_ASSIGN_STR(name, q->name);
		__entry->what = what;
		__entry->available = q->ring.published;
		__entry->used = used;
		__entry->taken = q->ring.last_used;
	),
	TP_printk("%s %s available=%u used=%u taken=%u", __get_str(name),
		  __entry->what == VEI_LOST_KICK ? "kick" : "interrupt", __entry->available,
		  __entry->used, __entry->taken)
);

#endif /* _VEI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
