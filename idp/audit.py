"""Writing the audit: who may go on when it can't be written.

What lets somebody in or changes something is refused (`AuditUnavailable`, answered 503); what only ends or narrows
happens anyway, for a full disk must not keep a session alive. Everything that went unwritten is counted here and told
by one `audit_gap` row as soon as writing works again (docs/decisions/0040).
"""

from datetime import datetime
from typing import Final

from config.logs import get
from idp.protocol.audit import SYSTEM, AuditEvent, AuditKind, AuditUnavailable, Detail
from idp.protocol.audit_ports import AuditStore

_log = get("onewindow.audit")

ENDINGS: Final = frozenset({
    AuditKind.SIGN_IN_FAILED, AuditKind.SIGN_OUT, AuditKind.SESSION_ENDED, AuditKind.WINDOW_LOCKED,
    AuditKind.WINDOW_HANDED_OVER, AuditKind.FACTOR_FAILED, AuditKind.RECOVERY_CANCELLED, AuditKind.GRANT_REVOKED,
})  # fmt: skip


class Audit:
    """One per process; each write is one transaction of its own, done when it returns."""

    def __init__(self, store: AuditStore, *, refuse_sign_in: bool = True) -> None:
        """`refuse_sign_in` False lets people in while the audit can't be written; the gap is told afterwards."""
        self._store = store
        self._goes_on = ENDINGS if refuse_sign_in else ENDINGS | {AuditKind.SIGN_IN}
        self._lost = 0
        self._lost_since: datetime | None = None

    async def write(
        self,
        kind: AuditKind,
        *,
        sub: str = "",
        by: str = "",
        client_id: str = "",
        sid: str = "",
        detail: Detail | None = None,
        at: datetime,
    ) -> None:
        """Keep one event. `by` is who did it when that isn't `sub`; `detail` takes the names of DETAIL_NAMES.

        Raises:
            AuditUnavailable: it can't be kept, and what it tells of is none that goes on regardless.
        """
        event = AuditEvent(kind=kind, sub=sub, by=by, client_id=client_id, sid=sid, detail=detail or {}, at=at)
        lost, since = self._lost, self._lost_since
        self._lost, self._lost_since = 0, None  # taken at once, so that two writers don't both tell of one gap
        try:
            await self._store.append(*_gap(lost, since, at), event)
        except AuditUnavailable:
            goes_on = kind in self._goes_on
            self._owe(lost + goes_on, since or (at if goes_on else None))
            _log.error("audit_not_written", kind=str(kind), sub=sub, by=by)
            if not goes_on:
                raise

    def _owe(self, count: int, since: datetime | None) -> None:
        self._lost += count
        self._lost_since = min(filter(None, (self._lost_since, since)), default=None)


def _gap(lost: int, since: datetime | None, at: datetime) -> tuple[AuditEvent, ...]:
    if not lost or since is None:
        return ()
    detail: Detail = {"count": lost, "since": since.isoformat(), "until": at.isoformat()}
    return (AuditEvent(kind=AuditKind.AUDIT_GAP, by=SYSTEM, detail=detail, at=at),)
