"""The daily comparison with a department: what it has against what we say it has. Pure.

Both sides are counted and hashed over sorted lines `number|status`: equal hashes say that both books are the same.
Each difference gets the one thing that is to be done about it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    ASK = "ask"  # a person asks them: decided here and gone there, twice there, or a number of ours nobody delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of the department's list."""

    our_number: str
    department_number: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """One delivery of ours, as far as the comparison looks at it. `our_number` is the one they know it by."""

    delivery_id: str
    our_number: str
    department_number: str
    state: DeliveryState
    their_status: str
    is_withdrawn: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairNote:
    """What a person found out about a line they had to ask about; `by` is their sub."""

    note: str
    by: str
    who: str
    at: datetime


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
    missing: Repair = Repair.LOOK_UP,
    many: bool = False,
) -> Comparison:
    """Return the comparison of one day.

    `ours_of_day` arrived that day by our clock; `ours_known` are all of ours, by number, that their list names;
    `theirs_around` are the numbers of their days before and after, for clocks disagree at midnight. `missing` is what
    an undecided one asks for that they lack; `many` says that several rows of a number are as they should be.
    """
    listed = {row.our_number: row for row in theirs_of_day}
    elsewhere = set(theirs_around)
    gone = (each for each in ours_of_day if each.our_number not in listed and each.our_number not in elsewhere)
    differences = [
        *_missing_there(gone, missing),
        *(() if many else _twice_there(theirs_of_day, ours_known)),
        *(found for row in listed.values() if (found := _differs(row, ours_known.get(row.our_number), statuses))),
    ]
    by_number = {each.our_number: each for each in differences}
    for each in differences:  # of one number the gravest is told
        if each.repair is Repair.ASK:
            by_number[each.our_number] = each
    return Comparison(
        system=system,
        day=day,
        compared_at=at,
        ours=len(ours_of_day),
        theirs=len(listed) if many else len(theirs_of_day),
        ours_sha256=_sha256((each.our_number, _told(each, listed, statuses)) for each in ours_of_day),
        theirs_sha256=_sha256((row.our_number, row.status) for row in (listed.values() if many else theirs_of_day)),
        differences=tuple(by_number[number] for number in sorted(by_number)),
    )


def _told(ours: Ours, listed: Mapping[str, Listed], statuses: Mapping[str, StatusWord]) -> str:
    """Return the status our line is hashed with: theirs, where they tell none or ours means the same without a word."""
    row = listed.get(ours.our_number)
    if row is None or (row.status and not _is_same(ours, row.status, statuses)):
        return ours.their_status
    return row.status


def _missing_there(ours: Iterable[Ours], missing: Repair) -> Iterator[Difference]:
    for each in ours:
        if each.is_withdrawn:
            continue  # taken back: gone is what it should be, and it must never be sent again
        yield Difference(
            our_number=each.our_number,
            repair=missing if each.state is DeliveryState.PENDING_RESULT else Repair.ASK,
            ours=each.their_status or each.state.value,
            theirs="",
            delivery_id=each.delivery_id,
            department_number=each.department_number,
        )


def _twice_there(theirs: Sequence[Listed], known: Mapping[str, Ours]) -> Iterator[Difference]:
    """Give the numbers of ours that they took in more than once: no message of ours undoes that."""
    for number, times in Counter(row.our_number for row in theirs).items():
        if times == 1:
            continue
        rows = [row for row in theirs if row.our_number == number]
        ours = known.get(number)
        yield Difference(
            our_number=number,
            repair=Repair.ASK,
            ours=ours.their_status if ours is not None else "",
            theirs="、".join(dict.fromkeys(row.department_number or row.status for row in rows))[:200] + f" ×{times}",
            delivery_id=ours.delivery_id if ours is not None else "",
            department_number=ours.department_number if ours is not None else "",
        )


def _differs(row: Listed, ours: Ours | None, statuses: Mapping[str, StatusWord]) -> Difference | None:
    if ours is None:
        return Difference(our_number=row.our_number, repair=Repair.ASK, ours="", theirs=row.status)
    is_cancelled = ours.state is DeliveryState.CANCELLED
    if not is_cancelled and (not row.status or _is_same(ours, row.status, statuses)):
        return None
    was, _ = map_status(statuses, ours.their_status)
    word, _ = map_status(statuses, row.status)
    is_step_back = was in _DECIDED and word not in _DECIDED
    return Difference(
        our_number=row.our_number,
        # Cancelled here, so never sent by our books, and there all the same: nobody but they can say why.
        repair=Repair.ASK if is_step_back or is_cancelled else Repair.TAKE_STATUS,
        ours=ours.their_status or (ours.state.value if is_cancelled else ""),
        theirs=row.status or row.department_number,
        delivery_id=ours.delivery_id,
        department_number=row.department_number or ours.department_number,
    )


def _is_same(ours: Ours, status: str, statuses: Mapping[str, StatusWord]) -> bool:
    """Tell whether `status` is what we know: the same word, or the decision that the answer itself was."""
    if status == ours.their_status:
        return True
    word, _ = map_status(statuses, status)
    match ours.state:
        case DeliveryState.CONFIRMED:
            is_as_decided = word in _DECIDED - _REFUSALS
        case DeliveryState.REFUSED:
            is_as_decided = word in _REFUSALS
        case _:
            is_as_decided = False
    return is_as_decided and not ours.their_status


def _sha256(pairs: Iterable[tuple[str, str]]) -> str:
    lines = sorted(f"{number}|{status}" for number, status in pairs)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
