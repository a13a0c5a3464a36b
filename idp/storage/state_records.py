"""Codes, sessions, interactions, parked requests, revoked grants and counters in the state store."""

import asyncio
import hashlib
from datetime import datetime, timedelta

from config.lazy_adapter import LazyAdapter
from config.state import StateStore
from idp.protocol.authorization_code import AuthorizationCode
from idp.protocol.interaction import Interaction
from idp.protocol.logout import Farewell
from idp.protocol.pushed_request import PushedRequest
from idp.protocol.session import KEPT_AFTER_END, Session
from idp.protocol.throttle import Bound

_CODE = LazyAdapter(AuthorizationCode)
_SESSION = LazyAdapter(Session)
_INTERACTION = LazyAdapter(Interaction)
_PARAMETERS = LazyAdapter(dict[str, str])
_FAREWELL = LazyAdapter(Farewell)
_PUSHED = LazyAdapter(PushedRequest)


class StateAuthorizationCodeStore:
    """`idp.protocol.grant_ports.AuthorizationCodeStore`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def keep(self, code_hash: str, code: AuthorizationCode, ttl: timedelta) -> None:
        await self._state.put(f"code:{code_hash}", _CODE.dump_json(code), ttl)

    async def take(self, code_hash: str) -> AuthorizationCode | None:
        kept = await self._state.take(f"code:{code_hash}")
        return None if kept is None else _CODE.validate_json(kept)


class StateSessionStore:
    """`idp.protocol.session_ports.SessionStore`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def get(self, sid: str) -> Session | None:
        kept = await self._state.get(_session_key(sid))
        return None if kept is None else _SESSION.validate_json(kept)

    async def get_for_grant(self, sid: str, gid: str) -> Session | None:
        kept, revoked = await self._state.get_all(_session_key(sid), _revoked_key(gid))
        return None if kept is None or revoked is not None else _SESSION.validate_json(kept)

    async def put(self, session: Session, ttl: timedelta) -> None:
        # Listed before it is kept: a list may name what isn't there, but nothing may live unlisted.
        await self._list(session, ttl)
        await self._state.put(_session_key(session.sid), _SESSION.dump_json(session), ttl)

    async def change(self, old: Session, new: Session, ttl: timedelta) -> bool:
        if new.over_at != old.over_at:
            await self._list(new, ttl)
        return await self._state.swap(_session_key(old.sid), _SESSION.dump_json(old), _SESSION.dump_json(new), ttl)

    async def forget(self, session: Session) -> None:
        await self._state.leave(_sessions_of_key(session.sub), session.sid)
        await self._state.leave(_due_key(session.over_at), session.sid)
        await self._state.forget(_session_key(session.sid))

    async def of_account(self, sub: str) -> tuple[Session, ...]:
        sids = await self._state.members(_sessions_of_key(sub))
        found = await asyncio.gather(*(self.get(sid) for sid in sids))
        for sid, session in zip(sids, found, strict=True):
            if session is None:
                await self._state.leave(_sessions_of_key(sub), sid)
        return tuple(session for session in found if session is not None and not session.ended_by)

    async def due_at(self, sid: str, at: datetime) -> None:
        await self._state.join(_due_key(at), sid, KEPT_AFTER_END)

    async def due(self, since: datetime, until: datetime) -> tuple[str, ...]:
        first, last = _grain(since), _grain(until)
        keys = [f"sessions_due:{minute}" for minute in range(first, last + 1)]
        found = await asyncio.gather(*(self._state.members(key) for key in keys))
        return tuple(dict.fromkeys(sid for sids in found for sid in sids))

    async def _list(self, session: Session, ttl: timedelta) -> None:
        await self._state.join(_sessions_of_key(session.sub), session.sid, ttl)
        await self._state.join(_due_key(session.over_at), session.sid, ttl)


class StateInteractionStore:
    """`idp.protocol.session_ports.InteractionStore`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def put(self, interaction_id: str, interaction: Interaction, ttl: timedelta) -> None:
        await self._state.put(f"interaction:{_hashed(interaction_id)}", _INTERACTION.dump_json(interaction), ttl)

    async def get(self, interaction_id: str) -> Interaction | None:
        kept = await self._state.get(f"interaction:{_hashed(interaction_id)}")
        return None if kept is None else _INTERACTION.validate_json(kept)

    async def take(self, interaction_id: str) -> Interaction | None:
        kept = await self._state.take(f"interaction:{_hashed(interaction_id)}")
        return None if kept is None else _INTERACTION.validate_json(kept)


class StateParkedRequestStore:
    """`idp.protocol.session_ports.ParkedRequestStore`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def put(self, request_id: str, parameters: dict[str, str], ttl: timedelta) -> None:
        await self._state.put(f"parked:{_hashed(request_id)}", _PARAMETERS.dump_json(parameters), ttl)

    async def take(self, request_id: str) -> dict[str, str] | None:
        kept = await self._state.take(f"parked:{_hashed(request_id)}")
        return None if kept is None else _PARAMETERS.validate_json(kept)


class StatePushedRequestStore:
    """`idp.protocol.session_ports.PushedRequestStore`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def keep(self, uri_hash: str, pushed: PushedRequest, ttl: timedelta) -> None:
        await self._state.put(f"pushed:{uri_hash}", _PUSHED.dump_json(pushed), ttl)

    async def get(self, uri_hash: str) -> PushedRequest | None:
        kept = await self._state.get(f"pushed:{uri_hash}")
        return None if kept is None else _PUSHED.validate_json(kept)

    async def take(self, uri_hash: str) -> PushedRequest | None:
        kept = await self._state.take(f"pushed:{uri_hash}")
        return None if kept is None else _PUSHED.validate_json(kept)


class StateFarewellStore:
    """`idp.protocol.logout_ports.FarewellStore`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def put(self, farewell_id: str, farewell: Farewell, ttl: timedelta) -> None:
        await self._state.put(f"farewell:{_hashed(farewell_id)}", _FAREWELL.dump_json(farewell), ttl)

    async def get(self, farewell_id: str) -> Farewell | None:
        kept = await self._state.get(f"farewell:{_hashed(farewell_id)}")
        return None if kept is None else _FAREWELL.validate_json(kept)


class StateRevokedGrants:
    """`idp.protocol.grant_ports.RevokedGrants`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def add(self, gid: str, ttl: timedelta) -> None:
        await self._state.put(_revoked_key(gid), b"1", ttl)

    async def has(self, gid: str) -> bool:
        return await self._state.get(_revoked_key(gid)) is not None


class StateAttempts:
    """`idp.protocol.session_ports.Attempts`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def count(self, bound: Bound) -> int:
        return await self._state.count(bound.key, bound.within)

    async def forget(self, bound: Bound) -> None:
        await self._state.forget(bound.key)

    async def first_use(self, kind: str, value: str, ttl: timedelta) -> bool:
        return await self._state.add(f"replay:{kind}:{_hashed(value)}", b"1", ttl)


def _revoked_key(gid: str) -> str:
    return f"revoked:{gid}"


def _session_key(sid: str) -> str:
    return f"session:{_hashed(sid)}"


def _sessions_of_key(sub: str) -> str:
    return f"sessions_of:{_hashed(sub)}"


def _grain(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _due_key(at: datetime) -> str:
    return f"sessions_due:{_grain(at)}"


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
