"""A trial: the contract examples sent to the department's test address, and what came back held against them. Pure.

Values differ from night to night, so shapes are compared: what is missing, what is new, what changed its type; and the
class the outcome rules read in it. A test address that can't be reached says nothing about the contract.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from typing import Final
from uuid import UUID

from config.clock import SHANGHAI
from connectors.examples import drift, values_of
from connectors.extracting import keepable
from connectors.mismatch import Mismatch
from connectors.outcomes import BEFORE_BYTES, DELIVERED, Answer, Outcome, OutcomeClass, classify
from connectors.redaction import Redactor
from connectors.spec_examples import ExampleAnswerSpec, ExampleSpec
from connectors.system import Operation, System

MOST_EXAMPLES: Final = 100
"""Of one system in one trial."""
MOST_DIFFERENCES: Final = 50
"""Of one example."""
LONGEST_PLACE: Final = 200
READ_BACK: Final = "results"
"""The result's name and operation for what a channel told by itself, of this trial and of earlier ones."""
_SILENT: Final = frozenset({*BEFORE_BYTES, "timeout", "connection_lost"})
_NOT_NOW: Final = frozenset({OutcomeClass.TRANSIENT, OutcomeClass.THROTTLED, OutcomeClass.AUTH})


class TrialState(StrEnum):
    """How one example fared."""

    HOLDS = "holds"  # they answer as agreed
    DRIFT = "drift"  # they answer otherwise: the owner talks to them, or mends the spec
    UNREACHED = "unreached"  # no answer, or not now: nothing is known of the contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What an answer came to; `expected` and `found` are classes."""

    state: TrialState
    expected: str
    found: str
    differences: tuple[Mismatch, ...] = ()
    http_status: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """One example of a trial, as kept."""

    position: int
    example: str
    operation: str
    judged: Judged
    duration_ms: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run over all examples of a system. `day` is None for one somebody asked for; `by` is their sub.

    `version` is the spec's; `total` counts its examples, `results` has those done so far.
    """

    id: str
    system: str
    day: date | None
    by: str
    who: str
    asked_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: str = ""
    total: int = 0
    results: Sequence[TrialResult] = ()

    @property
    def is_over(self) -> bool:
        return self.finished_at is not None

    def count(self, state: TrialState) -> int:
        """Return how many examples fared so."""
        return sum(1 for result in self.results if result.judged.state is state)


def fresh_values(example: ExampleSpec, operation: Operation, *, at: datetime, token: UUID) -> dict[str, object]:
    """Return what a mapping reads for the example as a new case of today; `token` is never used twice."""
    values = values_of(example, operation.name)
    case, notice = ({**each} if isinstance(each := values.get(name), Mapping) else {} for name in ("case", "notice"))
    case["number"] = _fresh_number(str(case.get("number", "")), at, token)
    if notice:
        notice["number"] = case["number"]
    for fields, name in ((case, "received_at"), (case, "accepted_at"), (notice, "decided_at")):
        if name in fields:
            fields[name] = at.isoformat()
    delivery = {
        "id": str(token),
        "key": str(token),
        "serial": f"{token.int % 10**20:020d}",
        "attempt": 1,
        "created_at": at.isoformat(),
    }
    told = {"notice": notice} if notice else {}
    return {**values, **told, "case": case, "delivery": delivery, "now": at, "nonce": token.hex}


def _fresh_number(given: str, at: datetime, token: UUID) -> str:
    """Return a number of today in the given one's form: a case's, a result's (…-H2), an event's (LD-…).

    A case's sequence begins with 9, which no window reaches.
    """
    day, parts = f"{at.astimezone(SHANGHAI):%y%m%d}", given.split("-")
    match parts:
        case ["LD", _, _, position]:
            return f"LD-{day}-{token.hex[:12]}-{position}"
        case [region, _, matter, _, *more]:
            return "-".join([region, day, matter, f"9{token.int % 10**5:05d}", *more])
        case _:
            return f"{given[:40]}-{token.hex[:8]}"


def judge(system: System, operation: Operation, example: ExampleSpec, answer: Answer) -> Judged:
    """Return what `answer` says of the contract the example stands for."""
    outcome = classify(operation.outcomes, system.spec.statuses, answer)
    agreed = _agreed(example, outcome.kind)
    expected = example.answers[0].kind.value if example.answers else OutcomeClass.ACCEPTED.value
    told = {"expected": expected, "found": outcome.kind.value, "http_status": answer.http_status, "error": answer.error}
    if answer.error in _SILENT or outcome.kind in _NOT_NOW or _is_agreed_doubt(outcome):
        return Judged(state=TrialState.UNREACHED, **told)  # type: ignore[arg-type]
    differences = tuple(map(as_shown, islice(_differences(example, agreed, outcome, answer), MOST_DIFFERENCES)))
    state = TrialState.DRIFT if differences else TrialState.HOLDS
    return Judged(state=state, differences=differences, **told)  # type: ignore[arg-type]


def _is_agreed_doubt(outcome: Outcome) -> bool:
    """Tell whether they said, in words a rule knows, that they can't tell themselves: a session that ended midway."""
    return outcome.kind is OutcomeClass.UNKNOWN and outcome.rule is not None


