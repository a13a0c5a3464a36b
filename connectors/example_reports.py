"""The inbound half of the contract in examples: what a department tells later is read as it will be in earnest. Pure.

And what an agreement has to hold at the least: for each operation that sends, how it looks when they take it and how
when they don't, at once or later.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from connectors.ledger import InboundEvent
from connectors.mismatch import Mismatch
from connectors.outcomes import DELIVERED, Answer, OutcomeClass, map_status
from connectors.reporting import event_of
from connectors.spec_examples import ExampleReportSpec, ExampleSpec
from connectors.system import System
from connectors.transports.answers import polled, polled_many
from connectors.transports.files.restating import restated

_AT: Final = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
_NO: Final = frozenset({OutcomeClass.REFUSED, OutcomeClass.INVALID})
_NO_WORDS: Final = frozenset({"completed_refused", "returned", "not_accepted", "supplement_required", "error"})


def run_reports(system: System, example: ExampleSpec) -> Iterator[Mismatch]:
    """Give what does not hold of what the department tells later."""
    for number, told in enumerate(example.tells):
        place = f"tells.{number}"
        event = _event(system, told)
        if event is None:
            found = "nothing that can be read: no event, number or status, or no such channel"
            yield Mismatch(example=example.name, place=place, expected=f"a report by {told.by}", found=found)
            continue
        word, unmapped = map_status(system.spec.statuses, event.status)
        means = told.means or "a status nobody translated"
        found = "a status nobody translated" if unmapped else word or "nothing new"
        if means != found:
            yield Mismatch(example=example.name, place=f"{place}.means", expected=means, found=found)


def missing_examples(system: System) -> Iterator[Mismatch]:
    """Give the operations that send and have no example of being taken, or none of being turned down."""
    for name, operation in system.operations.items():
        if operation.manual:
            continue
        of_it = [example for example in system.spec.examples if example.operation == name]
        if not any(answer.kind in DELIVERED for example in of_it for answer in example.answers):
            yield Mismatch(example=name, place="answers", expected="one that says they have it", found="none")
        if not any(map(_turns_down, of_it)):
            yield Mismatch(
                example=name, place="answers, tells", expected="one that turns it down, at once or later", found="none"
            )


def _turns_down(example: ExampleSpec) -> bool:
    at_once = any(answer.kind in _NO for answer in example.answers)
    return at_once or any(told.means in _NO_WORDS for told in example.tells)


def _polled(system: System, answer: Answer) -> InboundEvent | None:
    if system.poll is None or system.poll.rows is None:
        return polled(system, answer, at=_AT)
    return next(iter((polled_many(system, answer, at=_AT) or {}).values()), None)


def _event(system: System, told: ExampleReportSpec) -> InboundEvent | None:
    answer = Answer(http_status=told.status, headers=told.headers, body=told.body, envelope=told.body)
    match told.by:
        case "poll":
            return _polled(system, answer)
        case "callback":
            report = system.callback.report if system.callback is not None else None
        case "results":
            report = system.results.report if system.results is not None else None
    if report is None:
        return None
    event = event_of(
        report, answer.variables(), system=system.id, source="callback" if told.by == "callback" else "results", at=_AT
    )
    if event is None or system.spec.file_batch is None:
        return event
    return restated(system.spec.file_batch, event, answer.variables())
