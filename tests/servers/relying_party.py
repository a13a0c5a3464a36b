"""A small relying party over HTTP: sends a signed-in visitor through the code flow and redeems what comes back."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from tests.servers.installation import Installation
from tests.servers.visitor import Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One authorization request, with what is needed to redeem its code."""

    address: str
    state: str
    code_verifier: str


@dataclass(slots=True)
class RelyingParty:
    """One client of the provider; `back` is its back channel."""

    client_id: str
    client_secret: str
    redirect_uri: str
    endpoints: Mapping[str, str]
    back: httpx2.Client

    @classmethod
    def of(cls, installation: Installation, client_id: str = "demo-rp") -> Self:
        facts = installation.client(client_id)
        back = httpx2.Client(timeout=30)
        discovery = back.get(f"{installation.facts['issuer']}/.well-known/openid-configuration").raise_for_status()
        return cls(client_id, facts["client_secret"], facts["redirect_uris"][0], discovery.json(), back)

    def begin(self, scope: str = "openid profile unit", **more: str) -> Flow:
        """Return a fresh request with PKCE S256, state and nonce."""
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect_uri, "scope": scope,
            "state": state, "nonce": secrets.token_urlsafe(16), "code_challenge": challenge,
            "code_challenge_method": "S256", **more,
        }  # fmt: skip
        address = f"{self.endpoints['authorization_endpoint']}?{urlencode(parameters)}"
        return Flow(address=address, state=state, code_verifier=verifier)

    def agree(self, visitor: Visitor) -> None:
        """Let the visitor say yes once, so that later flows ask nothing."""
        page = visitor.get(self.begin().address)
        try:
            visitor.submit(page, page.form(having="form_token"), button="allow")
        except httpx2.ConnectError:
            return  # the browser went on to the redirect_uri, where nobody listens
        raise RuntimeError("agreeing did not lead back to the client")

    def redeem(self, flow: Flow, answer: str) -> dict[str, Any]:
        """Redeem the code in the redirect `answer` and return the tokens."""
        returned = {name: values[0] for name, values in parse_qs(urlsplit(answer).query).items()}
        if returned.get("state") != flow.state or "code" not in returned:
            raise RuntimeError(f"no code came back: {sorted(returned)} {returned.get('error', '')}")
        body = {
            "grant_type": "authorization_code", "code": returned["code"], "redirect_uri": self.redirect_uri,
            "code_verifier": flow.code_verifier,
        }  # fmt: skip
        answered = self.back.post(
            self.endpoints["token_endpoint"], data=body, auth=(self.client_id, self.client_secret)
        )
        tokens: dict[str, Any] = answered.raise_for_status().json()
        return tokens

    def userinfo(self, access_token: str) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {access_token}"}
        claims: dict[str, Any] = (
            self.back.get(self.endpoints["userinfo_endpoint"], headers=headers).raise_for_status().json()
        )
        return claims

    def close(self) -> None:
        self.back.close()
