"""Calls to addresses that others chose: a client's jwks_uri, its sector_identifier_uri, its back-channel logout.

Whoever registers an address must not be able to make this server speak to what only this server can reach. The name
is resolved here, every address it has is held against the rules, and the connection goes to the very address that
was checked, so that a second answer of the name server changes nothing. No redirects, no proxies of the environment,
a bound on bytes and on time. What stands behind a refused address stays untold: every failure says the same.
"""

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from socket import IPPROTO_TCP
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from config.settings import Settings

if TYPE_CHECKING:
    import httpx2

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]

WITHIN: Final = timedelta(seconds=5)
AT_MOST_BYTES: Final = 128 * 1024
_AT_ONCE: Final = 32
_ADDRESSES_TRIED: Final = 3
_LOOPBACK: Final[tuple[Network, ...]] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
# Addresses that carry an IPv4 address in them: NAT64 (RFC 6052) reaches what the address inside names.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_URL_TEXT: Final = re.compile(r"\Ahttps?://[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+\Z")


class EgressError(Exception):
    """The call brought nothing. The message is one and the same; `detail` goes to the log only."""

    def __init__(self, detail: str) -> None:
        super().__init__("The address could not be used.")
        self.detail = detail


class EgressRefused(EgressError):
    """No byte left: the rules forbid the address."""


class EgressFailed(EgressError):
    """Not reached, too slow, or too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressAnswer:
    """What came back, at most as many bytes as were allowed; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressRules:
    """What may be called: https on the public network, and what an operator named in `allowed`.

    Plain http is for loopback alone, and only where loopback is allowed.
    """

    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "EgressRules":
        """Return the rules of this installation; demo mode talks to its own simulated systems on loopback."""
        named = tuple(ipaddress.ip_network(word) for word in settings.egress_networks.split(",") if word)
        return cls(allowed=(*named, *(_LOOPBACK if settings.demo else ())))

    def check_url(self, url: str) -> SplitResult:
        """Return the parts of an address that may be called as far as its text tells; nothing is resolved.

        Raises:
            EgressRefused: another scheme, a user name, a fragment, or characters that don't belong.
        """
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise EgressRefused("unreadable") from None
        if len(url) > 2000 or not _URL_TEXT.match(url) or not host or parts.username is not None or "#" in url:
            raise EgressRefused("form")
        if parts.scheme == "http" and not any(network in self.allowed for network in _LOOPBACK):
            raise EgressRefused("scheme")
        return parts

    def permits(self, address: str, *, scheme: str) -> bool:
        """Tell whether a connection to this resolved address may be made."""
        try:
            parsed = _innermost(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            return False
        named = any(parsed.version == network.version and parsed in network for network in self.allowed)
        if scheme == "http":
            return named and parsed.is_loopback
        return named or (parsed.is_global and not parsed.is_multicast)


class EgressClient:
    """Makes the calls. One for a process; `aclose` is not needed, for no connection outlives its call."""

    def __init__(
        self,
        rules: EgressRules,
        *,
        within: timedelta = WITHIN,
        at_most_bytes: int = AT_MOST_BYTES,
        resolve: Resolve | None = None,
        transport: "Callable[[], httpx2.AsyncBaseTransport] | None" = None,
    ) -> None:
        """`resolve` and `transport` stand in for the name server and the network in tests."""
        self._rules = rules
        self._within = within
        self._at_most_bytes = at_most_bytes
        self._resolve = resolve or _resolve
        self._transport = transport or self._network
        self._tls: ssl.SSLContext | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @property
    def rules(self) -> EgressRules:
        """What this client may call."""
        return self._rules

    async def get(self, url: str, *, accept: str = "application/json") -> EgressAnswer:
        """Return what stands at the address.

        Raises:
            EgressError: see the class; a status is an answer, not an error.
        """
        return await self._call("GET", url, {"accept": accept}, b"")

    async def post(self, url: str, body: bytes, *, content_type: str) -> EgressAnswer:
        """Send a body and return the answer.

        Raises:
            EgressError: after `EgressFailed` the receiver may have seen it all the same.
        """
        return await self._call("POST", url, {"content-type": content_type}, body)

    async def _call(self, method: str, url: str, headers: dict[str, str], body: bytes) -> EgressAnswer:
        import httpx2  # a process that calls nobody does not load it

        parts = self._rules.check_url(url)
        try:
            async with asyncio.timeout(self._within.total_seconds()), self._slots:
                return await self._first_that_connects(method, parts, headers, body)
        except TimeoutError:
            raise EgressFailed("too slow") from None
        except (httpx2.TransportError, httpx2.InvalidURL, ssl.SSLError) as error:
            raise EgressFailed(type(error).__name__) from None

    async def _first_that_connects(
        self, method: str, parts: SplitResult, headers: dict[str, str], body: bytes
    ) -> EgressAnswer:
        import httpx2

        addresses = await self._checked_addresses(parts)
        for address in addresses[:-1]:
            try:
                return await self._send(method, parts, address, headers, body)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue  # nothing left yet, so the next of its addresses may be tried
        return await self._send(method, parts, addresses[-1], headers, body)

    async def _checked_addresses(self, parts: SplitResult) -> tuple[str, ...]:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = await self._resolve(host, port)
        except OSError:
            raise EgressFailed("name") from None
        # One forbidden address refuses the name: a name with an inner and an outer face is a name to be refused.
        if not found or not all(self._rules.permits(address, scheme=parts.scheme) for address in found):
            raise EgressRefused("address")
        return found[:_ADDRESSES_TRIED]

    async def _send(
        self, method: str, parts: SplitResult, address: str, headers: dict[str, str], body: bytes
    ) -> EgressAnswer:
        import httpx2

        host = f"[{address}]" if ":" in address else address
        port = f":{parts.port}" if parts.port else ""
        query = f"?{parts.query}" if parts.query else ""
        request = httpx2.Request(
            method,
            f"{parts.scheme}://{host}{port}{parts.path or '/'}{query}",
            headers={"host": parts.netloc, "accept-encoding": "identity", "user-agent": "onewindow", **headers},
            content=body or None,
            # The certificate is held against the name that was asked for, not against the address.
            extensions={"sni_hostname": parts.hostname or ""},
        )
        seconds = self._within.total_seconds()
        client = httpx2.AsyncClient(transport=self._transport(), timeout=seconds, trust_env=False)
        async with client:
            answer = await client.send(request, stream=True, follow_redirects=False)
            try:
                return EgressAnswer(
                    status=answer.status_code, headers=dict(answer.headers), body=await self._bounded(answer)
                )
            finally:
                await answer.aclose()

    async def _bounded(self, answer: "httpx2.Response") -> bytes:
        body = b""
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > self._at_most_bytes:
                raise EgressFailed("too much")
        return body

    def _network(self) -> "httpx2.AsyncBaseTransport":
        import httpx2

        if self._tls is None:
            self._tls = ssl.create_default_context()
        return httpx2.AsyncHTTPTransport(verify=self._tls, trust_env=False)


async def _resolve(host: str, port: int) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, proto=IPPROTO_TCP)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _innermost(address: Address) -> Address:
    """Return the address that is reached in the end, where one stands for another."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return address
