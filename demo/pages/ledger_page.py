"""What a system received lately, as its own page lists it: masked, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.clock import SHANGHAI
from demo.desk import progress
from demo.ground.received import Submission
from demo.pages.masking import person_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One submission; `steps` are (code, words) a person may click on, `by` who did the last one."""

    number: str
    department_number: str
    operation: str
    person: str
    id_number: str
    received_at: str
    status: str
    steps: Sequence[tuple[str, str]] = ()
    by: str = ""


def line_of(
    submission: Submission,
    status_map: Mapping[str, str],
    *,
    operations: Mapping[str, str] | None = None,
    may_move: bool = False,
) -> Line:
    """Return the masked line of a submission."""
    person, id_number = person_of(submission.payload)
    steps = progress.next_statuses(status_map, submission.status) if may_move else ()
    return Line(
        number=submission.number,
        department_number=submission.department_number,
        operation=(operations or {}).get(submission.operation, submission.operation),
        person=person,
        id_number=id_number,
        received_at=f"{submission.accepted_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        status=progress.words_for(status_map, submission.status),
        steps=[(code, progress.words_for(status_map, code)) for code in steps],
        by=_last_hand(submission),
    )


def _last_hand(submission: Submission) -> str:
    history = submission.facts.get("history")
    return str(history[-1]["by"]) if isinstance(history, list) and history else ""
