"""A registration: one version of one system's spec, from a draft to its retirement. Pure.

draft → tested → approved → (canary →) live → draining → retired
tested, approved → sent_back (its text goes on as the draft of a new version) · draft → withdrawn
live, draining → superseded by the version that takes its place → live again, should that one disappoint

The text of a version is written while it is a draft and never again. Every step is kept with who took it and why.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from connectors.registration_errors import (
    AlreadyThere,
    IllegalMove,
    ReasonMissing,
    RegionsMissing,
    SamePerson,
)

LONGEST_REASON: Final = 1000
MOST_REGIONS: Final = 200
REGION_DIGITS: Final = frozenset({2, 4, 6, 9, 12})


class RegistrationState(StrEnum):
    DRAFT = "draft"  # an owner writes it
    TESTED = "tested"  # another person approves it or sends it back
    APPROVED = "approved"  # an owner puts it into service
    CANARY = "canary"  # in service in some regions; an owner watches it there
    LIVE = "live"  # in service
    DRAINING = "draining"  # takes no new cases; what waits is finished
    RETIRED = "retired"  # over
    SUPERSEDED = "superseded"  # over: another version took its place; it may be put back
    SENT_BACK = "sent_back"  # over: goes on as the draft of a new version
    WITHDRAWN = "withdrawn"  # over: given up before it was tested


S = RegistrationState
MOVES: Final[Mapping[RegistrationState, frozenset[RegistrationState]]] = {
    S.DRAFT: frozenset({S.TESTED, S.WITHDRAWN}),
    S.TESTED: frozenset({S.APPROVED, S.SENT_BACK}),
    S.APPROVED: frozenset({S.CANARY, S.LIVE, S.SENT_BACK}),
    S.CANARY: frozenset({S.CANARY, S.LIVE, S.APPROVED}),  # in other regions; everywhere; nowhere again
    S.LIVE: frozenset({S.DRAINING, S.SUPERSEDED}),
    S.DRAINING: frozenset({S.LIVE, S.RETIRED, S.SUPERSEDED}),
    S.SUPERSEDED: frozenset({S.LIVE}),
    S.RETIRED: frozenset(),
    S.SENT_BACK: frozenset(),
    S.WITHDRAWN: frozenset(),
}
"""Which state may follow which. `superseded` follows only when another version of the system goes live."""
OPEN: Final = frozenset({S.DRAFT, S.TESTED, S.APPROVED, S.CANARY})
"""On the way into service."""
NEVER_APPROVED: Final = frozenset({S.DRAFT, S.TESTED, S.SENT_BACK, S.WITHDRAWN})
"""Nobody answers for the text but who wrote it."""
IN_FORCE: Final = frozenset({S.LIVE, S.DRAINING})
"""At most one version of a system is in one of these."""
INTO_SERVICE: Final = frozenset({S.CANARY, S.LIVE})
_NEEDS_NO_REASON: Final = frozenset({S.TESTED})

Origin = Literal["person", "shipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who takes a step: an account's `sub`, and the name it is shown by."""

    sub: str
    name: str


INSTALLATION: Final = Person(sub="", name="OneWindow")
"""Takes the steps of what is shipped with an installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One version, without its text (`Written` has that).

    `writers` are the subs of all who wrote its text, those of an unapproved version it goes on from among them;
    `tested_by` is a sub too. `regions` are the region codes a canary serves, each with all that lies in it.
    """

    system: str
    version: int
    state: RegistrationState
    sha256: str
    origin: Origin
    from_version: int | None = None
    writers: tuple[str, ...] = ()
    tested_by: str = ""
    regions: tuple[str, ...] = ()
    created_at: datetime
    state_at: datetime

    @property
    def hands(self) -> frozenset[str]:
        """Return the subs of who wrote or tested it: nobody of them approves it."""
        return frozenset({*self.writers, self.tested_by} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A version with its text as it was written; `contract` is the WSDL its spec names, None where it names none."""

    registration: Registration
    text: str = field(repr=False)
    contract: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, added and never changed. `from_state` is None for the first; draft → draft is a draft saved again."""

    system: str
    version: int
    number: int = 0
    from_state: RegistrationState | None
    to_state: RegistrationState
    by: Person
    reason: str
    sha256: str
    regions: tuple[str, ...] = ()
    at: datetime


def may_move(state: RegistrationState, to: RegistrationState) -> bool:
    """Tell whether `to` may follow `state`."""
    return to in MOVES[state]


def move(
    registration: Registration,
    to: RegistrationState,
    *,
    by: Person,
    reason: str,
    at: datetime,
    regions: Collection[str] = (),
) -> tuple[Registration, Step]:
    """Return the version after the step, and the step.

    `regions` are asked for a canary only: region codes of 2, 4, 6, 9 or 12 digits.

    Raises:
        AlreadyThere: it is in that state, with these regions.
        IllegalMove: the table has no such way.
        ReasonMissing: every step but `tested` says why.
        RegionsMissing: a canary without regions, or with something that is no region code.
        SamePerson: who wrote or tested a version does not approve it.
    """
    wanted = _regions(regions) if to is S.CANARY else ()
    if registration.state is to and (to is not S.CANARY or wanted == registration.regions):
        raise AlreadyThere(state=to.value)
    if not may_move(registration.state, to):
        raise IllegalMove(state=registration.state.value, to=to.value)
    if not reason.strip() and to not in _NEEDS_NO_REASON:
        raise ReasonMissing(to=to.value)
    if to is S.APPROVED and registration.state is S.TESTED and by.sub in registration.hands:
        raise SamePerson(name=by.name)
    after = replace(
        registration,
        state=to,
        state_at=at,
        regions=wanted,
        tested_by=by.sub if to is S.TESTED else registration.tested_by,
    )
    return after, _step(registration, after, by=by, reason=reason, at=at)


def superseded(registration: Registration, *, by_version: int, by: Person, at: datetime) -> tuple[Registration, Step]:
    """Return a version in force after another one took its place, and the step that says which."""
    if not may_move(registration.state, S.SUPERSEDED):
        raise IllegalMove(state=registration.state.value, to=S.SUPERSEDED.value)
    after = replace(registration, state=S.SUPERSEDED, state_at=at, regions=())
    return after, _step(registration, after, by=by, reason=f"→ {by_version}", at=at)


def _regions(given: Collection[str]) -> tuple[str, ...]:
    codes = tuple(sorted({code.strip() for code in given if code.strip()}))
    wrong = [c for c in codes if not (c.isascii() and c.isdigit() and len(c) in REGION_DIGITS)]
    if not codes or wrong or len(codes) > MOST_REGIONS:
        raise RegionsMissing(wrong=", ".join(wrong[:5]))
    # What lies in a region that is named already says nothing more.
    return tuple(c for c in codes if not any(c != wider and c.startswith(wider) for wider in codes))


def lies_in(region: str, regions: Collection[str]) -> bool:
    """Tell whether a region's code lies in one of `regions`."""
    return any(region.startswith(wider) for wider in regions)


def _step(before: Registration, after: Registration, *, by: Person, reason: str, at: datetime) -> Step:
    return Step(
        system=after.system,
        version=after.version,
        from_state=before.state,
        to_state=after.state,
        by=by,
        reason=reason.strip()[:LONGEST_REASON],
        sha256=after.sha256,
        regions=after.regions,
        at=at,
    )
