/* SPDX-License-Identifier: GPL-2.0 */
/* Which PCI device a parameter means. */
#ifndef _VEI_PCI_H
#define _VEI_PCI_H

#include <linux/pci.h>

/* The device at an address like 0000:00:10.0, to be put back; NULL, with a message, if none is. */
static inline struct pci_dev *vei_pci_get(const char *bdf)
{
	unsigned int domain, bus, slot, function;
	struct pci_dev *pdev = NULL;

	if (bdf && sscanf(bdf, "%x:%x:%x.%u", &domain, &bus, &slot, &function) == 4)
		pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
	if (!pdev)
		pr_err("%s: bdf=%s is no PCI device\n", KBUILD_MODNAME, bdf ?: "");
	return pdev;
}

#endif /* _VEI_PCI_H */
