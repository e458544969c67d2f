# SPDX-License-Identifier: GPL-2.0
"""Defects that the drivers once had, put back one at a time, and the suite that finds each.

A control of plan_controls.py breaks what a suite relies on, while it runs. Here it is the
driver's text that is broken, as it was before a defect was mended, so each of them shows
what the suite said of it. Too long for every run: make test-mutants.
"""

from dataclasses import dataclass, field


@dataclass
class Mutant:
    """edits: by file, pairs of text and what stands in its place."""
    name: str
    guest: str                  # of the plan; none: it must not even compile
    suite: str
    only: str                   # regular expression: the entries to run
    symptom: str                # likewise: what must be said
    edits: dict = field(default_factory=dict)
    harmless: bool = False      # the control: there is nothing to notice
    dies: bool = False          # the guest does, and its console has the symptom


CORE = "driver/core/"
NET = "driver/net/"
# what is used after it was freed and poisoned
POISON = "6b6b6b6b6b6b6b|Fatal exception"

CORE_MUTANTS = [
    Mutant("nothing-but-a-comment", "defects", "probe", "test_start|xen", "", {
        CORE + "main.c": [("/* SEV and TDX guests, arm64 realms */", "/* SEV, TDX, realms */")]},
           harmless=True),
    Mutant("len-of-what-is-read-breaks", "defects", "ctrl", "test_start|used-len", "broken", {
        "include/vei/ring/get.h": [("if (r->strict_len && slot->in_len)", "if (1)")]}),
    Mutant("restart-of-a-device-asleep", "defects", "late", "test_start|asleep",
           "a device that sleeps was reset", {
               NET + "state.c": [("if (net->state < VEI_NET_RESET || net->removing)",
                                  "if (net->state == VEI_NET_REMOVED || net->removing)")]}),
    Mutant("gone-and-still-masters", "defects", "lifecycle", "test_start|cut_off reads-ones",
           "it still masters the bus", {
               CORE + "dev.c": [("\tif (err) {\n\t\tpci_clear_master",
                                 "\tif (err == -ETIMEDOUT) {\n\t\tpci_clear_master")]}),
    Mutant("no-reset-and-still-masters", "defects", "lifecycle", "test_start|cut_off reset-ignored",
           "it still masters the bus", {
               CORE + "dev.c": [("\tif (err) {\n\t\tpci_clear_master",
                                 "\tif (err == -ENODEV) {\n\t\tpci_clear_master")]}),
    Mutant("handlers-not-waited-for", "defects", "lifecycle", "test_start|handler_ends none",
           "the handler still runs", {
               CORE + "dev.c": [("\tvei_dev_synchronize(dev);\n", "\t(void)vei_dev_synchronize;\n")]}),
    Mutant("handlers-of-the-gone-not-waited-for", "defects", "lifecycle",
           "test_start|handler_ends reads", "the handler still runs", {
               CORE + "dev.c": [("\tvei_dev_synchronize(dev);\n",
                                 "\tif (err != -ENODEV)\n\t\tvei_dev_synchronize(dev);\n")]}),
    Mutant("handlers-of-the-stubborn-not-waited-for", "defects", "lifecycle",
           "test_start|handler_ends reset-ig", "the handler still runs", {
               CORE + "dev.c": [("\tvei_dev_synchronize(dev);\n",
                                 "\tif (err != -ETIMEDOUT)\n\t\tvei_dev_synchronize(dev);\n")]}),
    Mutant("no-shutdown", "defects", "lifecycle", "test_start|shutdown", "device status: got", {
        NET + "main.c": [("\t.shutdown = vei_net_shutdown,\n", ""),
                         ("static void vei_net_shutdown", "static void __maybe_unused vei_net_shutdown")]}),
    Mutant("no-shutdown-of-disks", "blk-life", "suspend", "shutdown", "the device runs", {
        "driver/blk/main.c": [("\t.shutdown = vei_blk_shutdown,\n", ""),
                              ("static void vei_blk_shutdown",
                               "static void __maybe_unused vei_blk_shutdown")]}),
    Mutant("reset-by-the-bus-unnoticed", "types-express", "bus_reset", "start|reset net",
           "net has stopped", {
               CORE + "main.c": [("\tif (go_on && go_on(dev))\n", "\tif (!go_on)\n")]}),
    Mutant("toggle-finds-it-gone", "types-express", "bus_reset", "start|reset",
           "a toggle cannot be changed", {
               CORE + "main.c": [("\tmutex_lock(&dev->toggle_lock);\n\tif (dev->ops->sleep)",
                                  "\tif (dev->ops->sleep)"),
                                 ("dev->ops->wake : dev->ops->restart;\n\n",
                                  "dev->ops->wake : dev->ops->restart;\n\n"
                                  "\tmutex_lock(&dev->toggle_lock);\n")]}),
    Mutant("left-where-sleep-put-them", "blk-life", "suspend", "suspend$|affinity",
           "processors after sleep", {
               "driver/blk/state.c": [("\tvei_dev_sleep(vblk->dev);\n", "")]}),
    Mutant("lost-before-they-have-moved", "blk-life", "suspend", "suspend$|affinity",
           "processors after two sleeps", {
               CORE + "irq.c": [("if (data && irqd_is_setaffinity_pending(data))", "if (0)")]}),
    Mutant("moved-back-from-where-the-user-put-them", "blk-life", "suspend", "suspend$|affinity",
           "processors, one moved", {
               CORE + "irq.c": [(" &&\n\t\t    cpumask_equal(vei_irq_wanted(q->irq), q->hint))",
                                 ")")]}),
    Mutant("bytes-that-do-not-count", "rng", "smoke", "load used_event=1,avail_event=1|credit",
           "thousandths of the entropy", {
               "driver/rng/main.c": [("hwrng.quality = 1000;", "hwrng.quality = 0;")]}),
    Mutant("xen-not-asked", "defects", "probe", "test_start|xen", "the device was taken", {
        CORE + "main.c": [("if (xen_domain())", "if (0)")]}),
    Mutant("suppressed-below-0", "hotplug", "counters", "while.*=1,", "delayed at .* kicks_suppressed", {
        CORE + "queue.c": [
            ("\ts->kicks = vei_count_read(&count->kicks);\n",
             "\ts->kick_decisions = vei_count_read(&count->kick_decisions);\n"
             "\ts->kicks = vei_count_read(&count->kicks);\n"),
            ("\ts->kick_decisions = max(vei_count_read(&count->kick_decisions), s->kicks);\n", "")]}),
    Mutant("encrypted-host-not-asked", "defects", "probe", "test_start|encrypted 0",
           "the device was taken", {
               CORE + "main.c": [("cc_platform_has(CC_ATTR_MEM_ENCRYPT) || ", "")]}),
    Mutant("encrypted-guest-not-asked", "defects", "probe", "test_start|encrypted 2",
           "the device was taken", {
               CORE + "main.c": [(" || cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT)", "")]}),
    Mutant("restart-leaves-it-failed", "defects", "lifecycle", "test_start|failed_restart",
           "device status: got", {
               CORE + "queues.c": [("\tif (err)\n\t\tvei_dev_reset(dev);\n\telse\n",
                                    "\tif (err)\n\t\tvei_dev_fail(dev);\n\telse\n")],
               NET + "queues.c": [("\t\terr = vei_net_find_queues(net, pairs);\n\tif (err) {\n"
                                   "\t\tvei_dev_reset(dev);\n",
                                   "\t\terr = vei_net_find_queues(net, pairs);\n\tif (err) {\n")],
           }),
    Mutant("restart-allocates-anew", "defects", "lifecycle", "test_start|memory_kept",
           "cannot toggle and reset", {
               CORE + "queues.c": [("if (!dev->queue[index] || !vei_queue_serves(",
                                    "if (1 || !vei_queue_serves(")]}),
    Mutant("size-0-not-refused", "defects", "probe", "test_start|queue-size 0 0", "vei_queue_create", {
        CORE + "queues.c": [("\tif (!size) {\n", "\tif (0) {\n"),
                            ("if (!vei_ring_size_is_valid(size)) {",
                             "if (size && !vei_ring_size_is_valid(size)) {")]}, dies=True),
    Mutant("size-3-not-refused", "defects", "probe", "test_start|queue-size any 3",
           "the device was taken", {
        "include/vei/ring/ring.h": [(" && !(size & (size - 1))", "")]}),
    Mutant("short-BAR-not-refused", "defects", "probe", "test_start|short s",
           "BAR 0 is not said to be too short", {
        CORE + "main.c": [("\tif (dev->bar_len < VEI_PCI_COMMON_SIZE) {", "\tif (0) {")]}),
    Mutant("refused-vector-not-seen", "defects", "probe", "test_start|vector auto 2 0",
           "not in the log: refused vector", {
        CORE + "irq.c": [("if (vei_pci_set_queue_vector(dev, vector) != vector) {",
                          "if (vei_pci_set_queue_vector(dev, vector), 0) {")]}),
    Mutant("dialect-not-forced", "draft-dialect", "dialect", ".", "dialect: got", {
        CORE + "features.c": [("\t\treturn VEI_DIALECT_DRAFT;\n", "\t\treturn draft;\n"),
                              ("\t\treturn VEI_DIALECT_RELEASED;\n", "\t\treturn draft;\n")]}),
    Mutant("trace-of-the-wrong-index", "draft-modes", "trace", "test_start|1:1",
           "verdicts that do not follow", {
        CORE + "trace.h": [("__entry->old = old;", "__entry->old = old + 1;")]}),
]

