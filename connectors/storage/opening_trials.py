"""Makes what tries the contract examples, from what the process has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import Clock
from connectors.alerting import Alerting
from connectors.availability import HolidayOn
from connectors.secrets_dir import Secrets
from connectors.storage.batches import SqlBatches
from connectors.storage.notes import SqlNotes
from connectors.storage.trials import SqlTrials
from connectors.system import System
from connectors.try_addresses import EndpointTestAddresses
from connectors.trying import TrialRunner, Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """`trials` for the pages; `runner` makes one for a worker of that name."""

    trials: Trials
    runner: Callable[[str], TrialRunner]


def open_test_addresses(
    engine: AsyncEngine,
    *,
    endpoints: Mapping[str, str],
    secrets: Secrets,
    clock: Clock,
    holiday_on: HolidayOn,
    offset: timedelta,
) -> EndpointTestAddresses:
    """Return the test addresses of this installation."""
    return EndpointTestAddresses(
        endpoints=endpoints,
        secrets=secrets,
        clock=clock,
        notes=SqlNotes(engine),
        batches=SqlBatches(engine),
        holiday_on=holiday_on,
        offset=offset,
    )


def open_trying(
    engine: AsyncEngine,
    *,
    systems: Mapping[str, System],
    endpoints: Mapping[str, str],
    secrets: Secrets,
    alerting: Alerting,
    clock: Clock,
    holiday_on: HolidayOn,
    offset: timedelta,
) -> Trying:
    """Return both; nothing runs and nothing connects yet."""
    book = SqlTrials(engine)
    addresses = open_test_addresses(
        engine, endpoints=endpoints, secrets=secrets, clock=clock, holiday_on=holiday_on, offset=offset
    )
    return Trying(
        trials=Trials(book=book, systems=systems, addresses=addresses),
        runner=lambda owner: TrialRunner(
            book=book,
            systems=systems,
            addresses=addresses,
            alerting=alerting,
            clock=clock,
            holiday_on=holiday_on,
            owner=owner,
            offset=offset,
        ),
    )
