"""One OneWindow with a hostile department per transport, in one process: real ledger, engine, worker, transports, departments.

Departments are the simulators of demo/, each on its own line; only patience and pace of their specs are shortened, so that
a timeout is a second and not half a minute.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import utc_now
from config.settings import Settings
from config.state import StateStore
from connectors.app import Connectors, create_connectors
from connectors.callbacks import Callbacks
from connectors.spec import load_system
from connectors.storage.tables import metadata as connectors_tables
from connectors.system import System
from demo.faults.switch import Fault
from demo.ground.context import SystemContext
from demo.ground.secrets import make_secrets
from matters.storage.tables import metadata as matters_tables
from tests.doubles.captcha_reader import read_digits
from tests.doubles.departments import ROOT, department
from tests.doubles.house import CLERK, calendar, matters
from tests.doubles.tables_and_files import A_WEDNESDAY
from tests.doubles.tables_and_files import department as department_on_line
from tests.servers.ports import free_base_port
from tests.servers.tax_broker import open_accounts
from tests.servers.valkey import Valkey

_OVER_HTTP: Final = (
    Fault.SLOW, Fault.RESET_BEFORE_COMMIT, Fault.RESET_AFTER_COMMIT, Fault.HTTP_500, Fault.GARBLED, Fault.TWICE,
    Fault.WRONG_CHARSET, Fault.ERROR_INSIDE, Fault.HALF_FILE, Fault.ENDLESS, Fault.HUGE, Fault.SILENT,
)  # fmt: skip
_ON_A_LINE: Final = (
    Fault.ASLEEP, Fault.TWICE, Fault.WRONG_CHARSET, Fault.ERROR_INSIDE, Fault.HALF_FILE, Fault.HUGE, Fault.SILENT,
)  # fmt: skip
_ON_A_QUEUE: Final = (
    Fault.RESET_BEFORE_COMMIT, Fault.RESET_AFTER_COMMIT, Fault.GARBLED, Fault.TWICE, Fault.WRONG_CHARSET,
    Fault.ERROR_INSIDE, Fault.HALF_FILE, Fault.HUGE, Fault.SILENT, Fault.OUT_OF_ORDER,
)  # fmt: skip
_PATIENCE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A department under test: `changes` are laid over its spec."""

    transport: str
    system: str
    matter: str
    situation: str
    modes: Sequence[Fault]
    changes: Mapping[str, Any] = field(default_factory=dict)
    speed: float = 500.0
    tells_soon: bool = False
    """Whether results come within seconds, at the pace departments have here."""


TARGETS: Final = (
    Target(
        transport="rest_json", system="mz-elder", matter="05-elder-respect-allowance", situation="standard",
        modes=(*_OVER_HTTP, Fault.OUT_OF_ORDER), tells_soon=True,
    ),
    Target(
        transport="rest_json, never asked", system="scjg-food", matter="E01-food-business-licence", situation="retail",
        modes=(Fault.SLOW, Fault.RESET_BEFORE_COMMIT, Fault.RESET_AFTER_COMMIT, Fault.HTTP_500, Fault.GARBLED),
        changes={"delivery": {"resend_unknown": "never"}},
    ),
    Target(
        transport="soap", system="mz-assist", matter="04-temporary-assistance", situation="expenditure",
        modes=_OVER_HTTP,
    ),
    Target(
        transport="exchange_table", system="mz-benefit", matter="06-disability-subsidies", situation="living",
        modes=(*_ON_A_LINE, Fault.OUT_OF_ORDER), changes={"results": {"every_seconds": 0.3}}, speed=3000.0, tells_soon=True,
    ),
    Target(
        transport="file_batch", system="rs-card", matter="17-social-security-card", situation="first",
        modes=_ON_A_LINE, changes={"results": {"every_seconds": 0.3}, "file_batch": {"window_seconds": 0.2}},
        speed=30_000.0, tells_soon=True,
    ),
    Target(
        transport="message_queue", system="tax-ssf", matter="28-resident-insurance-payment", situation="pension",
        modes=_ON_A_QUEUE, changes={"results": {"every_seconds": 0.3}, "poll": {"every_seconds": 1}}, tells_soon=True,
    ),
    Target(
        transport="form_post", system="wj-reward", matter="27-one-child-parent-reward", situation="retiree",
        modes=_OVER_HTTP,
    ),
    Target(
        transport="manual", system="wj-birth", matter="25-birth-registration", situation="standard", modes=(),
    ),
)  # fmt: skip
MANUAL: Final = TARGETS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileHouse:
    """Everything running; `departments` by system id."""

    connectors: Connectors
    engine: AsyncEngine
    departments: Mapping[str, SystemContext]


@asynccontextmanager
async def hostile_house(
    engine: AsyncEngine, state: StateStore, directory: Path, broker: Valkey
) -> AsyncIterator[HostileHouse]:
    """Run OneWindow on `engine` and `state` with all targets until the block ends; `broker` is the tax system's."""
    async with engine.begin() as connection:
        await connection.run_sync(matters_tables.create_all)
        await connection.run_sync(connectors_tables.create_all)
    make_secrets(directory / "secrets")
    telephone, lines = _Telephone(), _lines(directory, broker)
    async with AsyncExitStack() as stack:
        contexts, addresses = await _departments(stack, directory, lines, telephone)
        connectors = _connectors(engine, state, directory, {**addresses, **lines})
        stack.push_async_callback(connectors.aclose)
        telephone.connect(connectors.callbacks)
        for work in (connectors.worker().run(), _reading_pictures(connectors)):
            stack.push_async_callback(_ended, asyncio.ensure_future(work))
        yield HostileHouse(connectors=connectors, engine=engine, departments=contexts)


