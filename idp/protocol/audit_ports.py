"""What the audit needs kept, and how it is written. Implementations are in `idp.storage`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from idp.protocol.audit import AuditEvent, AuditKind, AuditRow, Detail, Head
from idp.protocol.audit_verification import Broken


class AuditStore(Protocol):
    """The audit: rows are only ever added, numbered without gaps, each chained to the one before."""

    async def append(self, *events: AuditEvent) -> None:
        """Add events in one transaction; done when it returns.

        Raises:
            AuditUnavailable: nothing was added.
        """

    async def head(self) -> Head | None:
        """Return the kept end of the chain; None when nothing was ever written."""

    async def rows(self, *, after: int, at_most: int) -> tuple[AuditRow, ...]:
        """Return rows beyond a sequence number, in order."""

    async def listed(self, *, sub: str, since: datetime, after: int, at_most: int) -> tuple[AuditRow, ...]:
        """Return rows about or by `sub` ("" for everyone) from a moment on, in order."""

    async def verify(self, checkpoints: Iterable[Head] = ()) -> tuple[int, Broken | None]:
        """Return how many rows hold, and the first place where the audit does not."""


class AuditWriter(Protocol):
    """Writing one event of its own; `idp.audit.Audit`."""

    async def write(
        self, kind: AuditKind, *, sub: str = "", by: str = "", client_id: str = "", sid: str = "",
        detail: Detail | None = None, at: datetime,
    ) -> None:  # fmt: skip
        """Keep one event.

        Raises:
            AuditUnavailable: it can't be kept, and what it tells of is none that goes on regardless.
        """
