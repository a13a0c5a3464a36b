"""A bearer token by client credentials (RFC 6749 §4.4): kept until a minute before it ends, fetched by one at a time."""

import asyncio
import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import httpx2

from connectors.secrets_dir import Secrets, read_secret
from connectors.signing import Signed
from connectors.signing.plain import NoSigner
from connectors.spec_auth import OAuth2ClientCredentials
from connectors.transports.exchange import Limits, exchange

_EARLY = timedelta(minutes=1)
_OTHERWISE_SECONDS = 300.0


class TokenRefused(Exception):
    """The token endpoint gave none; `error` and `http_status` say what it answered. The case itself was not sent."""

    def __init__(self, error: str, http_status: int) -> None:
        super().__init__(error)
        self.error = error
        self.http_status = http_status


@dataclass(slots=True)
class TokenCache:
    """The token of one system."""

    auth: OAuth2ClientCredentials
    secrets: Secrets
    client: httpx2.AsyncClient
    limits: Limits
    _token: str = field(default="", repr=False)
    _until: datetime | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def token(self, at: datetime, *, not_this: str = "") -> str:
        """Return a token good at `at`; `not_this` is one the department just refused.

        Raises:
            TokenRefused: there is none to be had.
            SecretMissing: the client secret is not in the deployment.
        """
        async with self._lock:
            is_good = self._token and self._token != not_this and self._until is not None and at < self._until
            if not is_good:
                await self._fetch(at)
            return self._token

    async def _fetch(self, at: datetime) -> None:
        answer = await exchange(self.client, self._request(), NoSigner(), self.limits)
        body = answer.body if isinstance(answer.body, dict) else {}
        token = body.get("access_token")
        if answer.http_status != 200 or not isinstance(token, str) or not token:
            raise TokenRefused(answer.error, answer.http_status)
        seconds = body.get("expires_in")
        lives = timedelta(seconds=float(seconds) if isinstance(seconds, int | float) else _OTHERWISE_SECONDS)
        self._token, self._until = token, at + max(lives - _EARLY, lives / 2)

    def _request(self) -> Signed:
        auth, secret = self.auth, read_secret(self.secrets, self.auth.client_secret, bytes.decode)
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if auth.client_auth == "basic":
            # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
            pair = f"{quote(auth.client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": auth.client_id, "client_secret": secret}
        return Signed(method="POST", target=auth.token_path, headers=headers, content=urlencode(form).encode())