TX_MUTANTS = [
    Mutant("small-messages-left-to-the-timer", "offload", "waiters", "start b|lone|messages",
           "ms for all of them", {
               NET + "tx.c": [(" ||\n\t       (READ_ONCE(tp->packets_out) && "
                               "skb->len < READ_ONCE(tp->mss_cache));", ";")]}),
    Mutant("timer-that-runs-counts-as-pending", "defects", "txdefer", ".",
           "packets that wait for ever", {
               NET + "tx.c": [("\ttxq->defer_used = vei_queue_taken(txq->q);\n\tmod_timer",
                               "\tif (try_to_del_timer_sync(&txq->defer) < 0)\n\t\treturn;\n"
                               "\ttxq->defer_used = vei_queue_taken(txq->q);\n\tmod_timer")]}),
    Mutant("never-deferred", "defects", "reap", "test_start|requests", "interrupts asked for", {
        NET + "tx.c": [("\treturn txq->dense && in_flight", "\treturn 0 && in_flight")]}),
    Mutant("full-buffer-waits-for-the-timer", "offload", "waiters", "test_start a|least",
           "ms for .* datagrams", {
               NET + "tx.c": [("return here > READ_ONCE(sk->sk_sndbuf) / 2 || skb_zcopy(skb) ||",
                               "return skb_zcopy(skb) ||")]}),
    Mutant("pages-wait-for-the-timer", "offload", "waiters", "test_start a|zerocopy",
           "ms for .* datagrams", {
               NET + "tx.c": [("sk->sk_sndbuf) / 2 || skb_zcopy(skb) ||",
                               "sk->sk_sndbuf) / 2 ||")]}),
    Mutant("stopped-queue-waits-for-the-timer", "offload", "waiters", "test_start a|bql",
           "ms for .* datagrams", {
               NET + "tx.c": [("\t       !netif_xmit_stopped(txq->nq) &&\n", "")]}),
    Mutant("stop-leaves-what-was-sent", "defects", "lifecycle", "test_start|stop_reaps",
           "taken back: got", {
               NET + "tx.c": [("\ttimer_delete_sync(&txq->defer);\n\t__netif_tx_lock_bh(txq->nq);\n"
                               "\tvei_txq_reap(txq, 0);\n",
                               "\ttimer_delete_sync(&txq->defer);\n\t__netif_tx_lock_bh(txq->nq);\n")],
               NET + "state.c": [("\t\tvei_txq_settle(&net->txq[i]);\n", "\t\t;\n")]}),
    Mutant("thrown-away-uncounted", "defects", "lifecycle", "test_start|dropped", "tx_dropped: got", {
        NET + "tx.c": [("\t\tvei_txq_count_drop(txq, skb);\n\ttxq->open = false;",
                        "\t\tdev_kfree_skb_any(skb);\n\ttxq->open = false;")]}),
    Mutant("timeout-resets-again-and-again", "defects", "lifecycle", "test_start|timeout_once",
           "restarts: got", {
               NET + "tx.c": [("if (txq->timeouts == VEI_TX_TIMEOUTS ||",
                               "if (txq->timeouts % VEI_TX_TIMEOUTS == 0 ||")]}),
    Mutant("offload-that-was-not-negotiated", "defects-tap", "less", "test_start|offload segm",
           "tx-tcp-segmentation", {
        NET + "settings.c": [("\tnetdev_update_features(netdev);\n", "")]}),
]

