"""Challenges and begun enrolments in the state store."""

import hashlib
from datetime import timedelta

from config.state import StateStore
from idp.storage.sealing import Seal


class StateChallengeStore:
    """`idp.protocol.factor_ports.ChallengeStore`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def put(self, challenge: bytes, bound_to: str, ttl: timedelta) -> None:
        await self._state.put(_challenge_key(challenge, bound_to), b"1", ttl)

    async def take(self, challenge: bytes, bound_to: str) -> bool:
        return await self._state.take(_challenge_key(challenge, bound_to)) is not None


class StateEnrolmentStore:
    """`idp.protocol.factor_ports.EnrolmentStore`."""

    def __init__(self, state: StateStore, seal: Seal) -> None:
        self._state = state
        self._seal = seal

    async def put(self, sid: str, secret: str, ttl: timedelta) -> None:
        key = _enrolment_key(sid)
        await self._state.put(key, self._seal.close(secret.encode(), name=key), ttl)

    async def get(self, sid: str) -> str | None:
        return self._opened(sid, await self._state.get(_enrolment_key(sid)))

    async def take(self, sid: str) -> str | None:
        return self._opened(sid, await self._state.take(_enrolment_key(sid)))

    def _opened(self, sid: str, sealed: bytes | None) -> str | None:
        return None if sealed is None else self._seal.open(sealed, name=_enrolment_key(sid)).decode()


def _challenge_key(challenge: bytes, bound_to: str) -> str:
    return "passkey:" + hashlib.sha256(bound_to.encode() + b"\x1f" + challenge).hexdigest()


def _enrolment_key(sid: str) -> str:
    return "totp-enrolment:" + hashlib.sha256(sid.encode()).hexdigest()
