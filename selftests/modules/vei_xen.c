// SPDX-License-Identifier: GPL-2.0
/* While it is loaded the kernel takes itself for a Xen guest of type type=N (default: 2, HVM). */

#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include <xen/xen.h>

static unsigned int type = XEN_HVM_DOMAIN;
module_param(type, uint, 0444);
MODULE_PARM_DESC(type, "as in enum xen_domain_type");

static enum xen_domain_type vei_xen_before;

/* What it takes itself for cannot be written any more where it is: by another mapping. */
static int vei_xen_set(enum xen_domain_type to)
{
	struct page *page = pfn_to_page(PHYS_PFN(__pa_symbol(&xen_domain_type)));
	void *map = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	if (!map)
		return -ENOMEM;
	WRITE_ONCE(*(enum xen_domain_type *)(map + offset_in_page(&xen_domain_type)), to);
	vunmap(map);
	return 0;
}

static int __init vei_xen_init(void)
{
	vei_xen_before = xen_domain_type;
	return vei_xen_set(type);
}

static void __exit vei_xen_exit(void)
{
	vei_xen_set(vei_xen_before);
}

module_init(vei_xen_init);
module_exit(vei_xen_exit);
MODULE_DESCRIPTION("Lets the kernel take itself for a Xen guest, for tests");
MODULE_LICENSE("GPL");
