"""The registry: what owners do with the versions of a system's spec. Pages and commands call the same use cases.

Each step is checked (policy, transition table, what it asks for), kept in one commit with who took it and why, logged,
and told to every process, which then serves the new state without a restart (`connectors.live`).
"""

import asyncio
import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

from config import logs
from config.state import StateStore, StateStoreUnavailable
from connectors.registered_text import as_written, compiled, saved_again, with_parent
from connectors.registration import Person, Registration, RegistrationState, move
from connectors.registration_errors import IllegalMove, NotADraft, NotASystemId, SamePerson
from connectors.registry_ports import RegistrationBook, Saved, Surrounding
from connectors.registry_reading import RegistryReading, allow, check_length
from matters.policy import Actor, may_approve_connector, may_run_systems

log = logs.get(__name__)
TOPIC: Final = "registrations"
"""Announced with the system's id whenever what is in service may have changed."""
_ID: Final = re.compile(r"[a-z][a-z0-9-]{1,40}")


class Registry(RegistryReading):
    """The use cases that change something, beside those that read. Who runs systems writes; another such person approves."""

    def __init__(self, *, book: RegistrationBook, around: Surrounding, state: StateStore) -> None:
        super().__init__(book=book, around=around)
        self._state = state

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
        allow(may_run_systems(actor), actor)
        if not _ID.fullmatch(system):
            raise NotASystemId(system=system[:60])
        check_length(text, contract)
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
        allow(may_run_systems(actor), actor)
        check_length(text, contract)
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
        allow(may_run_systems(actor), actor)
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

    async def _tell(self, system: str) -> None:
        try:
            await self._state.announce(TOPIC, system)
        except StateStoreUnavailable:  # every process looks by itself every few seconds
            log.warning("registration_not_announced", system=system)


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
