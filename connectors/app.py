"""Wiring: what the portal, the API and the worker use of connectors, made in one place."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import SHANGHAI, Clock
from config.derived import derived_secret
from config.settings import Settings
from config.state import StateStore
from connectors.alerting import AlertBook, Alerting
from connectors.availability import HolidayOn, is_working
from connectors.batches import Batches
from connectors.callbacks import Callbacks
from connectors.desk import Desk
from connectors.errors import SpecProblem, SpecRefused
from connectors.health import Health
from connectors.holidays import holidays
from connectors.intake import Intake
from connectors.live import LiveSystems
from connectors.log_ins import LogIns
from connectors.maintaining import Maintenance
from connectors.ports import (
    Deliveries,
    DeskBook,
    Ledger,
    Notes,
    Reconciliations,
    Surroundings,
    Transport,
    TransportFactory,
)
from connectors.replaying import Replays
from connectors.secrets_dir import Secrets, SecretsDirectory
from connectors.spec import load_systems
from connectors.storage.alerts import SqlAlerts
from connectors.storage.batches import SqlBatches
from connectors.storage.case_moves import CaseMoves
from connectors.storage.desk_book import SqlDeskBook
from connectors.storage.health import SqlHealthBook
from connectors.storage.intake_store import SqlIntakeStore
from connectors.storage.ledger import SqlBreakers, SqlDeliveries, SqlLedger
from connectors.storage.maintenance import SqlMaintenance
from connectors.storage.notes import SqlNotes
from connectors.storage.reconciliations import SqlReconciliations
from connectors.storage.registrations import SqlRegistrations
from connectors.storage.replays import SqlReplayStore
from connectors.storage.settling import Settling
from connectors.system import System
from connectors.transports.exchange_table import make_exchange_table
from connectors.transports.file_batch import make_file_batch
from connectors.transports.form_post import make_form_post
from connectors.transports.message_queue import make_message_queue
from connectors.transports.rest_json import make_rest_json
from connectors.transports.soap import make_soap
from connectors.tried_specs import TriedSpecs
from connectors.worker import DeliveryWorker
from matters.guide import Matter
from matters.working_days import WorkingCalendar

DESK_HOURS_END = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A transport: how it is made, and which line it needs beside the system's address."""

    make: TransportFactory
    line: str = ""


