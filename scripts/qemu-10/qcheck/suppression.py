# SPDX-License-Identifier: GPL-2.0
"""What a device does about each direction's suppression, as a list of complaints."""

from .device import NO_INTERRUPT, u16
from .disk import SIZE, WRITTEN

SENTINEL = 0x4000       # in used->flags: no bit that the device knows
UNTOUCHED = 0xbeef      # in avail_event while nobody may write there
BATCH = 16


class Steps:
    """Both mechanisms of a direction are told opposite things; only one may be heard."""

    def __init__(self, disk, by_used_event, by_avail_event):
        self.disk, self.m, self.ring = disk, disk.m, disk.ring
        self.by_used_event, self.by_avail_event = by_used_event, by_avail_event
        self.said = []
        self.m.write16(self.ring.used, SENTINEL)
        self.m.write16(self.ring.avail_event, disk.idx if by_avail_event else UNTOUCHED)
        disk.interrupts()
        disk.delta()

    def expect(self, what, got, wanted):
        if got != wanted:
            self.said.append(f'{what}: {got}, expected {wanted}')

    def want_interrupts(self, on, after=0):
        used = self.ring.used_idx()
        far = u16(used - SIZE - 1)
        self.m.write16(self.ring.used_event, used + after if on == self.by_used_event else far)
        self.m.write16(self.ring.avail, 0 if on != self.by_used_event else NO_INTERRUPT)

    def step(self, name, interrupts, count=1):
        """Post so many at once, of which so many may interrupt."""
        disk, before = self.disk, self.disk.idx
        disk.post(count)
        self.expect(f'{name}: used.idx', self.ring.used_idx(), disk.idx)
        for i in sorted({before, u16(disk.idx - 1)}):
            self.expect(f'{name}: used element', self.ring.used_element(i), (0, WRITTEN))
        self.expect(f'{name}: interrupts', disk.interrupts(), interrupts)
        got = disk.delta()
        held = count - interrupts
        for key, wanted in (('kicks', 1), ('kicks-empty', 0), ('forced-on-empty', 0),
                            ('interrupts', interrupts),
                            ('suppressed-by-index', held if self.by_used_event else 0),
                            ('suppressed-by-flag', 0 if self.by_used_event else held),
                            ('avail-event-writes', int(self.by_avail_event)),
                            ('used-flags-writes', 0 if self.by_avail_event else 2)):
            self.expect(f'{name}: count of {key}', got[key], wanted)
        self.expect(f'{name}: used.flags', self.m.read16(self.ring.used), SENTINEL)
        self.expect(f'{name}: avail_event', self.m.read16(self.ring.avail_event),
                    disk.idx if self.by_avail_event else UNTOUCHED)

    def to_the_wrap(self):
        """Go on to index 65535 without an interrupt, in as few steps as the ring allows."""
        self.want_interrupts(False)
        if self.by_used_event:
            self.m.write16(self.ring.used_event, 0)     # the one not come to on the way
        disk, before = self.disk, self.disk.idx
        while disk.idx != 0xffff:
            disk.post(min(SIZE, 0xffff - disk.idx))
        self.expect('towards the wrap: used.idx', self.ring.used_idx(), disk.idx)
        self.expect('towards the wrap: interrupts', disk.interrupts(), 0)
        got = disk.delta()
        self.expect('towards the wrap: suppressed',
                    got['suppressed-by-index' if self.by_used_event else 'suppressed-by-flag'],
                    disk.idx - before)

    def batch(self):
        """Several at once: one interrupt by an index that is among them, each one by flags."""
        self.want_interrupts(True, after=BATCH // 2 - 1 if self.by_used_event else 0)
        self.step('a batch', 1 if self.by_used_event else BATCH, BATCH)
        self.want_interrupts(False)
        self.step('a batch that nobody wants', 0, BATCH)


def ring_complaints(disk, by_used_event, by_avail_event, past_the_wrap=False):
    s = Steps(disk, by_used_event, by_avail_event)
    s.want_interrupts(True)
    s.step('first', 1)
    if past_the_wrap:
        s.to_the_wrap()
    s.want_interrupts(False)
    s.step('interrupts off', 0)
    s.step('interrupts still off', 0)
    s.want_interrupts(True)
    s.step('interrupts on', 1)
    s.want_interrupts(False)
    s.step('off again', 0)
    if by_used_event:
        s.want_interrupts(True, after=2)
        s.step('two too early', 0)
        s.step('one too early', 0)
        s.step('on the event', 1)
        s.step('past the event', 0)
    s.batch()
    return s.said
