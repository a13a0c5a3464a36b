"""The contract examples over tables, files and messages: written, put down, published at the test lane, and read back."""

import asyncio
import importlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from config.clock import utc_now
from config.storage.sql import create_engine
from connectors.secrets_dir import SecretsDirectory
from connectors.storage.batches import SqlBatches
from connectors.storage.notes import SqlNotes
from connectors.storage.tables import metadata
from connectors.system import System
from connectors.trial import READ_BACK, TrialResult, TrialState
from connectors.trial_sending import Sender
from connectors.try_addresses import EndpointTestAddresses
from demo.ground.context import Background, SystemContext
from demo.ground.entry import entry_of
from demo.ground.received import ReceivedStore
from demo.ground.secrets import make_secrets, read_from
from demo.lane import lane
from tests.doubles.departments import A_WEDNESDAY_MORNING, ROOT, served
from tests.doubles.prepared import with_tables
from tests.functional.test_contract_trials import declared, department_with_lane
from tests.servers.tax_broker import open_accounts
from tests.servers.valkey import Valkey

LISTENS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A department with its test lane. `endpoints` has both addresses of it; `exchange_file` is the lane's table."""

    system: System
    address: str
    endpoints: Mapping[str, str]
    sender: Sender

    def received(self, path: str) -> list[object]:
        answer: list[object] = httpx2.get(f"{self.address}{path}/received", trust_env=False).json()
        return answer


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'trials.db'}")
    await with_tables(engine, metadata)
    yield engine
    await engine.dispose()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def addresses(endpoints: Mapping[str, str], directory: Path, book: AsyncEngine) -> EndpointTestAddresses:
    return EndpointTestAddresses(
        endpoints=endpoints,
        secrets=SecretsDirectory(directory / "secrets"),
        clock=utc_now,
        notes=SqlNotes(book),
        batches=SqlBatches(book),
        holiday_on=lambda day: "",
        offset=A_WEDNESDAY_MORNING - utc_now(),
    )


@contextmanager
def department(
    system_id: str, directory: Path, book: AsyncEngine, *, name: str, line: str, test: str
) -> Iterator[Lane]:
    """Run a department with its lane, both at their lines, until the block ends."""
    make_secrets(directory / "secrets")
    context = SystemContext(
        entry=entry_of(system_id),
        store=ReceivedStore(directory / f"{system_id}.db"),
        secrets=read_from(directory / "secrets"),
        line=line,
        directory=directory / system_id,
        speed=1000.0,
        department_offset=A_WEDNESDAY_MORNING - utc_now(),
        background=Background(),
    )
    create_api = importlib.import_module(f"demo.{system_id.replace('-', '_')}.app").create_api
    own = create_api(context)
    routes, store = lane(context, create_api, directory, line=test)
    app = Starlette(routes=[*own, *routes], lifespan=lambda _app: context.background.running())
    with served(app) as port:
        address = f"http://127.0.0.1:{port}"
        endpoints = {
            system_id: address,
            f"{system_id}.{name}": line,
            f"{system_id}.test": f"{address}/test",
            f"{system_id}.test.{name}": test,
        }
        sender = Sender(
            addresses=addresses(endpoints, directory, book), clock=utc_now, pace_seconds=0.05, listens=LISTENS
        )
        yield Lane(system=declared(system_id), address=address, endpoints=endpoints, sender=sender)
    for each in (store, context.store):
        each.close()


def states(results: list[TrialResult] | None) -> list[tuple[str, str, str]]:
    return [(each.operation, each.judged.state.value, each.judged.error) for each in results or ()]


async def tried(here: Lane) -> list[TrialResult]:
    return list(await here.sender.send(here.system, ()) or ())


def all_hold(here: Lane) -> list[tuple[str, str, str]]:
    sent = [(example.operation, TrialState.HOLDS.value, "") for example in here.system.spec.examples]
    return [*sent, (READ_BACK, TrialState.HOLDS.value, "")]


