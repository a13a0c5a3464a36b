"""Maintenance windows an owner sets for one occasion, beside the recurring ones of the spec: from, to, why.

Moments are ours; a page shows them in the department's clock. A window is never changed: it is ended early, or runs out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from config.paging import Page

LONGEST: Final = timedelta(days=14)
FARTHEST: Final = timedelta(days=180)
LONGEST_REASON: Final = 200
Wrong = Literal["begins_missing", "ends_missing", "not_after", "over", "too_long", "too_far", "reason", "overlaps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`ended_by` is the `sub` of who ended it early; one that had not begun then has no length."""

    id: str
    system: str
    begins_at: datetime
    ends_at: datetime
    reason: str
    set_by: str
    set_at: datetime
    ended_by: str = ""

    def covers(self, at: datetime) -> bool:
        return self.begins_at <= at < self.ends_at


class MaintenanceBook(Protocol):
    """The windows, as kept."""

    async def current(self, at: datetime) -> Sequence[Window]:
        """Return every window that is not over, of all systems, the earliest first."""

    async def of_system(self, system: str, *, most: int = 20, after: str | None = None) -> Page[Window]:
        """Return a page of the windows of one system, the latest first, with those that are over."""

    async def add(self, window: Window) -> bool:
        """Keep a window; False when another one of the system overlaps it, whoever set it a moment before."""

    async def end(self, system: str, id_: str, *, by: str, at: datetime) -> Window | None:
        """End it now; None when there is no such window, or it is over."""


@dataclass(slots=True)
class Announced:
    """The windows as one process last read them: what a worker goes by between two looks."""

    _of: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)

    def of(self, system: str) -> Sequence[Window]:
        """Return the windows of a system that were not over at the last look."""
        return self._of.get(system, ())

    def see(self, windows: Sequence[Window]) -> None:
        """Go by these from now on."""
        self._of = by_system(windows)


def by_system(windows: Sequence[Window]) -> Mapping[str, tuple[Window, ...]]:
    """Return the windows of each system."""
    found: dict[str, tuple[Window, ...]] = {}
    for window in windows:
        found[window.system] = (*found.get(window.system, ()), window)
    return found


def no_windows(_system: str) -> Sequence[Window]:
    """Return no window of any system."""
    return ()


def ends_at(windows: Sequence[Window], at: datetime) -> datetime:
    """Return when the windows that cover `at`, and those that follow them without a gap, end; `at` when none does."""
    moment = at
    for window in sorted(windows, key=lambda each: each.begins_at):
        if window.covers(moment):
            moment = window.ends_at
    return moment


def check(begins_at: datetime, ends_at: datetime, reason: str, *, at: datetime) -> Wrong | None:
    """Return what is wrong with a window somebody wants to set at `at`; whether it overlaps, only the book can tell."""
    if ends_at <= begins_at:
        return "not_after"
    if ends_at <= at:
        return "over"
    if ends_at - begins_at > LONGEST:
        return "too_long"
    if begins_at - at > FARTHEST:
        return "too_far"
    return None if 0 < len(reason.strip()) <= LONGEST_REASON else "reason"
