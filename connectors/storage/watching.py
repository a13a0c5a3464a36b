"""Makes the look of `connectors.watch` over one database."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import Clock
from connectors.alerting import Alerting
from connectors.availability import HolidayOn
from connectors.health import Health
from connectors.secrets_dir import Secrets
from connectors.storage.limits import SqlLimits
from connectors.storage.notes import SqlNotes
from connectors.storage.reconciliations import SqlReconciliations
from connectors.storage.usage import SqlUsage
from connectors.watch import Watch


def open_watch(
    engine: AsyncEngine,
    *,
    health: Health,
    alerting: Alerting,
    secrets: Secrets,
    endpoints: Mapping[str, str],
    holiday_on: HolidayOn,
    offset: timedelta,
    clock: Clock,
) -> Watch:
    """Return the look; every worker runs one."""
    return Watch(
        health=health,
        alerting=alerting,
        sums=SqlUsage(engine),
        promises=SqlLimits(engine),
        reconciliations=SqlReconciliations(engine),
        notes=SqlNotes(engine),
        secrets=secrets,
        endpoints=endpoints,
        holiday_on=holiday_on,
        offset=offset,
        clock=clock,
    )
