"""Fixtures every test may ask for: real databases, a real Redis, a real browser.

The servers start when the first test asks for one, one of each per pytest process (two xdist workers have
two), and end with it. Each test gets an empty database and an empty store.
"""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from config.storage.redis_state import RedisStateStore
from config.storage.sql import create_engine
from tests.doubles import compiled_templates
from tests.scheduling import ByWhatIsShared, Standing
from tests.servers.browser_loop import BrowserLoop
from tests.servers.installation import Installation
from tests.servers.mariadb import MariaDB
from tests.servers.postgres import Postgres
from tests.servers.sshd import Sshd
from tests.servers.valkey import Valkey

CHROMIUM = Path("/usr/bin/chromium")
compiled_templates.share()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What one installation keeps its things in, in objects and as settings."""

    name: str
    engine: AsyncEngine
    state: StateStore
    database_url: str
    redis_url: str


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop OneWindow runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    server = MariaDB.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sshd() -> Iterator[Sshd]:
    server = Sshd.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    server = Valkey.start()
    yield server
    server.stop()


def _database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'onewindow.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop_database(url)


def _redis_url(kind: str, request: pytest.FixtureRequest) -> str:
    if kind == "memory":
        return ""
    server: Valkey = request.getfixturevalue("valkey")
    server.flush()
    return server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, for tests that start programs of their own."""
    yield from _database(request.param, request, tmp_path)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on an empty database: once on SQLite, once on PostgreSQL."""
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()


def _state_store(redis_url: str) -> StateStore:
    return RedisStateStore(redis_url) if redis_url else MemoryStateStore()


@pytest.fixture(params=["memory", "redis"])
def redis_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty Redis, or an empty string for the store in memory."""
    return _redis_url(request.param, request)


@pytest.fixture
async def state_store(redis_url: str) -> AsyncIterator[StateStore]:
    """An empty state store: once in memory, once in Redis."""
    store = _state_store(redis_url)
    yield store
    await store.aclose()


@pytest.fixture(params=["embedded", "full"])
def backend_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """`(database_url, redis_url)` of the two ways to run: SQLite with memory, PostgreSQL with Redis."""
    full = request.param == "full"
    redis_url = _redis_url("redis" if full else "memory", request)
    for url in _database("postgresql" if full else "sqlite", request, tmp_path):
        yield url, redis_url


@pytest.fixture
async def backend(backend_urls: tuple[str, str]) -> AsyncIterator[Backend]:
    """Engine and state store of the two ways to run."""
    database_url, redis_url = backend_urls
    engine, state = create_engine(database_url), _state_store(redis_url)
    name = "full" if redis_url else "embedded"
    yield Backend(name=name, engine=engine, state=state, database_url=database_url, redis_url=redis_url)
    await state.aclose()
    await engine.dispose()


@pytest.fixture(
    scope="session",
    # One of the two workers runs everything on the embedded default, the other on PostgreSQL and Redis:
    # the ids tell them apart (tests/scheduling.py).
    params=[pytest.param(name, id=f"{name}-installation") for name in ("embedded", "full")],
)
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """A whole OneWindow with its 13 simulated departments; tests share it, so each brings people of its own."""
    full = request.param == "full"
    redis = Valkey.start() if full else None  # of its own: others empty theirs between tests
    url = request.getfixturevalue("postgres").new_database() if full else ""
    started = Installation.start(
        database_url=url, redis_url=redis.url if redis else "", forwarded_allow_ips="127.0.0.1"
    )
    yield started
    started.stop()
    if redis:
        redis.stop()


browser_loop = BrowserLoop()
standing = Standing("installation")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWhatIsShared:
    return ByWhatIsShared(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: "pytest.FixtureDef[Any]", request: Any) -> Generator[None, Any, Any]:
    made = yield
    standing.remember(fixturedef, request)
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
    done = yield
    standing.end_before(nextitem)
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    with browser_loop.marked(running="playwright" in getattr(item, "fixturenames", ())):
        return (yield)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright beside asyncio tests in the same process (tests/servers/browser_loop.py)."""
    started = sync_playwright().start()
    browser_loop.remember()
    yield started
    with browser_loop.marked(running=True):
        started.stop()


@pytest.fixture(scope="session")
def browser(launch_browser: Callable[[], Browser]) -> Iterator[Browser]:
    launched = launch_browser()
    yield launched
    with browser_loop.marked(running=True):
        launched.close()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium; a browser test without it fails and says so, it is never skipped."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: run `make test`, or install Debian's chromium and fonts-noto-cjk")
    return {**browser_type_launch_args, "executable_path": str(CHROMIUM), "args": ["--no-sandbox"]}
