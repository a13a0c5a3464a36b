"""What happened to accounts, sessions, clients and keys: one event a row, each row chained to the one before.

A row's `mac` is HMAC-SHA-256 over the mac before it and the row's canonical bytes, under a key that follows from the
installation's secret and lies in no database: whoever can write the table but does not have the key can neither edit,
delete, insert nor reorder a row without breaking the chain at that place. The head (last sequence number and mac) is
kept apart and sealed the same way, so that cutting the tail off is seen too; a checkpoint is a head somebody copied
elsewhere, which also tells when table and head were put back together.

An event names people by `sub` only. `DETAIL_NAMES` is closed: what isn't in it can't be written.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from config.logs import scrub

Detail = Mapping[str, str | int | bool | Sequence[str]]


class AuditKind(StrEnum):
    """What happened. A value, once written, keeps its meaning for ever."""

    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"  # `attempts`: how many in this window; written at 1, 2, 4, 8 …
    SIGN_OUT = "sign_out"  # by the person
    SESSION_ENDED = "session_ended"  # by somebody or something else: `by`, `reason`
    WINDOW_LOCKED = "window_locked"  # what unlocks it is a sign-in
    WINDOW_HANDED_OVER = "window_handed_over"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an event's name
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    FACTOR_FAILED = "factor_failed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_STARTED = "recovery_started"
    RECOVERY_APPROVED = "recovery_approved"
    RECOVERY_CANCELLED = "recovery_cancelled"
    RECOVERY_USED = "recovery_used"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_IMPORTED = "account_imported"
    INVITATION_ISSUED = "invitation_issued"
    INVITATION_USED = "invitation_used"
    CLIENT_REGISTERED = "client_registered"
    CLIENT_CHANGED = "client_changed"
    CLIENT_REMOVED = "client_removed"
    SECRET_REPLACED = "secret_replaced"  # noqa: S105 - an event's name
    KEY_ROTATED = "key_rotated"
    CONSENT_GIVEN = "consent_given"
    GRANT_REVOKED = "grant_revoked"  # a refresh token came a second time: somebody else has it
    AUDIT_GAP = "audit_gap"  # `count` events between `since` and `until` could not be written


DETAIL_NAMES: Final = frozenset({
    "acr", "alg", "amr", "attempts", "bits", "clients", "count", "factor", "factors", "fields", "kid", "name", "reason",
    "result", "roles", "roles_before", "row", "rows", "scope", "shift", "since", "source", "until", "via", "window",
})  # fmt: skip
_DETAIL_AT_MOST: Final = 2000
_WORD_AT_MOST: Final = 128
COMMAND_LINE: Final = "command-line"  # `by`, when an operator acts at the machine itself
SYSTEM: Final = "system"  # `by`, when a timer or a rule acts
# Processes' clocks differ a little, and a request's time is taken before its row gets its number.
CLOCK_TOLERANCE: Final = timedelta(minutes=5)
GENESIS: Final = "0" * 64


class AuditUnavailable(Exception):
    """The event could not be written, so what it tells of does not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What happened to `sub`, by whom (a sub, `command-line` or `system`; "" is the person itself)."""

    kind: AuditKind
    sub: str = ""
    by: str = ""
    client_id: str = ""
    sid: str = ""
    detail: Detail = field(default_factory=dict)
    at: datetime

    def __post_init__(self) -> None:
        if unknown := set(self.detail) - DETAIL_NAMES:
            raise ValueError(f"audit: {sorted(unknown)} may not stand in an event; see DETAIL_NAMES")
        if self.at.tzinfo is None:
            raise ValueError("audit: a moment needs a time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """An event as kept: numbered from 1 without gaps, `detail` as canonical JSON, `mac` 64 hex characters."""

    seq: int
    at: datetime
    kind: str
    sub: str
    by: str
    client_id: str
    sid: str
    detail: str
    mac: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain: how many rows, the last one's mac, and the seal over both."""

    seq: int
    mac: str
    seal: str


def begin(key: bytes) -> Head:
    """Return the head of an empty chain."""
    return _sealed(key, 0, GENESIS)


def extend(key: bytes, head: Head, events: Sequence[AuditEvent]) -> tuple[tuple[AuditRow, ...], Head]:
    """Return the events as the next rows, and the head after them."""
    rows: list[AuditRow] = []
    seq, mac = head.seq, head.mac
    for event in events:
        seq += 1
        row = _row(event, seq)
        mac = chained(key, mac, row)
        rows.append(
            AuditRow(
                seq=seq, at=row.at, kind=row.kind, sub=row.sub, by=row.by, client_id=row.client_id, sid=row.sid,
                detail=row.detail, mac=mac,
            )
        )  # fmt: skip
    return tuple(rows), _sealed(key, seq, mac)


def canonical(row: AuditRow) -> bytes:
    """Return the bytes a row's mac covers: a JSON list, so that no two rows have the same."""
    return json.dumps(
        [
            row.seq, row.at.astimezone(UTC).isoformat(timespec="microseconds"), row.kind, row.sub, row.by,
            row.client_id, row.sid, row.detail,
        ],
        ensure_ascii=False, separators=(",", ":"),
    ).encode()  # fmt: skip


def chained(key: bytes, before: str, row: AuditRow) -> str:
    """Return the mac of a row after the one whose mac is `before`."""
    return hmac.new(key, before.encode() + b"\x00" + canonical(row), "sha256").hexdigest()


def is_sealed(key: bytes, head: Head) -> bool:
    """Tell whether the head was made with our key."""
    return hmac.compare_digest(head.seal.encode(), _seal(key, head.seq, head.mac).encode())


def checkpoint(head: Head) -> str:
    """Return the head as one line to keep elsewhere: `<seq>:<mac>:<seal>`."""
    return f"{head.seq}:{head.mac}:{head.seal}"


def read_checkpoint(text: str) -> Head:
    """Return the head of a checkpoint line.

    Raises:
        ValueError: not a checkpoint.
    """
    seq, mac, seal = text.strip().split(":")
    return Head(seq=int(seq), mac=mac, seal=seal)


def _row(event: AuditEvent, seq: int) -> AuditRow:
    detail = scrub(json.dumps(dict(event.detail), ensure_ascii=False, separators=(",", ":"), sort_keys=True))
    if len(detail) > _DETAIL_AT_MOST:
        detail = json.dumps({"reason": "too long"})
    words = {name: getattr(event, name)[:_WORD_AT_MOST] for name in ("sub", "by", "client_id", "sid")}
    at = event.at.astimezone(UTC)
    return AuditRow(seq=seq, at=at, kind=str(event.kind), detail=detail, mac="", **words)


def _sealed(key: bytes, seq: int, mac: str) -> Head:
    return Head(seq=seq, mac=mac, seal=_seal(key, seq, mac))


def _seal(key: bytes, seq: int, mac: str) -> str:
    return hmac.new(key, f"head\x00{seq}\x00{mac}".encode(), "sha256").hexdigest()
