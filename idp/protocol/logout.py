"""Telling relying parties that a session is over for them (OpenID Connect Back-Channel Logout 1.0 §2.5–2.8).

```
QUEUED → ENDED     the relying party confirmed (200, or 204 as some answer)
       → REFUSED   it understood and said no (400 and its like): asking again would change nothing
       → QUEUED    not reached, too slow, or its own fault (5xx): tried again, later each time
       → GIVEN_UP  nine tries over about a day
```
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from idp.protocol.session import Ending, Session

# The first retry comes while the clerk still stands there; the last about a day later.
BACKOFF: Final = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 300, 1_200, 3_600, 4 * 3_600, 18 * 3_600))
LEASE: Final = timedelta(seconds=30)
KEPT_FOR: Final = timedelta(days=30)
_TRY_AGAIN: Final = frozenset({408, 425, 429})


class DeliveryState(StrEnum):
    """Who acts next on one notification."""

    QUEUED = "queued"  # the sender
    ENDED = "ended"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


class Told(StrEnum):
    """What a person reads about one system after sign-out."""

    ENDED = "ended"
    WAITING = "waiting"  # still being told
    REFUSED = "refused"
    UNREACHABLE = "unreachable"  # tried at least once; `GIVEN_UP` or tried again later
    IN_BROWSER = "in_browser"  # asked through the page only, nobody confirms that
    NOT_TOLD = "not_told"  # it gave no address to be told at


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One moment at which a session is over for the relying parties it was used for."""

    id: str
    sid: str
    sub: str
    reason: Ending
    clients: tuple[str, ...]
    window: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutDelivery:
    """The way of one notification to one relying party."""

    id: str
    occasion: str
    sid: str
    sub: str
    client_id: str
    reason: Ending
    state: DeliveryState
    tries: int
    answer: str  # the last try in a word, for operators: `status 503`, `unreachable`; "" before the first
    next_try_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """What the signed-out page needs to know; `onward` is where the person was going, `asked_by` who sent them."""

    occasion: str
    sid: str
    clients: tuple[str, ...]
    asked_by: str
    onward: str
    handed_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a try came to."""

    state: DeliveryState
    answer: str
    next_try_at: datetime | None


def occasion_of(session: Session, *, at: datetime) -> Occasion:
    """Return the occasion of an ended session."""
    return Occasion(
        id=session.ended_by,
        sid=session.sid,
        sub=session.sub,
        reason=session.ending or Ending.SIGNED_OUT,
        clients=session.clients,
        window=session.window,
        at=at,
    )


def ends_offline_access(reason: Ending, window: str) -> bool:
    """Tell whether refresh tokens that outlive a session end with it too.

    Signing out leaves them alone (§2.7: offline_access SHOULD NOT be revoked), except where somebody else stands
    at the same window next, or where it was taken away rather than left. A lock ends nothing.
    """
    if reason in (Ending.LOCKED, Ending.EXPIRED):
        return False
    return bool(window) or reason not in (Ending.SIGNED_OUT, Ending.SHIFT_END)


def settle(status: int | None, tries: int, *, at: datetime) -> Settled:
    """Return what a try came to; `status` None: no answer came; `tries` counts this one.

    Source: Back-Channel Logout §2.8; 204 is taken as well, for some frameworks turn an empty 200 into it. A
    redirect is not followed: the address that was registered is the one that has to answer.
    """
    answer = "unreachable" if status is None else f"status {status}"
    if status in (200, 204):
        return Settled(state=DeliveryState.ENDED, answer=answer, next_try_at=None)
    if status is not None and status < 500 and status not in _TRY_AGAIN:
        return Settled(state=DeliveryState.REFUSED, answer=answer, next_try_at=None)
    if tries > len(BACKOFF):
        return Settled(state=DeliveryState.GIVEN_UP, answer=answer, next_try_at=None)
    return Settled(state=DeliveryState.QUEUED, answer=answer, next_try_at=at + BACKOFF[tries - 1])


def told(delivery: LogoutDelivery) -> Told:
    """Return what a person reads about a delivery."""
    match delivery.state:
        case DeliveryState.ENDED:
            return Told.ENDED
        case DeliveryState.REFUSED:
            return Told.REFUSED
        case DeliveryState.GIVEN_UP:
            return Told.UNREACHABLE
        case DeliveryState.QUEUED:
            return Told.UNREACHABLE if delivery.tries else Told.WAITING
