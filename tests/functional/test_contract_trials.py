"""The contract examples against the departments' test lanes: they hold night after night, and nothing stands among the real cases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from config.clock import SHANGHAI, Clock
from config.storage.sql import create_engine
from connectors.alerting import Alerting
from connectors.outcomes import Answer
from connectors.secrets_dir import SecretsDirectory
from connectors.spec import load_system
from connectors.storage.alerts import SqlAlerts
from connectors.storage.batches import SqlBatches
from connectors.storage.notes import SqlNotes
from connectors.storage.tables import metadata
from connectors.storage.trials import SqlTrials
from connectors.system import System
from connectors.transport_ports import Answers, Errand
from connectors.trial import Trial, TrialState
from connectors.try_addresses import EndpointTestAddresses
from connectors.trying import TrialRunner, Trials
from connectors.unread import UnreadBook
from demo.ground.context import Background, SystemContext
from demo.ground.entry import entry_of
from demo.ground.received import ReceivedStore
from demo.ground.secrets import make_secrets, read_from
from demo.lane import lane
from matters.policy import Actor, Role
from tests.doubles.departments import A_WEDNESDAY_MORNING, ROOT, served
from tests.doubles.prepared import with_tables

TRIED = (
    "mz-assist", "mz-elder", "mz-monitor", "rs-employee-insurance", "rs-employment", "rs-resident-pension", "scjg-food", "wj-birth",
    "yb-core",
)  # fmt: skip
OWNER = Actor(sub="owner-1", name="周主管", roles=frozenset({Role.OWNER}), unit="", region="32")
NIGHT = datetime(2026, 11, 24, 1, 31, tzinfo=SHANGHAI)


def declared(system_id: str) -> System:
    return load_system(ROOT / "config" / "systems" / f"{system_id}.yaml")


@contextmanager
def department_with_lane(system_id: str, directory: Path, clock: Clock) -> Iterator[str]:
    """Run a department with its test lane; give its address."""
    make_secrets(directory / "secrets")
    context = SystemContext(
        entry=entry_of(system_id),
        store=ReceivedStore(directory / f"{system_id}.db"),
        secrets=read_from(directory / "secrets"),
        speed=1000.0,
        clock=clock,
        department_offset=A_WEDNESDAY_MORNING - clock(),
        background=Background(),
    )
    create_api = import_module(f"demo.{system_id.replace('-', '_')}.app").create_api
    routes, store = lane(context, create_api, directory)
    with served(Starlette(routes=[*create_api(context), *routes])) as port:
        yield f"http://127.0.0.1:{port}"
    for each in (store, context.store):
        each.close()


class Scripted:
    """A test address that answers as told; `opened` counts the channels."""

    def __init__(self, answer: Callable[[Errand], Answer]) -> None:
        self._answer = answer
        self.sent: list[Errand] = []

    def address(self, system: System) -> str:
        return "https://test.example"

    def why_not(self, system: System) -> str:
        return ""

    @asynccontextmanager
    async def open(self, system: System, unread: UnreadBook) -> AsyncIterator[Answers]:
        yield self

    async def answer(self, errand: Errand) -> Answer:
        self.sent.append(errand)
        await asyncio.sleep(0)
        return self._answer(errand)


AS_AGREED = {"code": 0, "msg": "ok", "data": {"caseId": "ZLJ-1", "outCaseNo": "x", "status": "10"}}


def agreed(errand: Errand) -> Answer:
    example = next(each for each in errand.system.spec.examples if each.operation == errand.operation.name)
    said = example.answers[0]
    return Answer(http_status=said.status, body=said.body, envelope=said.body)


def changed(_errand: Errand) -> Answer:
    body: Mapping[str, Any] = {**AS_AGREED, "data": {"id": "ZLJ-1", "status": "10"}}
    return Answer(http_status=200, body=body, envelope=body)


def silent(_errand: Errand) -> Answer:
    return Answer(error="connect")


@pytest.fixture
async def made(engine: AsyncEngine) -> AsyncEngine:
    await with_tables(engine, metadata)
    return engine


def runner(
    engine: AsyncEngine, system: System, addresses: Any, *, at: datetime = NIGHT, owner: str = "w1"
) -> TrialRunner:
    return TrialRunner(
        book=SqlTrials(engine), systems={system.id: system}, addresses=addresses, alerting=Alerting(SqlAlerts(engine)),
        clock=lambda: at, holiday_on=lambda day: "", owner=owner, pace_seconds=0,
    )  # fmt: skip


async def last(engine: AsyncEngine, system: str) -> Trial:
    return (await SqlTrials(engine).latest(system))[0]


@pytest.mark.parametrize("system_id", TRIED)
async def test_the_examples_hold_at_the_departments_test_lane_on_two_nights_and_when_asked_twice(
    system_id: str, tmp_path: Path, sqlite_made: AsyncEngine
) -> None:
    system, passed = declared(system_id), [timedelta()]

    def clock() -> datetime:  # of a day that stands still, for departments throw their dice by the case number
        return datetime(2026, 11, 18, 2, 0, tzinfo=UTC) + passed[0]

    tokens = (UUID(int=n) for n in count(1))

    with department_with_lane(system_id, tmp_path, clock) as address:
        addresses = EndpointTestAddresses(
            endpoints={f"{system_id}.test": f"{address}/test"},
            secrets=SecretsDirectory(tmp_path / "secrets"),
            clock=clock,
            notes=SqlNotes(sqlite_made),
            batches=SqlBatches(sqlite_made),
            holiday_on=lambda day: "",
        )
        trials = Trials(book=SqlTrials(sqlite_made), systems={system_id: system}, addresses=addresses)
        for night in (0, 1, 1):  # and once more at once, when they know the same people already
            passed[0] = timedelta(weeks=night)
            await trials.run_now(system_id, actor=OWNER, at=clock())
            assert await replace(
                runner(sqlite_made, system, addresses), clock=clock, new_token=lambda: next(tokens)
            ).run_one()
            found = await last(sqlite_made, system_id)
            told = [(each.example, each.judged.found, each.judged.differences) for each in found.results]
            assert [each.judged.state for each in found.results] == [TrialState.HOLDS] * len(system.spec.examples), told
        real = httpx2.get(f"{address}/received", trust_env=False).json()
        tried = httpx2.get(f"{address}/test/received", trust_env=False).json()
    assert (real, len(tried) > 0) == ([], True)


@pytest.fixture
async def sqlite_made(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'trials.db'}")
    await with_tables(engine, metadata)
    yield engine
    await engine.dispose()


async def test_a_night_is_tried_once_however_many_workers_look(made: AsyncEngine) -> None:
    system, addresses = declared("mz-elder"), Scripted(agreed)
    workers = [runner(made, system, addresses, owner=f"w{n}") for n in range(3)]
    assert sum(await asyncio.gather(*(worker.begin_night() for worker in workers))) == 1
    await asyncio.gather(*(worker.run_one() for worker in workers))
    assert len(addresses.sent) == len(system.spec.examples)
    found = await last(made, "mz-elder")
    assert (found.day, found.is_over) == (date(2026, 11, 24), True)
    assert await workers[0].begin_night() == 0


async def test_before_the_hour_and_while_it_is_closed_nothing_begins(made: AsyncEngine) -> None:
    evening = runner(made, declared("mz-elder"), Scripted(agreed), at=NIGHT - timedelta(minutes=2))
    assert await evening.begin_night() == 0
    closed = runner(made, declared("rs-resident-pension"), Scripted(agreed))  # opens at seven
    assert await closed.begin_night() == 0
    morning = runner(made, declared("rs-resident-pension"), Scripted(agreed), at=NIGHT + timedelta(hours=6))
    assert await morning.begin_night() == 1


async def test_asked_twice_it_is_tried_once(made: AsyncEngine) -> None:
    system, addresses = declared("mz-elder"), Scripted(agreed)
    trials = Trials(book=SqlTrials(made), systems={system.id: system}, addresses=addresses)
    first, second = await asyncio.gather(
        *(trials.run_now(system.id, actor=OWNER, at=datetime.now(UTC)) for _ in range(2))
    )
    assert first.id == second.id


async def test_another_worker_goes_on_where_one_died(made: AsyncEngine) -> None:
    system = declared("mz-elder")

    def dies(errand: Errand) -> Answer:
        if errand.operation.name == system.spec.examples[1].operation:
            raise RuntimeError("the worker dies here")
        return agreed(errand)

    one = runner(made, system, Scripted(dies))
    await one.begin_night()
    with pytest.raises(RuntimeError):
        await one.run_one()
    heir = Scripted(agreed)
    assert not await runner(made, system, heir, owner="w2").run_one()  # it may live still
    assert await runner(made, system, heir, owner="w2", at=NIGHT + timedelta(minutes=16)).run_one()
    assert len(heir.sent) == len(system.spec.examples) - 1
    assert (await last(made, "mz-elder")).is_over


async def test_whatever_an_answers_names_hold_the_trial_ends_and_shows_no_number(made: AsyncEngine) -> None:
    system = declared("mz-elder")
    strange = {f"name{n}": n for n in range(200)} | {"nul\0": 1, "990101190307070011": 1, "x" * 5_000: 1}

    def says(_errand: Errand) -> Answer:
        body = dict(reversed({**AS_AGREED, **strange}.items()))
        return Answer(http_status=200, body=body, envelope=body)

    one = runner(made, system, Scripted(says))
    await one.begin_night()
    assert await one.run_one()
    found = await last(made, "mz-elder")
    assert found.is_over
    places = [each.place for each in found.results[0].judged.differences]
    assert len(places) == 50
    assert max(map(len, places)) <= 200
    assert "body.nul\ufffd" in places
    assert not any("190307070011" in place for place in places)


async def test_drift_opens_one_alert_and_agreeing_again_clears_it(made: AsyncEngine) -> None:
    system, book = declared("mz-elder"), SqlAlerts(made)
    trials = Trials(book=SqlTrials(made), systems={system.id: system}, addresses=Scripted(agreed))

    async def tried(says: Callable[[Errand], Answer]) -> None:
        await trials.run_now(system.id, actor=OWNER, at=NIGHT)
        assert await runner(made, system, Scripted(says)).run_one()

    await tried(changed)
    await tried(changed)
    (incident,) = await book.standing()
    assert (incident.key.kind, incident.count, incident.cleared_at) == (
        "contract_drift",
        len(system.spec.examples),
        None,
    )
    await tried(silent)  # who does not answer proves nothing
    (incident,) = await book.standing()
    assert incident.cleared_at is None
    await tried(agreed)
    (incident,) = await book.standing()
    assert incident.cleared_at is not None
    assert (await last(made, "mz-elder")).count(TrialState.HOLDS) == len(system.spec.examples)
