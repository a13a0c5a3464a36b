"""What the registry needs kept and has to be told, and what it gives to who looks at it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.backlog import Backlog
from connectors.comparing import FlowChange, PlaceChange
from connectors.errors import SpecProblem
from connectors.ledger import Submission
from connectors.registration import IN_FORCE, OPEN, Person, Registration, RegistrationState, Step, Written
from connectors.secrets_dir import Secrets
from connectors.system import System
from matters.guide import Matter


class RegistrationBook(Protocol):
    """Versions, their texts and steps. Each method that writes is one commit with its steps."""

    async def all(self) -> Sequence[Registration]:
        """Return every version of every system, by system, the newest first."""

    async def written(self, system: str, version: int) -> Written | None: ...

    async def steps(self, system: str, version: int | None = None) -> Sequence[Step]:
        """Return the steps of a version, or of all versions of a system, in the order they were taken."""

    async def add(self, written: Written, *, by: Person, reason: str) -> Registration:
        """Keep a new draft; its version is the next one of its system, whatever `written` says.

        Raises:
            RegistrationConflict: another version was added at the same moment.
        """

    async def save(self, written: Written, *, expected_sha256: str, by: Person, reason: str) -> Registration:
        """Write a draft's text.

        Raises:
            RegistrationConflict: it is no draft any more, or somebody else wrote it since `expected_sha256`.
        """

    async def move(self, before: Registration, after: Registration, step: Step) -> Registration:
        """Keep a step. What goes live takes the place of the version in force, in the same commit.

        Raises:
            RegistrationConflict: it is not as `before` says any more; or another version is in that place.
        """

    async def send_back(self, before: Registration, after: Registration, step: Step) -> Registration:
        """Keep a step to `sent_back`; return the draft of the new version that carries its text on.

        Raises:
            RegistrationConflict: as for `move`.
        """

    async def backlog(self, system: str) -> Backlog: ...

    async def recent_cases(self, system: str, *, most: int) -> Sequence[str]:
        """Return the numbers of the last cases that went to `system`, the newest first."""

    async def submission_of(self, case_number: str) -> Submission | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemVersions:
    """One system in the registry: what is in force, what is tried, what is on its way there. `versions`: newest first."""

    system: str
    versions: tuple[Registration, ...]

    @property
    def in_force(self) -> Registration | None:
        """Return the live or draining version."""
        return next((v for v in self.versions if v.state in IN_FORCE), None)

    @property
    def canary(self) -> Registration | None:
        return next((v for v in self.versions if v.state is RegistrationState.CANARY), None)

    @property
    def open(self) -> tuple[Registration, ...]:
        """Return what is on its way into service: drafts, tested, approved, the canary."""
        return tuple(v for v in self.versions if v.state in OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A draft as it is kept; `problems` do not keep it from being kept, only from being tested."""

    registration: Registration
    problems: tuple[SpecProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Between two versions: what changes in the data that leaves, then every changed place.

    `flows` is empty where one of the two does not hold; then `problems` says so.
    """

    flows: tuple[FlowChange, ...] = ()
    places: tuple[PlaceChange, ...] = ()
    problems: tuple[SpecProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrounding:
    """What a version is held against: the published guides, the secrets and lines this deployment has.

    `missing_lines` names what the endpoints file lacks for a system; `contract` reads an installed WSDL, None when
    there is none of that name. `regions` gives the townships in a region, by a code's beginning, that took in cases.
    """

    published: Callable[[], Awaitable[Sequence[Matter]]]
    secrets: Secrets
    missing_lines: Callable[[System], Collection[str]]
    contract: Callable[[str], bytes | None]
    regions: Callable[[str], Awaitable[Sequence[str]]]
