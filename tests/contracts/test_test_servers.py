"""The fixtures themselves: what other tests stand on."""

import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.conftest import Backend
from tests.servers.child import private_directory


async def test_a_database_is_empty_and_takes_a_table(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE once (id INTEGER PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO once VALUES (1)"))


async def test_the_next_test_sees_nothing_of_the_last(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE once (id INTEGER PRIMARY KEY)"))
        assert (await connection.execute(text("SELECT count(*) FROM once"))).scalar_one() == 0


async def test_both_ways_to_run_answer(backend: Backend) -> None:
    await backend.state.ping()
    async with backend.engine.connect() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    assert bool(backend.redis_url) == backend.database_url.startswith("postgresql")


_START_AND_WAIT = """
from time import sleep
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey
print(Postgres.start().child.pid, Valkey.start().child.pid, flush=True)
sleep(60)
"""


def _ended(pid: int, within_seconds: float) -> bool:
    until = monotonic() + within_seconds
    while Path(f"/proc/{pid}").exists() and "(zombie)" not in Path(f"/proc/{pid}/status").read_text():
        if monotonic() > until:
            return False
        sleep(0.05)
    return True


def test_servers_end_when_the_test_run_is_killed() -> None:
    runner = subprocess.Popen([sys.executable, "-c", _START_AND_WAIT], stdout=subprocess.PIPE, text=True)
    assert runner.stdout is not None
    with runner, runner.stdout:
        pids = [int(word) for word in runner.stdout.readline().split()]
        runner.send_signal(signal.SIGKILL)
    assert len(pids) == 2
    assert all(_ended(pid, within_seconds=15) for pid in pids)


def test_a_directory_left_by_a_killed_run_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    of_a_dead_process = tmp_path / "ow-kv-4194999-left"
    of_this_process = private_directory("kv")
    of_a_dead_process.mkdir()
    private_directory("kv")
    assert not of_a_dead_process.exists()
    assert of_this_process.exists()