RX_MUTANTS = [
    Mutant("netpoll-takes-what-was-received", "defects", "netpoll", ".",
           "the traffic has stopped", {
        NET + "rx.c": [("\tif (unlikely(!budget))\n\t\treturn 0;\n", "")]}),
    Mutant("all-of-the-buffer-is-charged", "rings", "copybreak", "a|charged 128 60",
           "bytes charged", {
               NET + "rx.c": [("if (len <= READ_ONCE(rxq->net->rx_copybreak) && !more)",
                               "if (0)")]}),
    Mutant("copied-with-its-header", "rings", "copybreak", "a|intact 128", "lost or spoiled", {
        NET + "rx.c": [("VEI_RX_HEADROOM + rxq->hdr_len, len);", "VEI_RX_HEADROOM, len);")]}),
    Mutant("no-retry-while-something-is-posted", "defects-tap", "starve", ".",
           "the stream does not go on", {
               NET + "rx.c": [("if (!ok && !vei_rxq_holds_packet(rxq) &&",
                               "if (!ok && !vei_queue_in_flight(rxq->q) &&")]}),
    Mutant("buffers-too-small-for-the-ring", "defects-tap", "starve", ".",
           "traffic: tcp: send", {
        NET + "rx.c": [("DIV_ROUND_UP(need, vei_queue_size(rxq->q))", "0")]}),
    Mutant("token-of-more-than-a-bit", None, "", "", "static assertion failed", {
        NET + "rx.c": [("#define VEI_RX_TOKEN_LARGE\t1UL", "#define VEI_RX_TOKEN_LARGE\t64UL")]}),
    Mutant("csum-offset-not-of-TCP", "defects-tap", "hdr", "test_start o|offset_not_of_TCP",
           "got '1 taken, 0 dropped'", {
               NET + "hdr.c": [("\t\treturn skb->csum_offset == gso->csum_offset &&\n",
                                "\t\treturn\n")]}),
    Mutant("csum-start-not-of-TCP", "defects-tap", "hdr", "test_start o|long_frame|elsewhere",
           "got '1 taken, 0 dropped'", {
               NET + "hdr.c": [("skb_checksum_start_offset(skb) == keys.control.thoff ?",
                                "1 ?")]}),
    Mutant("gso-size-1", "defects-tap", "hdr", "test_start o|size_1", "got '1 taken, 0 dropped'", {
        NET + "hdr.c": [("#define VEI_NET_GSO_MIN\t\t8", "#define VEI_NET_GSO_MIN\t\t1")]}),
    Mutant("gso-by-frags", "defects-tap", "hdr", "test_start o|BY_FRAGS", "got '1 taken, 0 dropped'", {
        NET + "hdr.c": [(" || hdr->gso_size == GSO_BY_FRAGS)", ")")]}),
    Mutant("one-segment", "defects-tap", "hdr", "test_start o|one_segment", "gso_size", {
        NET + "hdr.c": [("\tif (skb->len - offset <= hdr->gso_size)\n\t\treturn 0;\n", "")]}),
    Mutant("gso-type-not-negotiated", "defects-tap", "hdr", "test_start p|not_negotiated",
           "got '1 taken, 0 dropped'", {
               NET + "hdr.c": [("\tif (!gso || !vei_net_has(net, gso->feature))",
                                "\tif (!gso)")]}),
    Mutant("gso-without-checksum-dropped", "defects-tap", "hdr", "test_start o|checksum_unknown",
           "got '0 taken, 1 dropped'", {
               NET + "hdr.c": [("\tif (hdr->gso_type == VEI_NET_HDR_GSO_NONE)\n\t\treturn 0;\n",
                                "\tif (hdr->gso_type == VEI_NET_HDR_GSO_NONE)\n\t\treturn 0;\n"
                                "\tif (skb->ip_summed != CHECKSUM_PARTIAL)\n\t\treturn -EINVAL;\n"
                                )]}),
]

