"""OneWindow's side of front databases and file areas, with the declared connectors and their own durable notes."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import SHANGHAI, utc_now
from config.storage.sql import create_engine
from connectors.alarms import NOTE, Alarm, read_alarms
from connectors.ledger import InboundEvent
from connectors.secrets_dir import SecretsDirectory
from connectors.spec import load_system
from connectors.storage.batches import SqlBatches
from connectors.storage.notes import SqlNotes
from connectors.storage.tables import metadata
from connectors.storage.unread import SqlUnreadBook
from connectors.storage.unread_tables import unread_answers  # noqa: F401  a table of that metadata
from connectors.submission import values_for
from connectors.system import System
from connectors.transport_kinds import TRANSPORTS
from connectors.transport_ports import Errand, Fetches, Surroundings, Transport
from demo.ground.context import Background, SystemContext
from demo.ground.entry import entry_of
from demo.ground.received import ReceivedStore
from demo.ground.secrets import make_secrets, read_from
from tests.doubles.departments import MATTERS, ROOT, application, frozen
from tests.doubles.prepared import with_tables

A_WEDNESDAY = datetime(2026, 3, 18, 10, 0, tzinfo=SHANGHAI)
"""When the departments' clock stands in these tests: an ordinary working day in the morning."""


@dataclass(slots=True)
class Moments:
    """A clock a test moves; the departments' runs `offset` ahead."""

    now: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **more: float) -> None:
        self.now += timedelta(**more)


@dataclass(slots=True)
class Side:
    """OneWindow's connector to one system."""

    system: System
    transport: Transport
    around: Surroundings
    engine: AsyncEngine
    directory: Path

    def errand(self, matter: str, situation: str, *, seed: int = 1, **changed: object) -> Errand:
        """Return the errand of an application; `changed` are form values."""
        submission, delivery = frozen(MATTERS[matter], application(matter, situation, seed=seed, **changed))
        values = values_for(submission, delivery, at=self.around.clock(), nonce=uuid4().hex, callback_url="")
        operation = self.system.operation(MATTERS[matter].target.operation)
        return Errand(system=self.system, operation=operation, values=values, delivery_id=delivery.id)

    def withdrawal(self, errand: Errand) -> Errand:
        """Return the errand that takes a case back; a delivery of its own, with a key of its own."""
        operation = self.system.withdraw
        assert operation is not None
        delivery = {**_mapping(errand.values["delivery"]), "key": str(uuid4()), "serial": "9" * 20}
        return replace(
            errand, operation=operation, values={**errand.values, "delivery": delivery, "reason": "本人撤回"}
        )

    def with_form(self, errand: Errand, **changed: object) -> Errand:
        """Return the same delivery with other content, which never happens to a frozen copy."""
        return replace(errand, values={**errand.values, "form": {**_mapping(errand.values["form"]), **changed}})

    async def fetch(self, *, confirm: bool = True) -> list[InboundEvent]:
        """Fetch as the worker does; without `confirm` as one that died before it had kept everything."""
        assert isinstance(self.transport, Fetches)
        events = list(await self.transport.fetch())
        if confirm:
            await self.transport.confirm()
        return events

    async def alarms(self) -> Mapping[str, Alarm]:
        note = await self.around.notes.read(self.system.id, NOTE)
        return {alarm.kind: alarm for alarm in read_alarms(note.text)}

    def again(self) -> Transport:
        """Return a transport that knows nothing of what this process has seen, as after a restart."""
        return TRANSPORTS[self.system.transport].make(self.system, self.around)


WAITS_SECONDS = 40.0


async def until_events(ours: Side, *, at_least: int) -> list[InboundEvent]:
    """Fetch until so many events came; each event counts once."""
    found: dict[str, InboundEvent] = {}
    async with asyncio.timeout(WAITS_SECONDS):
        while len(found) < at_least:
            found |= {event.event_id: event for event in await ours.fetch()}
            await asyncio.sleep(0.05)
    return list(found.values())


def _mapping(value: object) -> dict[str, Any]:
    assert isinstance(value, Mapping)
    return dict(value)


def key_of(errand: Errand) -> str:
    return str(_mapping(errand.values["delivery"])["key"])


def number_of(errand: Errand) -> str:
    return str(_mapping(errand.values["case"])["number"])


@asynccontextmanager
async def side(
    system_id: str,
    directory: Path,
    line: str,
    *,
    clock: Callable[[], datetime] = utc_now,
    at: datetime = A_WEDNESDAY,
    changes: Mapping[str, Any] | None = None,
    holiday_on: Callable[[date], str] = lambda day: "",
) -> AsyncIterator[Side]:
    """Give OneWindow's side of a system on `line`; `changes` are laid over the spec's sections, two levels deep."""
    make_secrets(directory / "secrets")
    document = yaml.safe_load((ROOT / "config" / "systems" / f"{system_id}.yaml").read_text("utf-8"))
    for section, laid in (changes or {}).items():
        document[section] = {**document.get(section, {}), **laid} if isinstance(laid, dict) else laid
    file = directory / f"{system_id}.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    system = load_system(file)
    engine = create_engine(f"sqlite+aiosqlite:///{directory / 'onewindow.db'}")
    await with_tables(engine, metadata)
    around = Surroundings(
        address="http://127.0.0.1:9",
        line=line,
        secrets=SecretsDirectory(directory / "secrets"),
        clock=clock,
        notes=SqlNotes(engine),
        batches=SqlBatches(engine),
        holiday_on=holiday_on,
        offset=at - clock(),
        unread=SqlUnreadBook(engine),
    )
    transport = TRANSPORTS[system.transport].make(system, around)
    try:
        yield Side(system=system, transport=transport, around=around, engine=engine, directory=directory)
    finally:
        await transport.aclose()
        await engine.dispose()


@asynccontextmanager
async def department(
    system_id: str,
    directory: Path,
    line: str,
    *,
    speed: float = 3000.0,
    at: datetime = A_WEDNESDAY,
    serves_line: bool = True,
    area: Path | None = None,
) -> AsyncIterator[SystemContext]:
    """Run a department's scans in this loop until the block ends; time passes `speed` times as fast for it."""
    make_secrets(directory / "secrets")
    context = SystemContext(
        entry=entry_of(system_id),
        store=ReceivedStore(directory / f"{system_id}.db"),
        secrets=read_from(directory / "secrets"),
        speed=speed,
        department_offset=at - utc_now(),
        background=Background(),
        line=line,
        serves_line=serves_line,
        directory=area or directory / system_id,
    )
    importlib.import_module(f"demo.{system_id.replace('-', '_')}.app").create_api(context)
    async with context.background.running():
        yield context
    context.store.close()