TRANSPORTS: Mapping[str, Kind] = {
    "rest_json": Kind(make=make_rest_json),
    "exchange_table": Kind(make=make_exchange_table, line="exchange"),
    "file_batch": Kind(make=make_file_batch, line="files"),
    "soap": Kind(make=make_soap),
    "form_post": Kind(make=make_form_post),
    "message_queue": Kind(make=make_message_queue, line="queue"),
}
"""By `transport` of the spec; `manual` has none, for a person carries it."""
LINES: Mapping[str, tuple[str, ...]] = {
    "queue": ("redis", "rediss", "unix"),
    "exchange": ("postgresql", "mysql", "sqlite"),
    "files": ("sftp",),
}
"""Which addresses a line may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectors:
    """The ports of connectors. `worker` makes a new worker; `aclose` ends the connections to departments."""

    systems: Mapping[str, System]
    intake: Intake
    desk: Desk
    log_ins: LogIns
    desk_book: DeskBook
    deliveries: Deliveries
    callbacks: Callbacks
    health: Health
    ledger: Ledger
    reconciliations: Reconciliations
    replays: Replays
    alerts: AlertBook
    alerting: Alerting
    maintenance: Maintenance
    transports: Mapping[str, Transport]
    worker: Callable[[], DeliveryWorker]

    async def aclose(self) -> None:
        """Close every connection to a department."""
        for transport in self.transports.values():
            await transport.aclose()


def create_connectors(
    *,
    settings: Settings,
    engine: AsyncEngine,
    state: StateStore,
    clock: Clock,
    systems: Mapping[str, System],
    guide: Callable[[str], Matter | None],
    calendar: WorkingCalendar,
    flows: Flows | None = None,
) -> Connectors:
    """Return everything of connectors, ready to use; nothing runs and nothing connects yet.

    `guide` gives the published matter of an id, or None. Without `flows` nothing follows from a case's result.
    """
    holiday_on, offset = holidays(calendar), timedelta(seconds=settings.department_clock_offset_seconds)
    kept_secrets = SecretsDirectory(settings.secrets_dir)
    due_on = desk_clock(holiday_on)
    settling = Settling(systems=systems, cases=CaseMoves(guide=guide), due_on=due_on)
    ledger, breakers = SqlLedger(engine, settling), SqlBreakers(engine)
    endpoints = read_endpoints(settings.endpoints_file)
    transports = create_transports(
        systems,
        endpoints,
        secrets=kept_secrets,
        clock=clock,
        notes=SqlNotes(engine),
        batches=SqlBatches(engine),
        holiday_on=holiday_on,
        offset=offset,
    )
    desk_book, reconciliations = SqlDeskBook(engine, settling), SqlReconciliations(engine)
    alerts, windows = SqlAlerts(engine), SqlMaintenance(engine)
    return Connectors(
        systems=systems,
        intake=Intake(
            store=SqlIntakeStore(engine, systems, clock),
            guide=guide,
            systems=systems,
            calendar=calendar,
            state=state,
            due_on=due_on,
            subject_secret=derived_secret(settings, "subject-key").encode(),
            choose=secrets.choice,
        ),
        desk=Desk(book=desk_book, systems=systems, state=state),
        log_ins=LogIns(systems=systems, transports=transports, ledger=ledger, state=state),
        desk_book=desk_book,
        deliveries=SqlDeliveries(engine, clock),
        callbacks=Callbacks(systems=systems, ledger=ledger, secrets=kept_secrets),
        health=Health(book=SqlHealthBook(engine), systems=systems, holiday_on=holiday_on, offset=offset),
        ledger=ledger,
        reconciliations=reconciliations,
        replays=open_replays(engine, state, systems),
        alerts=alerts,
        alerting=Alerting(alerts),
        maintenance=Maintenance(book=windows, systems=systems, state=state),
        transports=transports,
        worker=lambda: DeliveryWorker(
            ledger=ledger,
            breakers=breakers,
            reconciliations=reconciliations,
            maintenance=windows,
            systems=systems,
            transports=transports,
            state=state,
            clock=clock,
            holiday_on=holiday_on,
            base_url=settings.base_url,
            offset=offset,
        ),
    )


def open_deliveries(engine: AsyncEngine) -> Deliveries:
    """Return the deliveries to read from, for commands that need nothing else."""
    return SqlDeliveries(engine)


def create_transports(
    systems: Mapping[str, System],
    endpoints: Mapping[str, str],
    *,
    secrets: Secrets,
    clock: Clock,
    notes: Notes,
    batches: Batches,
    holiday_on: HolidayOn,
    offset: timedelta,
) -> dict[str, Transport]:
    """Return a transport for every system whose address, and line where it needs one, the deployment has."""
    made: dict[str, Transport] = {}
    for id_, system in systems.items():
        kind = TRANSPORTS.get(system.transport)
        if kind is None:
            continue
        address = endpoints.get(id_, "")
        line = endpoints.get(f"{id_}.{kind.line}", "") if kind.line else ""
        if address and (line or not kind.line):
            surroundings = Surroundings(
                address=address,
                line=line,
                secrets=secrets,
                clock=clock,
                notes=notes,
                batches=batches,
                holiday_on=holiday_on,
                offset=offset,
            )
            made[id_] = kind.make(system, surroundings)
    return made


def open_reconciliations(engine: AsyncEngine) -> Reconciliations:
    """Return the kept comparisons, for commands that need nothing else."""
    return SqlReconciliations(engine)


async def served_systems(engine: AsyncEngine, state: StateStore) -> Mapping[str, System]:
    """Return the systems as the registry has them in service, for commands; those of the files before it has any."""
    live = LiveSystems(SqlRegistrations(engine), state)
    await live.refresh()
    return live or load_systems(Path(__file__).parents[1] / "config" / "systems")


def open_replays(engine: AsyncEngine, state: StateStore, systems: Mapping[str, System]) -> Replays:
    """Return what sends deliveries anew, for the pages and for commands that need nothing else."""
    return Replays(
        store=SqlReplayStore(engine),
        spec=lambda candidate: (
            system.in_region(candidate.region) if (system := systems.get(candidate.delivery.system)) else None
        ),
        tried=TriedSpecs(SqlRegistrations(engine)),
        state=state,
    )


def desk_clock(holiday_on: HolidayOn) -> Callable[[datetime], datetime]:
    """Return until when a desk task is due: the end of the next working day, in Shanghai."""

    def due_on(at: datetime) -> datetime:
        day = at.astimezone(SHANGHAI).date() + timedelta(days=1)
        while not is_working(day, holiday_on):
            day += timedelta(days=1)
        return datetime(day.year, day.month, day.day, DESK_HOURS_END, tzinfo=SHANGHAI)

    return due_on


def read_endpoints(file: Path | None) -> Mapping[str, str]:
    """Return `{system id: base address}`; a system without one keeps its deliveries queued.

    Raises:
        SpecRefused: the file does not hold.
    """
    if file is None:
        return {}
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    problems = []
    if not isinstance(found, dict):
        raise SpecRefused([_problem(file, "(file)", "expected {system id: https://…}")])
    for id_, address in found.items():
        expected = _expected_address(str(id_), str(address))
        if expected:
            problems.append(_problem(file, str(id_), expected))
    if problems:
        raise SpecRefused(problems)
    return {str(id_): str(address).rstrip("/") for id_, address in found.items()}


def _expected_address(name: str, address: str) -> str:
    """Return what was expected instead of `address`; empty when it holds."""
    parts, (_, _, line) = urlsplit(address), name.partition(".")
    if not line:
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        return "" if is_web else "expected http(s)://host[:port][/path]"
    if line not in LINES:
        return f"expected a system's id, alone or with {', '.join(f'.{known}' for known in LINES)}"
    is_line = parts.scheme in LINES[line] and (bool(parts.hostname) or parts.scheme in ("sqlite", "unix"))
    return "" if is_line else f"expected {', '.join(f'{scheme}://…' for scheme in LINES[line])}"


def _problem(file: Path, path: str, expected: str) -> SpecProblem:
    return SpecProblem(file=file.name, line=1, path=path, expected=expected)