SETTINGS_MUTANTS = [
    Mutant("tables-in-one-piece", "defects", "ctrl", "test_start|segments", "descriptors of the command", {
        NET + "rx_mode.c": [("tables, len, first);\n", "tables, len, 0);\n")]}),
    Mutant("command-outlives-the-reset", "defects", "ctrl", "test_start|waiting reset",
           "no answer in 10 s", {
        NET + "ctrl.c": [("\tWRITE_ONCE(net->ctrl_cancelled, true);\n"
                          "\twake_up(&net->ctrl_wait);\n", "")]}),
    Mutant("resets-under-commands", "defects", "ctrl", "test_start|back_to_back",
           "no answer in 10 s", {
        NET + "ctrl.c": [("\tWRITE_ONCE(net->ctrl_cancelled, true);\n"
                          "\twake_up(&net->ctrl_wait);\n", "")]}),
    Mutant("filters-forgotten", "hotplug", "settings", "test_start|unicast", "after a reset", {
        NET + "state.c": [("\tvei_net_set_rx_mode(netdev);\n", "")]}),
    Mutant("address-forgotten", "hotplug", "settings", "test_start|mac", "after a reset", {
        NET + "settings.c": [("\terr = vei_net_write_mac(net, netdev->dev_addr);\n", "\terr = 0;\n")]}),
    Mutant("features-as-before", "defects-tap", "less", "test_start|offload checksum",
           "on a device without bit 0", {
        NET + "settings.c": [("\tnetdev->features &= ~(VEI_NET_SWITCHABLE | NETIF_F_RXCSUM) | can;\n",
                              ""), ("\tnetdev_update_features(netdev);\n", "")]}),
    Mutant("mtu-as-before", "defects-tap", "less", "test_start|mtu", "mtu: got", {
        NET + "settings.c": [("\t\tmax = mtu;\n", "\t\tif (!net->wanted_mtu) max = mtu;\n")]}),
    Mutant("mtu-untold", "defects-tap", "less", "test_start|told", "not in the log", {
        NET + "state.c": [("\tif (netif_device_present(net->netdev))\n\t\tnet->told",
                           "\tnet->told")]}),
    Mutant("pairs-as-before", "defects-tap", "less", "test_start|pairs$", "vei_net_up", {
        NET + "queues.c": [("\tnet->avail_pairs = min(pairs, net->max_pairs);\n",
                            "\tnet->avail_pairs = net->max_pairs;\n")]}, dies=True),
    Mutant("sends-by-a-queue-that-is-gone", "defects-tap", "less", "test_start|while_sending",
           "vei_net_start_xmit|NULL pointer", {
               NET + "tx.c": [("\tif (unlikely(!txq->open)) {\n", "\tif (0) {\n")]}, dies=True),
    Mutant("pairs-told-before-they-are-left", "offload", "queues", "pairs 0|under_load",
           "queue 1: .* free", {
               NET + "settings.c": [("\tif (pairs < before) {\n", "\tif (0) {\n")]}),
    Mutant("senders-spread-over-the-users", "offload", "queues", "pairs 0|senders",
           "processors of queue 0, taken from it, after a reset", {
               NET + "settings.c": [("\tif (!err && !same)\n", "\tif (!err)\n")]}),
    Mutant("senders-spread-where-refused", "offload", "queues", "pairs 0|refused",
           "processors of queue 0 after more were refused", {
               NET + "settings.c": [("\tvei_net_show_pairs(net, before);\n",
                                     "\tvei_net_spread_senders(net, before);\n")]}),
    Mutant("random-address-untold", "defects", "lifecycle", "test_start|random_mac", "main-mac: got", {
        NET + "settings.c": [("\t\tif (vei_net_write_mac(net, netdev->dev_addr))\n"
                              "\t\t\tnetdev_warn(netdev, \"cannot tell", "\t\tif (0)\n"
                              "\t\t\tnetdev_warn(netdev, \"cannot tell")]}),
    Mutant("mtu-resets-for-nothing", "defects", "lifecycle", "test_start|_mtu", "restarts for small", {
        NET + "settings.c": [(" || !vei_rxq_outgrown(&net->rxq[0]))", ")")]}),
]

