"""Deliveries that came to a stop, for whoever has to look at them: taken in for real, answered by nobody's department."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from connectors.app import Connectors
from connectors.intake import Application
from connectors.ledger import DeliveryState, DeskReason, Lease, Result
from connectors.outcomes import Outcome, OutcomeClass
from matters.policy import Actor

LEASE: Final = timedelta(seconds=8)
UNREADABLE: Final = Result(
    state=DeliveryState.INVALID,
    outcome=Outcome(kind=OutcomeClass.INVALID, message="字段超长", http_status=400),
    desk=DeskReason.INVALID,
)
NOBODY_KNOWS: Final = Result(
    state=DeliveryState.DESK, outcome=Outcome(kind=OutcomeClass.UNKNOWN, error="timeout"), desk=DeskReason.UNKNOWN
)
REFUSED: Final = Result(
    state=DeliveryState.REFUSED,
    outcome=Outcome(kind=OutcomeClass.REFUSED, message="不符合条件", http_status=422),
    reports=("completed_refused",),
)
GAVE_UP: Final = Result(
    state=DeliveryState.DESK, outcome=Outcome(kind=OutcomeClass.TRANSIENT, error="connect"), desk=DeskReason.GAVE_UP
)
STOPS: Final[Mapping[str, Result]] = {
    "unreadable": UNREADABLE,
    "nobody_knows": NOBODY_KNOWS,
    "refused": REFUSED,
    "gave_up": GAVE_UP,
}


async def stopped(
    connectors: Connectors, application: Application, result: Result, *, by: Actor, key: str, at: datetime
) -> Lease:
    """Take an application in, try to deliver it once, and settle what came of it."""
    accepted = await connectors.intake.accept(application, actor=by, idempotency_key=key, at=at)
    system = accepted.deliveries[0].system
    (lease,) = await connectors.ledger.claim(system=system, owner="w", at=at, lease=LEASE, most=1)
    await connectors.ledger.begin(lease, kind="send", at=at)
    await connectors.ledger.settle(lease, result, at=at, duration_ms=1)
    return lease
