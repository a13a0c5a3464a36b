"""The registry: what owners do with the versions of a system's spec. Pages and commands call the same use cases.

Each step is checked (policy, transition table, what it asks for), kept in one commit with who took it and why, logged,
and told to every process, which then serves the new state without a restart (`connectors.live`).
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from config import logs
from config.state import StateStore, StateStoreUnavailable
from connectors.backlog import Backlog
from connectors.dry_run import DryRun, dry_run, values_of_submission
from connectors.errors import NotPermitted
from connectors.readiness import Readiness
from connectors.redaction import redactor
from connectors.registered_text import as_written, compiled, differences, saved_again, with_parent
from connectors.registration import Person, Registration, RegistrationState, Step, Written, move
from connectors.registration_checks import StepChecks
from connectors.registration_errors import (
    IllegalMove,
    NotADraft,
    NotASystemId,
    NotReady,
    RegistrationUnknown,
    SamePerson,
    SpecTooLong,
)
from connectors.registry_ports import Differences, RegistrationBook, Saved, Surrounding, SystemVersions
from matters.masking import MaskRule
from matters.policy import Actor, may_approve_connector, may_run_systems, may_see_systems

log = logs.get(__name__)
TOPIC: Final = "registrations"
"""Announced with the system's id whenever what is in service may have changed."""
LONGEST_TEXT: Final = 64 * 1024  # the largest here has 25; reading and showing one costs about a millisecond a KB
LONGEST_CONTRACT: Final = 2 * 1024 * 1024
_ID: Final = re.compile(r"[a-z][a-z0-9-]{1,40}")


