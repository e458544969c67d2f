# SPDX-License-Identifier: GPL-2.0
"""Mutants of the block driver: what its suites once passed, each to be found by the one named."""

from .plan_mutants import Mutant

BLK = "driver/blk/"
FAULTS = "blk-draft-faults", "faults"

ERRORS = [
    Mutant("errors-among-others-pass", "blk-more", "errors", "load|among", "no error", {
        BLK + "request.c": [("req->result != VEI_BLK_S_OK ||", "")]}),
    Mutant("a-reset-fails-requests", *FAULTS, "test_start|test_lie used-idx", "requests failed", {
        BLK + "queues.c": [("\t\tif (fail || req->timeouts", "\t\tif (1 || req->timeouts")]}),
    Mutant("a-broken-queue-fails-requests", *FAULTS, "test_start|test_lie used-idx",
           "requests failed", {
               BLK + "request.c": [("if (unlikely(err == -ENOSPC || err == -EIO)) {",
                                    "if (unlikely(err == -ENOSPC)) {")]}),
    Mutant("cached-before-anybody-flushes", "blk-files", "cache", "load|through|order",
           "queue/write_cache", {
               BLK + "sysfs.c": [("\t\tvei_blk_flushes(disk, true);\n"
                                  "\t\treturn vei_blk_drain(vblk) ? vei_blk_tell_wce(vblk, true) "
                                  ": -EBUSY;\n",
                                  "\t\tint e = vei_blk_tell_wce(vblk, true);\n\n"
                                  "\t\tvei_blk_flushes(disk, true);\n\t\treturn e;\n")]}),
]

RECOVERY = [
    Mutant("lost-features-not-minded", *FAULTS, "test_start|test_registers offer-mask [1-9]",
           "a reset: got", {
               BLK + "queues.c": [("\tif (lost || vei_blk", "\tif (vei_blk")]}),
    Mutant("smaller-ring-not-minded", *FAULTS, "test_start|test_registers queue-size 4",
           "a reset: got", {
               BLK + "queues.c": [("\t\tif (vblk->max_segments + VEI_BLK_EXTRA_SEGS <= vei_queue_size(q))\n",
                                   "\t\tif (1)\n")]}),
    Mutant("never-given-up", *FAULTS, "test_start|no_way_back", "waits for ever", {
        BLK + "state.c": [("\t\t\tqueue_delayed_work(vei_blk_wq, &vblk->give_up_work,\n"
                           "\t\t\t\t\t   msecs_to_jiffies(VEI_BLK_GIVE_UP_MS));\n", "\t\t\t;\n")]}),
    Mutant("size-after-a-reset-not-seen", *FAULTS, "test_start|no_way_back", "sectors", {
        BLK + "state.c": [("\tcancel_delayed_work(&vblk->give_up_work);\n"
                           "\tschedule_work(&vblk->config_work);\n",
                           "\tcancel_delayed_work(&vblk->give_up_work);\n")]}),
    Mutant("swallowed-for-ever", *FAULTS, "test_start|swallowed", "no reset", {
        BLK + "reap.c": [("(++req->timeouts >= VEI_BLK_TIMEOUTS_RESET || !hope ||",
                          "(++req->timeouts > 200 || !hope ||")]}),
    Mutant("no-second-kick", *FAULTS, "test_start|test_stall 1:1 lost-kick", "restarts: got", {
        BLK + "reap.c": [("\tvei_queue_kick_anyway(vq->q);\n", "")]}),
    Mutant("no-second-look", *FAULTS, "test_start|test_stall 1:1 lost-interrupt", "restarts: got", {
        BLK + "reap.c": [("\tvei_blk_reap(vq, done, false);\n\treturn !vei",
                          "\treturn !vei")]}),
    Mutant("four-lies-are-too-many", *FAULTS, "test_start|lies_between", "does not strike|given up", {
        BLK + "state.c": [("\tif (broken && vei_blk_used(vblk) == vblk->used)", "\tif (broken)")]}),
    Mutant("gone-and-waited-for", *FAULTS, "test_start|test_gone", "it waits for a request", {
        BLK + "main.c": [("\tif (vei_dev_is_gone(dev)) {\n\t\tvei_blk_end", "\tif (0) {\n\t\tvei_blk_end")]}),
    Mutant("failed-probe-keeps-the-device", *FAULTS, "test_start|probe_fails", "cannot be bound", {
        BLK + "main.c": [("\tvei_dev_del_queues(dev);\n\tvei_dev_destroy(dev);\n\tif (vblk->disk)",
                          "\tvei_dev_del_queues(dev);\n\tif (vblk->disk)")]}),
]