async def test_rows_are_written_into_the_test_table_read_back_and_answered(tmp_path: Path, book: AsyncEngine) -> None:
    real, test = (f"sqlite:///{tmp_path / name}.db" for name in ("front", "front-test"))
    with department("mz-benefit", tmp_path, book, name="exchange", line=real, test=test) as here:
        for _ in range(2):  # two nights: what the first one has read is not told again
            assert states(await tried(here)) == all_hold(here)
        assert (here.received(""), len(here.received("/test")) > 0) == ([], True)
    engine = create_engine(real.replace("sqlite:", "sqlite+aiosqlite:"))
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM OUT_BIZ"))).scalar() == 0
    await engine.dispose()


async def test_files_are_put_into_the_test_folder_and_their_receipts_are_read(
    tmp_path: Path, book: AsyncEngine
) -> None:
    real = f"sftp://127.0.0.1:{free_port()}/"
    with department("rs-card", tmp_path, book, name="files", line=real, test=f"{real}test") as here:
        for _ in range(2):
            assert states(await tried(here)) == all_hold(here)
        assert here.received("") == []
    root = tmp_path / "rs-card"
    assert list((root / "in").iterdir()) == list((root / "done").iterdir()) == []
    # Numbers of its own, without a gap; the real ones begin at 01 whatever was tried.
    assert sorted(path.name[-6:] for path in (root / "test" / "done").glob("*.txt")) == ["01.txt", "02.txt"]


async def test_messages_are_published_to_the_test_broker_and_answered_there(
    tmp_path: Path, book: AsyncEngine, valkey: Valkey
) -> None:
    real = open_accounts(valkey, tmp_path / "secrets")
    with department("tax-ssf", tmp_path, book, name="queue", line=real, test=f"{real}?db=1") as here:
        assert states(await tried(here)) == all_hold(here)
        assert here.received("") == []
    async with Redis.from_url(real) as redis:
        assert await redis.xlen("ssf.req") == 0


async def test_a_message_that_cannot_be_read_or_a_status_nobody_agreed_on_is_drift(
    tmp_path: Path, book: AsyncEngine, valkey: Valkey
) -> None:
    real = open_accounts(valkey, tmp_path / "secrets")
    with department("tax-ssf", tmp_path, book, name="queue", line=real, test=f"{real}?db=1") as here:
        async with Redis.from_url(f"{real}?db=1") as redis:
            await redis.xadd("ssf.resp", {"message": "网关繁忙"})
        changed = here.system.spec.model_copy(
            update={"statuses": {k: v for k, v in here.system.spec.statuses.items() if k != "SUCCESS"}}
        )
        read_back = list(await here.sender.send(replace(here.system, spec=changed), ()) or ())[-1]
    assert read_back.judged.state is TrialState.DRIFT
    found = {(each.place, each.expected) for each in read_back.judged.differences}
    assert found == {("status", "one that was agreed"), ("message", "one that can be read")}


async def test_what_is_not_answered_yet_is_said_and_a_table_that_is_away_is_not_reached(
    tmp_path: Path, book: AsyncEngine
) -> None:
    real, test = (f"sqlite:///{tmp_path / name}.db" for name in ("front", "nowhere/front-test"))
    with department("gjj-core", tmp_path, book, name="exchange", line=real, test=real.replace("front", "t")) as here:
        away = {**here.endpoints, "gjj-core.test.exchange": test}
        sender = Sender(
            addresses=addresses(away, tmp_path, book), clock=utc_now, pace_seconds=0.01, listens=timedelta()
        )
        found = states(list(await sender.send(here.system, ()) or ()))
    assert [(operation, state) for operation, state, _error in found] == [
        ("GRZHSL", "unreached"),
        (READ_BACK, "unreached"),
    ]
    assert found[-1][2] == "not_yet"


