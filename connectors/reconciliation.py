"""The daily comparison with a department: what it has against what we say it has. Pure.

Both sides are counted and hashed over sorted lines `number|status`; where the hashes are equal nothing else is
looked at. Where they are not, each difference gets the one thing that is to be done about it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from connectors.ledger import DeliveryState
from connectors.outcomes import StatusWord, map_status

_DECIDED = frozenset({"completed_approved", "completed_refused", "returned", "not_accepted", "transferred"})

_REFUSALS = frozenset({"completed_refused", "returned", "not_accepted"})


class Repair(StrEnum):
    """What a difference asks for."""

    LOOK_UP = "look_up"  # we say they have it, their list lacks it: ask again by our number before anything is sent
    TAKE_STATUS = "take_status"  # their status is further on: it is taken as if they had called
    ASK = "ask"  # a person asks them: decided here and gone there, or a number of ours nobody delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of the department's list."""

    our_number: str
    department_number: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """One delivery of ours, as far as the comparison looks at it."""

    delivery_id: str
    our_number: str
    department_number: str
    state: DeliveryState
    their_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line of the repair list. `delivery_id` is empty where we have none."""

    our_number: str
    repair: Repair
    ours: str
    theirs: str
    delivery_id: str = ""
    department_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What one day came to; the hashes are SHA-256 in hexadecimal."""

    system: str
    day: date
    compared_at: datetime
    ours: int
    theirs: int
    ours_sha256: str
    theirs_sha256: str
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Tell whether nothing is to be repaired."""
        return not self.differences


def compare(
    *,
    system: str,
    day: date,
    ours_of_day: Sequence[Ours],
    ours_known: Mapping[str, Ours],
    theirs_of_day: Sequence[Listed],
    theirs_around: Iterable[str],
    statuses: Mapping[str, StatusWord],
    at: datetime,
) -> Comparison:
    """Return the comparison of one day.

    `ours_of_day` arrived that day by our clock; `ours_known` are all of ours, by number, that their list names;
    `theirs_around` are the numbers of their days before and after, for clocks disagree at midnight.
    """
    listed = {row.our_number: row for row in theirs_of_day}
    elsewhere = set(theirs_around)
    differences = [
        *_missing_there(
            each for each in ours_of_day if each.our_number not in listed and each.our_number not in elsewhere
        ),
        *(found for row in listed.values() if (found := _differs(row, ours_known.get(row.our_number), statuses))),
    ]
    return Comparison(
        system=system,
        day=day,
        compared_at=at,
        ours=len(ours_of_day),
        theirs=len(listed),
        ours_sha256=_sha256((each.our_number, each.their_status) for each in ours_of_day),
        theirs_sha256=_sha256((row.our_number, row.status) for row in listed.values()),
        differences=tuple(sorted(differences, key=lambda each: each.our_number)),
    )


def _missing_there(ours: Iterable[Ours]) -> Iterable[Difference]:
    for each in ours:
        is_open = each.state is DeliveryState.PENDING_RESULT
        yield Difference(
            our_number=each.our_number,
            repair=Repair.LOOK_UP if is_open else Repair.ASK,
            ours=each.their_status or each.state.value,
            theirs="",
            delivery_id=each.delivery_id,
            department_number=each.department_number,
        )


def _differs(row: Listed, ours: Ours | None, statuses: Mapping[str, StatusWord]) -> Difference | None:
    if ours is None:
        return Difference(our_number=row.our_number, repair=Repair.ASK, ours="", theirs=row.status)
    if not row.status or row.status == ours.their_status:
        return None
    word, _ = map_status(statuses, row.status)
    if not ours.their_status and _is_as_decided(ours.state, word):
        return None
    was, _ = map_status(statuses, ours.their_status)
    is_step_back = was in _DECIDED and word not in _DECIDED
    return Difference(
        our_number=row.our_number,
        repair=Repair.ASK if is_step_back else Repair.TAKE_STATUS,
        ours=ours.their_status,
        theirs=row.status,
        delivery_id=ours.delivery_id,
        department_number=row.department_number or ours.department_number,
    )


def _is_as_decided(state: DeliveryState, word: StatusWord | None) -> bool:
    """Tell whether `word` is what a case decided at once came to: its answer was the decision, no status was reported."""
    match state:
        case DeliveryState.CONFIRMED:
            return word in _DECIDED - _REFUSALS
        case DeliveryState.REFUSED:
            return word in _REFUSALS
        case _:
            return False


def _sha256(pairs: Iterable[tuple[str, str]]) -> str:
    lines = sorted(f"{number}|{status}" for number, status in pairs)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
