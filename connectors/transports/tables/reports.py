"""From rows a department answered to the events of cases.

A table of results tells of one case per row. Results written back into our own rows tell of a case once all of its
rows are answered: what is told then is what they have in common.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.ledger import InboundEvent
from connectors.messages import N_
from connectors.reporting import LONGEST_TEXT, event_of
from connectors.spec_exchange_table import BackTableSpec, ExchangeTableSpec
from connectors.system import System
from connectors.transports.tables.reading import Found, RowReader
from connectors.transports.tables.rows import row_hash, spell, together, told
from connectors.transports.tables.schema import Tables

_NO_REASON = N_("部门未说明原因")


async def results_of(
    rows: Sequence[Found],
    reader: RowReader,
    system: System,
    spec: ExchangeTableSpec,
    tables: Tables,
    *,
    at: datetime,
) -> tuple[Sequence[InboundEvent], Sequence[Mapping[str, str]]]:
    """Return the events in `rows`, in their order, and beside them what tells of no case or nothing of it."""
    if system.results is None:
        return (), ()
    if spec.back.table is not None:
        flag = spec.back.read.column if spec.back.read is not None else None
        columns = {name: column for name, column in tables.back_columns.items() if name != flag}
        bodies = [{**told(row, columns), "row_hash": row_hash(row, columns), "rows": "1"} for row in rows]
    else:
        numbers = list(dict.fromkeys(str(row[spec.out.case]) for row in rows))
        bodies = await _by_case(numbers, reader, spec, tables) if numbers else []
    events, strange = [], []
    for body in bodies:
        event = event_of(system.results.report, {"body": body}, system=system.id, source="results", at=at)
        if event is None or _is_garbled(body):
            strange.append(body)
        if event is not None:
            events.append(event)
    return events, strange


def _is_garbled(body: Mapping[str, str]) -> bool:
    """Tell whether the row holds what no character set gives: bytes of another one, or a text longer than is looked at."""
    return any("\ufffd" in text or len(text) > LONGEST_TEXT * 2 for text in body.values())


async def _by_case(
    numbers: Sequence[str], reader: RowReader, spec: ExchangeTableSpec, tables: Tables
) -> list[dict[str, str]]:
    cases: dict[str, list[Found]] = {}
    for row in await reader.rows_of_cases(numbers):
        cases.setdefault(str(row[spec.out.case]), []).append(row)
    return [body for number in numbers if (body := case_body(cases.get(number, ()), spec, tables)) is not None]


def case_body(rows: Sequence[Found], spec: ExchangeTableSpec, tables: Tables) -> dict[str, str] | None:
    """Return what the rows of one case say together; None while one of them has no answer."""
    columns, failed = tables.back_columns, spec.out.status.failed
    answers = []
    for row in rows:
        answer = spell(row[spec.back.answered], columns[spec.back.answered])
        if not answer and str(row[spec.out.status.column]) not in failed:
            return None
        answers.append(answer)
    if not answers:
        return None
    spelled = [told(row, columns) for row in rows]
    told_by = {name: columns[name] for name in (spec.back.answered, spec.back.time)}
    good = sum(answer in spec.back.good for answer in answers)
    return {
        **together(spelled),
        spec.back.answered: _common(answers, good, spec.back),
        "rows": str(len(rows)),
        "good": str(good),
        "row_hash": _digest("".join(row_hash(row, told_by) for row in rows)),
    }


def _common(answers: Sequence[str], good: int, back: BackTableSpec) -> str:
    if len(set(answers)) == 1:
        return answers[0]
    return back.mixed if good else next(answer for answer in answers if answer)


def failure_of(row: Found, system: System, spec: ExchangeTableSpec, *, at: datetime) -> InboundEvent:
    """Return the event of a row the department could not read; the other rows of its batch go on."""
    out = spec.out
    status = str(row[out.status.column])
    reason = str(row[out.status.reason] or "") if out.status.reason is not None else ""
    return InboundEvent(
        system=system.id,
        event_id=f"{row[out.key]}:{status}"[:100],
        source="results",
        our_number=str(row[out.case])[:50],
        department_number="",
        status=status[:60],
        message=(reason or _NO_REASON)[:LONGEST_TEXT],
        occurred_at=None,
        received_at=at,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
