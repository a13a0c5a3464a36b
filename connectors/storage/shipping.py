"""Takes shipped specs into the registry: a commit each, and nothing where somebody else was first."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config import logs
from connectors.registration import INSTALLATION, RegistrationState, Written
from connectors.shipping import FIRST_REASON, UPGRADE_REASON, Shipping, shipping
from connectors.storage.registrations import add, make_room, versions_of

log = logs.get(__name__)


async def ship(engine: AsyncEngine, files: Sequence[Written]) -> int:
    """Take in what is not known yet; return how many versions are new."""
    new = 0
    for written in files:
        try:
            async with engine.begin() as connection:
                new += await _ship(connection, written)
        except IntegrityError:
            log.info("shipped_by_another", system=written.registration.system)
    return new


async def _ship(connection: AsyncConnection, written: Written) -> bool:
    draft = written.registration
    known = await versions_of(connection, draft.system)
    becomes = shipping(known, draft.sha256)
    if becomes is Shipping.KNOWN:
        return False
    reason = UPGRADE_REASON if known else FIRST_REASON
    if becomes is Shipping.LIVE:
        written = replace(written, registration=replace(draft, state=RegistrationState.LIVE))
        coming = known[0].version + 1 if known else 1
        await make_room(connection, draft.system, coming, by=INSTALLATION, at=draft.state_at)
    kept = await add(connection, written, by=INSTALLATION, reason=reason)
    log.info("system_shipped", system=kept.system, version=kept.version, state=kept.state.value)
    return True