def judge_outcome(example: ExampleSpec, outcome: Outcome) -> Judged:
    """Return what the outcome of a channel that doesn't answer by itself says: a row, a file, a message, a page.

    What such a channel tells at once are our own words (written, placed, published), so there is no shape to compare.
    """
    expected = example.answers[0].kind.value if example.answers else OutcomeClass.ACCEPTED.value
    told = {
        "expected": expected,
        "found": outcome.kind.value,
        "http_status": outcome.http_status,
        "error": outcome.error[:20],
    }
    if outcome.error in _SILENT or outcome.kind in _NOT_NOW or _is_agreed_doubt(outcome):
        return Judged(state=TrialState.UNREACHED, **told)  # type: ignore[arg-type]
    differences = []
    if outcome.kind not in _good(example):
        differences.append(Mismatch(example=example.name, place="class", expected=expected, found=outcome.kind.value))
    elif _agreed_number(example, outcome) and not outcome.department_number:
        differences.append(Mismatch(example=example.name, place="department_number", expected="a number", found="none"))
    state = TrialState.DRIFT if differences else TrialState.HOLDS
    return Judged(state=state, differences=tuple(differences), **told)  # type: ignore[arg-type]


def _agreed_number(example: ExampleSpec, outcome: Outcome) -> bool:
    agreed = _agreed(example, outcome.kind)
    return agreed is not None and agreed.department_number is not None


def _agreed(example: ExampleSpec, kind: OutcomeClass) -> ExampleAnswerSpec | None:
    """Return the agreed answer of that class, of those that say they have the case, or have it already."""
    return next((each for each in example.answers if each.kind is kind and kind in _good(example)), None)


def _good(example: ExampleSpec) -> Collection[OutcomeClass]:
    """Return the classes that hold: they take it, or refuse somebody they take once in the words agreed for that."""
    agreed = {answer.kind for answer in example.answers}
    is_once = example.once and OutcomeClass.REFUSED in agreed
    return DELIVERED | {OutcomeClass.REFUSED} if is_once else DELIVERED


def as_shown(found: Mismatch) -> Mismatch:
    """Return a difference as it may be kept and shown: the names in an answer are the department's, whatever they hold."""
    return replace(found, place=Redactor().text(keepable(found.place[:LONGEST_PLACE])))


def _differences(
    example: ExampleSpec, agreed: ExampleAnswerSpec | None, outcome: Outcome, answer: Answer
) -> Iterator[Mismatch]:
    first = example.answers[0].kind if example.answers else OutcomeClass.ACCEPTED
    if outcome.kind not in _good(example):
        yield Mismatch(example=example.name, place="class", expected=first.value, found=outcome.kind.value)
        return
    if agreed is None:
        return  # they have it, in words no example has: a second night of a system that takes a person once
    if agreed.status and agreed.status != answer.http_status:
        yield Mismatch(example=example.name, place="status", expected=str(agreed.status), found=str(answer.http_status))
    if agreed.department_number is not None and not outcome.department_number:
        yield Mismatch(example=example.name, place="department_number", expected="a number", found="none")
    yield from drift(example.name, agreed.body, answer.body)
