"""What a department's report does to a delivery: pure rules. Reports come twice, late, early and out of order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.engine import FINAL_WORDS, backoff, desk_for
from connectors.ledger import LEASED, Delivery, DeliveryState, DeskReason, InboundEvent
from connectors.outcomes import StatusWord, map_status
from connectors.spec_models import SystemSpec

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""As much as a callback may be off (`window_seconds` is 180 or 300 everywhere)."""
_OVER = frozenset({DeliveryState.CANCELLED, DeliveryState.REPLAYED})
_THEY_HAVE_IT = frozenset({DeliveryState.CONFIRMED, DeliveryState.PENDING_RESULT, DeliveryState.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What is to be written. `reports` are states of the case in order; a stale event is only remarked."""

    state: DeliveryState
    reports: tuple[StatusWord, ...]
    stale: bool
    desk: DeskReason | None
    proves_arrival: bool
    next_attempt_at: datetime | None = None


def may_apply(delivery: Delivery, *, was_sent: bool) -> bool:
    """Tell whether an event can be applied now: not while a worker has the delivery, nor before anything was sent.

    What can't is kept and applied later.
    """
    return delivery.state not in LEASED and delivery.state not in _OVER and was_sent


def apply_event(delivery: Delivery, event: InboundEvent, spec: SystemSpec, *, at: datetime) -> Applied:
    """Return what `event` does to `delivery`; `at` is now."""
    if spec.results is not None and event.status in spec.results.again:
        return _not_taken(delivery, spec, at)
    statuses = spec.statuses
    word, unmapped = map_status(statuses, event.status)
    stale = _is_stale(delivery, event, word)
    proves = delivery.state not in _THEY_HAVE_IT
    reports: list[StatusWord] = ["submitted"] if proves else []
    if word is not None and word not in ("pending", "submitted", "error"):
        reports.append(word)
    return Applied(
        state=_state(delivery, word, stale=stale),
        reports=tuple(reports),
        stale=stale,
        desk=None if stale else desk_for(word, unmapped),
        proves_arrival=proves,
    )


def _is_stale(delivery: Delivery, event: InboundEvent, word: StatusWord | None) -> bool:
    """Tell whether something later is known. Their times have seconds only, and some reports have none at all: of a
    case that is decided, what decides nothing is late unless it proves to be later.
    """
    known = delivery.status_at
    if event.occurred_at is not None and known is not None and event.occurred_at != known:
        return event.occurred_at < known
    is_decided = delivery.state in (DeliveryState.CONFIRMED, DeliveryState.REFUSED) and known is not None
    return is_decided and word is not None and word not in FINAL_WORDS


def status_at(delivery: Delivery, event: InboundEvent) -> datetime:
    """Return when the state reported came to be, by the department's clock as far as it told.

    A report without a time of its own was true when we heard it, by our clock; theirs may run behind ours, and what
    they tell next must not look older than it.
    """
    if event.occurred_at is not None:
        return event.occurred_at
    heard = event.received_at - CLOCKS_DIFFER
    return heard if delivery.status_at is None else max(heard, delivery.status_at)


def _not_taken(delivery: Delivery, spec: SystemSpec, at: datetime) -> Applied:
    """They were too busy to take it: it goes again, unless something better was heard of it meanwhile."""
    waits = delivery.state is DeliveryState.PENDING_RESULT and not delivery.their_status
    return Applied(
        state=DeliveryState.WAIT if waits else delivery.state,
        reports=(),
        stale=True,
        desk=None,
        proves_arrival=False,
        next_attempt_at=at + backoff(delivery.attempts, spec.delivery.retry, 1.0) if waits else None,
    )


def _state(delivery: Delivery, word: StatusWord | None, *, stale: bool) -> DeliveryState:
    if delivery.state in (DeliveryState.CONFIRMED, DeliveryState.REFUSED):
        return delivery.state  # a change after completion is an amendment of the case, the delivery is done
    if word in FINAL_WORDS and not stale:
        return DeliveryState.CONFIRMED
    return DeliveryState.PENDING_RESULT
