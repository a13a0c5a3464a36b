"""Holds: nothing goes to a system, or to some of its operations, before a promised moment. Pure.

A hold is a fact of the system and is kept once, however many deliveries wait: they are not touched, they keep their
order and their attempts, and are shown as held for as long as it stands. See decision 0090.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.ledger import Delivery, DeliveryState, HoldReason

BEFORE_SENDING: Final = frozenset({DeliveryState.QUEUED, DeliveryState.WAIT, DeliveryState.HELD})
_STEP_MINUTES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """These operations (empty: all) wait until `until`."""

    operations: tuple[str, ...]
    until: datetime
    reason: HoldReason

    def covers(self, operation: str) -> bool:
        """Tell whether deliveries of that operation wait for it."""
        return not self.operations or operation in self.operations


Standing = Mapping[str, Collection[Hold]]
"""The holds that stand, by system."""


def as_shown(delivery: Delivery, standing: Standing) -> Delivery:
    """Return `delivery` as people see it: held, with the promised next try, when a hold outlasts its own next try.

    One that may have arrived stays `unknown`: only its next try moves.
    """
    own = delivery.next_attempt_at
    if own is None or delivery.state not in (*BEFORE_SENDING, DeliveryState.UNKNOWN):
        return delivery
    hold = max(
        (each for each in standing.get(delivery.system, ()) if each.covers(delivery.operation)),
        key=lambda each: each.until,
        default=None,
    )
    if hold is None or hold.until <= own:
        return delivery
    if delivery.state is DeliveryState.UNKNOWN:
        return replace(delivery, next_attempt_at=hold.until)
    return replace(delivery, state=DeliveryState.HELD, hold_reason=hold.reason, next_attempt_at=hold.until)


def open_end(at: datetime, at_most: timedelta) -> datetime:
    """Return the promise of a hold whose end nobody knows: a few minutes less than `at_most` from now.

    It moves in steps, so that looking every second does not write every second.
    """
    until = at + at_most
    return until.replace(minute=until.minute - until.minute % _STEP_MINUTES, second=0, microsecond=0)
