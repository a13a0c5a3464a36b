"""Under which version of its system's spec a delivery was last tried: read from who took which step when.

Which version served a region at a moment follows from the registrations' steps alone, so that nothing has to be kept
per attempt.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connectors.registered_text import compiled
from connectors.registration import IN_FORCE, RegistrationState, Step, Written
from connectors.replay import Candidate
from connectors.system import System

Key = tuple[str, int]


class VersionHistory(Protocol):
    """What the registry remembers."""

    async def steps(self, system: str, version: int | None = None) -> Sequence[Step]: ...

    async def texts(self, which: Collection[Key]) -> Mapping[Key, Written]: ...


def version_at(steps: Sequence[Step], at: datetime, region: str) -> int | None:
    """Return the version that served `region` at that moment; None when none did, or nobody knows."""
    in_force: int | None = None
    tried: Mapping[int, tuple[str, ...]] = {}
    for step in sorted((each for each in steps if each.at <= at), key=lambda each: (each.at, each.number)):
        if step.to_state in IN_FORCE:
            in_force = step.version
        elif step.version == in_force and step.from_state in IN_FORCE:
            in_force = None
        tried = {version: regions for version, regions in tried.items() if version != step.version}
        if step.to_state is RegistrationState.CANARY:
            tried = {**tried, step.version: step.regions}
    return next((version for version, regions in tried.items() if region.startswith(regions)), in_force)


class TriedSpecs:
    """Compiles each version once per look; deliveries never sent have none."""

    def __init__(self, history: VersionHistory) -> None:
        self._history = history

    async def of(self, system: str, candidates: Sequence[Candidate]) -> Mapping[str, System]:
        """Return by delivery the spec it was last tried under, where that is known."""
        sent = [each for each in candidates if each.last_sent_at is not None]
        if not sent:
            return {}
        steps = await self._history.steps(system)
        versions = {
            each.delivery.id: version
            for each in sent
            if each.last_sent_at is not None
            and (version := version_at(steps, each.last_sent_at, each.region)) is not None
        }
        texts = await self._history.texts({(system, version) for version in versions.values()})
        specs = await asyncio.to_thread(_compiled, texts)
        return {id_: specs[version] for id_, version in versions.items() if version in specs}


def _compiled(texts: Mapping[Key, Written]) -> Mapping[int, System]:
    found = {version: compiled(written).system for (_, version), written in texts.items()}
    return {version: system for version, system in found.items() if system is not None}
