"""The provider's public keys, fetched over the back channel and kept; a kid we do not know makes us look again.

Looking again happens at most every ten seconds, whatever callers send, so that made-up kids can't be turned into
a stream of requests to the provider. When the provider does not answer, the keys we have stay good.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import anyio
import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from config.clock import Clock
from config.logs import get

_log = get("onewindow.api.signing_keys")
_LOOK_AGAIN_AFTER = timedelta(seconds=10)
_STALE_AFTER = timedelta(minutes=10)
_ANSWER_BYTES_AT_MOST = 256 * 1024


class KeysUnavailable(Exception):
    """The provider gave no keys and none are kept."""


class SigningKeys:
    """Keys of one issuer by kid; `client` reaches the provider (in process or over the network)."""

    def __init__(self, *, issuer: str, client: httpx2.AsyncClient, clock: Clock) -> None:
        self._issuer = issuer
        self._client = client
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._looked_at: datetime | None = None
        self._looking = anyio.Lock()

    async def find(self, kid: str) -> Key | None:
        """Return the key named `kid`, or None when the provider does not publish it.

        Raises:
            KeysUnavailable: nothing is kept and the provider did not answer.
        """
        if self._is_due(kid):
            async with self._looking:
                if self._is_due(kid):
                    await self._look()
        if not self._keys:
            raise KeysUnavailable
        return self._keys.get(kid)

    def _is_due(self, kid: str) -> bool:
        if self._looked_at is None:
            return True
        age = self._clock() - self._looked_at
        return age >= (_LOOK_AGAIN_AFTER if kid not in self._keys else _STALE_AFTER)

    async def _look(self) -> None:
        self._looked_at = self._clock()
        try:
            metadata = await self._fetch(f"{self._issuer}/.well-known/openid-configuration")
            if metadata.get("issuer") != self._issuer:  # OpenID Connect Discovery §4.3
                _log.error("discovery_names_another_issuer")
                return
            found = _usable(await self._fetch(str(metadata["jwks_uri"])))
        except (httpx2.HTTPError, JoseError, KeyError, TypeError, ValueError) as error:
            _log.warning("keys_not_fetched", error=type(error).__name__)
            return
        if found:
            self._keys = found

    async def _fetch(self, url: str) -> dict[str, Any]:
        answer = await self._client.get(url, headers={"accept": "application/json"}, follow_redirects=False)
        answer.raise_for_status()
        if len(answer.content) > _ANSWER_BYTES_AT_MOST:
            raise ValueError("the answer is too large")
        document = json.loads(answer.content)
        if not isinstance(document, dict):
            raise TypeError("the answer is no JSON object")
        return document


def _usable(document: dict[str, Any]) -> dict[str, Key]:
    signing = [key for key in document["keys"] if key.get("use", "sig") == "sig" and key.get("kty") in ("EC", "RSA")]
    keys = KeySet.import_key_set({"keys": signing}).keys
    return {key.kid: key for key in keys if key.kid and isinstance(key, ECKey | RSAKey)}
