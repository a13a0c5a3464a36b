"""From what came back to what it means: the same for every transport, since rules read an `Answer` and nothing else."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.engine import CantTell, Found, NotFound, ProbeAnswer
from connectors.extracting import extract
from connectors.filters import FilterRefused, is_empty
from connectors.ledger import InboundEvent
from connectors.messages import N_
from connectors.outcomes import DELIVERED, Answer, Outcome, OutcomeClass, classify, map_status
from connectors.reconciliation import Listed
from connectors.reporting import moment
from connectors.system import Operation, Poll, Probe, Reconcile, System
from connectors.transport_ports import Asked

NOT_OFFERED = Outcome(kind=OutcomeClass.INVALID, message=N_("这个业务没有接口，由人工办理"))
"""Of an operation without a request: a person does it."""
NO_PROBE = CantTell(outcome=Outcome(kind=OutcomeClass.UNKNOWN, error="no_probe"))
_HAVE_IT = DELIVERED | {OutcomeClass.REFUSED}
_UNREACHED = frozenset({"connect", "timeout", "connection_lost"})


def outcome_of(system: System, operation: Operation, answer: Answer) -> Outcome:
    """Return what `answer` to a case means under the operation's rules."""
    return classify(operation.outcomes, system.spec.statuses, answer)


def found_by(system: System, probe: Probe, answer: Answer, operation: Operation | None = None) -> ProbeAnswer:
    """Return what the answer to a probe tells: they have it, they don't, or it says neither.

    `operation` is what was sent, for a probe whose answer its rules can read (`as_answer`).
    """
    variables = answer.variables()
    outcome = Outcome(kind=OutcomeClass.UNKNOWN, http_status=answer.http_status, error=answer.error)
    if answer.error in _UNREACHED:
        return CantTell(outcome=replace(outcome, kind=OutcomeClass.TRANSIENT))
    if probe.as_answer and operation is not None and probe.found.holds(variables):
        read = outcome_of(system, operation, answer)
        return Found(outcome=read) if read.kind in _HAVE_IT else CantTell(outcome=outcome)
    if probe.found.holds(variables):
        theirs = extract(probe.status, variables)
        status, unmapped = map_status(system.spec.statuses, theirs)
        return Found(
            outcome=replace(
                outcome,
                kind=OutcomeClass.DUPLICATE,
                department_number=extract(probe.department_number, variables),
                message=extract(probe.message, variables),
                status=status,
                unmapped_status=unmapped,
                their_status=theirs,
            )
        )
    if probe.not_found.holds(variables):
        return NotFound(outcome=replace(outcome, kind=OutcomeClass.TRANSIENT))
    return CantTell(outcome=outcome)


def polled(system: System, answer: Answer, *, at: datetime) -> InboundEvent | None:
    """Return what the answer to a poll tells; None where it tells nothing. `event_id` is left empty."""
    poll, variables = system.poll, answer.variables()
    return None if poll is None or not poll.found.holds(variables) else _told(system, poll, variables, at=at)


def polled_many(system: System, answer: Answer, *, at: datetime) -> dict[str, InboundEvent] | None:
    """Return what the answer to a poll of many tells of each, by our number; None where it is no answer to it."""
    poll, variables = system.poll, answer.variables()
    if poll is None or poll.rows is None or not poll.found.holds(variables):
        return None
    try:
        rows = poll.rows.evaluate(variables)
    except FilterRefused:
        return None
    of_each = [{**variables, "row": row} for row in rows] if isinstance(rows, list) else []
    return {number: _told(system, poll, v, at=at) for v in of_each if (number := extract(poll.our_number, v))}


def question_about(asked: Sequence[Asked], *, at: datetime, nonce: str) -> dict[str, object]:
    """Return what the request of a poll of many reads."""
    rows = [{"number": each.number, "department_number": each.department_number} for each in asked]
    return {"asked": rows, "now": at, "nonce": nonce}


def _told(system: System, poll: Poll, variables: Mapping[str, object], *, at: datetime) -> InboundEvent:
    return InboundEvent(
        system=system.id,
        event_id="",
        source="poll",
        our_number="",
        department_number=extract(poll.department_number, variables),
        status=extract(poll.status, variables),
        message=extract(poll.message, variables),
        occurred_at=moment(extract(poll.occurred_at, variables)),
        received_at=at,
        facts={name: text for name, e in poll.facts.items() if (text := extract(e, variables))},
    )


def rows_of(reconcile: Reconcile, answer: Answer, *, is_xml: bool = False) -> list[Listed] | None:
    """Return one page of a day's list, rows of others (without a number of ours) among them; None when it is none.

    XML has no empty list: where `found` holds and there are no rows, the day is empty.
    """
    variables = answer.variables()
    if not reconcile.found.holds(variables):
        return None
    try:
        rows = reconcile.rows.evaluate(variables)
    except FilterRefused:
        return None
    if is_xml and is_empty(rows):
        return []
    if not isinstance(rows, list):
        return None
    return [listed(reconcile, row) for row in rows]


def listed(reconcile: Reconcile, row: object) -> Listed:
    """Return one row of a day's list, read as the spec says."""
    return Listed(
        our_number=extract(reconcile.our_number, {"row": row}),
        department_number=extract(reconcile.department_number, {"row": row}),
        status=extract(reconcile.status, {"row": row}),
    )


async def every_page(
    system: System, page_of: Callable[[int], Awaitable[list[Listed] | None]]
) -> Sequence[Listed] | None:
    """Return a day's whole list, ours only, read page by page until one is short; None when a page is none."""
    spec = system.spec.reconcile
    if spec is None:
        return None
    listed: list[Listed] = []
    for page in range(1, spec.most_pages + 1):
        rows = await page_of(page)
        if rows is None:
            return None
        listed += [row for row in rows if row.our_number]
        if len(rows) < spec.page_size:
            return listed
    return None  # longer than was agreed: half a list would look like lost cases
