/* SPDX-License-Identifier: GPL-2.0 */
/* What the core's files share with one another and with nobody else. */
#ifndef _VEI_CORE_H
#define _VEI_CORE_H

#include <vei/dev.h>
#include <vei/queue.h>

/**
 * enum vei_vector_choice - what the user wants of vectors
 * @VEI_CHOOSE_AUTO: the best that the device and the machine have
 * @VEI_CHOOSE_PER_QUEUE: that or nothing
 * @VEI_CHOOSE_SHARED: that or nothing
 * @VEI_CHOOSE_INTX: that or nothing
 */
enum vei_vector_choice {
	VEI_CHOOSE_AUTO,
	VEI_CHOOSE_PER_QUEUE,
	VEI_CHOOSE_SHARED,
	VEI_CHOOSE_INTX,
};

/**
 * enum vei_dialect_choice - what the user says of the dialect
 * @VEI_DIALECT_AUTO: it follows from what is offered
 * @VEI_DIALECT_FORCE_DRAFT: draft, whatever is offered
 * @VEI_DIALECT_FORCE_RELEASED: released, whatever is offered
 */
enum vei_dialect_choice {
	VEI_DIALECT_AUTO,
	VEI_DIALECT_FORCE_DRAFT,
	VEI_DIALECT_FORCE_RELEASED,
};

/**
 * struct vei_params - the module's parameters, checked
 * @toggles: what new devices begin with
 * @feature_mask: bits that may be acknowledged at all
 * @dialect: what the user says of the dialect
 * @vectors: what the user wants of vectors
 * @watch_ms: how often it is looked for what was lost, in milliseconds; 0: never
 */
struct vei_params {
	struct vei_toggles toggles;
	u64 feature_mask;
	int dialect;
	int vectors;
	unsigned int watch_ms;
};

extern struct vei_params vei_params;

extern const char *const vei_dialect_names[];
extern const char *const vei_vector_mode_names[];

const char *vei_feature_name(const struct vei_dev *dev, unsigned int bit);
bool vei_dev_kick_by_index(const struct vei_dev *dev);
bool vei_dev_intr_by_index(const struct vei_dev *dev);

struct vei_queue *vei_queue_create(struct vei_dev *dev, const struct vei_queue_spec *spec,
				   u16 index, u16 size);
bool vei_queue_serves(const struct vei_queue *q, const struct vei_queue_spec *spec, u16 size);
int vei_queue_renew(struct vei_queue *q, const struct vei_queue_spec *spec);
void vei_queue_free(struct vei_queue *q);

void vei_watch_init(struct vei_dev *dev);
void vei_watch_add(struct vei_queue *q);
void vei_watch_trust(struct vei_dev *dev);

int vei_dev_retoggle(struct vei_dev *dev, bool *toggle, bool value);

int vei_irq_setup(struct vei_dev *dev);
void vei_irq_teardown(struct vei_dev *dev);
int vei_irq_cpu(const struct vei_queue *q);

void vei_debugfs_init(void);
void vei_debugfs_exit(void);
void vei_debugfs_add_dev(struct vei_dev *dev);
void vei_debugfs_del_dev(struct vei_dev *dev);
void vei_debugfs_add_queue(struct vei_queue *q);
void vei_debugfs_del_queue(struct vei_queue *q);

#endif /* _VEI_CORE_H */
