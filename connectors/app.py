"""Wiring: what the portal, the API and the worker use of connectors, made in one place."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import SHANGHAI, Clock, utc_now
from config.derived import lasting_secret
from config.settings import Settings
from config.state import StateStore
from connectors.alarm_bell import not_ready_bell
from connectors.alerting import AlertBook, Alerting
from connectors.availability import HolidayOn, is_working
from connectors.callbacks import Callbacks
from connectors.carrying import Carrying
from connectors.desk import Desk
from connectors.desk_ports import Deliveries, DeskBook
from connectors.endpoints import Endpoints
from connectors.flows import Flows
from connectors.happenings import Happenings
from connectors.health import Health
from connectors.holidays import holidays
from connectors.intake import Intake
from connectors.live import LiveSystems
from connectors.live_transports import LiveTransports, Tell, nobody
from connectors.log_ins import LogIns
from connectors.maintaining import Maintenance
from connectors.notice_desk import NoticeDesk
from connectors.notices import NoticeBook
from connectors.ports import Ledger, Reconciliations
from connectors.registry import Registry
from connectors.registry_ports import Surrounding
from connectors.repairing import Repairs
from connectors.replaying import Replays
from connectors.secrets_dir import Secrets, SecretsDirectory
from connectors.shipping import refuse_unknown_fields, shipped
from connectors.spec import installed_contracts, load_systems
from connectors.storage.alerts import SqlAlerts
from connectors.storage.batches import SqlBatches
from connectors.storage.case_moves import CaseMoves
from connectors.storage.desk_book import SqlDeskBook
from connectors.storage.health import SqlHealthBook
from connectors.storage.intake_store import SqlIntakeStore
from connectors.storage.ledger import SqlBreakers, SqlDeliveries, SqlLedger
from connectors.storage.maintenance import SqlMaintenance
from connectors.storage.notes import SqlNotes
from connectors.storage.notice_book import SqlNoticeBook
from connectors.storage.opening_noticing import open_noticing
from connectors.storage.opening_trials import open_test_addresses, open_trying
from connectors.storage.reconciliations import SqlReconciliations
from connectors.storage.registrations import SqlRegistrations
from connectors.storage.replays import SqlReplayStore
from connectors.storage.settling import Settling
from connectors.storage.shipping import ship
from connectors.storage.unread import SqlUnreadBook
from connectors.storage.usage import SqlUsage
from connectors.storage.watching import open_watch
from connectors.storage.window_steps import SqlStepBook
from connectors.supplements import Supplements, supplement_clock
from connectors.system import System
from connectors.transport_kinds import TRANSPORTS, Address, address_of, missing_lines
from connectors.transport_ports import Surroundings
from connectors.trial_sending import TestAddresses
from connectors.tried_specs import TriedSpecs
from connectors.trying import Trials
from connectors.unread_looks import Unreads
from connectors.usage import UsageBook
from connectors.window_steps import WindowSteps
from connectors.worker import DeliveryWorker, worker_name
from matters.guide import Matter
from matters.storage.guides import SqlGuideStore
from matters.storage.material_files import ObjectMaterialFiles, open_store
from matters.storage.regions import SqlRegions
from matters.working_days import WorkingCalendar

DESK_HOURS_END = 17
SYSTEMS = Path(__file__).parents[1] / "config" / "systems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectors:
    """The ports of connectors. `worker` makes a new worker; `aclose` ends the connections to departments."""

    systems: Mapping[str, System]
    intake: Intake
    window_steps: WindowSteps
    desk: Desk
    carrying: Carrying
    log_ins: LogIns
    desk_book: DeskBook
    deliveries: Deliveries
    callbacks: Callbacks
    health: Health
    usage: UsageBook
    secrets: Secrets
    ledger: Ledger
    reconciliations: Reconciliations
    replays: Replays
    trials: Trials
    repairs: Repairs
    unreads: Unreads
    registry: Registry
    endpoints: Mapping[str, str]
    alerts: AlertBook
    alerting: Alerting
    maintenance: Maintenance
    flows: Flows
    notices: NoticeBook
    notice_desk: NoticeDesk
    happenings: Happenings
    transports: LiveTransports
    worker: Callable[[], DeliveryWorker]

    async def follow(self) -> None:
        """Follow the registry until cancelled: serve what is in service, close what is needed no more."""
        async with asyncio.TaskGroup() as group:
            if isinstance(self.systems, LiveSystems):
                group.create_task(self.systems.follow())
            group.create_task(self.transports.keep_swept())

    async def aclose(self) -> None:
        """Close every connection to a department."""
        await self.transports.aclose()


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
    subject_secret = lasting_secret(settings, "subject-key").encode()
    noticing = open_noticing(
        flows=flows or Flows.none(), systems=systems, guide=guide, secret=subject_secret, due_on=due_on
    )
    follow = noticing.follow if flows is not None else None
    settling = Settling(systems=systems, cases=CaseMoves(guide=guide, follow=follow), due_on=due_on)
    ledger, breakers = SqlLedger(engine, settling), SqlBreakers(engine)
    endpoints, unread = Endpoints(settings.endpoints_file), SqlUnreadBook(engine)
    transports = create_transports(
        systems,
        endpoints,
        clock=clock,
        tell=not_ready_bell(SqlNotes(engine), clock),
        make=lambda address: Surroundings(
            address=address.base,
            line=address.line,
            secrets=kept_secrets,
            clock=clock,
            notes=SqlNotes(engine),
            batches=SqlBatches(engine),
            holiday_on=holiday_on,
            offset=offset,
            unread=unread,
        ),
    )
    desk_book, reconciliations = SqlDeskBook(engine, settling), SqlReconciliations(engine)
    desk = Desk(book=desk_book, systems=systems, state=state)
    notices = SqlNoticeBook(engine, noticing.events)
    happenings = Happenings(
        fanouts=noticing.events.fanouts,
        book=notices,
        people=notices,
        notes=SqlNotes(engine),
        state=state,
        due_on=due_on,
    )
    step_book = SqlStepBook(engine, follow)
    supplement_due = supplement_clock(guide, SqlGuideStore(engine).load, calendar)
    supplements = Supplements(book=step_book, due=supplement_due, due_on=due_on, notes=SqlNotes(engine))
    windows, usage, alerts = SqlMaintenance(engine), SqlUsage(engine), SqlAlerts(engine)
    health = Health(book=SqlHealthBook(engine), systems=systems, holiday_on=holiday_on, offset=offset)
    watch = open_watch(
        engine, health=health, alerting=Alerting(alerts), secrets=kept_secrets, endpoints=endpoints,
        holiday_on=holiday_on, offset=offset, clock=clock,
    )  # fmt: skip
    trying = open_trying(
        engine, systems=systems, endpoints=endpoints, secrets=kept_secrets, alerting=Alerting(alerts), clock=clock,
        holiday_on=holiday_on, offset=offset,
    )  # fmt: skip
    return Connectors(
        systems=systems,
        intake=Intake(
            store=SqlIntakeStore(engine, systems, clock, follow=follow),
            guide=guide,
            systems=systems,
            calendar=calendar,
            state=state,
            due_on=due_on,
            subject_secret=subject_secret,
            choose=secrets.choice,
        ),
        window_steps=WindowSteps(book=step_book, supplement_due=supplement_due, due_on=due_on),
        desk=desk,
        carrying=Carrying(desk=desk, book=desk_book, systems=systems),
        log_ins=LogIns(systems=systems, transports=transports, ledger=ledger, state=state),
        desk_book=desk_book,
        deliveries=SqlDeliveries(engine, clock),
        callbacks=Callbacks(systems=systems, ledger=ledger, secrets=kept_secrets, announced=happenings.announced),
        health=health,
        usage=usage,
        secrets=kept_secrets,
        ledger=ledger,
        reconciliations=reconciliations,
        replays=open_replays(engine, state, systems),
        trials=trying.trials,
        repairs=Repairs(reconciliations),
        unreads=Unreads(unread),
        registry=open_registry(engine, state, secrets=kept_secrets, endpoints=endpoints),
        endpoints=endpoints,
        alerts=alerts,
        alerting=Alerting(alerts),
        maintenance=Maintenance(book=windows, systems=systems, state=state),
        flows=flows or Flows.none(),
        notices=notices,
        notice_desk=NoticeDesk(book=desk_book, state=state),
        happenings=happenings,
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
            scans=(happenings.scan, supplements.scan),
            watch=watch.run,
            trying=trying.runner(worker_name()).run,
            files=cache(lambda: ObjectMaterialFiles(open_store(settings.materials_url))),
        ),
    )


def open_deliveries(engine: AsyncEngine) -> Deliveries:
    """Return the deliveries to read from, for commands that need nothing else."""
    return SqlDeliveries(engine)


def create_transports(
    systems: Mapping[str, System],
    endpoints: Mapping[str, str],
    *,
    make: Callable[[Address], Surroundings],
    clock: Clock = utc_now,
    tell: Tell = nobody,
) -> LiveTransports:
    """Return a transport for every version in service whose address, and line where it needs one, the deployment has.

    `make` gives what a transport is made with, for an address; `tell` hears of one that can't be made.
    """
    return LiveTransports(
        systems,
        clock=clock,
        tell=tell,
        address=lambda system: address_of(system, endpoints),
        make=lambda system, address: TRANSPORTS[system.transport].make(system, make(address)),
    )


def open_registry(
    engine: AsyncEngine, state: StateStore, *, secrets: Secrets, endpoints: Mapping[str, str]
) -> Registry:
    """Return the use cases over the versions of every system's spec, for the pages and for commands."""
    around = Surrounding(
        published=SqlGuideStore(engine).published,
        secrets=secrets,
        missing_lines=lambda system: missing_lines(system, endpoints),
        contract=installed_contracts(SYSTEMS),
        regions=SqlRegions(engine).within,
    )
    return Registry(book=SqlRegistrations(engine), around=around, state=state)


