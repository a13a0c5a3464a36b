"""What taking an application in needs kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from connectors.ledger import (
    Delivery,
    Submission,
)
from matters.case import Case, CaseEvent, Evidence
from matters.material import MaterialProof


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case about to be kept. `build` makes it once its sequence number is known, inside the commit."""

    region: str
    day: date
    short_code: str
    subject_key: str | None
    materials: tuple[MaterialProof, ...]
    build: Callable[[int], tuple[Case, Sequence[CaseEvent], Submission, Sequence[Delivery]]]
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an idempotency key was used for."""

    content_sha256: str
    case: Case
    deliveries: Sequence[Delivery]


class IntakeStore(Protocol):
    """Cases with their ledger; `keep` and `withdraw` are one commit each."""

    async def earlier(self, actor: str, key: str) -> Earlier | None: ...

    async def case(self, number: str) -> Case | None: ...

    async def keep(
        self, new: NewCase, *, actor: str, key: str, content_sha256: str, at: datetime
    ) -> tuple[Case, Sequence[Delivery]] | None:
        """Keep case, events, materials, submission, deliveries, desk tasks and the key; None when the key is taken.

        Raises:
            DuplicateCase: the same subject has a case in flight.
        """

    async def withdraw(
        self, number: str, *, by: str, evidence: Evidence, reason: str, at: datetime, due_at: datetime
    ) -> tuple[Case, Sequence[Delivery]]:
        """Withdraw the case, cancel what has not left, queue a withdrawal to who has it.

        Raises:
            NotWithdrawable: the case is over.
        """
