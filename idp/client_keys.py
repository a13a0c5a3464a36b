"""The keys a client signs with: registered by value, or fetched from its jwks_uri and kept for a while.

A fetch happens before the client is authenticated, so whoever knows a client_id can cause one. It is bounded for
that: one at a time for an address, at most once a minute, whatever key is asked for and whether it worked or not.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from config.clock import Clock
from config.egress import EgressClient, EgressError
from config.logs import get
from config.public_jwk import JwksRefused, public_keys
from idp.protocol.client import Client
from idp.protocol.signing import SignatureRefused, read_unverified

FRESH: Final = timedelta(minutes=10)
# A client whose address does not answer goes on with the keys it had, for as long as a rotation's overlap is wide.
STALE: Final = timedelta(hours=1)
RETRY: Final = timedelta(minutes=1)
_ADDRESSES_AT_MOST: Final = 1000
_log = get("onewindow.idp")

Keys = Sequence[Mapping[str, object]]


@dataclass(slots=True)
class _Fetched:
    keys: tuple[dict[str, str], ...] = ()
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class FetchingClientKeys:
    """`idp.protocol.client_ports.ClientKeys`, one for a process."""

    def __init__(self, egress: EgressClient, clock: Clock) -> None:
        self._egress = egress
        self._clock = clock
        self._by_address: OrderedDict[str, _Fetched] = OrderedDict()

    async def for_token(self, client: Client, token: str) -> Keys:
        """Return the keys that may have signed this token of the client; its header only tells which to look for."""
        if not client.jwks_uri:
            return client.jwks
        kid = _kid_of(token)
        kept = self._kept(client.jwks_uri)
        if self._wanted(kept, kid):
            async with kept.lock:
                if self._wanted(kept, kid):  # another request may have fetched them meanwhile
                    await self._fetch(client.jwks_uri, kept)
        if kept.fetched_at is None or self._clock() - kept.fetched_at > STALE:
            return ()
        return kept.keys

    def _kept(self, address: str) -> _Fetched:
        kept = self._by_address.setdefault(address, _Fetched())
        self._by_address.move_to_end(address)
        if len(self._by_address) > _ADDRESSES_AT_MOST:
            self._by_address.popitem(last=False)
        return kept

    def _wanted(self, kept: _Fetched, kid: str | None) -> bool:
        at = self._clock()
        fresh = kept.fetched_at is not None and at - kept.fetched_at <= FRESH
        if fresh and (kid is None or any(jwk.get("kid") == kid for jwk in kept.keys)):
            return False
        return kept.tried_at is None or at - kept.tried_at >= RETRY

    async def _fetch(self, address: str, kept: _Fetched) -> None:
        kept.tried_at = self._clock()
        try:
            answer = await self._egress.get(address, accept="application/jwk-set+json, application/json")
            if answer.status == 200:
                kept.keys, kept.fetched_at = public_keys(json.loads(answer.body)), kept.tried_at
            else:
                _log.warning("client_keys_not_fetched", reason=f"status {answer.status}")
        except (EgressError, JwksRefused, ValueError, RecursionError) as error:
            _log.warning("client_keys_not_fetched", reason=getattr(error, "detail", type(error).__name__))


def _kid_of(token: str) -> str | None:
    try:
        header, _ = read_unverified(token)
    except SignatureRefused:
        return None
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None
