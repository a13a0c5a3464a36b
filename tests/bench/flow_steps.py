"""What is measured of a provider: the whole single sign-on, its steps, and the calls a back channel makes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.bench.contender import SCOPE, Contender
from tests.bench.wire import Wire

Ready = Callable[[Contender, Wire, int], Awaitable[list[str]]]
Act = Callable[[Contender, Wire, str], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`ready` makes what `count` times `act` need, before the clock starts.

    `reach` is the most it may take of the peer's CPU, 0 for no bound: design.md's milliseconds over what the peer took
    beside them, for a machine's milliseconds are its own.
    """

    name: str
    ready: Ready
    act: Act
    reach: float = 0.0


async def _nothing(_contender: Contender, _wire: Wire, count: int) -> list[str]:
    return [""] * count


async def _codes(contender: Contender, wire: Wire, count: int) -> list[str]:
    return [await contender.authorize(wire) for _ in range(count)]


async def _access_token(contender: Contender, wire: Wire, count: int) -> list[str]:
    tokens = await contender.redeem(wire, await contender.authorize(wire))
    return [tokens["access_token"]] * count


async def _refresh_token(contender: Contender, wire: Wire, count: int) -> list[str]:
    scope = f"{SCOPE} offline_access" if contender.knows_offline_access else SCOPE
    tokens = await contender.redeem(wire, await contender.authorize(wire, scope, nonce="refresh"))
    return [tokens["refresh_token"]] * count


STEPS: Final = (
    Step(name="single sign-on", ready=_nothing, act=lambda c, w, _: c.flow(w), reach=0.5),
    Step(name="  authorize", ready=_nothing, act=lambda c, w, _: c.authorize(w)),
    Step(name="  token", ready=_codes, act=lambda c, w, code: c.redeem(w, code)),
    Step(name="  userinfo", ready=_access_token, act=lambda c, w, token: c.userinfo(w, token), reach=0.87),
    Step(name="introspection", ready=_access_token, act=lambda c, w, token: c.introspect(w, token), reach=0.86),
    Step(
        name="client_credentials", ready=_nothing, reach=1.0,
        act=lambda c, w, _: c.token(w, grant_type="client_credentials", scope="guides:read"),
    ),
    Step(
        name="refresh", ready=_refresh_token, reach=0.61,
        act=lambda c, w, token: c.token(w, grant_type="refresh_token", refresh_token=token),
    ),
)  # fmt: skip
