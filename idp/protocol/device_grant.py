"""The device authorization grant (RFC 8628): a device shows a code, a person allows it in a browser elsewhere.

```
device: POST /device_authorization → device_code (256 bits, stays in the device), user_code (shown to the person)
person: /device, signed in → types user_code → sees which system asks, for what, from where → allows or refuses
device: POST /token every `interval` seconds → authorization_pending … → tokens, once
```

`poll` and `decide` are pure: they return what is kept next. Two at once are told apart by a compare-and-swap.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import choice
from typing import Final

from idp.protocol.authorization_code import AuthorizationCode
from idp.protocol.client import Client
from idp.protocol.errors import InvalidGrant, UnauthorizedClient
from idp.protocol.session import Session

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:device_code"
LIFETIME: Final = timedelta(minutes=10)
# A device that asks late is told so (expired_token) rather than that its code is unknown.
KEPT_AFTER: Final = timedelta(minutes=5)
INTERVAL: Final = timedelta(seconds=5)
SLOWER_BY: Final = timedelta(seconds=5)  # RFC 8628 §3.5
# RFC 8628 §6.1: letters without vowels, so that no words come about; 20^8 makes 34 bits.
LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH: Final = 8


class Decision(StrEnum):
    """What the person said."""

    PENDING = "pending"  # nothing yet
    ALLOWED = "allowed"
    DENIED = "denied"


class PollAnswer(StrEnum):
    """What a device is told."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED = "expired_token"
    DENIED = "access_denied"
    READY = "ready"  # take it


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """What a device asks for; `given` is what the person granted, in the shape of a code that was redeemed."""

    client_id: str
    scope: tuple[str, ...]
    resource: tuple[str, ...]
    asked_from: str  # the device's address, shown to the person
    asked_at: datetime
    interval_seconds: int
    next_poll_at: datetime
    decision: Decision = Decision.PENDING
    given: AuthorizationCode | None = None

    def is_open(self, *, at: datetime) -> bool:
        """Tell whether a person may still decide."""
        return self.decision is Decision.PENDING and at < self.asked_at + LIFETIME


def check_client(client: Client) -> None:
    """The grant is given to a client one by one.

    Raises:
        UnauthorizedClient: RFC 6749 §5.2.
    """
    if GRANT_TYPE not in client.grant_types:
        raise UnauthorizedClient("This client may not use the device authorization grant.")


def begin(
    client: Client, scope: tuple[str, ...], *, resource: tuple[str, ...] = (), asked_from: str, at: datetime
) -> DeviceRequest:
    """Return a fresh request of a device; its first poll may come at once."""
    return DeviceRequest(
        client_id=client.client_id,
        scope=scope,
        resource=resource,
        asked_from=asked_from,
        asked_at=at,
        interval_seconds=int(INTERVAL.total_seconds()),
        next_poll_at=at,
    )


def new_user_code() -> str:
    """Return a code a person can read out and type: eight letters with a dash, `WDJB-MJHT`."""
    letters = "".join(choice(LETTERS) for _ in range(_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def typed_user_code(typed: str) -> str | None:
    """Return the code somebody typed in its one form, whatever case, spaces and dashes; None when it can't be one."""
    letters = "".join(character for character in typed.upper() if character.isalnum())
    if len(letters) != _LENGTH or not set(letters) <= set(LETTERS):
        return None
    return f"{letters[:4]}-{letters[4:]}"


def poll(kept: DeviceRequest | None, client: Client, *, at: datetime) -> tuple[PollAnswer, DeviceRequest]:
    """Return what a poll is answered, and the request as it is kept from now on (§3.5).

    Raises:
        InvalidGrant: unknown, redeemed, or another client's (§3.4).
    """
    if kept is None or kept.client_id != client.client_id:
        raise InvalidGrant("The device code does not hold.")
    if at < kept.next_poll_at:
        slower = kept.interval_seconds + int(SLOWER_BY.total_seconds())
        return PollAnswer.SLOW_DOWN, _next_in(replace(kept, interval_seconds=slower), at)
    if kept.decision is Decision.DENIED:
        return PollAnswer.DENIED, kept
    if at >= kept.asked_at + LIFETIME:
        return PollAnswer.EXPIRED, kept
    if kept.decision is Decision.ALLOWED:
        return PollAnswer.READY, kept
    return PollAnswer.PENDING, _next_in(kept, at)


def allowed(kept: DeviceRequest, session: Session, *, at: datetime) -> DeviceRequest:
    """Return the request after the person of this session said yes."""
    given = AuthorizationCode(
        client_id=kept.client_id,
        redirect_uri="",
        scope=kept.scope,
        sub=session.sub,
        sid=session.sid,
        nonce=None,
        code_challenge=None,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
        id_token_claims=(),
        userinfo_claims=(),
        issued_at=at,
        resource=kept.resource,
    )
    return replace(kept, decision=Decision.ALLOWED, given=given)


def denied(kept: DeviceRequest) -> DeviceRequest:
    """Return the request after the person said no, or may not use the system."""
    return replace(kept, decision=Decision.DENIED)


def _next_in(kept: DeviceRequest, at: datetime) -> DeviceRequest:
    return replace(kept, next_poll_at=at + timedelta(seconds=kept.interval_seconds))
