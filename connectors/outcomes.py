"""What a department's answer means: ordered rules, the first that holds decides, nothing is guessed.

Whatever no rule matches is `unknown` once a byte may have left this house, `transient` before that. No rule can turn a
broken connection into anything else: a timeout after the request went out is `unknown`, whatever a spec says of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from connectors.expression import Expression
from connectors.extracting import extract
from connectors.predicates import Predicate, Variables
from connectors.row_results import RowResults

MOST_MESSAGE_CHARACTERS: Final = 500


class OutcomeClass(StrEnum):
    """The nine classes; the comment says who acts next."""

    ACCEPTED = "accepted"  # the department has it
    DUPLICATE = "duplicate"  # the department had it already: as good as accepted
    PENDING = "pending"  # the department took it and will answer later
    REFUSED = "refused"  # the department said no on the merits: the applicant hears why, nothing is retried
    INVALID = "invalid"  # the department can't read what we sent: a person mends it
    AUTH = "auth"  # the department doesn't know us: the system owner mends credentials, deliveries wait
    THROTTLED = "throttled"  # too fast: deliveries wait as long as they are told
    TRANSIENT = "transient"  # it will pass: tried again
    UNKNOWN = "unknown"  # it may or may not have arrived: looked up before anything is sent again


DELIVERED: Final = frozenset({OutcomeClass.ACCEPTED, OutcomeClass.DUPLICATE, OutcomeClass.PENDING})

StatusWord = Literal[
    "pending",
    "submitted",
    "accepted",
    "in_review",
    "suspended",
    "publicity",
    "supplement_required",
    "completed_approved",
    "completed_refused",
    "returned",
    "not_accepted",
    "transferred",
    "error",
]
"""What a status of theirs can mean: words of the case, `pending` for nothing new, `error` for a person to look at."""

ERRORS: Final[Mapping[str, str]] = {
    "connect": "no connection could be made; nothing was sent",
    "timeout": "no answer in time",
    "connection_lost": "the connection broke after the request went out",
    "too_large": "the answer is larger than allowed",
    "charset": "the answer is not in the character set it should be in",
    "not_json": "the answer is not JSON",
    "envelope": "the answer's signature or encryption does not hold",
    "redirect": "the department pointed to another address",
    "not_xml": "the answer is not XML, or nests too deeply",
    "not_html": "the answer is not a page",
}
"""Values of `error` in a predicate; empty when an answer came and could be read."""

AWAITS_PERSON: Final = "awaits_person"
"""`error` of an outcome that waits for a person to let us in; it says nothing about the department's health."""
BEFORE_BYTES: Final = frozenset({"connect"})
BROKEN: Final = frozenset({"timeout", "connection_lost", "too_large"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `http_status` is 0 and `error` set when nothing readable did; `head` is its beginning, unread."""

    http_status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    envelope: object = None
    error: str = ""
    head: bytes = field(default=b"", repr=False, compare=False)

    def variables(self) -> Variables:
        return Variables(
            {
                "status": self.http_status,
                "headers": dict(self.headers),
                "body": self.body,
                "envelope": self.envelope,
                "error": self.error,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An answer, understood. `status` is our word for `their_status`; `unmapped_status` is theirs where the map lacks it."""

    kind: OutcomeClass
    department_number: str = ""
    message: str = ""
    retry_after_seconds: float | None = None
    status: StatusWord | None = None
    unmapped_status: str = ""
    their_status: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    rule: int | None = None
    http_status: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRule:
    """One compiled rule."""

    when: Predicate
    kind: OutcomeClass
    department_number: Expression | None = None
    message: Expression | None = None
    retry_after: Expression | None = None
    status: Expression | None = None
    case: StatusWord | None = None
    facts: Mapping[str, Expression] = field(default_factory=dict)
    rows: RowResults | None = None


def classify(rules: Sequence[OutcomeRule], statuses: Mapping[str, StatusWord], answer: Answer) -> Outcome:
    """Return what `answer` means under `rules`, in their order."""
    if answer.error in BEFORE_BYTES:
        return Outcome(kind=OutcomeClass.TRANSIENT, error=answer.error)
    if answer.error in BROKEN:
        return Outcome(kind=OutcomeClass.UNKNOWN, error=answer.error, http_status=answer.http_status)
    variables = answer.variables()
    for number, rule in enumerate(rules):
        if rule.when.holds(variables):
            return _outcome(number, rule, statuses, answer, variables)
    return Outcome(kind=OutcomeClass.UNKNOWN, http_status=answer.http_status, error=answer.error)


def _outcome(
    number: int,
    rule: OutcomeRule,
    statuses: Mapping[str, StatusWord],
    answer: Answer,
    variables: Mapping[str, object],
) -> Outcome:
    theirs = extract(rule.status, variables)
    status, unmapped = map_status(statuses, theirs)
    by_row = {} if rule.rows is None else rule.rows.of(variables)
    message = "；".join(part for part in (extract(rule.message, variables), *_per_row(by_row)) if part)
    return Outcome(
        kind=rule.kind,
        department_number=extract(rule.department_number, variables),
        message=message[:MOST_MESSAGE_CHARACTERS],
        retry_after_seconds=_seconds(extract(rule.retry_after, variables)),
        status=rule.case or status,
        unmapped_status=unmapped,
        their_status=theirs,
        facts=by_row | {name: text for name, e in rule.facts.items() if (text := extract(e, variables))},
        rule=number,
        http_status=answer.http_status,
        error=answer.error,
    )


def _per_row(by_row: Mapping[str, str]) -> list[str]:
    return [f"{name}：{text}" for name, text in by_row.items()]


def map_status(statuses: Mapping[str, StatusWord], theirs: str) -> tuple[StatusWord | None, str]:
    """Return our word for `theirs`, and `theirs` itself where the map lacks it: flagged, never guessed."""
    if not theirs:
        return None, ""
    ours = statuses.get(theirs)
    return (ours, "") if ours is not None else (None, theirs)


def _seconds(text: str) -> float | None:
    """Return Retry-After as seconds; its date form is rare enough to be left to the policy (RFC 9110 §10.2.3)."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return min(seconds, 86_400.0) if seconds >= 0 else None
