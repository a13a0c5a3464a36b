"""The systems as they follow the registry: which version serves whom, and what a registry that is away changes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from config.storage.memory_state import MemoryStateStore
from connectors.live import Key, LiveSystems
from connectors.registered_text import as_written
from connectors.registration import Registration, RegistrationState, Written
from tests.doubles.house import SPEC

S = RegistrationState
AT = datetime(2026, 3, 3, 2, tzinfo=UTC)
HERE, ELSEWHERE = "320205007", "320206003"


@dataclass(slots=True)
class Versions:
    """A registry told what it has in service; `is_away` makes it fail."""

    kept: dict[Key, Written] = field(default_factory=dict)
    is_away: bool = False
    read: list[Key] = field(default_factory=list)

    def put(self, version: int, state: S, *, regions: tuple[str, ...] = (), text: str = SPEC) -> None:
        written = as_written("mz-elder", text, None, writers=(), origin="person", at=AT)
        registration = replace(written.registration, version=version, state=state, regions=regions)
        self.kept["mz-elder", version] = replace(written, registration=registration)

    async def served(self) -> Sequence[Registration]:
        if self.is_away:
            raise ConnectionError("the database is away")
        return [each.registration for each in self.kept.values()]

    async def texts(self, which: Collection[Key]) -> Mapping[Key, Written]:
        self.read += which
        return {key: self.kept[key] for key in which}


async def live(versions: Versions) -> LiveSystems:
    systems = LiveSystems(versions, MemoryStateStore())
    await systems.refresh()
    return systems


async def test_the_live_version_serves_everybody() -> None:
    versions = Versions()
    versions.put(3, S.LIVE)
    system = (await live(versions))["mz-elder"]
    assert (system.registered, system.takes_cases, system.is_served) == (3, True, True)
    assert system.in_region(HERE) is system
    assert not system.is_by_hand("ZLJ_APPLY", HERE)
    assert system.is_by_hand("UNKNOWN", HERE)


async def test_a_canary_serves_its_regions_and_the_live_version_the_others() -> None:
    versions = Versions()
    versions.put(3, S.LIVE)
    versions.put(4, S.CANARY, regions=("320205",))
    system = (await live(versions))["mz-elder"]
    assert (system.in_region(HERE).registered, system.in_region(ELSEWHERE).registered) == (4, 3)
    assert [each.registered for each in system.served_versions] == [3, 4]


async def test_a_new_system_is_tried_in_its_regions_and_carried_by_hand_elsewhere() -> None:
    versions = Versions()
    versions.put(1, S.CANARY, regions=("320205",))
    system = (await live(versions))["mz-elder"]
    assert not system.is_by_hand("ZLJ_APPLY", HERE)
    assert system.is_by_hand("ZLJ_APPLY", ELSEWHERE)
    assert system.leading.registered == 1


async def test_a_draining_system_is_served_and_takes_nothing_new() -> None:
    versions = Versions()
    versions.put(3, S.DRAINING)
    system = (await live(versions))["mz-elder"]
    assert system.is_served
    assert system.is_by_hand("ZLJ_APPLY", HERE)


async def test_a_retired_system_is_known_by_name_only() -> None:
    versions = Versions()
    versions.put(3, S.RETIRED)
    system = (await live(versions))["mz-elder"]
    assert system.name
    assert not system.is_served
    assert system.is_by_hand("ZLJ_APPLY", HERE)


async def test_the_successor_of_a_retired_version_leads_while_it_is_tried() -> None:
    versions = Versions()
    versions.put(3, S.RETIRED)
    versions.put(4, S.CANARY, regions=("320205",))
    system = (await live(versions))["mz-elder"]
    assert (system.is_served, system.leading.registered) == (True, 4)
    assert [each.registered for each in system.served_versions] == [4]


async def test_a_registry_that_is_away_changes_nothing() -> None:
    versions = Versions()
    versions.put(3, S.LIVE)
    systems = await live(versions)
    before = systems["mz-elder"]
    versions.is_away = True
    with pytest.raises(ConnectionError):
        await systems.refresh()
    assert systems["mz-elder"] is before


async def test_nothing_is_read_or_replaced_while_nothing_changes() -> None:
    versions = Versions()
    versions.put(3, S.LIVE)
    systems = await live(versions)
    before = systems["mz-elder"]
    assert not await systems.refresh()
    assert systems["mz-elder"] is before
    assert versions.read == [("mz-elder", 3)]


async def test_a_version_is_compiled_once_however_its_service_changes() -> None:
    versions = Versions()
    versions.put(3, S.LIVE)
    systems = await live(versions)
    versions.put(3, S.DRAINING)
    assert await systems.refresh()
    assert systems["mz-elder"].service == "draining"
    assert versions.read == [("mz-elder", 3)]


async def test_a_version_that_can_not_be_read_leaves_its_system_as_it_was() -> None:
    versions = Versions()
    versions.put(3, S.LIVE)
    systems = await live(versions)
    del versions.kept["mz-elder", 3]
    versions.put(4, S.LIVE, text=SPEC.replace("rest_json", "telegraph"))
    assert await systems.refresh()
    assert systems["mz-elder"].registered == 3


async def test_a_system_whose_only_version_is_taken_out_of_service_is_gone() -> None:
    versions = Versions()
    versions.put(1, S.CANARY, regions=("320205",))
    systems = await live(versions)
    versions.kept.clear()
    await systems.refresh()
    assert len(systems) == 0
    assert "mz-elder" not in systems