@pytest.mark.parametrize(
    ("system_id", "lines", "why"),
    [
        ("wj-reward", {"test": "https://t"}, "captcha"),
        ("mz-benefit", {"test": "https://t"}, "mz-benefit.test.exchange"),
        ("tax-ssf", {"test.queue": "redis://t"}, "tax-ssf.test"),
        ("tax-ssf", {"test": "https://t", "test.queue": "redis://q:1/0", "queue": "redis://q:1"}, "live"),
        ("mz-elder", {"": "https://e/", "test": "https://E"}, "live"),
        ("rs-card", {"files": "sftp://f:22/", "test.files": "sftp://f:22/test"}, ""),
        ("mz-elder", {"": "https://e", "test": "https://t"}, ""),
    ],
)
async def test_a_system_is_tried_at_a_test_address_only_and_says_why_where_it_is_not(
    system_id: str, lines: Mapping[str, str], why: str, book: AsyncEngine, tmp_path: Path
) -> None:
    named = {f"{system_id}.{name}".rstrip("."): line for name, line in lines.items()}
    known = addresses(named, tmp_path, book)
    assert known.why_not(declared(system_id)) == why
    assert bool(known.address(declared(system_id))) is not bool(why)


async def test_no_name_or_password_in_a_test_address_is_shown(book: AsyncEngine, tmp_path: Path) -> None:
    known = addresses({"mz-benefit.test.exchange": "mysql://tester:p%40ss@front:3306/test"}, tmp_path, book)
    assert known.address(declared("mz-benefit")) == "mysql://front:3306/test"


def typed(installation: Path, endpoints: Mapping[str, str], *words: object) -> tuple[int, str]:
    """Type `onewindow connector test …` in an installation with these endpoints."""
    (installation / "endpoints.yaml").write_text("".join(f"{n}: {line}\n" for n, line in endpoints.items()), "utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / "onewindow.py", "connector", "test", *(str(word) for word in words)],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ONEWINDOW_SECRET_KEY": "kJ8sd92mZqpW03nvXcY71LrTbHfGe5Ua-Io",
            "ONEWINDOW_DATABASE_URL": f"sqlite+aiosqlite:///{installation / 'trials.db'}",
            "ONEWINDOW_VAR_DIR": str(installation),
            "ONEWINDOW_SECRETS_DIR": str(installation / "secrets"),
            "ONEWINDOW_ENDPOINTS_FILE": str(installation / "endpoints.yaml"),
            "ONEWINDOW_LOG_LEVEL": "warning",
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


async def test_by_hand_the_same_examples_are_sent_and_drift_ends_with_one(tmp_path: Path, book: AsyncEngine) -> None:
    specs = tmp_path / "systems"
    specs.mkdir()
    written = (ROOT / "config/systems/wj-birth.yaml").read_text("utf-8")
    (specs / "wj-birth.yaml").write_text(written, "utf-8")
    with department_with_lane("wj-birth", tmp_path, utc_now) as address:
        there = {"wj-birth": address, "wj-birth.test": f"{address}/test"}

        def test(endpoints: Mapping[str, str]) -> tuple[int, str]:
            return typed(tmp_path, endpoints, "wj-birth", "--directory", specs, "--send")

        code, said = await asyncio.to_thread(test, {"wj-birth": f"{address}/test", "wj-birth.test": f"{address}/test/"})
        assert (code, "the test address is the live one" in said) == (2, True), said
        agreed = '        orgCode: "320105WJ01"\n'
        (specs / "wj-birth.yaml").write_text(written.replace(agreed, f"{agreed}        extra: 1\n"), "utf-8")
        code, said = await asyncio.to_thread(test, there)
        assert (code, "body.extra: expected a number, found missing" in said) == (1, True), said
        (specs / "wj-birth.yaml").write_text(written, "utf-8")
        code, said = await asyncio.to_thread(test, there)
        assert (code, "SYDJ\t与约定一致 holds" in said) == (0, True), said
    code, said = await asyncio.to_thread(test, {**there, "wj-birth.test": "http://127.0.0.1:9/test"})
    assert (code, "没有问到" in said) == (2, True), said