async def _ended(task: "asyncio.Future[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _lines(directory: Path, broker: Valkey) -> dict[str, str]:
    return {
        "mz-benefit.exchange": f"sqlite:///{directory / 'exchange.db'}",
        "rs-card.files": f"sftp://127.0.0.1:{free_base_port()}/",
        "tax-ssf.queue": open_accounts(broker, directory / "secrets"),
    }


async def _departments(
    stack: AsyncExitStack, directory: Path, lines: Mapping[str, str], telephone: "_Telephone"
) -> tuple[dict[str, SystemContext], dict[str, str]]:
    contexts, addresses = {}, {}
    by_system = {name.partition(".")[0]: line for name, line in lines.items()}
    for target in TARGETS[:-1]:
        id_, line = target.system, by_system.get(target.system, "")
        if target.transport in ("exchange_table", "file_batch"):
            there = department_on_line(id_, directory, line, speed=target.speed)
            contexts[id_], addresses[id_] = await stack.enter_async_context(there), "http://127.0.0.1:9"
        else:
            served = stack.enter_context(
                department(id_, directory, speed=target.speed, at=A_WEDNESDAY, telephone=telephone, line=line)
            )
            contexts[id_], addresses[id_] = served.context, served.base_url
    return contexts, addresses


def _connectors(engine: AsyncEngine, state: StateStore, directory: Path, addresses: Mapping[str, str]) -> Connectors:
    endpoints = directory / "endpoints.yaml"
    endpoints.write_text(yaml.safe_dump(dict(addresses)), "utf-8")
    settings = Settings.from_env(
        {
            "ONEWINDOW_SECRET_KEY": "q7Zp2kX9vL4mB8nT1wR6yC3jH5gD0fSaUeIo",
            "ONEWINDOW_DEMO": "true",  # only there the departments' clock may differ from ours
            "ONEWINDOW_SECRETS_DIR": str(directory / "secrets"),
            "ONEWINDOW_ENDPOINTS_FILE": str(endpoints),
            "ONEWINDOW_DEPARTMENT_CLOCK_OFFSET_SECONDS": str((A_WEDNESDAY - utc_now()).total_seconds()),
        }
    )
    return create_connectors(
        settings=settings,
        engine=engine,
        state=state,
        clock=utc_now,
        systems={target.system: _quick(target, directory) for target in TARGETS},
        guide=matters().get,
        calendar=calendar(),
    )


def _quick(target: Target, directory: Path) -> System:
    """Return the declared system with the patience of a test."""
    document = yaml.safe_load((ROOT / "config" / "systems" / f"{target.system}.yaml").read_text("utf-8"))
    if target.transport == "manual":
        document = {key: kept for key, kept in document.items() if key in _OF_A_MANUAL_SYSTEM} | {"transport": "manual"}
    else:
        quick: dict[str, Mapping[str, Any]] = {
            "connection": {"total_timeout_seconds": _PATIENCE_SECONDS},
            "delivery": {
                "rate_per_second": None,
                "retry": {"first_seconds": 0.2, "most_seconds": 1.0},
                "breaker": {"faults": 100, "open_seconds": 0.5},
            },
            "probe": {"settle_seconds": 0.3},
        }
        for changes in (quick, target.changes):
            for section, laid in changes.items():
                if section in document:
                    document[section] = {**document[section], **laid}
    if "soap" in document:
        document["soap"]["wsdl"].pop("file")
    file = directory / f"{target.system}.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return load_system(file)


_OF_A_MANUAL_SYSTEM: Final = frozenset(
    {
        "schema_version", "id", "version", "name", "name_en", "department", "network", "protocol", "sso", "latency",
        "availability",
    }
)  # fmt: skip


class _Telephone(httpx2.AsyncBaseTransport):
    """Carries the callbacks of departments, which run on loops of their own, to ours."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._callbacks: Callbacks | None = None

    def connect(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        if self._callbacks is None:
            raise httpx2.ConnectError("nobody there yet")
        system, headers = request.url.path.rpartition("/")[2], dict(request.headers.items())
        taking = self._callbacks.receive(system, headers=headers, body=body, at=utc_now(), target=request.url.path)
        answer = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(taking, self._loop))
        return httpx2.Response(answer.status, content=answer.content)


async def _reading_pictures(connectors: Connectors) -> None:
    """Be the clerk who reads the picture whenever a department shows one."""
    while True:
        for waiting in await connectors.log_ins.waiting(CLERK):
            with suppress(httpx2.HTTPError):
                if (captcha := await connectors.log_ins.picture(waiting.system, CLERK)) is not None:
                    text = read_digits(captcha.content)
                    await connectors.log_ins.typed(waiting.system, text, actor=CLERK, at=utc_now())
        await asyncio.sleep(0.2)