# What finds, mends and remembers what got lost.
WATCH_MUTANTS = [
    Mutant("watch-does-not-kick", "draft-watch", "watch", "test_start|kicks lost-kick 1:1",
           "kicks_lost: got '0'", {CORE + "watch.c": [("\tiowrite16(q->index, q->notify);\n", "")]}),
    Mutant("watch-does-not-come", "draft-watch", "watch", "test_start|interrupts lost-interrupt 1:1",
           "0: no answer", {CORE + "watch.c": [("\tq->handler(q);\n", "")]}),
    Mutant("broken-and-a-carrier", "draft-every-fault", "every_fault",
           "test_start|ring bad-used-id 0 1:1 0", "there is a carrier", {
        "driver/net/link.c": [("\tif (status & VEI_NET_S_LINK_UP && !vei_net_is_broken(net))\n",
                               "\tif (status & VEI_NET_S_LINK_UP)\n")]}),
    Mutant("the-lost-goes-unsaid", "draft-every-fault", "every_fault",
           "test_start|ring lost-kick 0 0:1 1", "kicks_lost: got '0'", {
        CORE + "watch.c": [("\t\tvei_watch_lost(q, VEI_LOST_KICK, used);\n", "\t\t;\n")]}),
    Mutant("watch-trusts-for-ever", "draft-watch", "watch", "test_start|kicks lost-kick 1:1",
           "kick_mode is avail_event still",
           {CORE + "watch.c": [("\tif (dev->watch_lost[what] >= VEI_WATCH_TRUST)\n",
                                "\tif (0)\n")]}),
    Mutant("watch-does-not-ask-who-waits", "rng", "smoke", "idle 1", "interrupts_lost: got", {
        "driver/rng/main.c": [("\treturn !waitqueue_active(&rng->wait);\n", "\treturn false;\n")]}),
    Mutant("watch-suspects-the-idle", "draft-watch", "watch", "test_start|sound", "lost: got",
           {CORE + "watch.c": [("\treturn w->due && vei_ring_intr_due(&q->ring) &&\n", "\treturn\n"),
                               ("\t       READ_ONCE(q->ring.intr.shadow) == w->shadow &&\n", "")]}),
    Mutant("watch-does-not-ask-the-processor", "draft-watch", "watch", "test_start|held",
           "interrupts_lost: got", {
        CORE + "watch.c": [("\tif (!READ_ONCE(q->asked) && cpu >= 0) {\n",
                            "\tif (0) {\n")]}),
    Mutant("watch-takes-transmit-for-busy", "draft-watch", "watch", "test_start|full_and_lost",
           "interrupts_lost of the queue: got '0'", {
        NET + "queues.c": [("\t\tnapi = &((struct vei_net_txq *)q->priv)->napi;\n",
                            "\t\treturn true;\n")]}),
    Mutant("watch-leaves-receive-dry", "draft-watch", "watch", "test_start|dry_and_lost",
           "the stream does not go on", {
        CORE + "watch.c": [("q->standing ? vei_ring_starved(&q->ring, q->cfg.kick_by_index) :",
                            "q->standing ? false :")]}),
    Mutant("watch-takes-readers-for-told", "draft-rng", "smoke", "lost lost-interrupt",
           "no bytes come", {
        "driver/rng/main.c": [("\treturn !waitqueue_active(&rng->wait);\n", "\treturn true;\n")]}),
    Mutant("lost-swapped-for-ethtool", "draft-watch", "watch", "test_start|kicks lost-kick 1:1",
           "tx0_kicks_lost and queue 1's kicks_lost: got '0'", {
        NET + "ethtool.c": [("= s.kicks_lost;", "= s.interrupts_lost ;"),
                            ("= s.interrupts_lost;", "= s.kicks_lost;")]}),
    Mutant("lost-of-a-queue-not-counted", "draft-watch", "watch",
           "test_start|interrupts lost-interrupt 1:1", "interrupts_lost of the queue: got '0'", {
        CORE + "watch.c": [("\tvei_count_inc(&q->count.lost[what]);\n",
                            "\tif (what == VEI_LOST_KICK)\n"
                            "\t\tvei_count_inc(&q->count.lost[what]);\n")]}),
    Mutant("shared-not-counted", "layouts", "layout", "load shared|traffic a shared",
           "shared_interrupts: got '0'", {
        CORE + "irq.c": [("\tvei_count_inc(&dev->shared_interrupts);\n", "")]}),
    Mutant("asked-before-the-reset", "draft-watch-reset", "watch_reset", "test_start|test_reset",
           "is not made good for", {CORE + "dev.c": [("\t\tq->asked = false;\n", "")]}),
    Mutant("answer-comes-to-a-queue-that-has-gone", "draft-watch-reset", "watch_reset",
           "test_start|other_ring", POISON, {
        CORE + "dev.c": [("\t\ttimer_delete_sync(&q->ask);\n", "")]}, dies=True),
]

