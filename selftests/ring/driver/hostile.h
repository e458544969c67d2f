/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hostile device, and what the drivers' own files need of a kernel, in user space. All of it is
 * compiled against the kernel's headers, so structures, constants and inline functions are the
 * kernel's; an address is its own physical one.
 *
 *   script.c   the input, taken from both ends
 *   device.c   the device's half of a queue, and its registers
 *   look.h     what tells the device that it is looked at
 *   kernel.c   memory, locks, time and messages
 *   pages.c    receive buffers: the page_pool, each buffer fenced
 *   skb.c      net/core of the kernel's source, as it is
 *   fuzz_*.c   a program each: what the device does, and what must be true whatever it does
 */
#ifndef VEI_HOSTILE_H
#define VEI_HOSTILE_H

#include <linux/types.h>

#include <vei/dev.h>
#include <vei/queue.h>

/* The one that is linked to, whatever compat.h calls it. */
#undef timer_delete_sync

/* Of the C library. */
int dprintf(int fd, const char *format, ...);
void __noreturn abort(void);
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
size_t malloc_usable_size(void *p);
void free(void *p);
void *mmap(void *addr, size_t len, int prot, int flags, int fd, long offset);
int munmap(void *addr, size_t len);
void __asan_poison_memory_region(const volatile void *p, size_t n);
void __asan_unpoison_memory_region(const volatile void *p, size_t n);
void *__asan_region_is_poisoned(void *p, size_t n);

#define MUST(cond) do {								\
	if (!(cond)) {								\
		dprintf(2, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);	\
		abort();							\
	}									\
} while (0)

/* The name that libFuzzer calls. */
int fuzz_one(const u8 *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

/* script.c: operations from the front, lies from the end; zeroes when they have met. */
void script_begin(const u8 *data, size_t size);
void script_run(void (*step)(void), unsigned int most);
void script_end(void);
bool script_over(void);
u8 script_byte(void);
u16 script_word(void);
u32 script_long(void);
u8 script_lie(void);
u32 script_value(u32 now, u32 size);

/**
 * struct hostile - the device's half of a queue
 * @q: the driver's half
 * @avail: entries taken from the available ring
 * @used: entries put into the used ring
 * @held: heads of the chains that it has, @nheld of them
 * @lied: in the ring itself; what it says from then on need not make sense
 */
struct hostile {
	struct vei_queue *q;
	u16 avail;
	u16 used;
	u16 held[256];
	unsigned int nheld;
	bool lied;
};

/* A piece of a chain, where it is for the driver as well. */
struct piece {
	u8 *mem;
	u32 len;
	bool write;
};

#define MAX_PIECES	160

/**
 * struct registers - BAR 0, as far as it is read
 * @status: of the device; all ones: it is gone
 * @fickle: the configuration is the script's, byte by byte, whenever it is read
 * @config: the configuration otherwise
 * @read: instead of all that, if there is one
 * @write: likewise
 */
struct registers {
	u8 status;
	bool fickle;
	u8 config[64];
	u32 (*read)(unsigned int at, unsigned int width);
	void (*write)(unsigned int at, unsigned int width, u32 value);
};

extern struct registers registers;

/* device.c */
void hostile_begin(struct hostile *d, struct vei_queue *q);
void hostile_fetch(struct hostile *d);
unsigned int hostile_chain(const struct hostile *d, u16 head, struct piece *piece);
u16 hostile_release(struct hostile *d, unsigned int i);
void hostile_use(struct hostile *d, u32 id, u32 len);
void hostile_publish(struct hostile *d);
void hostile_lie(struct hostile *d);
bool hostile_has(const void *p, size_t len);
struct vei_dev *machine_begin(u64 features, const struct vei_dev_ops *ops, void *priv);
void machine_end(void);
extern void __iomem *const machine_base;
struct vei_queue *machine_queue(const struct vei_queue_spec *spec, u16 size);
void machine_renew(struct vei_queue *q, const struct vei_queue_spec *spec);

/* kernel.c */
/* Times that memory was refused. */
extern unsigned int kernel_failed;
extern unsigned int kernel_fails;
/* Pages are where a ring's address cannot be said. */
extern bool kernel_far;
extern long kernel_pages;
extern long kernel_allocated;
extern u64 kernel_now;
bool kernel_fail(void);
/* Called as memory is asked for: what goes on meanwhile. */
extern void (*kernel_meanwhile)(void);
void kernel_never(void);

/* pages.c */
void pages_begin(void);
unsigned int pages_out(void);
extern unsigned int pages_smallest, pages_largest;

/* skb.c */
void skb_begin(void);
void skb_end(void);

#endif /* VEI_HOSTILE_H */