LIMITS = [
    Mutant("read-only-not-minded", "blk-more", "smoke", "load|identity g", "ro: got", {
        BLK + "disk.c": [("\t\tset_disk_ro(disk, true);", "\t\t;")]}),
    Mutant("never-postponed", "blk-more", "parameters", "test_postponed", "each is told of", {
        BLK + "moder.c": [("\treturn clamp(vei_blk_patience() / max(vq->moder.pace, 1U), 1U, n);",
                           "\treturn 1;")]}),
    Mutant("nobody-minds-who-waits", "blk-more", "parameters", "beside_writes", "timers: got", {
        BLK + "moder.c": [("++t->vain == VEI_BLK_VAIN_MAX)", "0)")]}),
    Mutant("cached-and-not-flushed", "blk-more", "cache", "load|drained", "writes done", {
        BLK + "sysfs.c": [("\tif (!vei_blk_drain(vblk))\n\t\treturn -EBUSY;\n", "")]}),
    Mutant("nobody-watches", "blk-more", "parameters", "test_postponed", "no timer", {
        BLK + "moder.c": [("\t\thrtimer_start(&vq->overdue, ns_to_ktime(m->limit), HRTIMER_MODE_REL);",
                           "\t\t;")]}),
    Mutant("every-queue-polled", "blk-more", "parameters", "all_polled",
           "Fatal exception", {
               BLK + "queues.c": [("all - 1, num_possible_cpus());", "all, num_possible_cpus());")]},
           dies=True),
    Mutant("the-lost-of-a-disk-goes-unsaid", "blk-draft-every-fault", "every_fault",
           "test_start|ring lost-interrupt 0 0:1", "interrupts_lost: got '0'", {
        "driver/core/watch.c": [("\t\tvei_watch_lost(q, VEI_LOST_INTERRUPT, used);\n", "")]}),
    Mutant("two-queues-are-watched", "blk-draft-watch", "watch", "test_start|lost lost-kick 1:1",
           "the request is not done", {
        "driver/core/watch.c": [("\t\tdev->watch_looks++;\n"
                                 "\tfor (i = 0; i < dev->nqueue; i++) {\n",
                                 "\t\tdev->watch_looks++;\n"
                                 "\tfor (i = 0; i < min(dev->nqueue, 2U); i++) {\n")]}),
    Mutant("two-queues-are-polled", "blk-draft-watch", "watch",
           "test_start|lost lost-interrupt 0:0", "interrupts lost after all", {
        "driver/core/watch.c": [("polled && i < dev->nqueue;",
                                 "polled && i < min(dev->nqueue, 2U);")]}),
    Mutant("a-disk-of-nobody", "blk-draft-every-fault", "vanish", "probe 1:1",
           "done, and the device does not know", {
        BLK + "state.c": [("\t\terr = vei_dev_ready(vblk->dev);\n\t\tif (err) {\n",
                           "\t\terr = vei_dev_ready(vblk->dev);\n\t\tif (0) {\n")]}),
    Mutant("a-block-anywhere", "blk-more", "parameters", "one_piece", "Fatal exception", {
        BLK + "limits.c": [("lim->max_segments == 1 ? l->block - 1 : SECTOR_SIZE - 1",
                            "SECTOR_SIZE - 1")]}, dies=True),
]

ALL = ERRORS + RECOVERY + LIMITS
