"""The device grant over the stores: begun by a device, decided by a person, redeemed once (RFC 8628)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from config.logs import get
from idp.audit import Audit
from idp.protocol import acr
from idp.protocol import device_grant as rules
from idp.protocol.account import Account
from idp.protocol.audit import AuditKind
from idp.protocol.authorization_code import grant_id_of
from idp.protocol.client import Client
from idp.protocol.client_ports import Clients
from idp.protocol.device_grant import DeviceRequest, PollAnswer
from idp.protocol.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    OAuthError,
    SlowDown,
    TemporarilyUnavailable,
)
from idp.protocol.grant_ports import DeviceRequestStore
from idp.protocol.issuing import Issuer, Redeemed, TokenAnswer
from idp.protocol.scope import OPENID
from idp.protocol.session import Session
from idp.protocol.session_ports import Attempts
from idp.protocol.throttle import device_bound, user_code_bounds

_log = get("onewindow.idp")
_TRIES: Final = 5
_ANSWERS: Final[dict[PollAnswer, type[OAuthError]]] = {
    PollAnswer.PENDING: AuthorizationPending,
    PollAnswer.SLOW_DOWN: SlowDown,
    PollAnswer.EXPIRED: ExpiredToken,
    PollAnswer.DENIED: AccessDenied,
}


class CodeRefusal(StrEnum):
    """Why a typed code leads nowhere; the page has a sentence for each."""

    UNKNOWN = "unknown"  # never given out, too old, or decided already: one answer for all
    THROTTLED = "throttled"
    ROLE = "role"  # the person's roles don't admit them to the system
    WEAK = "weak"  # the system asks for a stronger sign-in


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What the device is told."""

    device_code: str
    user_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person decides about."""

    user_code: str
    client: Client
    request: DeviceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceGrant:
    """The use case behind `/device_authorization`, `/device` and the grant at the token endpoint."""

    store: DeviceRequestStore
    clients: Clients
    attempts: Attempts
    issuing: Issuer
    audit: Audit
    token_urlsafe: Callable[[int], str]

    async def begin(
        self, client: Client, scope: tuple[str, ...], *, resource: tuple[str, ...], asked_from: str, at: datetime
    ) -> Begun:
        """Keep a device's request.

        Raises:
            TemporarilyUnavailable: too many from one address.
        """
        bound = device_bound(client.client_id, asked_from)
        if await self.attempts.count(bound) > bound.attempts:
            raise TemporarilyUnavailable("Too many requests of devices; try again later.")
        request = rules.begin(client, scope, resource=resource, asked_from=asked_from, at=at)
        device_code = self.token_urlsafe(32)
        for _ in range(_TRIES):
            user_code = rules.new_user_code()
            if await self.store.keep(_hash(device_code), _hash(user_code), request, _ttl(request, at)):
                return Begun(device_code=device_code, user_code=user_code)
        raise TemporarilyUnavailable("No code is free; try again.")

    async def find(
        self, typed: str, account: Account, session: Session, *, address: str, at: datetime
    ) -> Asked | CodeRefusal:
        """Return what stands behind a typed code; every try counts, for the person and for the address (§5.1)."""
        bounds = user_code_bounds(account.sub, address)
        hits = [await self.attempts.count(bound) for bound in bounds]
        if any(hit > bound.attempts for hit, bound in zip(hits, bounds, strict=True)):
            _log.warning("device_code_throttled", sub=account.sub)
            return CodeRefusal.THROTTLED
        found = await self._open(typed, at)
        if found is None:
            return CodeRefusal.UNKNOWN
        await self.attempts.forget(bounds[0])  # who knows a code isn't guessing
        return _refused(found.client, account, session) or found

    async def decide(
        self, typed: str, account: Account, session: Session, *, allow: bool, at: datetime
    ) -> Asked | CodeRefusal:
        """Keep the person's word; the policy is asked again, for time has passed."""
        for tried in range(_TRIES):
            found = await self._open(typed, at)
            if found is None:
                return CodeRefusal.UNKNOWN
            refusal = _refused(found.client, account, session) if allow else None
            if refusal is not None:
                return refusal
            if allow and tried == 0:  # before it counts: what could not be written down does not happen
                detail = {"scope": list(found.request.scope), "via": "device"}
                await self.audit.write(
                    AuditKind.CONSENT_GIVEN, sub=account.sub, sid=session.sid, client_id=found.client.client_id,
                    detail=detail, at=at,
                )  # fmt: skip
            user_hash = _hash(found.user_code)
            device_hash = await self.store.device_of(user_hash) or ""
            decided = rules.allowed(found.request, session, at=at) if allow else rules.denied(found.request)
            # A poll in between has changed what is kept; then look again.
            if await self.store.change(device_hash, found.request, decided, _ttl(decided, at)):
                await self.store.close(user_hash)
                _log.info("device_decided", sub=account.sub, client_id=found.client.client_id, allowed=allow)
                return found
        return CodeRefusal.UNKNOWN

    async def redeem(self, device_code: str, client: Client, *, jkt: str, at: datetime) -> TokenAnswer:
        """Answer a poll: with tokens, once, or with what is to be waited for (§3.5).

        Raises:
            AuthorizationPending, SlowDown, ExpiredToken, AccessDenied, InvalidGrant: RFC 8628 §3.5.
        """
        rules.check_client(client)
        device_hash = _hash(device_code)
        kept = await self.store.get(device_hash)
        answer, after = rules.poll(kept, client, at=at)
        if kept is not None and after != kept and not await self.store.change(device_hash, kept, after, _ttl(kept, at)):
            raise SlowDown("Another poll of this device came at the same moment.")
        if answer is not PollAnswer.READY:
            raise _ANSWERS[answer]()
        return await self._tokens(device_code, client, jkt, at)

    async def _tokens(self, device_code: str, client: Client, jkt: str, at: datetime) -> TokenAnswer:
        taken = await self.store.take(_hash(device_code))
        if taken is None or taken.given is None:
            raise InvalidGrant("The device code does not hold.", detail="redeemed by a twin")
        live = await self.issuing.sessions.by_sid(taken.given.sid, at=at)
        if live is None or live[1].sub != taken.given.sub:
            raise InvalidGrant("The device code does not hold.", detail="session ended")
        redeemed = Redeemed(code=taken.given, account=live[1], gid=grant_id_of(device_code))
        answer = await self.issuing.tokens_for_code(redeemed, client, jkt=jkt, at=at)
        if OPENID in taken.scope:
            token = str(answer["access_token"])
            answer["id_token"] = await self.issuing.id_token_for_code(redeemed, client, token, at=at)
        return answer

    async def _open(self, typed: str, at: datetime) -> Asked | None:
        user_code = rules.typed_user_code(typed)
        device_hash = await self.store.device_of(_hash(user_code)) if user_code else None
        request = await self.store.get(device_hash) if device_hash else None
        client = await self.clients.get(request.client_id) if request else None
        if user_code is None or request is None or not request.is_open(at=at) or client is None or client.disabled:
            return None
        return Asked(user_code=user_code, client=client, request=request)


def _refused(client: Client, account: Account, session: Session) -> CodeRefusal | None:
    if client.allowed_roles and not client.allowed_roles & account.roles:
        return CodeRefusal.ROLE
    return None if acr.is_at_least(session.acr, client.required_acr, account) else CodeRefusal.WEAK


def _ttl(request: DeviceRequest, at: datetime) -> timedelta:
    return max(request.asked_at + rules.LIFETIME + rules.KEPT_AFTER - at, timedelta(seconds=1))


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
