"""The department systems as every process has them: a mapping that follows the registry without a restart.

A change is announced through the state store (`connectors.registry.TOPIC`); because an announcement may get lost, every
process also looks by itself every few seconds. With the database away it keeps what it has. Each look replaces the
whole mapping at once: who holds a `System` goes on with the version it has.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Final, Protocol

from config import logs
from config.state import StateStore, StateStoreUnavailable
from connectors.errors import SpecProblem, SpecRefused
from connectors.registered_text import name_of
from connectors.registration import IN_FORCE, Registration, RegistrationState, Written
from connectors.registry import TOPIC
from connectors.spec import parse_system
from connectors.system import Canary, Service, System

log = logs.get(__name__)
LOOK_EVERY_SECONDS: Final = 3.0
_SERVICE: Final[Mapping[RegistrationState, Service]] = {
    RegistrationState.LIVE: "live",
    RegistrationState.DRAINING: "draining",
    RegistrationState.RETIRED: "retired",
}
Key = tuple[str, int]
"""A system's id and a version."""


class ServedVersions(Protocol):
    """What the registry has in service."""

    async def served(self) -> Sequence[Registration]:
        """Return what is live, draining or tried, and of every system the version that was retired last."""

    async def texts(self, which: Collection[Key]) -> Mapping[Key, Written]:
        """Return these versions with their texts."""


class LiveSystems(Mapping[str, System]):
    """`Mapping[str, System]` over the registry; empty before the first `refresh`."""

    def __init__(self, versions: ServedVersions, state: StateStore) -> None:
        self._versions = versions
        self._state = state
        self._compiled: dict[Key, System] = {}
        self._systems: Mapping[str, System] = {}
        self._seen: Sequence[Registration] = ()
        self._was_read = False
        self._turn = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []

    def __getitem__(self, system: str) -> System:
        return self._systems[system]

    def __iter__(self) -> Iterator[str]:
        return iter(self._systems)

    def __len__(self) -> int:
        return len(self._systems)

    async def refresh(self) -> bool:
        """Read what is in service; tell whether that changed anything.

        A system with a version that does not hold any more (the language changed under it) goes on as it was before.
        """
        async with self._turn:
            served = await self._versions.served()
            if self._was_read and served == self._seen:
                return False
            wanted = {(each.system, each.version) for each in served}
            for key, written in (await self._versions.texts(wanted - set(self._compiled))).items():
                system, problems = await asyncio.to_thread(_compile, written)
                if system is not None:
                    self._compiled[key] = system
                for problem in problems:
                    log.error("registration_unreadable", problem=str(problem))
            lost = {each.system for each in served if (each.system, each.version) not in self._compiled}
            kept = {id_: system for id_, system in self._systems.items() if id_ in lost}
            kept |= {id_: system for id_, system in self._systems.items() if _of(id_, served) == _of(id_, self._seen)}
            changed = [each for each in served if each.system not in {*lost, *kept}]
            self._systems = dict(sorted({**assembled(changed, self._compiled), **kept}.items()))
            self._compiled = {key: system for key, system in self._compiled.items() if key in wanted}
            self._seen, self._was_read = served, True
            log.info("systems_refreshed", systems=len(self._systems), versions=len(served))
            self._tell()
            return True

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` at once whenever something changed, while the block runs."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                # It looks again by itself; the others are told all the same.
                log.exception("change_not_taken_up")

    async def follow(self) -> None:
        """Follow the registry until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._look())

    async def _listen(self) -> None:
        while True:
            try:
                async with self._state.listen(TOPIC) as messages:
                    async for _ in messages:
                        await self._refresh_or_keep()
            except StateStoreUnavailable:
                log.warning("registrations_unheard")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _look(self) -> None:
        while True:
            await self._refresh_or_keep()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _refresh_or_keep(self) -> None:
        try:
            await self.refresh()
        except Exception as fault:  # noqa: BLE001 - whatever it is, what is in service stays in service
            log.warning("registry_unavailable", error=type(fault).__name__)


def told_of_changes(systems: Mapping[str, System], listener: Callable[[], None]) -> AbstractContextManager[None]:
    """Return a block during which `listener` is called when `systems` change; those of files alone never do."""
    return systems.telling(listener) if isinstance(systems, LiveSystems) else nullcontext()


def _of(system: str, served: Sequence[Registration]) -> list[Registration]:
    return [each for each in served if each.system == system]


def assembled(served: Sequence[Registration], compiled: Mapping[Key, System]) -> Mapping[str, System]:
    """Return each system as its versions in service make it: one in force or retired, and one that is tried. Pure."""
    found: dict[str, System] = {}
    for id_ in dict.fromkeys(sorted(each.system for each in served)):
        of_system = [each for each in served if each.system == id_ and (each.system, each.version) in compiled]
        in_force = next((each for each in of_system if each.state in IN_FORCE), None)
        canary = next((each for each in of_system if each.state is RegistrationState.CANARY), None)
        retired = next((each for each in of_system if each.state is RegistrationState.RETIRED), None)
        base = in_force or retired
        system = _standing(base, compiled, _SERVICE[base.state]) if base else None
        if canary is not None:
            tried = _standing(canary, compiled, "live")
            ground = system or replace(tried, service="trial")
            system = replace(ground, canary=Canary(regions=canary.regions, system=tried))
        if system is not None:
            found[id_] = system
    return found


def _standing(registration: Registration, compiled: Mapping[Key, System], service: Service) -> System:
    known = compiled[registration.system, registration.version]
    return replace(known, registered=registration.version, service=service)


def _compile(written: Written) -> tuple[System | None, Sequence[SpecProblem]]:
    system = written.registration.system
    try:
        return parse_system(written.text, name=name_of(written), system=system, contract=written.contract), ()
    except SpecRefused as refused:
        return None, refused.problems
