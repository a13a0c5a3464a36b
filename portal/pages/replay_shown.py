"""What the replay pages show, as plain values in the reader's language. Everything of a form is masked. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.dry_run import DryRun
from connectors.ledger import Attempt
from connectors.replay import LEFT_OUT_WORDS, WAY_WORDS, LeftOut, Renewed, Verdict
from connectors.replaying import Line, Look, Preview
from connectors.words import STATE_NAMES
from portal.delivery_words import DeliveryLine, delivery_line
from portal.library import Library
from portal.words import _

_SHOWN_CHANGES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """One delivery of a preview. `changed` None: it can't be told what differs."""

    id: str
    number: str
    matter: str
    state: str
    since: datetime
    message: str = field(repr=False)
    word: str
    detail: str
    changed: tuple[str, ...] | None
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLook:
    """One delivery looked at closely; `now` and `before` are messages as text, masked."""

    line: ShownLine
    target: str
    now: str = field(repr=False)
    refused: str
    before: str | None = field(repr=False)
    changes: Sequence[tuple[str, str, str]] = field(repr=False)
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActLine:
    """One earlier replay."""

    id: str
    at: datetime
    who: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedLine:
    """A new delivery, as it stands now."""

    number: str
    way: str
    delivery: DeliveryLine


def lines(preview: Preview, library: Library) -> tuple[tuple[ShownLine, ...], tuple[ShownLine, ...]]:
    """Return what would be sent anew and what would not."""
    shown = [(_line(each, library), each.verdict.way is not None) for each in preview.lines]
    return tuple(line for line, goes in shown if goes), tuple(line for line, goes in shown if not goes)


def look(found: Look, library: Library) -> ShownLook:
    """Return one delivery with both messages and their differences."""
    return ShownLook(
        line=_line(found.line, library),
        target=f"{found.now.method} {found.now.path}".strip(),
        now=_written(found.now),
        refused=found.now.refused,
        before=_written(found.before) if found.before is not None else None,
        changes=[(each.path, _brief(each.before), _brief(each.after)) for each in found.changes],
        attempts=found.attempts,
    )


def renewed(each: Renewed, system_name: str, *, at: datetime) -> RenewedLine:
    """Return a new delivery in words."""
    return RenewedLine(
        number=each.delivery.case_number,
        way=_(WAY_WORDS[each.way]),
        delivery=delivery_line(each.delivery, system_name, at=at),
    )


def why(left_out: LeftOut) -> str:
    """Return why a delivery was left out."""
    return _(LEFT_OUT_WORDS[left_out])


def _line(line: Line, library: Library) -> ShownLine:
    delivery = line.candidate.delivery
    changed = line.changed
    return ShownLine(
        id=delivery.id,
        number=delivery.case_number,
        matter=library.matter_name(line.candidate.matter_id),
        state=_(STATE_NAMES[delivery.state]),
        since=delivery.updated_at or delivery.created_at,
        message=line.message,
        word=_word(line.verdict),
        detail=line.verdict.detail,
        changed=changed[:_SHOWN_CHANGES] if changed is not None else None,
        more=max(len(changed) - _SHOWN_CHANGES, 0) if changed is not None else 0,
    )


def _word(verdict: Verdict) -> str:
    if verdict.way is not None:
        return _(WAY_WORDS[verdict.way])
    return why(verdict.left_out or LeftOut.CHANGED)


def _written(run: DryRun) -> str:
    parts = {"query": run.query, "headers": run.headers, "body": run.body}
    kept = {name: value for name, value in parts.items() if value}
    return json.dumps(kept, ensure_ascii=False, indent=2, default=str)


def _brief(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else f"{text[:199]}…"
