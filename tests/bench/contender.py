"""One provider to measure, ours or another: its processes, how to reach it, and a browser signed in at it."""

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.bench.wire import Wire, WireAnswer
from tests.servers.cpu import seconds_run

REDIRECT_URI = "https://rp.example/cb"
SCOPE = "openid profile"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class WrongAnswer(Exception):
    """A measured request was not answered as it must be: the figure would mean nothing."""


@dataclass(slots=True, kw_only=True)
class Contender:
    """`addresses` are the base URLs of its processes, one each; `pids` are measured, `store_pid` apart (0: none)."""

    name: str
    addresses: Sequence[str]
    pids: Sequence[int]
    paths: dict[str, str]  # endpoint in discovery's words → path
    client_id: str
    client_secret: str = field(repr=False)
    cookie: str = field(default="", repr=False)
    store_pid: int = 0
    knows_offline_access: bool = True  # else a nonce "refresh" asks for a refresh token

    def cpu(self) -> float:
        """Return CPU seconds of all its processes so far."""
        return sum(seconds_run(pid) for pid in self.pids)

    def store_cpu(self) -> float:
        """Return CPU seconds of its Redis so far."""
        return seconds_run(self.store_pid) if self.store_pid else 0.0

    @property
    def basic(self) -> dict[str, str]:
        pair = f"{self.client_id}:{self.client_secret}".encode()
        return {"authorization": "Basic " + base64.b64encode(pair).decode()}

    async def authorize(self, wire: Wire, scope: str = SCOPE, **more: str) -> str:
        """Send the browser through an authorization request and return the code."""
        query = urlencode({
            "response_type": "code", "client_id": self.client_id, "redirect_uri": REDIRECT_URI, "scope": scope,
            "state": "af0ifjsldkj", "nonce": "n-0S6_WzA2Mj", "code_challenge": CHALLENGE,
            "code_challenge_method": "S256", **more,
        })  # fmt: skip
        answer = await wire.get(f"{self.paths['authorization_endpoint']}?{query}", {"cookie": self.cookie})
        code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
        if answer.status != 303 or code is None:
            raise WrongAnswer(f"{self.name}: authorize {answer.status} {answer.headers.get('location', '')[:200]}")
        return code[0]

    async def token(self, wire: Wire, **form: str) -> dict[str, str]:
        """Call the token endpoint and return its answer."""
        answer = await wire.post(self.paths["token_endpoint"], self.basic, urlencode(form))
        return _json(self.name, answer)

    async def redeem(self, wire: Wire, code: str) -> dict[str, str]:
        """Redeem a code."""
        return await self.token(
            wire, grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER
        )

    async def userinfo(self, wire: Wire, access_token: str) -> None:
        """Ask userinfo."""
        headers = {"authorization": f"Bearer {access_token}"}
        if "sub" not in _json(self.name, await wire.get(self.paths["userinfo_endpoint"], headers)):
            raise WrongAnswer(f"{self.name}: userinfo without sub")

    async def introspect(self, wire: Wire, token: str) -> None:
        """Introspect a token, which must be active."""
        answer = await wire.post(self.paths["introspection_endpoint"], self.basic, urlencode({"token": token}))
        if not _json(self.name, answer).get("active"):
            raise WrongAnswer(f"{self.name}: not active")

    async def flow(self, wire: Wire) -> None:
        """Do one single sign-on: authorize with a session → code → token → userinfo."""
        tokens = await self.redeem(wire, await self.authorize(wire))
        await self.userinfo(wire, tokens["access_token"])

    async def wires(self, count: int) -> list[Wire]:
        """Open `count` connections, spread over its processes."""
        return [await Wire.open(self.addresses[n % len(self.addresses)]) for n in range(count)]


async def close(wires: Sequence[Wire]) -> None:
    """Close connections."""
    await asyncio.gather(*(wire.close() for wire in wires))


def _json(name: str, answer: WireAnswer) -> dict[str, str]:
    if answer.status != 200:
        raise WrongAnswer(f"{name}: {answer.status} {answer.body[:300]!r}")
    found: dict[str, str] = json.loads(answer.body)
    return found
