/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between versions of QEMU's plugin interface: version 4, of QEMU 10.0. */

typedef struct qemu_plugin_scoreboard counts_t;

static qemu_plugin_u64 counts_at(counts_t *counts, size_t i)
{
	return (qemu_plugin_u64){ counts, i * sizeof(uint64_t) };
}

static counts_t *counts_new(size_t n)
{
	return qemu_plugin_scoreboard_new(n * sizeof(uint64_t));
}

/* Of all processors. */
static uint64_t counts_get(counts_t *counts, size_t i)
{
	return qemu_plugin_u64_sum(counts_at(counts, i));
}

/* One more whenever that instruction is executed. */
static void counts_add(counts_t *counts, size_t i, struct qemu_plugin_insn *insn)
{
	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
		insn, QEMU_PLUGIN_INLINE_ADD_U64, counts_at(counts, i), 1);
}

/* Its bytes, and how many it has. */
static size_t insn_bytes(struct qemu_plugin_insn *insn, uint8_t *bytes, size_t room)
{
	qemu_plugin_insn_data(insn, bytes, room);
	return qemu_plugin_insn_size(insn);
}
