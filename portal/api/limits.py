"""Bounds on tries: so many from one address, so many for one case number, whoever asks.

Every try is counted before it is looked at, so a hundred at once get no more answers than a hundred in a row.
An address is an IPv4 address or an IPv6 /64 (one household holds at least that many). Only digests are kept.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2s
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

from config.state import StateStore
from portal.api.problem_types import TOO_MANY_REQUESTS
from portal.api.refusals import Refused
from portal.words import marked as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `tries` in each window of `window`."""

    name: str
    tries: int
    window: timedelta


# A service hall shares one address; a case number belongs to one family.
STATUS_BY_ADDRESS = Limit(name="status-address", tries=60, window=timedelta(minutes=10))
STATUS_BY_NUMBER = Limit(name="status-number", tries=10, window=timedelta(minutes=10))


async def spend(state: StateStore, limit: Limit, subject: str) -> None:
    """Count one try of `subject`.

    Raises:
        Refused: TOO_MANY_REQUESTS with Retry-After.
        StateStoreUnavailable: the store does not answer; nobody is let through uncounted.
    """
    digest = blake2s(subject.encode(), digest_size=16).hexdigest()
    if await state.count(f"limit:{limit.name}:{digest}", limit.window) > limit.tries:
        minutes = int(limit.window.total_seconds() // 60)
        raise Refused(
            TOO_MANY_REQUESTS,
            _("查询次数过多，请 {minutes} 分钟后再查；急用可拨打 12345 或到窗口查询。"),
            params={"minutes": minutes},
            headers={"retry-after": str(int(limit.window.total_seconds()))},
        )


def address_of(request: Request) -> str:
    """Return the caller's address as the server saw it (proxy headers count only from proxies the server trusts)."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else f"{int(address) >> 64:x}::/64"
    return str(address)
