"""Holding an audit against its chain, its head and checkpoints kept elsewhere; the first broken place is named.

What each attempt leaves behind: a row edited, or two rows with their contents exchanged, has a mac that does not fit;
a row deleted leaves a number missing; a row put in between has a number twice or a mac nobody could make; a tail cut
off ends before the head, and a head turned back with it before a checkpoint.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from idp.protocol.audit import CLOCK_TOLERANCE, GENESIS, AuditRow, Head, chained, is_sealed


class Fault(StrEnum):
    """What is wrong at a row; the command line has a sentence for each."""

    MISSING = "missing"  # the row with this number is gone
    CHANGED = "changed"  # the row, or its place, is not what was written
    CLOCK_BACK = "clock_back"  # it says it happened well before rows written earlier
    CUT_OFF = "cut_off"  # rows from this number on are gone
    BEYOND_HEAD = "beyond_head"  # a row nobody's head knows of
    HEAD_FORGED = "head_forged"  # the head is gone or was not made with our key
    CHECKPOINT_FORGED = "checkpoint_forged"  # the checkpoint was not made with our key
    CHECKPOINT_DIFFERS = "checkpoint_differs"  # the row of a checkpoint is another one now


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first place where the audit does not hold."""

    seq: int
    fault: Fault


class Verification:
    """Feed rows in order, then ask `finish`; the first fault stays."""

    def __init__(self, key: bytes, checkpoints: Iterable[Head] = ()) -> None:
        self._key = key
        self._checkpoints = {head.seq: head for head in checkpoints}
        self._seq, self._mac = 0, GENESIS
        self._latest: datetime | None = None
        self.broken: Broken | None = self._forged()
        self.clock_back: int = 0
        """Number of the first row that lies well before earlier ones in time; kept apart, for the chain holds."""

    @property
    def count(self) -> int:
        """How many rows hold."""
        return self._seq

    def feed(self, row: AuditRow) -> None:
        """Hold one more row against the chain."""
        if self.broken is not None:
            return
        if row.seq != self._seq + 1:
            fault = Fault.MISSING if row.seq > self._seq + 1 else Fault.CHANGED
            self.broken = Broken(seq=self._seq + 1, fault=fault)
            return
        if not hmac.compare_digest(chained(self._key, self._mac, row).encode(), row.mac.encode()):
            self.broken = Broken(seq=row.seq, fault=Fault.CHANGED)
            return
        self._note_clock(row)
        self._seq, self._mac = row.seq, row.mac
        if (kept := self._checkpoints.get(row.seq)) is not None and kept.mac != row.mac:
            self.broken = Broken(seq=row.seq, fault=Fault.CHECKPOINT_DIFFERS)

    def finish(self, head: Head | None) -> Broken | None:
        """Hold the end against the head, and return the first fault of all."""
        if self.broken is None:
            self.broken = self._end(head)
        if self.broken is None and self.clock_back:
            return Broken(seq=self.clock_back, fault=Fault.CLOCK_BACK)
        return self.broken

    def _forged(self) -> Broken | None:
        forged = sorted(seq for seq, head in self._checkpoints.items() if not is_sealed(self._key, head))
        return Broken(seq=forged[0], fault=Fault.CHECKPOINT_FORGED) if forged else None

    def _end(self, head: Head | None) -> Broken | None:
        if max(self._checkpoints, default=0) > self._seq:
            return Broken(seq=self._seq + 1, fault=Fault.CUT_OFF)
        if head is None:
            return Broken(seq=self._seq, fault=Fault.HEAD_FORGED) if self._seq else None
        if not is_sealed(self._key, head):
            return Broken(seq=self._seq, fault=Fault.HEAD_FORGED)
        if head.seq > self._seq:
            return Broken(seq=self._seq + 1, fault=Fault.CUT_OFF)
        if head.seq < self._seq or head.mac != self._mac:
            return Broken(seq=head.seq + 1, fault=Fault.BEYOND_HEAD)
        return None

    def _note_clock(self, row: AuditRow) -> None:
        if self._latest is not None and row.at < self._latest - CLOCK_TOLERANCE and not self.clock_back:
            self.clock_back = row.seq
        self._latest = max(self._latest or row.at, row.at)


def verify(key: bytes, rows: Iterable[AuditRow], head: Head | None, checkpoints: Iterable[Head] = ()) -> Broken | None:
    """Return the first fault of a whole audit, or None when it holds."""
    verification = Verification(key, checkpoints)
    for row in rows:
        verification.feed(row)
    return verification.finish(head)