class Registry:
    """The use cases. Whoever may see systems reads; who runs them writes; another such person approves."""

    def __init__(self, *, book: RegistrationBook, around: Surrounding, state: StateStore) -> None:
        self._book = book
        self._checks = StepChecks(book=book, around=around)
        self._state = state

    # ---- reading ----

    async def systems(self, actor: Actor) -> Sequence[SystemVersions]:
        """Return every system with its versions, in the order of their ids.

        Raises:
            NotPermitted
        """
        _allow(may_see_systems(actor), actor)
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
        _allow(may_see_systems(actor), actor)
        return await self._written(system, version)

    async def steps(self, system: str, actor: Actor, version: int | None = None) -> Sequence[Step]:
        """Return who did what when, in order: of one version, or of the whole system.

        Raises:
            NotPermitted
        """
        _allow(may_see_systems(actor), actor)
        return await self._book.steps(system, version)

    async def backlog(self, system: str, actor: Actor) -> Backlog:
        """Return what still depends on a system.

        Raises:
            NotPermitted
        """
        _allow(may_see_systems(actor), actor)
        return await self._book.backlog(system)

    async def check(
        self, text: str, actor: Actor, *, system: str = "", contract: bytes | None = None, like: Written | None = None
    ) -> Readiness:
        """Return what a text lacks, without keeping it. `system`: the id it should have, when that is known.

        `like` is a version whose WSDL may serve, where none comes with the text.

        Raises:
            NotPermitted, SpecTooLong
        """
        _allow(may_see_systems(actor), actor)
        _check_length(text)
        found = await self._checks.contract(text, contract, like)
        return await self._checks.readiness(text, found, name=f"{system or 'spec'}.yaml", system=system)

    async def readiness(self, system: str, version: int, actor: Actor) -> Readiness:
        """Return what a version lacks.

        Raises:
            NotPermitted, RegistrationUnknown
        """
        _allow(may_see_systems(actor), actor)
        return await self._checks.readiness_of(await self._written(system, version))

    async def differences(self, system: str, before: int, after: int, actor: Actor) -> Differences:
        """Compare two versions of a system.

        Raises:
            NotPermitted, RegistrationUnknown
        """
        _allow(may_see_systems(actor), actor)
        old, new = await self._written(system, before), await self._written(system, after)
        return await asyncio.to_thread(differences, old, new)

    async def cases_to_try(self, system: str, actor: Actor, *, most: int = 10) -> Sequence[str]:
        """Return numbers of recent cases of this system, for a dry run; nothing else of them.

        Raises:
            NotPermitted
        """
        _allow(may_run_systems(actor), actor)
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
        _allow(may_run_systems(actor), actor)
        kept = await self._written(system, version)
        found = await asyncio.to_thread(compiled, kept)
        if found.system is None:
            raise NotReady(found)
        submission = await self._book.submission_of(case.strip()[:50])
        matter = await self._checks.matter_of(submission)
        if submission is None or matter is None or matter.target.system != system:
            return None
        form = submission.content.get("form")
        hiding = redactor(matter, form if isinstance(form, dict) else {}, masks)
        operation = found.system.operation(matter.target.operation)
        return dry_run(
            found.system, operation, values_of_submission(found.system, operation, submission, at=at), hiding
        )

    # ---- writing ----

    async def register(
        self,
        system: str,
        text: str,
        *,
        actor: Actor,
        at: datetime,
        reason: str = "",
        from_version: int | None = None,
        contract: bytes | None = None,
    ) -> Saved:
        """Keep `text` as the draft of a new version of `system`, which may be a new one; `contract` is its WSDL.

        Raises:
            NotPermitted, NotASystemId, SpecTooLong, RegistrationUnknown (`from_version`), RegistrationConflict
        """
        _allow(may_run_systems(actor), actor)
        if not _ID.fullmatch(system):
            raise NotASystemId(system=system[:60])
        _check_length(text, contract)
        like = await self._written(system, from_version) if from_version is not None else None
        written = as_written(
            system,
            text,
            await self._checks.contract(text, contract, like),
            writers=(actor.sub,),
            origin="person",
            at=at,
        )
        written = with_parent(written, like)
        kept = await self._book.add(written, by=_person(actor), reason=reason)
        _log(kept, None, actor)
        return Saved(registration=kept, problems=(await asyncio.to_thread(compiled, written)).problems)

    async def save(
        self,
        system: str,
        version: int,
        text: str,
        *,
        expected_sha256: str,
        actor: Actor,
        at: datetime,
        reason: str = "",
        contract: bytes | None = None,
    ) -> Saved:
        """Write the text of a draft; `expected_sha256` is that of the text it was changed from.

        Raises:
            NotPermitted, RegistrationUnknown, SpecTooLong
            NotADraft: it was tested; a change is a new version.
            RegistrationConflict: somebody else wrote it meanwhile.
        """
        _allow(may_run_systems(actor), actor)
        _check_length(text, contract)
        before = await self._written(system, version)
        if before.registration.state is not RegistrationState.DRAFT:
            raise NotADraft(system=system, version=version)
        fresh = as_written(
            system,
            text,
            await self._checks.contract(text, contract, before),
            writers=(actor.sub,),
            origin="person",
            at=at,
        )
        written = saved_again(before, fresh)
        kept = await self._book.save(written, expected_sha256=expected_sha256, by=_person(actor), reason=reason)
        _log(kept, RegistrationState.DRAFT, actor)
        return Saved(registration=kept, problems=(await asyncio.to_thread(compiled, written)).problems)

    async def move(
        self,
        system: str,
        version: int,
        to: RegistrationState,
        *,
        actor: Actor,
        reason: str,
        at: datetime,
        regions: Collection[str] = (),
    ) -> Registration:
        """Take a step; return the version as it then stands, or, for `sent_back`, the draft of the new version.

        Raises:
            NotPermitted, RegistrationUnknown, RegistrationConflict
            AlreadyThere, IllegalMove, ReasonMissing, RegionsMissing, SamePerson: see `connectors.registration.move`.
            RegionsOutside, RegionsUnknown: where a canary may not be tried.
            NotReady: what the step asks for does not hold.
            StillNeeded, JustDraining: it can't be retired yet.
        """
        _allow(may_run_systems(actor), actor)
        written = await self._written(system, version)
        before = written.registration
        if to is RegistrationState.SUPERSEDED:  # another version's going live does that, nobody's wish
            raise IllegalMove(state=before.state.value, to=to.value)
        after, step = move(before, to, by=_person(actor), reason=reason, at=at, regions=regions)
        is_approval = before.state is RegistrationState.TESTED and to is RegistrationState.APPROVED
        if is_approval and not may_approve_connector(actor, before.hands):
            raise SamePerson(name=actor.name)
        if to is RegistrationState.CANARY:
            await self._checks.check_regions(after, actor)
        await self._checks.check_step(written, to, at)
        if to is RegistrationState.SENT_BACK:
            kept = await self._book.send_back(before, after, step)
        else:
            kept = await self._book.move(before, after, step)
        _log(after, before.state, actor)
        await self._tell(system)
        return kept

    # ---- inside ----

    async def _written(self, system: str, version: int) -> Written:
        found = await self._book.written(system, version)
        if found is None:
            raise RegistrationUnknown(system=system[:60], version=version)
        return found

    async def _tell(self, system: str) -> None:
        try:
            await self._state.announce(TOPIC, system)
        except StateStoreUnavailable:  # every process looks by itself every few seconds
            log.warning("registration_not_announced", system=system)


def _check_length(text: str, contract: bytes | None = None) -> None:
    if len(text.encode()) > LONGEST_TEXT or len(contract or b"") > LONGEST_CONTRACT:
        raise SpecTooLong


def _allow(is_allowed: bool, actor: Actor) -> None:
    if not is_allowed:
        raise NotPermitted(actor.sub)


def _person(actor: Actor) -> Person:
    return Person(sub=actor.sub, name=actor.name)


def _log(after: Registration, before: RegistrationState | None, actor: Actor) -> None:
    log.info(
        "registration_moved",
        system=after.system,
        version=after.version,
        before=before.value if before else "",
        after=after.state.value,
        regions=list(after.regions),
        sha256=after.sha256,
        by=actor.sub,
    )
