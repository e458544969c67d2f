# SPDX-License-Identifier: GPL-2.0
"""Mutants that memory, refused, and storms find: leaks, pointers that nobody looked at, what
is not tried again, what has no end."""

from .plan_mutants import CORE, NET, POISON, Mutant

AGAIN_H = "include/vei/again.h"
BLK = "driver/blk/"
PROBE = "memory", "memory", "start|probe"

LEAKS = [
    Mutant("names-not-freed", *PROBE, "objects of slabs", {
        NET + "queues.c": [("\tkfree(names);\n", "")]}),
    Mutant("pairs-not-freed", *PROBE, "objects of slabs", {
        NET + "main.c": [("\tif (!net->rxq || !net->txq) {\n\t\tkvfree(net->rxq);\n",
                          "\tif (!net->rxq || !net->txq) {\n")]}),
    Mutant("half-a-queue-not-freed", *PROBE, "pages are held", {
        CORE + "queue.c": [("\t\treturn q;\n\tvei_queue_free(q);\n\treturn NULL;\n",
                            "\t\treturn q;\n\treturn NULL;\n")]}),
    Mutant("directory-not-removed", *PROBE, "its directory is left in debugfs", {
        CORE + "main.c": [("\tvei_debugfs_del_dev(dev);\n", "")]}),
    Mutant("pools-not-freed", "memory", "memory", "start|reset", "objects of slabs", {
        NET + "queues.c": [("\t\terr = vei_dev_ready(dev);\n\tif (err) {\n"
                            "\t\tvei_net_down(net);\n",
                            "\t\terr = vei_dev_ready(dev);\n\tif (err) {\n"
                            "\t\tvei_dev_reset(dev);\n")]}),
    Mutant("refused-and-not-freed", "memory", "memory", "start|refused",
           "objects of slabs", {
               CORE + "main.c": [("\tmutex_destroy(&dev->toggle_lock);\n\tkfree(dev);\n"
                                  "\treturn ERR_PTR(err);\n",
                                  "\tmutex_destroy(&dev->toggle_lock);\n"
                                  "\treturn ERR_PTR(err);\n")]}),
    Mutant("refused-and-left-enabled", "memory", "memory", "start|refused",
           "times that it is enabled", {
               CORE + "main.c": [("\tpci_disable_device(pdev);\nerr_free:\n", "err_free:\n")]}),
    Mutant("tags-not-freed", "blk-memory", "memory", "start|probe", "objects of slabs", {
        BLK + "disk.c": [("err_tags:\n\tblk_mq_free_tag_set(&vblk->tags);\n", "err_tags:\n")]}),
    Mutant("segments-not-freed", "blk-memory", "memory", "start|probe", "objects of slabs", {
        BLK + "queues.c": [("\t\tkfree(vblk->vq[i].seg);\n", "")]}),
]

UNCHECKED = [
    Mutant("no-look-at-names", *PROBE, r"CR2: 0+\b", {
        NET + "queues.c": [("\tif (!spec || !names)\n", "\tif (!spec)\n")]}, dies=True),
    Mutant("no-look-at-tags", "blk-memory", "memory", "start|probe", r"CR2: 0+\b|end trace", {
        BLK + "disk.c": [("\terr = vei_blk_alloc_tags(vblk);\n\tif (err)\n",
                          "\terr = vei_blk_alloc_tags(vblk);\n\tif (0)\n")]}, dies=True),
]

# What is still to come when the device goes: it comes to poisoned memory.
STILL_TO_COME = [
    Mutant("try-comes-to-a-disk-that-is-unbound", "blk-memory", "memory", "start|unbind", POISON, {
        BLK + "state.c": [("\tcancel_work_sync(&vblk->config_work);\n"
                           "\tcancel_delayed_work_sync(&vblk->restart_work);\n",
                           "\tcancel_work_sync(&vblk->config_work);\n")]}, dies=True),
    Mutant("end-comes-to-a-disk-that-is-unbound", "blk-memory", "memory", "start|unbind", POISON, {
        BLK + "state.c": [("\tcancel_delayed_work_sync(&vblk->give_up_work);\n", "")]},
           dies=True),
    Mutant("change-comes-to-a-disk-that-is-unbound", "blk-storm", "storm", "start|unbinds",
           POISON, {BLK + "state.c": [("\tcancel_work_sync(&vblk->config_work);\n", "")]}, dies=True),
    Mutant("change-comes-to-a-card-that-is-unbound", "storm", "storm", "start a|unbinds", POISON, {
        NET + "state.c": [("\tcancel_work_sync(&net->config_work);\n"
                           "\tcancel_delayed_work_sync(&net->rx_mode_work);\n",
                           "\tcancel_delayed_work_sync(&net->rx_mode_work);\n")]}, dies=True),
]

