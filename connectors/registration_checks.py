"""What each step of a registration asks for, beyond the transition table: held against what this deployment has."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.errors import SpecProblem, SpecRefused
from connectors.ledger import Submission
from connectors.readiness import Readiness, readiness
from connectors.registered_text import contract_of, name_of
from connectors.registration import IN_FORCE, INTO_SERVICE, Registration, RegistrationState, Written
from connectors.registration_errors import (
    CanaryTaken,
    JustDraining,
    NotReady,
    RegionsOutside,
    RegionsUnknown,
    StillNeeded,
)
from connectors.registry_ports import RegistrationBook, Surrounding
from connectors.secrets_dir import has_secret
from connectors.spec import parse_system
from connectors.unknown_fields import unknown_fields
from connectors.yaml_source import parse
from matters.guide import Matter
from matters.policy import Actor, may_serve_region

_MOST_NAMED: Final = 20
KNOWN_EVERYWHERE_AFTER: Final = timedelta(seconds=30)
"""By then every process that can keep a case has heard of a change; one that lost the database keeps none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChecks:
    """Reads what is needed and decides; writes nothing."""

    book: RegistrationBook
    around: Surrounding

    async def check_step(self, written: Written, to: RegistrationState, at: datetime) -> None:
        """Return when the step may be taken.

        Raises:
            NotReady, CanaryTaken, StillNeeded, JustDraining
        """
        before = written.registration
        if to is RegistrationState.RETIRED:
            await self._check_idle(before.system)
            if (left := before.state_at + KNOWN_EVERYWHERE_AFTER - at) > timedelta(0):
                raise JustDraining(seconds=max(1, round(left.total_seconds())))
        elif before.state is RegistrationState.CANARY and to is RegistrationState.APPROVED:
            if not any(v.state in IN_FORCE for v in await self.book.all() if v.system == before.system):
                await self._check_idle(before.system)  # nobody else would send what waits
        elif to is RegistrationState.TESTED:
            _require(await self.readiness_of(written), lambda found: found.may_be_tested)
        elif to is RegistrationState.APPROVED:
            _require(await self.readiness_of(written), lambda found: found.may_be_approved)
        elif to in INTO_SERVICE:
            await self._check_service(written, to)

    async def _check_service(self, written: Written, to: RegistrationState) -> None:
        before = written.registration
        if to is RegistrationState.CANARY:
            tried = [v for v in await self.book.all() if v.system == before.system and v.state is to]
            if other := next((v for v in tried if v.version != before.version), None):
                raise CanaryTaken(version=other.version)
        found = await self.readiness_of(written)
        _require(found, lambda readiness: readiness.may_serve)
        if found.system is not None and found.system.transport == "manual":
            await self._check_idle(before.system)  # it sends nothing, so nobody would send what waits

    async def check_regions(self, after: Registration, actor: Actor) -> None:
        """Return when the actor may try a version in its canary's regions, and cases come from each of them.

        Where no window of the actor's region ever took in a case, nothing is known yet and any region in it will do.

        Raises:
            RegionsOutside, RegionsUnknown
        """
        if outside := [code for code in after.regions if not may_serve_region(actor, code)]:
            raise RegionsOutside(codes=_named(outside))
        known = await self.around.regions(actor.region) if after.regions else ()
        empty = [code for code in after.regions if not any(township.startswith(code) for township in known)]
        if known and empty:
            raise RegionsUnknown(codes=_named(empty), known=_named(known))

    async def _check_idle(self, system: str) -> None:
        backlog = await self.book.backlog(system)
        if not backlog.is_empty:
            raise StillNeeded(backlog)

    async def readiness_of(self, written: Written) -> Readiness:
        """Return what a kept version lacks."""
        system = written.registration.system
        return await self.readiness(written.text, written.contract, name=name_of(written), system=system)

    async def readiness(self, text: str, contract: bytes | None, *, name: str, system: str) -> Readiness:
        """Return what a text lacks; `name` is how its problems call it, `system` whose it should be."""
        matters = await self.around.published()

        def held() -> Readiness:
            try:
                compiled = parse_system(text, name=name, system=system, contract=contract)
            except SpecRefused as refused:
                return Readiness(problems=(*refused.problems, *_unknown(text, name, system, matters)))
            found = readiness(
                compiled,
                matters=matters,
                has_secret=lambda secret: has_secret(self.around.secrets, secret),
                missing_lines=self.around.missing_lines(compiled),
            )
            return replace(found, problems=_unknown(text, name, compiled.id, matters))

        return await asyncio.to_thread(held)

    async def matter_of(self, submission: Submission | None) -> Matter | None:
        """Return the published guide a case was taken in under."""
        case = submission.content.get("case") if submission is not None else None
        wanted = str(case.get("matter", "")) if isinstance(case, Mapping) else ""
        return next((m for m in await self.around.published() if m.id == wanted), None)

    async def contract(self, text: str, given: bytes | None, like: Written | None) -> bytes | None:
        """Return the WSDL a text goes with: the one given, the one before or the installed one, as its hash says."""
        named, pinned = await asyncio.to_thread(contract_of, text)
        if not named:
            return None
        candidates = [given, like.contract if like else None, self.around.contract(named)]
        known = [each for each in candidates if each is not None]
        fitting = (each for each in known if hashlib.sha256(each).hexdigest() == pinned)
        return next(fitting, known[0] if known else None)


def _unknown(text: str, name: str, system: str, matters: Sequence[Matter]) -> tuple[SpecProblem, ...]:
    """Return the form fields no guide has, beside whatever else does not hold."""
    try:
        return tuple(unknown_fields(parse(text, name), system, matters))
    except SpecRefused:
        return ()


def _require(found: Readiness, holds: Callable[[Readiness], bool]) -> None:
    if not holds(found):
        raise NotReady(found)


def _named(codes: Sequence[str]) -> str:
    return "、".join(codes[:_MOST_NAMED]) + (" …" if len(codes) > _MOST_NAMED else "")
