"""What the registry shows: versions and their texts, what they lack, how they differ, what a case would be sent as."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from connectors.backlog import Backlog
from connectors.dry_run import DryRun, dry_run, values_of_submission
from connectors.errors import NotPermitted
from connectors.readiness import Readiness
from connectors.redaction import redactor
from connectors.registered_text import compiled, differences
from connectors.registration import Registration, Step, Written
from connectors.registration_checks import StepChecks
from connectors.registration_errors import NotReady, RegistrationUnknown, SpecTooLong
from connectors.registry_ports import Differences, RegistrationBook, Surrounding, SystemVersions
from matters.masking import MaskRule
from matters.policy import Actor, may_run_systems, may_see_systems

LONGEST_TEXT: Final = 64 * 1024  # the largest here has 25; reading and showing one costs about a millisecond a KB
LONGEST_CONTRACT: Final = 2 * 1024 * 1024


class RegistryReading:
    """The use cases that change nothing. Whoever may see systems reads; who runs them tries a kept case."""

    def __init__(self, *, book: RegistrationBook, around: Surrounding) -> None:
        self._book = book
        self._checks = StepChecks(book=book, around=around)

    async def systems(self, actor: Actor) -> Sequence[SystemVersions]:
        """Return every system with its versions, in the order of their ids.

        Raises:
            NotPermitted
        """
        allow(may_see_systems(actor), actor)
        found: dict[str, list[Registration]] = {}
        for registration in await self._book.all():
            found.setdefault(registration.system, []).append(registration)
        return [SystemVersions(system=id_, versions=tuple(found[id_])) for id_ in sorted(found)]

    async def system(self, system: str, actor: Actor) -> SystemVersions:
        """Return one system with its versions.

        Raises:
            NotPermitted, RegistrationUnknown
        """
        for each in await self.systems(actor):
            if each.system == system:
                return each
        raise RegistrationUnknown(system=system[:60])

    async def written(self, system: str, version: int, actor: Actor) -> Written:
        """Return a version with its text.

        Raises:
            NotPermitted, RegistrationUnknown
        """
        allow(may_see_systems(actor), actor)
        return await self._written(system, version)

    async def steps(self, system: str, actor: Actor, version: int | None = None) -> Sequence[Step]:
        """Return who did what when, in order: of one version, or of the whole system.

        Raises:
            NotPermitted
        """
        allow(may_see_systems(actor), actor)
        return await self._book.steps(system, version)

    async def backlog(self, system: str, actor: Actor) -> Backlog:
        """Return what still depends on a system.

        Raises:
            NotPermitted
        """
        allow(may_see_systems(actor), actor)
        return await self._book.backlog(system)

    async def check(
        self, text: str, actor: Actor, *, system: str = "", contract: bytes | None = None, like: Written | None = None
    ) -> Readiness:
        """Return what a text lacks, without keeping it. `system`: the id it should have, when that is known.

        `like` is a version whose WSDL may serve, where none comes with the text.

        Raises:
            NotPermitted, SpecTooLong
        """
        allow(may_see_systems(actor), actor)
        check_length(text)
        found = await self._checks.contract(text, contract, like)
        return await self._checks.readiness(text, found, name=f"{system or 'spec'}.yaml", system=system)

    async def readiness(self, system: str, version: int, actor: Actor) -> Readiness:
        """Return what a version lacks.

        Raises:
            NotPermitted, RegistrationUnknown
        """
        allow(may_see_systems(actor), actor)
        return await self._checks.readiness_of(await self._written(system, version))

    async def differences(self, system: str, before: int, after: int, actor: Actor) -> Differences:
        """Compare two versions of a system.

        Raises:
            NotPermitted, RegistrationUnknown
        """
        allow(may_see_systems(actor), actor)
        old, new = await self._written(system, before), await self._written(system, after)
        return await asyncio.to_thread(differences, old, new)

    async def cases_to_try(self, system: str, actor: Actor, *, most: int = 10) -> Sequence[str]:
        """Return numbers of recent cases of this system, for a dry run; nothing else of them.

        Raises:
            NotPermitted
        """
        allow(may_run_systems(actor), actor)
        return await self._book.recent_cases(system, most=most)

    async def dry_run(
        self,
        system: str,
        version: int,
        *,
        case: str,
        masks: Mapping[str, MaskRule],
        actor: Actor,
        at: datetime,
    ) -> DryRun | None:
        """Return the message a kept case would be sent as under this version, masked; nothing is sent.

        None when there is no such case, or its guide goes to another system. `masks` are those of the shared data items.

        Raises:
            NotPermitted, RegistrationUnknown
            NotReady: the spec does not hold.
        """
        allow(may_run_systems(actor), actor)
        kept = await self._written(system, version)
        found = await asyncio.to_thread(compiled, kept)
        if found.system is None:
            raise NotReady(found)
        submission = await self._book.submission_of(case.strip()[:50])
        matter = await self._checks.matter_of(submission)
        if submission is None or matter is None or matter.target.system != system:
            return None
        form = submission.content.get("form")
        tables = tuple(found.system.tables.values())
        hiding = redactor(matter, form if isinstance(form, dict) else {}, masks, tables=tables)
        operation = found.system.operation(matter.target.operation)
        return dry_run(
            found.system, operation, values_of_submission(found.system, operation, submission, at=at), hiding
        )

    async def _written(self, system: str, version: int) -> Written:
        found = await self._book.written(system, version)
        if found is None:
            raise RegistrationUnknown(system=system[:60], version=version)
        return found


def check_length(text: str, contract: bytes | None = None) -> None:
    """Refuse what is too long to be read by everybody who looks at it.

    Raises:
        SpecTooLong
    """
    if len(text.encode()) > LONGEST_TEXT or len(contract or b"") > LONGEST_CONTRACT:
        raise SpecTooLong


def allow(is_allowed: bool, actor: Actor) -> None:
    """Refuse whom the policy does not let do it.

    Raises:
        NotPermitted
    """
    if not is_allowed:
        raise NotPermitted(actor.sub)
