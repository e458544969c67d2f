// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's TCG: how often was each instruction of the kernel executed
 * between two marks (selftests/modules/vei_mark.c)?
 *
 *	-plugin count.so,out=FILE
 *
 * Where several threads run processors each has its own counters, and what they
 * do while a mark is taken counts on either side of it. At each end mark FILE gets
 *
 *	window N user=COUNT kernel=COUNT out16=COUNT fences=COUNT waits=COUNT late=COUNT
 *	ADDRESS COUNT
 *	...
 *	end N
 *
 * user: instructions below the kernel's half, not told apart. out16: of the
 * kernel's those that write 16 bits to a port, which on a legacy virtio-pci
 * device that is set up are kicks and nothing else. The rest, and all that has
 * to do with names, is for who reads the file: the number of times that the
 * first instruction of a function was executed is how often it was called.
 *
 * After the mark "veiS" the device is one that answers at once: behind each kick
 * the processor, and with it the clock that counts its instructions, stands still
 * until QEMU's main loop, which is the device, has nothing more to do. What the
 * guest does then depends on nothing but the guest.
 *
 * QEMU leaves the guest's barriers out where one thread runs all processors, as
 * with -icount, though the device has a thread of its own: kicks and interrupts
 * then get lost. They are put back here: a fence of the host's just before the
 * guest's. Since 8.1 an mfence is one; a locked instruction is none in 10.0 either.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

#if QEMU_PLUGIN_VERSION < 2
#include "api-1.h"
#else
#include "api-4.h"
#endif

#define CHUNK		4096
#define MAX_CHUNKS	4096
#define KERNEL		(1ULL << 63)
#define PATIENCE	100000	/* looks at the main loop, of 10 us */

struct counter {
	counts_t *counts;	/* generated code adds to one of these */
	size_t index;		/* which */
	uint64_t begun;		/* its value at the begin mark */
	uint64_t addr;
	bool out16;
	bool after;		/* behind an out16 */
};

static struct counter *chunks[MAX_CHUNKS];
static size_t used;
static uint32_t *table;			/* of address: number of its counter, plus one */
static size_t table_size = 1 << 16;	/* a power of two */
static struct counter user;
static uint64_t fences, fences_begun;
static uint64_t waits, late;
static unsigned int window;
static bool at_once;
static int main_stat = -1;
static FILE *out;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void die(const char *why)
{
	fprintf(stderr, "count.so: %s\n", why);
	exit(1);
}

static struct counter *numbered(size_t n)
{
	return chunks[n / CHUNK] + n % CHUNK;
}

static uint64_t value(const struct counter *counter)
{
	return counts_get(counter->counts, counter->index);
}

static uint64_t since_begun(const struct counter *counter)
{
	return value(counter) - counter->begun;
}

static size_t place(uint64_t addr)
{
	size_t i = addr * 0x9e3779b97f4a7c15ULL >> 20 & (table_size - 1);

	while (table[i] && numbered(table[i] - 1)->addr != addr)
		i = (i + 1) & (table_size - 1);
	return i;
}

static void grow(void)
{
	size_t i;

	free(table);
	table_size *= 2;
	table = calloc(table_size, sizeof(*table));
	if (!table)
		die("no memory");
	for (i = 0; i < used; i++)
		table[place(numbered(i)->addr)] = i + 1;
}

/* Code that is translated again counts on where it was. */
static struct counter *counter_of(uint64_t addr)
{
	static counts_t *counts;	/* of the last chunk */
	size_t i;

	if (addr < KERNEL)
		return &user;
	i = place(addr);
	if (table[i])
		return numbered(table[i] - 1);
	if (used == (size_t)CHUNK * MAX_CHUNKS)
		die("too many instructions");
	if (used % CHUNK == 0) {
		/* never moved: others have their addresses */
		chunks[used / CHUNK] = calloc(CHUNK, sizeof(struct counter));
		counts = counts_new(CHUNK);
		if (!chunks[used / CHUNK] || !counts)
			die("no memory");
	}
	numbered(used)->counts = counts;
	numbered(used)->index = used % CHUNK;
	numbered(used)->addr = addr;
	table[i] = ++used;
	if (used * 2 > table_size)
		grow();
	return numbered(used - 1);
}

