"""Pushing the portal's authorization requests (RFC 9126), where the provider wants that of every client."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import httpx2


class PushRefused(Exception):
    """The provider did not take the request; the message is its error code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushing:
    """Sends requests over the back channel. `open_client` makes an HTTP client with its time-out."""

    client_id: str
    client_secret: str = field(repr=False)
    open_client: Callable[[], httpx2.AsyncClient]

    async def address(self, metadata: Mapping[str, Any], address: str) -> str:
        """Return the address to send the browser to: with a request_uri only, where requests must be pushed.

        Raises:
            PushRefused: the provider refused it.
            httpx2.HTTPError: it did not answer.
        """
        if not metadata.get("require_pushed_authorization_requests"):
            return address
        parts = urlsplit(address)
        async with self.open_client() as http:
            answer = await http.post(
                metadata["pushed_authorization_request_endpoint"],
                data=dict(parse_qsl(parts.query)),
                headers={"authorization": self._basic()},
            )
        if answer.status_code != 201:
            raise PushRefused(str(answer.status_code))
        named = {"client_id": self.client_id, "request_uri": answer.json()["request_uri"]}
        return f"{parts._replace(query='').geturl()}?{urlencode(named)}"

    def _basic(self) -> str:
        # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        return "Basic " + base64.b64encode(pair.encode()).decode()
