"""A database that is away or full is told apart from a fault of ours, whatever driver says it."""

import errno
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from config.storage.outages import Outage, outage_of
from config.storage.sql import create_engine


@pytest.fixture
async def small(tmp_path: Path) -> Path:
    """A SQLite database with one table of unique texts."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'small.db'}")
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE kept (it TEXT UNIQUE)"))
    await engine.dispose()
    return tmp_path / "small.db"


async def _fault(url: str, *statements: str) -> BaseException:
    engine = create_engine(url)
    try:
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
    except (SQLAlchemyError, OSError) as fault:
        return fault
    finally:
        await engine.dispose()
    raise AssertionError("it went well")


async def test_a_database_without_room_is_full(small: Path) -> None:
    fault = await _fault(
        f"sqlite+aiosqlite:///{small}", "PRAGMA max_page_count=1", "INSERT INTO kept VALUES (hex(zeroblob(60000)))"
    )
    assert outage_of(fault) is Outage.FULL


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://nobody:x@127.0.0.1:9/none",
        "postgresql+asyncpg://nobody:x@/none?host=/nowhere/at/all",
    ],
)
async def test_a_database_that_can_not_be_reached_is_away(url: str) -> None:
    assert outage_of(await _fault(url, "SELECT 1")) is Outage.AWAY


async def test_a_fault_of_ours_is_no_outage(small: Path) -> None:
    url = f"sqlite+aiosqlite:///{small}"
    twice = await _fault(url, "INSERT INTO kept VALUES ('a')", "INSERT INTO kept VALUES ('a')")
    assert isinstance(twice, IntegrityError)
    assert [outage_of(fault) for fault in (twice, await _fault(url, "SELECT nothing"))] == [None, None]


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("53100", Outage.FULL),
        ("57P01", Outage.AWAY),  # an administrator stopped it
        ("57P03", Outage.AWAY),  # it is starting
        ("08006", Outage.AWAY),
        ("53300", Outage.AWAY),  # too many connections
        ("23505", None),
        ("42P01", None),
    ],
)
def test_the_states_of_postgresql(state: str, means: Outage | None) -> None:
    told = Exception("told")
    told.sqlstate = state  # type: ignore[attr-defined]
    assert outage_of(DBAPIError("SELECT 1", None, told)) is means


@pytest.mark.parametrize(
    ("fault", "means"),
    [
        (OSError(errno.ENOSPC, "no space"), Outage.FULL),
        (ConnectionResetError(), Outage.AWAY),
        (NoConnectionFree(), Outage.AWAY),
        (FileNotFoundError(errno.ENOENT, "no file", "page.html"), None),
        (PermissionError(errno.EACCES, "closed", "page.html"), None),
        (ValueError(), None),
    ],
    ids=repr,
)
def test_faults_of_the_machine(fault: BaseException, means: Outage | None) -> None:
    assert outage_of(fault) is means