AGAIN = [
    Mutant("left-reset-for-good", "memory", "memory", "start|reset", "no answer", {
        NET + "state.c": [("\tif (err == -ENOMEM)\n\t\tmod_delayed_work",
                           "\tif (0)\n\t\tmod_delayed_work")]}),
    Mutant("again-each-second", "defects", "lifecycle", "test_start|again$",
           "hundredths of a second until the fourth time", {
               AGAIN_H: [("min_t(unsigned long, 2 * again->wait, VEI_AGAIN_MAX)", "again->wait")]}),
    Mutant("said-each-time", "defects", "lifecycle", "test_start|again$", "times that it was said", {
        NET + "state.c": [("\tif (err != -ENOMEM || !vei_again_waits(&net->restart_again))\n", "")]}),
    Mutant("said-only-once", "defects", "lifecycle", "test_start|again$", "times that it was said", {
        NET + "state.c": [("\t\treturn err;\n\t}\n\tvei_again_over(&net->restart_again);\n",
                           "\t\treturn err;\n\t}\n")]}),
    Mutant("pool-said-each-time", "defects", "lifecycle", "test_start|_again$",
           "times that it was said: no page pool", {
               NET + "rx.c": [("IS_ERR(rxq->pool) && !vei_again_waits(&net->restart_again)",
                               "IS_ERR(rxq->pool)")]}),
    Mutant("put-off-by-others", "defects", "lifecycle", "test_start|_again$",
           "the next try was put off", {
               AGAIN_H: [("if (again->wait && time_before(now, again->due))", "if (0)")]}),
    Mutant("filters-again-each-second", "defects", "lifecycle", "test_start|filters_again$",
           "hundredths of a second until three", {
               NET + "rx_mode.c": [("vei_again_failed(&net->rx_mode_again));",
                                    "(vei_again_failed(&net->rx_mode_again), HZ));")]}),
    Mutant("filters-said-each-time", "defects", "lifecycle", "test_start|filters_again$",
           "times that it was said", {
               NET + "rx_mode.c": [("return !vei_again_waits(&net->rx_mode_again);",
                                    "return true;")]}),
    Mutant("disk-again-each-second", "blk-memory", "memory", "start|again",
           "hundredths of a second until the fourth time", {
               BLK + "state.c": [("vei_again_failed(&vblk->restart_again));",
                                  "(vei_again_failed(&vblk->restart_again), HZ));")]}),
    Mutant("disk-said-each-time", "blk-memory", "memory", "start|again", "times that it was said", {
        BLK + "state.c": [("\tif (err != -ENOMEM || !vei_again_waits(&vblk->restart_again))\n", "")]}),
    Mutant("disk-said-only-once", "blk-memory", "memory", "start|again", "times that it was said", {
        BLK + "state.c": [("\tvei_again_over(&vblk->restart_again);\n\tvblk->given_up = false;\n"
                           "\tcancel", "\tvblk->given_up = false;\n\tcancel")]}),
    Mutant("disk-held-by-each-try", "blk-memory", "memory", "start|again",
           "that it holds a request", {
               BLK + "state.c": [("if (vblk->given_up || vei_dev_is_gone", "if (vei_dev_is_gone")]}),
    Mutant("no-memory-for-pairs-no-reset", "defects-tap", "less", "test_start|pairs_without",
           "it cannot be done without memory for two pairs", {
               NET + "settings.c": [(
                   "\tvei_net_apply_pairs(net);\n\tif (net->pairs != pairs)\n",
                   "\terr = vei_net_tell_pairs(net, net->pairs);\n\tif (err == -ENOMEM)\n"
                   "\t\treturn err;\n\tvei_net_apply_pairs(net);\n"
                   "\tif (net->pairs != pairs)\n")]}),
    Mutant("no-memory-for-pairs-no-card", "defects-tap", "less", "test_start|pairs_without",
           "it cannot be done without memory for two pairs", {
               NET + "settings.c": [(
                   "\tvei_net_apply_pairs(net);\n\tvei_net_spread_senders(net, net->pairs);\n",
                   "\terr = vei_net_tell_pairs(net, net->pairs);\n\tif (err == -ENOMEM)\n"
                   "\t\treturn err;\n\tvei_net_apply_pairs(net);\n"
                   "\tvei_net_spread_senders(net, net->pairs);\n")]}),
    Mutant("pairs-that-are-not", "defects-tap", "less", "test_start|pairs_without",
           "pairs in use without memory", {
               NET + "settings.c": [("\tvei_net_stay(net, fewer);\n", "")]}),
    Mutant("pairs-said-too-soon", "defects-tap", "less", "test_start|pairs_without",
           "in the log: queue pairs were 1, are 2", {
               NET + "settings.c": [(
                   "\tvei_net_apply_pairs(net);\n\tif (net->pairs != pairs)\n"
                   "\t\tnetdev_info(netdev, \"queue pairs were %u, are %u\\n\", pairs, net->pairs);\n",
                   "\tif (net->pairs != pairs)\n"
                   "\t\tnetdev_info(netdev, \"queue pairs were %u, are %u\\n\", pairs, net->pairs);\n"
                   "\tvei_net_apply_pairs(net);\n")]}),
    Mutant("one-pair-that-cannot-be", "defects-tap", "less", "test_start|pairs_without",
           "in the log: cannot use", {
               NET + "settings.c": [("\tif (net->pairs > 1)\n", "")]}),
    Mutant("resumed-once", "memory-sleep", "memory", "start|resume", "no answer", {
        NET + "state.c": [("\trtnl_lock();\n\terr = vei_net_return(net);\n",
                           "\trtnl_lock();\n\terr = vei_net_return(net);\n"
                           "\tif (err)\n\t\tcancel_delayed_work(&net->restart_work);\n")]}),
    Mutant("disk-resumed-anew", "blk-memory-sleep", "memory", "start|resume", "suspend asks for memory", {
        BLK + "state.c": [("\tvblk->given_up = false;\n\terr = vei_blk_return(vblk);\n",
                           "\tvei_dev_del_queues(vblk->dev);\n\terr = vei_blk_return(vblk);\n")]}),
    Mutant("disk-left-reset", "blk-memory-sleep", "memory", "start|larger", "cannot be read", {
        BLK + "state.c": [("\tif (err == -ENOMEM)\n\t\tmod_delayed_work",
                           "\tif (0)\n\t\tmod_delayed_work")]}),
    Mutant("address-not-told-again", "memory", "memory", "start|reset", "the device's address is", {
        NET + "settings.c": [("\terr = vei_net_write_mac(net, netdev->dev_addr);\n"
                              "\tif (err == -ENOMEM)\n",
                              "\terr = vei_net_write_mac(net, netdev->dev_addr);\n"
                              "\tif (0)\n")]}),
    Mutant("filters-not-told-again", "memory", "memory", "start|filters",
           "the device never hears of it", {
               NET + "rx_mode.c": [("\tif (again)\n", "\tif (0)\n")]}),
    Mutant("channels-shown-and-not-used", "memory", "memory", "start|more_channels", "channels", {
        NET + "settings.c": [("\tif (err) {\n\t\tvei_net_stay(net, before);\n\t\treturn err;\n\t}\n"
                              "\tnet->pairs = pairs;\n\tnet->wanted_pairs = pairs;\n\treturn 0;\n",
                              "\tnet->pairs = pairs;\n\tnet->wanted_pairs = pairs;\n\treturn err;\n")]}),
]

