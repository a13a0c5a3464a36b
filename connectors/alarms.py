"""What the owner of a system should know beside its deliveries: a way that can't be made, rows nobody takes, receipts
that do not come.

An alarm belongs to a system and a kind, not to a case: a dead department is one incident, however many cases wait for
it. It opens once, is brought up to date, and closes by itself; both are logged, and the owner's list shows it with the
moment it began.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

AlarmKind = Literal["not_ready", "not_taken", "receipt_missing", "receipt_unreadable", "receipt_unknown"]
KINDS: Final[tuple[AlarmKind, ...]] = get_args(AlarmKind)
NOTE: Final = "alarms"
"""The note's name, one per system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """`count` of what it is about, `oldest_at` the oldest of them, `detail` a file's or a secret's name; nothing of a person."""

    kind: AlarmKind
    since: datetime
    count: int
    oldest_at: datetime | None = None
    detail: str = ""


def read_alarms(text: str) -> tuple[Alarm, ...]:
    """Return the alarms of one system's note, in the order of their kinds."""
    kept: Mapping[str, Mapping[str, str]] = json.loads(text) if text else {}
    return tuple(_alarm(kind, kept[kind]) for kind in KINDS if kind in kept)


def _alarm(kind: AlarmKind, kept: Mapping[str, str]) -> Alarm:
    oldest = kept.get("oldest_at", "")
    return Alarm(
        kind=kind,
        since=datetime.fromisoformat(kept["since"]),
        count=int(kept["count"]),
        oldest_at=datetime.fromisoformat(oldest) if oldest else None,
        detail=kept.get("detail", ""),
    )


def write_alarms(alarms: Mapping[AlarmKind, Alarm]) -> str:
    """Return the note's text; empty when there is no alarm."""
    if not alarms:
        return ""
    kept = {
        kind: {
            "since": alarm.since.isoformat(),
            "count": str(alarm.count),
            "oldest_at": alarm.oldest_at.isoformat() if alarm.oldest_at else "",
            "detail": alarm.detail[:200],
        }
        for kind, alarm in alarms.items()
    }
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)
