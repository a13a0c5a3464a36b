"""What a transport is given, and what it can do."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol, runtime_checkable

from config.clock import Clock
from connectors.availability import HolidayOn
from connectors.batches import Batches
from connectors.engine import ProbeAnswer
from connectors.ledger import (
    InboundEvent,
)
from connectors.outcomes import Answer, Outcome
from connectors.ports import Notes
from connectors.reconciliation import Listed
from connectors.secrets_dir import Secrets
from connectors.system import Operation, System
from connectors.unread import NoUnreadBook, UnreadBook


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """One file of a case as it was handed in."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


class FilesStopped(Exception):
    """A file of the case can't be had as it was handed in; nothing of the case was sent."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


OpenFiles = Callable[[], AbstractAsyncContextManager[Sequence[FilePart]]]
"""Opens the files of a case, in memory while the block runs; raises `FilesStopped`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One exchange with a department: what a transport gets. `values` is what mappings read, `files` opens what goes
    with the message itself.
    """

    system: System
    operation: Operation
    values: Mapping[str, object]
    delivery_id: str
    files: OpenFiles | None = None


class Transport(Protocol):
    """Speaks one protocol to one system. Never raises for what a department does: every outcome is classed."""

    async def send(self, errand: Errand) -> Outcome:
        """Send the case.

        Raises:
            MappingRefused: it can't be put into the department's form; nothing was sent.
            SecretMissing: the deployment lacks a secret; nothing was sent.
        """

    async def probe(self, errand: Errand) -> ProbeAnswer:
        """Ask whether they have the case."""

    async def poll(self, errand: Errand) -> InboundEvent | None:
        """Ask how far it is; None when there was no answer. `event_id` is left empty."""

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One of the cases a question about many is asked of; both numbers are what its mapping reads."""

    number: str
    department_number: str


@runtime_checkable
class PollsMany(Protocol):
    """Optional, beside `Transport`: one question about many cases (`poll.rows`)."""

    async def poll_many(self, asked: Sequence[Asked]) -> Mapping[str, InboundEvent] | None:
        """Return how far they are by our numbers; None when there was no answer. `event_id` is left empty."""


@runtime_checkable
class Fetches(Protocol):
    """Optional, beside `Transport`: a channel that brings the results of many cases at once."""

    async def fetch(self) -> Sequence[InboundEvent]:
        """Return what the department has to tell; what was not confirmed comes again. No answer: nothing."""

    async def confirm(self) -> None:
        """All that was last fetched is kept: acknowledge it, mark it read, move the watermark."""


@runtime_checkable
class Answers(Protocol):
    """Optional, beside `Transport`: tells what came back as it came, before any rule has read it."""

    async def answer(self, errand: Errand) -> Answer:
        """Send the errand and return the answer.

        Raises:
            MappingRefused, SecretMissing: nothing was sent.
        """


@runtime_checkable
class KeepsUnread(Protocol):
    """Optional, beside `Answers`: keeps an answer nobody understood for the system's owner."""

    async def not_understood(self, errand: Errand, answer: Answer) -> None:
        """Keep what came back when a file was handed over; nothing where nothing came back."""


@runtime_checkable
class PutsFiles(Protocol):
    """Optional, beside `Answers`: takes the bytes of a file to a place the department named."""

    async def put_file(self, path: str, content: bytes, media_type: str) -> Answer:
        """PUT `content` at `path` below the department's own address, without the connection's proof, and return the
        answer; the path itself is what lets it in.

        Raises:
            MappingRefused: the path leads elsewhere; nothing was sent.
        """


@runtime_checkable
class Lists(Protocol):
    """Optional, beside `Transport`: a channel that can list what the department has of one day."""

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        """Return the cases the department took in on `day`, by its own clock; None when it gave no whole list."""


@runtime_checkable
class NeedsPerson(Protocol):
    """Optional, beside `Transport`: it can't go on before a person has done something (read a captcha)."""

    async def is_ready(self) -> bool:
        """Tell whether deliveries may go; while not, they wait and use up no attempt."""


def _no_holiday(day: date) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a transport is made with. `address` is the system's own, `line` that of its broker, table or file area
    (`<system>.queue`, `.exchange`, `.files` in the endpoints file). `offset` is how far the departments' clock runs ahead.
    """

    address: str
    line: str
    secrets: Secrets
    clock: Clock
    notes: Notes
    batches: Batches | None = None
    holiday_on: HolidayOn = _no_holiday
    offset: timedelta = timedelta(0)
    unread: UnreadBook = field(default_factory=NoUnreadBook)


TransportFactory = Callable[[System, Surroundings], Transport]
