/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between versions of QEMU's plugin interface: version 1, of QEMU 7.2. */

typedef uint64_t counts_t;

static counts_t *counts_new(size_t n)
{
	return calloc(n, sizeof(counts_t));
}

static uint64_t counts_get(counts_t *counts, size_t i)
{
	return counts[i];
}

/* One more whenever that instruction is executed. */
static void counts_add(counts_t *counts, size_t i, struct qemu_plugin_insn *insn)
{
	qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
						   counts + i, 1);
}

/* Its bytes, and how many it has. */
static size_t insn_bytes(struct qemu_plugin_insn *insn, uint8_t *bytes, size_t room)
{
	size_t size = qemu_plugin_insn_size(insn);

	memcpy(bytes, qemu_plugin_insn_data(insn), size < room ? size : room);
	return size;
}
