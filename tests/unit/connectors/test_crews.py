"""A worker's crews: begun, changed and ended one by one, and what each change leaves alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.storage.memory_state import MemoryStateStore
from connectors.crew import Crews
from connectors.errors import SecretMissing
from connectors.ground import Ground
from connectors.lane import Lane
from connectors.live_transports import AGAIN_AFTER, LiveTransports
from connectors.serving import serving
from connectors.system import Canary, System
from connectors.transport_kinds import Address
from tests.doubles.house import make_system

HERE, ELSEWHERE = "320205007", "320206003"


@dataclass(slots=True, eq=False)
class Line:
    """A transport that only knows whether it is open."""

    is_open: bool = True

    async def aclose(self) -> None:
        self.is_open = False


class Worker:
    """Some systems, their transports and the crews over both."""

    def __init__(self, *versions: System) -> None:
        self.systems = {each.id: each for each in versions}
        self.addresses: dict[str, str] = {}
        self.transports = LiveTransports(self.systems, address=self._address, make=_line)
        ground = Ground(
            ledger=None, breakers=None, clock=lambda: datetime(2026, 3, 3, 2, tzinfo=UTC), holiday_on=lambda day: "",  # type: ignore[arg-type]
            offset=timedelta(), owner="w", lease=timedelta(seconds=8), base_url="", jitter=lambda: 0.0,
            nonce=lambda: "n", uses=self.transports.uses,
        )  # fmt: skip
        self.crews = Crews(ground, MemoryStateStore())
        self.group = asyncio.TaskGroup()

    def muster(self, *changed: System) -> dict[str, Lane]:
        self.systems.update({each.id: each for each in changed})
        self.crews.muster(serving(self.systems, self.transports), self.group)
        return self.crews.lanes

    def _address(self, system: System) -> Address | None:
        return Address(self.addresses.get(system.id, "http://127.0.0.1:9"))


def _line(_system: System, _address: Address) -> Any:
    return Line()


@asynccontextmanager
async def working(*versions: System) -> AsyncIterator[Worker]:
    worker = Worker(*versions)
    async with worker.group:
        yield worker
        worker.systems.clear()
        worker.muster()


def version(directory: Path, number: int, id_: str = "mz-elder", **more: Any) -> System:
    made = make_system(directory)
    return replace(made, spec=made.spec.model_copy(update={"id": id_}), registered=number, **more)


async def test_another_version_changes_its_own_lane_only(tmp_path: Path) -> None:
    async with working(version(tmp_path, 1), version(tmp_path, 1, "rs-card")) as worker:
        before = worker.muster()
        delivers = {id_: lane.deliverer for id_, lane in before.items()}
        after = worker.muster(version(tmp_path, 2))
        assert after["mz-elder"] is before["mz-elder"]
        assert after["mz-elder"].deliverer.system.registered == 2
        assert after["rs-card"].deliverer is delivers["rs-card"]


async def test_nothing_is_changed_while_nothing_changed(tmp_path: Path) -> None:
    async with working(version(tmp_path, 1)) as worker:
        first = worker.muster()["mz-elder"].deliverer
        assert worker.muster()["mz-elder"].deliverer is first


async def test_the_old_way_is_closed_when_nothing_uses_it(tmp_path: Path) -> None:
    async with working(version(tmp_path, 1)) as worker:
        old: Any = worker.muster()["mz-elder"].deliverer.transport
        with worker.transports.uses.of(old):
            new: Any = worker.muster(version(tmp_path, 2))["mz-elder"].deliverer.transport
            assert await worker.transports.sweep() == 0
            assert old.is_open
        assert await worker.transports.sweep() == 1
        assert (old.is_open, new.is_open) == (False, True)


async def test_a_system_that_stands_otherwise_keeps_its_way(tmp_path: Path) -> None:
    async with working(version(tmp_path, 1)) as worker:
        old = worker.muster()["mz-elder"].deliverer.transport
        lane = worker.muster(version(tmp_path, 1, service="draining"))["mz-elder"]
        assert lane.deliverer.transport is old
        assert await worker.transports.sweep() == 0


async def test_another_address_is_another_way_without_a_restart(tmp_path: Path) -> None:
    async with working(version(tmp_path, 1)) as worker:
        old: Any = worker.muster()["mz-elder"].deliverer.transport
        worker.addresses["mz-elder"] = "http://127.0.0.1:10"
        assert worker.muster()["mz-elder"].deliverer.transport is not old
        await worker.transports.sweep()
        assert not old.is_open


async def test_a_canary_delivers_for_its_regions_at_the_pace_of_the_system(tmp_path: Path) -> None:
    tried = version(tmp_path, 2)
    async with working(version(tmp_path, 1, canary=Canary(regions=("320205",), system=tried))) as worker:
        lane = worker.muster()["mz-elder"]
        here = lane.tried(HERE)
        assert here is not None
        assert (here.system.registered, lane.deliverer.system.registered) == (2, 1)
        assert here.pace is lane.deliverer.pace
        assert lane.tried(ELSEWHERE) is None


async def test_a_retired_system_has_no_lane(tmp_path: Path) -> None:
    async with working(version(tmp_path, 1)) as worker:
        old: Any = worker.muster()["mz-elder"].deliverer.transport
        assert worker.muster(version(tmp_path, 1, service="retired")) == {}
        await worker.transports.sweep()
        assert not old.is_open


async def test_a_way_that_can_not_be_made_keeps_no_other_system_waiting(tmp_path: Path) -> None:
    def make(system: System, _address: Address) -> Any:
        if system.id == "mz-elder":
            raise ValueError("no section")
        return Line()

    systems = {id_: version(tmp_path, 1, id_) for id_ in ("mz-elder", "rs-card")}
    transports = LiveTransports(systems, address=lambda _system: Address("http://127.0.0.1:9"), make=make)
    assert list(serving(systems, transports)) == ["rs-card"]


async def test_a_way_that_can_not_be_made_is_tried_again_and_its_owner_told_once_each_way(tmp_path: Path) -> None:
    at, told, has_secret = datetime(2026, 3, 3, 2, tzinfo=UTC), [], False

    def make(system: System, _address: Address) -> Any:
        if not has_secret:
            raise SecretMissing("no secret named 'mz-elder.hmac' in the secrets directory")
        return Line()

    async def tell(system: str, why: str) -> None:
        told.append((system, why))

    systems = {"mz-elder": version(tmp_path, 1)}
    transports = LiveTransports(
        systems, address=lambda _system: Address("http://127.0.0.1:9"), make=make, clock=lambda: at, tell=tell
    )
    for _ in range(3):
        assert serving(systems, transports) == {}
        await transports.report()
    has_secret = True
    assert serving(systems, transports) == {}, "not at every look"
    at += AGAIN_AFTER
    for _ in range(2):
        assert list(serving(systems, transports)) == ["mz-elder"]
        await transports.report()
    assert told == [("mz-elder", "no secret named 'mz-elder.hmac' in the secrets directory"), ("mz-elder", "")]


async def test_why_a_way_can_not_be_made_quotes_no_address(tmp_path: Path) -> None:
    told = []

    def make(_system: System, _address: Address) -> Any:
        raise ValueError("redis://account:password@broker is no address")

    async def tell(_system: str, why: str) -> None:
        told.append(why)

    systems = {"mz-elder": version(tmp_path, 1)}
    transports = LiveTransports(systems, address=lambda _s: Address("http://127.0.0.1:9"), make=make, tell=tell)
    serving(systems, transports)
    await transports.report()
    assert told == ["ValueError"]
