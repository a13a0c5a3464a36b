"""A notice (告知件): what one receiver is told or asked beyond the case's own department, on the same ledger.

Its number stands in the ledger where a case's would, so that its deliveries have an order of their own: a correction
goes after what it corrects, and whatever becomes of a notice touches neither the case nor another receiver. `known_as`
is the number the receiver sees, different for each delivery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from config.paging import Page
from connectors.fanout import Announcement, Event, EventState, Happening, Step
from connectors.ledger import Delivery
from connectors.reflux import ResultRecord

NoticeKind = Literal["reflux", "event"]
STATES: Mapping[Step, str] = {"act": "new", "undo": "undone", "confirm": "confirmed"}
"""`notice.status` of a fan-out's steps; of a reflux it is new, amended or revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a receiver reads of a notice besides the fields: `notice.…` in a mapping. `changed` are amended data items."""

    number: str
    kind: NoticeKind
    status: str
    action: str
    revision: int
    case: str
    matter: str
    matter_name: str
    decided_at: str
    trigger: str
    consumers: str
    basis: str
    region: str
    unit: str
    changed: tuple[str, ...] = ()
    reason: str = field(default="", repr=False)


def content_of(head: Head, items: Mapping[str, object]) -> dict[str, object]:
    """Return the frozen copy of one delivery of a notice: the head, and exactly these fields, by path of data item."""
    by_path: dict[str, object] = {}
    for item, value in items.items():
        prefix, _, name = item.partition(".")
        group = by_path.setdefault(prefix, {})
        if isinstance(group, dict):
            group[name] = value
    said = {name: getattr(head, name) for name in head.__slots__}
    return {
        "notice": {**said, "changed": list(head.changed)},
        "item": by_path,
        "case": {
            "number": head.number,
            "matter": head.matter,
            "matter_name": head.matter_name,
            "accepted_at": head.decided_at,
            "received_at": head.decided_at,
            "region": head.region,
            "unit": head.unit,
        },
        "reason": head.reason,
    }


def known_as(number: str, position: int) -> str:
    """Return the number a receiver knows a delivery by: the notice's own, then with a count."""
    return number if position == 1 else f"{number}-{position}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice as kept, with its deliveries in order. `fields` are the data items passed on."""

    number: str
    case_number: str
    event_number: str
    receiver: str
    way: Literal["system", "hand", "portal", "never", "nobody"]
    consumers: tuple[str, ...]
    action: str
    trigger: str
    basis: str
    fields: tuple[str, ...]
    awaits_payment: bool
    is_sensitive: bool
    created_at: datetime
    deliveries: Sequence[Delivery] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultScope:
    """Whose results: those of a township (9 digits) or of a county (6). `sensitive` ones of units or everywhere only
    where the reader is authorised: `own_unit` adds those its own unit took in.
    """

    region: str
    sensitive: bool
    own_unit: str = ""


class NoticeBook(Protocol):
    """Reading results, notices and events; deciding on an event is one commit with the notices that follow."""

    async def of_case(self, case_number: str) -> Sequence[Notice]:
        """Return the notices of a case, those of its events too, with their deliveries; two statements."""

    async def of_event(self, number: str) -> Sequence[Notice]: ...

    async def notice(self, number: str) -> Notice | None: ...

    async def result(self, case_number: str) -> ResultRecord | None: ...

    async def results(
        self, scope: ResultScope, *, at: datetime, name: str = "", person_key: str = "", after: str | None = None
    ) -> Page[ResultRecord]:
        """Return a page of results visible at `at`, the latest first; of one person when a name or a key is given."""

    async def event(self, number: str) -> Event | None: ...

    async def events(self, region: str, state: EventState, *, kind: str = "", after: str | None = None) -> Page[Event]:
        """Return a page of the events in that state that `region` answers for, of one fan-out when `kind` names it.

        Those that wait for a person come with the oldest first, others with the latest.
        """

    async def happen(self, happenings: Sequence[Happening], *, at: datetime) -> Sequence[str]:
        """Keep what happened, with its notices; return the numbers of new events, for the rest was known."""

    async def decide(
        self, number: str, step: Literal["undo", "confirm"], *, by: str, reason: str, at: datetime
    ) -> bool:
        """Undo or confirm an open event and tell everybody who was told; False when somebody decided before."""


class Announcements(Protocol):
    """Takes what systems announce by themselves."""

    async def announced(self, announcement: Announcement) -> bool:
        """Let follow what the announcement means; True when something new happened by it."""