/* With instant, of a device that answers at once. */
static void begin(unsigned int cpu, void *instant)
{
	size_t i;

	(void)cpu;
	pthread_mutex_lock(&lock);
	at_once = instant;
	waits = late = 0;
	for (i = 0; i < used; i++)
		numbered(i)->begun = value(numbered(i));
	user.begun = value(&user);
	fences_begun = fences;
	window++;
	pthread_mutex_unlock(&lock);
}

static void end(unsigned int cpu, void *unused)
{
	uint64_t kernel = 0, out16 = 0, n;
	size_t i;

	(void)cpu;
	(void)unused;
	pthread_mutex_lock(&lock);
	at_once = false;
	for (i = 0; i < used; i++) {
		n = since_begun(numbered(i));
		kernel += n;
		if (numbered(i)->out16)
			out16 += n;
	}
	fprintf(out, "window %u user=%" PRIu64 " kernel=%" PRIu64 " out16=%" PRIu64
		" fences=%" PRIu64 " waits=%" PRIu64 " late=%" PRIu64 "\n", window,
		since_begun(&user), kernel, out16, fences - fences_begun, waits, late);
	for (i = 0; i < used; i++) {
		n = since_begun(numbered(i));
		if (n)
			fprintf(out, "%" PRIx64 " %" PRIu64 "\n", numbered(i)->addr, n);
	}
	fprintf(out, "end %u\n", window);
	fflush(out);
	pthread_mutex_unlock(&lock);
}

static void fence(unsigned int cpu, void *unused)
{
	(void)cpu;
	(void)unused;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_fetch_add(&fences, 1, __ATOMIC_RELAXED);
}

/* Does the main loop sleep? It has been woken before the kick's instruction was over. */
static bool main_loop_idle(void)
{
	char text[256], *state;
	ssize_t n = pread(main_stat, text, sizeof(text) - 1, 0);

	if (n <= 0)
		die("cannot see the main loop");
	text[n] = 0;
	state = strrchr(text, ')');
	return state && state[1] && state[2] == 'S';
}

static void after_kick(unsigned int cpu, void *unused)
{
	unsigned int i, idle = 0;

	(void)cpu;
	(void)unused;
	if (!at_once)
		return;
	waits++;
	for (i = 0; i < PATIENCE; i++) {
		idle = main_loop_idle() ? idle + 1 : 0;
		if (idle == 2)
			return;
		usleep(10);
	}
	late++;
}

static bool is(const uint8_t *bytes, size_t size, const char *what, size_t length)
{
	return size == length && !memcmp(bytes, what, length);
}

#define IS(what) is(bytes, size, what, sizeof(what) - 1)

static void watch(struct qemu_plugin_insn *insn)
{
	uint8_t bytes[16];
	size_t size = insn_bytes(insn, bytes, sizeof(bytes));
	struct counter *counter = counter_of(qemu_plugin_insn_vaddr(insn));

	if (IS("\x0f\x1f\x84\x00veiB"))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, QEMU_PLUGIN_CB_NO_REGS, NULL);
	if (IS("\x0f\x1f\x84\x00veiS"))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, QEMU_PLUGIN_CB_NO_REGS, &user);
	if (IS("\x0f\x1f\x84\x00veiE"))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, end, QEMU_PLUGIN_CB_NO_REGS, NULL);
	/* mfence; lock addl $0,-4(%rsp) */
	if (IS("\x0f\xae\xf0") || IS("\xf0\x83\x44\x24\xfc\x00"))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, fence, QEMU_PLUGIN_CB_NO_REGS, NULL);
	if (counter != &user && IS("\x66\xef")) {
		counter->out16 = true;
		counter_of(counter->addr + size)->after = true;
	}
	if (counter->after)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, after_kick, QEMU_PLUGIN_CB_NO_REGS,
						       NULL);
	counts_add(counter->counts, counter->index, insn);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	pthread_mutex_lock(&lock);
	for (i = 0; i < n; i++)
		watch(qemu_plugin_tb_get_insn(tb, i));
	pthread_mutex_unlock(&lock);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	char path[64];

	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "count.so: out=FILE is needed\n");
		return 1;
	}
	if (strcmp(info->target_name, "x86_64")) {
		fprintf(stderr, "count.so: knows x86_64 only\n");
		return 1;
	}
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	main_stat = open(path, O_RDONLY | O_CLOEXEC);
	out = fopen(argv[0] + 4, "w");
	table = calloc(table_size, sizeof(*table));
	user.counts = counts_new(1);
	if (!out || !table || !user.counts || main_stat < 0) {
		perror("count.so");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