STORMS = [
    Mutant("slow-commands-not-looked-for", "storm", "storm", "start a|slow", "a command is not done|seconds", {
        NET + "ctrl.c": [("#define VEI_NET_CTRL_LOOK\t(HZ / 4)", "#define VEI_NET_CTRL_LOOK\t(20 * HZ)")]}),
    Mutant("line-lost-for-good", "storm", "storm", "start i|pin_stuck reads", "interrupts: got", {
        CORE + "irq.c": [("\tif (dev->nvec && vei_irq_pin_is_lost(dev)) {\n",
                          "\tif (0 && vei_irq_pin_is_lost(dev)) {\n")]}),
    Mutant("any-interrupt-is-ours", "storm", "storm", "start i|neighbour", "the pin is not stuck", {
        CORE + "irq.c": [("\t\treturn IRQ_NONE;\n", "\t\treturn IRQ_HANDLED;\n")]}),
    Mutant("pin-for-ever", "storm", "storm", "start i|pin_stuck isr", "the pin is not stuck", {
        CORE + "irq.c": [("\treturn IRQ_RETVAL(any);\n", "\treturn IRQ_HANDLED;\n")]}),
    Mutant("no-reset-and-still-a-pin", "storm", "storm", "start i|pin_cut_off",
           "it still has its pin", {CORE + "dev.c": [("\t\tpci_intx(dev->pdev, 0);\n", "")]}),
    Mutant("reset-and-no-pin-again", "storm", "storm", "start i|pin_cut_off",
           "does not have its pin again", {
               CORE + "dev.c": [("\tif (!dev->pdev->msix_enabled)\n"
                                 "\t\tpci_intx(dev->pdev, 1);\n", "")]}),
]

ALL = LEAKS + UNCHECKED + STILL_TO_COME + AGAIN + STORMS