def open_reconciliations(engine: AsyncEngine) -> Reconciliations:
    """Return the kept comparisons, for commands that need nothing else."""
    return SqlReconciliations(engine)


def test_addresses(
    engine: AsyncEngine, settings: Settings, *, clock: Clock, calendar: WorkingCalendar
) -> TestAddresses:
    """Return where the contract examples are sent, for commands that need nothing else."""
    return open_test_addresses(
        engine,
        endpoints=Endpoints(settings.endpoints_file),
        secrets=SecretsDirectory(settings.secrets_dir),
        clock=clock,
        holiday_on=holidays(calendar),
        offset=timedelta(seconds=settings.department_clock_offset_seconds),
    )


async def ship_systems(
    engine: AsyncEngine, directory: Path, *, at: datetime, matters: Callable[[], Sequence[Matter]] = tuple
) -> int:
    """Take the specs of `directory` into the registry; return how many versions are new. Safe to repeat.

    `matters` gives the guides shipped with them; read only when a spec is new, to hold the fields it reads against them.

    Raises:
        SpecRefused: with every problem of every file.
    """
    files = shipped(directory, at=at)
    refuse_unknown_fields(files, await SqlRegistrations(engine).all(), matters)
    return await ship(engine, files)


async def live_systems(engine: AsyncEngine, state: StateStore) -> LiveSystems:
    """Return the systems as they are in service; `Connectors.follow` keeps them so."""
    live = LiveSystems(SqlRegistrations(engine), state)
    await live.refresh()
    return live


async def served_systems(engine: AsyncEngine, state: StateStore) -> Mapping[str, System]:
    """Return the systems as the registry has them in service, for commands; those of the files before it has any."""
    return await live_systems(engine, state) or load_systems(SYSTEMS)


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