# A device that goes in the middle of something.
VANISH_MUTANTS = [
    Mutant("ready-and-gone", "draft-every-fault", "vanish", "test_start|reset 1:1",
           "done, and the device does not know", {
        CORE + "dev.c": [("\tif (vei_dev_is_gone(dev))\n\t\treturn -ENODEV;\n"
                          "\tdev->watch_fresh = true;\n", "\tdev->watch_fresh = true;\n")]}),
    Mutant("vectors-gone-with-the-device", "draft-every-fault", "vanish", "test_start|reset 1:1",
           "vector_mode: got", {
        CORE + "irq.c": [("\t\tif (vei_dev_is_gone(dev))\n\t\t\treturn -ENODEV;\n", "")]}),
    Mutant("gone-and-in-use", "draft-every-fault", "vanish", "test_start|reset 1:1",
           "in use already", {
        CORE + "queues.c": [("\tif (pfn == U32_MAX && vei_dev_is_gone(dev))\n"
                             "\t\treturn -ENODEV;\n", "")]}),
    Mutant("gone-and-sent-to", "draft-every-fault", "vanish", "test_start|traffic 1:1",
           "times that it was stuck: got", {
        NET + "tx.c": [(" || vei_dev_is_gone(net->dev)) {", ") {")]}),
]

ALL = VANISH_MUTANTS + WATCH_MUTANTS + CORE_MUTANTS + TX_MUTANTS + RX_MUTANTS + SETTINGS_MUTANTS
