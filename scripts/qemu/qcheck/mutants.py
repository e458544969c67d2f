# SPDX-License-Identifier: GPL-2.0
"""Pieces of the series taken away, one at a time, and the check that has to find each.

What nothing can find, as it takes a sanitizer or what QEMU has no way to do, is not here;
Documentation/known-problems.md says what that is.
"""

import collections

# file: of QEMU's tree with the patches; checks: a regular expression on their names
Mutant = collections.namedtuple('Mutant', 'name file checks old new')

MUTANTS = [
    Mutant('cache-by-what-is-acknowledged', 'hw/virtio/virtio.c', r'^interfaces\.legacy_bits_over_a_modern_queue$',
           '    s = virtio_host_has_feature(vdev, VIRTIO_RING_F_EVENT_IDX) ||\n'
           '        vdev->draft_host_features ? 2 : 0;\n'
           '    return offsetof(VRingUsed, ring) +',
           '    s = virtio_has_avail_event(vdev) ? 2 : 0;\n'
           '    return offsetof(VRingUsed, ring) +'),
    Mutant('cache-of-a-plain-device-by-what-is-acknowledged', 'hw/virtio/virtio.c', r'^interfaces\.event_index_under_an_iothread$',
           '    s = virtio_host_has_feature(vdev, VIRTIO_RING_F_EVENT_IDX) ||\n'
           '        vdev->draft_host_features ? 2 : 0;\n'
           '    return offsetof(VRingUsed, ring) +',
           '    s = virtio_has_avail_event(vdev) || vdev->draft_host_features ? 2 : 0;\n'
           '    return offsetof(VRingUsed, ring) +'),
    Mutant('get-vhost-of-a-deleted-peer', 'hw/net/virtio-net.c', r'^vhost\.faults_of_rings_are_refused$',
           '    /* Of a peer that was deleted but the shell is left */\n'
           '    if (n->nic->peer_deleted) {',
           '    /* Of a peer that was deleted but the shell is left */\n'
           '    if (false) {'),
    Mutant('get-vhost-missing', 'hw/virtio/vhost-user-base.c', r'^vhost\.status_of_started_devices$',
           '    vdc->get_vhost = vub_get_vhost;',
           '    (void)vub_get_vhost;'),
    Mutant('decode-i2c', 'hw/virtio/virtio-qmp.c', r'^vhost\.status_of_started_devices$',
           '#ifdef CONFIG_VHOST_USER_I2C\n'
           '    case VIRTIO_ID_I2C_ADAPTER:',
           '#ifdef CONFIG_VIRTIO_I2C_ADAPTER\n'
           '    case VIRTIO_ID_I2C_ADAPTER:'),
    Mutant('queue-size-in-use', 'hw/virtio/virtio-pci.c', r'^interfaces\.resized_in_use$',
           '        if (virtio_pci_queue_in_use(proxy, vdev->queue_sel) ||\n'
           '            val > virtio_queue_get_max_num(vdev, vdev->queue_sel)) {',
           '        if (val > virtio_queue_get_max_num(vdev, vdev->queue_sel)) {'),
    Mutant('queue-size-max', 'hw/virtio/virtio-pci.c', r'^qtest\.virtio_draft_test$',
           '        if (virtio_pci_queue_in_use(proxy, vdev->queue_sel) ||\n'
           '            val > virtio_queue_get_max_num(vdev, vdev->queue_sel)) {',
           '        if (virtio_pci_queue_in_use(proxy, vdev->queue_sel)) {'),
    Mutant('queue-enable-in-use', 'hw/virtio/virtio-pci.c', r'^interfaces\.enabled_in_use$',
           '            if (virtio_pci_queue_in_use(proxy, vdev->queue_sel)) {',
           '            if (false) {'),
    Mutant('queue-in-use-by-legacy', 'hw/virtio/virtio-pci.c', r'^interfaces\.resized_in_use$',
           '    return proxy->vqs[n].enabled || virtio_queue_get_addr(vdev, n);',
           '    (void)vdev;\n'
           '    return proxy->vqs[n].enabled;'),
    Mutant('format-change-refused', 'hw/virtio/virtio.c', r'^interfaces\.format_changed_in_use$',
           '        virtio_ring_format_is_settled(vdev)) {',
           '        false && virtio_ring_format_is_settled(vdev)) {'),
    Mutant('refused-legacy-features-leave-draft', 'hw/virtio/virtio-pci.c', r'^interfaces\.format_changed_in_use$',
           '            -EINVAL) {\n'
           "            /* These are what they were, and so are the draft's. */",
           '            1) {\n'
           "            /* These are what they were, and so are the draft's. */"),
    Mutant('draft-setter-features-ok', 'hw/virtio/virtio.c', r'^negotiation\.no_change_after_features_ok$',
           '    /* As in virtio_set_features() */\n'
           '    if (vdev->status & VIRTIO_CONFIG_S_FEATURES_OK) {',
           '    /* As in virtio_set_features() */\n'
           '    if (false) {'),
    Mutant('bit-31-takes-all', 'hw/virtio/virtio.c', r'^negotiation\.letting_go_of_bit_31_takes_all$',
           '    if (!virtio_has_feature(val, VIRTIO_DRAFT_F_FEATURES_HI)) {\n'
           '        val = 0;',
           '    if (false) {\n'
           '        val = 0;'),
    Mutant('version-1-ends-draft', 'hw/virtio/virtio.c', r'^qtest\.virtio_draft_test$',
           '    if (virtio_vdev_has_feature(vdev, VIRTIO_F_VERSION_1)) {\n'
           '        /* Whatever a legacy driver left behind */',
           '    if (false) {\n'
           '        /* Whatever a legacy driver left behind */'),
    Mutant('reset-clears-draft', 'hw/virtio/virtio.c', r'^negotiation\.reset_takes_the_pair_away$',
           '    vdev->draft_guest_features = 0;\n'
           '    vdev->queue_sel = 0;',
           '    vdev->queue_sel = 0;'),
    Mutant('forced-interrupt-counts-as-last', 'hw/virtio/virtio.c', r'^counts\.notify_on_empty$',
           '    if (by_index && (!forced || virtio_speaks_draft(vdev))) {',
           '    if (by_index && !forced) {'),
    Mutant('plain-device-signalled-used', 'hw/virtio/virtio.c', r'^counts\.notify_on_empty$',
           '    if (by_index && (!forced || virtio_speaks_draft(vdev))) {',
           '    if (by_index) {'),
    # QEMU's own
    Mutant('packed-broken-is-empty', 'hw/virtio/virtio.c', r'^interfaces\.broken_packed_ring$',
           '    if (virtio_device_disabled(vq->vdev)) {\n'
           '        return 1;\n'
           '    }\n'
           '\n'
           '    if (unlikely(!vq->vring.desc)) {\n'
           '        return 1;\n'
           '    }\n'
           '\n'
           '    cache = vring_get_region_caches(vq);',
           '    if (unlikely(!vq->vring.desc)) {\n'
           '        return 1;\n'
           '    }\n'
           '\n'
           '    cache = vring_get_region_caches(vq);'),
    Mutant('no-notify-stuck', 'hw/virtio/virtio.c', r'^faults\.no_notify_sticks$',
           '        if (!virtio_draft_fault_armed(vq->vdev) ||\n'
           '            !virtio_draft_fault_struck(vq->vdev, vq->queue_index,\n'
           '                                       VIRTIO_DRAFT_FAULT_NO_NOTIFY_STUCK)) {',
           '        if (true) {'),
    Mutant('surplus-interrupts', 'hw/virtio/virtio.c', r'^directions\.surplus_in_a_batch$',
           '        vq->signalled_used = vq->used_idx;\n'
           '        vq->signalled_used_valid = true;',
           '        vq->signalled_used_valid = true;'),
    Mutant('count-kicks', 'hw/virtio/virtio.c', r'^counts\.kicks_are_counted$',
           '        virtio_queue_count_kick(vq);\n'
           '        if (virtio_draft_fault_armed(vdev) && virtio_queue_kick_is_lost(vq)) {',
           '        if (virtio_draft_fault_armed(vdev) && virtio_queue_kick_is_lost(vq)) {'),
    Mutant('count-kicks-by-ioeventfd', 'hw/virtio/virtio.c', r'^counts\.intx_and_ioeventfd$',
           '            virtio_queue_count_kick(vq);\n'
           '            if (virtio_draft_fault_armed(vq->vdev) &&',
           '            if (virtio_draft_fault_armed(vq->vdev) &&'),
    Mutant('count-per-queue', 'hw/virtio/virtio.c', r'^counts\.each_queue_for_itself$',
           '    vq = &vdev->vq[queue];\n'
           '    if (!vq->stats) {',
           '    vq = &vdev->vq[0];\n'
           '    if (!vq->stats) {'),
    Mutant('count-from-the-start', 'hw/virtio/virtio.c', r'^counts\.counting_begins_when_asked$',
           '    vdev->vq[i].used_elems = g_new0(VirtQueueElement, VIRTQUEUE_MAX_SIZE);',
           '    vdev->vq[i].used_elems = g_new0(VirtQueueElement, VIRTQUEUE_MAX_SIZE);\n'
           '    vdev->vq[i].stats = g_new0(VirtQueueCounters, 1);'),
    Mutant('migration-subsection', 'hw/virtio/virtio.c', r'^migration\.migration_keeps_what_was_negotiated$',
           '        &vmstate_virtio_draft_features,\n',
           ''),
    Mutant('migration-plain-sends-none', 'hw/virtio/virtio.c', r'^migration\.migration_between_kinds$',
           '    return vdev->draft_host_features != 0;',
           '    return true;'),
    Mutant('migration-not-offered', 'hw/virtio/virtio.c', r'^migration\.migration_between_kinds$',
           '    if (!vdev->draft_host_features) {\n'
           '        vdev->draft_guest_features = 0;',
           '    if (false) {\n'
           '        vdev->draft_guest_features = 0;'),
    Mutant('migration-less', 'hw/virtio/virtio.c', r'^migration\.migration_between_kinds$',
           '    if (features & ~vdev->draft_host_features) {',
           '    if (false) {'),
    Mutant('migration-not-saved', 'hw/virtio/virtio.c', r'^migration\.migration_between_kinds$',
           '    if (virtio_draft_features_needed(vdev) && !vdev->draft_features_loaded) {',
           '    if (false) {'),
    Mutant('migration-failed-leaves-no-bit', 'hw/virtio/virtio.c', r'^migration\.state_that_does_not_load$',
           '        vdev->draft_guest_features = 0;\n'
           '        error_report("Draft features',
           '        error_report("Draft features'),
    Mutant('legacy-bar-size', 'hw/virtio/virtio-pci.c', r'^registers\.short_bar$',
           '        if (proxy->legacy_bar_size) {\n'
           '            size = proxy->legacy_bar_size;',
           '        if (false) {\n'
           '            size = proxy->legacy_bar_size;'),
    Mutant('legacy-bar-has-room-for-pair', 'hw/virtio/virtio-pci.c', r'^layout\.four_layouts$',
           '            size += VIRTIO_PCI_FEATURES_HI_SIZE;',
           '            size += 0;'),
    Mutant('net-header-fault', 'hw/net/virtio-net.c', r'^net\.net_header$',
           '    if (virtio_draft_fault_armed(vdev) && i) {',
           '    if (false && i) {'),
    Mutant('net-header-refused-with-vhost', 'hw/virtio/virtio-draft-fault.c', r'^vhost\.faults_of_rings_are_refused$',
           '    [VIRTIO_DRAFT_FAULT_NET_HEADER] = true,\n',
           ''),
    Mutant('gone-refused-with-vhost', 'hw/virtio/virtio-draft-fault.c', r'^vhost\.faults_of_rings_are_refused$',
           '    [VIRTIO_DRAFT_FAULT_GONE] = true,\n',
           ''),
    Mutant('used-idx-late', 'hw/virtio/virtio.c', r'^clock\.used_idx_late$',
           '        vq->used_idx = new;\n'
           '        qatomic_set(&virtio_queue_be_late(vq, value)->idx_due, true);',
           '        vring_used_idx_set(vq, new);'),
    Mutant('used-entries-late-after-reset', 'hw/virtio/virtio.c', r'^clock\.used_entries_late$',
           '    virtio_queue_forget_late(&vdev->vq[i]);\n',
           ''),
    Mutant('spurious-interrupts-of-queues-in-use', 'hw/virtio/virtio-draft-fault.c', r'^clock\.spurious_interrupts$',
           '        if (virtio_queue_get_addr(vdev, i) &&\n'
           '            virtio_draft_fault(',
           '        if (virtio_draft_fault('),
    Mutant('spurious-interrupts-by-rate', 'hw/virtio/virtio-draft-fault.c', r'^clock\.spurious_interrupts$',
           'NANOSECONDS_PER_SECOND / rate',
           'NANOSECONDS_PER_SECOND / 1000'),
    Mutant('scribble-by-seed', 'hw/virtio/virtio-draft-fault.c', r'^scribble\.used_ring$',
           'draft_fault_mix(armed->conf.value) +',
           'draft_fault_mix(0) +'),
    Mutant('scribble-each-time-elsewhere', 'hw/virtio/virtio-draft-fault.c', r'^scribble\.net_header$',
           '((uint64_t)queue << 32 | nth)',
           '((uint64_t)queue << 32)'),
    Mutant('scribble-new-entries', 'hw/virtio/virtio.c', r'^scribble\.used_ring$',
           '    if (extract64(random, 63, 1)) {',
           '    if (false) {'),
    Mutant('silent', 'hw/virtio/virtio.c', r'^faults\.silence$',
           '        virtio_queue_fault(vq, VIRTIO_DRAFT_FAULT_SILENT);',
           '        virtio_queue_fault(vq, VIRTIO_DRAFT_FAULT_LOST_KICK);'),
    Mutant('gone-takes-writes', 'hw/virtio/virtio-pci.c', r'^registers\.gone$',
           '    if (virtio_draft_fault_armed(vdev) && virtio_pci_is_gone(vdev)) {\n'
           '        return;',
           '    if (false) {\n'
           '        return;'),
    Mutant('gone-at-once', 'hw/virtio/virtio-draft-fault.c', r'^net\.gone_while_it_works$',
           '        !vdev->draft_fault.after;',
           '        false;'),
    Mutant('isr-again', 'hw/virtio/virtio-pci.c', r'^registers\.isr_again$',
           '            virtio_update_irq(vdev);\n',
           ''),
    Mutant('offer-random-of-the-high-bits', 'hw/virtio/virtio-pci.c', r'^scribble\.offer$',
           '        offer ^= virtio_pci_offer_flips(vdev);',
           '        (void)virtio_pci_offer_flips(vdev);'),
    Mutant('fault-refused-at-realize', 'hw/virtio/virtio.c', r'^vhost\.faults_of_rings_are_refused$',
           '    if (!virtio_draft_fault_is_possible(vdev, vdev->draft_fault.fault,\n'
           '                                        errp)) {',
           '    if (false) {'),
    Mutant('fault-refused-at-run-time', 'hw/virtio/virtio-draft-fault.c', r'^vhost\.faults_of_rings_are_refused$',
           '    if (DEVICE(vdev)->realized &&',
           '    if (false && DEVICE(vdev)->realized &&'),
    Mutant('lost-kick-not-by-start', 'hw/virtio/virtio.c', r'^faults\.lost_kick_by_ioeventfd$',
           '    return !virtio_queue_is_drained(vq) &&\n'
           '        virtio_queue_fault(vq, VIRTIO_DRAFT_FAULT_LOST_KICK);',
           '    return virtio_queue_fault(vq, VIRTIO_DRAFT_FAULT_LOST_KICK);'),
    Mutant('draft-refused-with-vhost', 'hw/virtio/virtio-pci.c', r'^refusals\.refused_at_start$',
           '    if (vdc->get_vhost && vdc->get_vhost(vdev)) {',
           '    if (false && vdc->get_vhost(vdev)) {'),
    Mutant('avail-event-by-draft-bit', 'hw/virtio/virtio.c', r'^directions\.two_by_two$',
           '    if (virtio_speaks_draft(vdev)) {\n'
           '        return virtio_has_feature(vdev->draft_guest_features,',
           '    if (false) {\n'
           '        return virtio_has_feature(vdev->draft_guest_features,'),
    Mutant('queue-sizes', 'hw/virtio/virtio.c', r'^net\.small_rings$',
           '    vdev->vq[i].vring.num = queue_size;\n'
           '    vdev->vq[i].vring.num_default = queue_size;',
           '    vdev->vq[i].vring.num = VIRTQUEUE_MAX_SIZE;\n'
           '    vdev->vq[i].vring.num_default = VIRTQUEUE_MAX_SIZE;'),
    Mutant('small-rings', 'hw/net/virtio-net.c', r'^net\.small_rings$',
           '#define VIRTIO_NET_RX_QUEUE_MIN_SIZE 4',
           '#define VIRTIO_NET_RX_QUEUE_MIN_SIZE VIRTIO_NET_RX_QUEUE_DEFAULT_SIZE'),
]
