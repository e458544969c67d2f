/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a legacy virtio-blk device and its driver exchange: feature bits,
 * configuration, requests. In the guest's byte order, but for the ranges of
 * discard and write-zeroes. The kernel's own <linux/virtio_blk.h> would bring in
 * <linux/virtio_config.h>.
 */
#ifndef _VEI_BLK_WIRE_H
#define _VEI_BLK_WIRE_H

#include <linux/build_bug.h>
#include <linux/types.h>

#define VEI_BLK_F_BARRIER		0	/* obsolete: of requests that nobody makes */
#define VEI_BLK_F_SIZE_MAX		1
#define VEI_BLK_F_SEG_MAX		2
#define VEI_BLK_F_GEOMETRY		4
#define VEI_BLK_F_RO			5
#define VEI_BLK_F_BLK_SIZE		6
#define VEI_BLK_F_SCSI			7	/* commands passed through */
#define VEI_BLK_F_FLUSH			9	/* by its old name WCE */
#define VEI_BLK_F_TOPOLOGY		10
#define VEI_BLK_F_CONFIG_WCE		11
#define VEI_BLK_F_MQ			12
#define VEI_BLK_F_DISCARD		13
#define VEI_BLK_F_WRITE_ZEROES		14

/* Offsets in the configuration. Sectors are of 512 bytes everywhere. */
#define VEI_BLK_CONFIG_CAPACITY		0	/* u64, sectors */
#define VEI_BLK_CONFIG_SIZE_MAX		8	/* u32, bytes of a segment */
#define VEI_BLK_CONFIG_SEG_MAX		12	/* u32, segments of a request */
#define VEI_BLK_CONFIG_CYLINDERS	16	/* u16 */
#define VEI_BLK_CONFIG_HEADS		18	/* u8 */
#define VEI_BLK_CONFIG_SECTORS		19	/* u8 */
#define VEI_BLK_CONFIG_BLK_SIZE		20	/* u32, bytes of a logical block */
#define VEI_BLK_CONFIG_PHYSICAL_EXP	24	/* u8, logical blocks in a physical one, log2 */
#define VEI_BLK_CONFIG_ALIGNMENT	25	/* u8, logical blocks to the first aligned one */
#define VEI_BLK_CONFIG_MIN_IO		26	/* u16, logical blocks */
#define VEI_BLK_CONFIG_OPT_IO		28	/* u32, logical blocks */
#define VEI_BLK_CONFIG_WCE		32	/* u8, 1: write-back; the driver may write it */
#define VEI_BLK_CONFIG_NUM_QUEUES	34	/* u16 */
#define VEI_BLK_CONFIG_DISCARD_MAX	36	/* u32, sectors of a range */
#define VEI_BLK_CONFIG_DISCARD_ALIGN	44	/* u32, sectors */
#define VEI_BLK_CONFIG_ZEROES_MAX	48	/* u32, sectors of a range */
#define VEI_BLK_CONFIG_ZEROES_UNMAP	56	/* u8 */

#define VEI_BLK_T_IN			0
#define VEI_BLK_T_OUT			1
#define VEI_BLK_T_FLUSH			4
#define VEI_BLK_T_GET_ID		8	/* VEI_BLK_ID_BYTES, no 0 behind if it is as long */
#define VEI_BLK_T_DISCARD		11
#define VEI_BLK_T_WRITE_ZEROES		13

#define VEI_BLK_ID_BYTES		20

/* A request: this, data or ranges, a byte of status that the device writes. */
struct vei_blk_hdr {
	u32 type;
	u32 ioprio;
	u64 sector;
};

static_assert(sizeof(struct vei_blk_hdr) == 16);

#define VEI_BLK_RANGE_UNMAP		1	/* of WRITE_ZEROES: may deallocate */

struct vei_blk_range {
	__le64 sector;
	__le32 sectors;
	__le32 flags;
};

static_assert(sizeof(struct vei_blk_range) == 16);

#define VEI_BLK_S_OK			0
#define VEI_BLK_S_IOERR			1
#define VEI_BLK_S_UNSUPP		2
#define VEI_BLK_S_LAST			VEI_BLK_S_UNSUPP

#endif /* _VEI_BLK_WIRE_H */
