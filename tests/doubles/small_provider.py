"""A small OpenID provider for testing relying parties: right by default, wrong in whatever way a test asks for.

Its authorization endpoint asks nobody anything.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route


@dataclass(slots=True)
class SmallProvider:
    """`claims` are put over those of the id_token; None leaves a claim out. `iss` is what the callback says."""

    issuer: str
    client_id: str
    client_secret: str
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signing_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1"}))
    published_key: ECKey | None = None
    asked: dict[str, str] = field(default_factory=dict)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        path = urlsplit(self.issuer).path
        return Starlette(
            routes=[
                Route(f"{path}/.well-known/openid-configuration", self._discovery),
                Route(f"{path}/jwks", self._jwks),
                Route(f"{path}/token", self._token, methods=["POST"]),
                Route(f"{path}/authorize", self._authorize),
                Route(f"{path}/logout", self._logout),
            ]
        )

    def authorize(self, address: str, *, iss: str | None = None) -> str:
        """Do what the browser and the person would: return the callback address for an authorization request."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(16)
        self._codes[code] = self.asked
        answer = {"code": code, "state": self.asked["state"], "iss": self.issuer if iss is None else iss}
        return f"{self.asked['redirect_uri']}?{urlencode(answer)}"

    async def _authorize(self, request: Request) -> Response:
        return RedirectResponse(self.authorize(str(request.url)), 302)

    async def _logout(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 302)

    async def _discovery(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "end_session_endpoint": f"{self.issuer}/logout",
                "id_token_signing_alg_values_supported": ["ES256", "RS256"],
                "authorization_response_iss_parameter_supported": True,
                **self.metadata,
            }
        )

    async def _jwks(self, _request: Request) -> Response:
        return JSONResponse(KeySet([self.published_key or self.signing_key]).as_dict(private=False))

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            typed = {name: str(value) for name, value in form.items()}
        asked = self._codes.pop(typed.get("code", ""), None)
        if asked is None or not self._is_theirs(request, typed, asked):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse(
            {
                "access_token": secrets.token_urlsafe(16),
                "token_type": "Bearer",
                "expires_in": 300,
                "id_token": self._id_token(asked),
            }
        )

    def _is_theirs(self, request: Request, typed: Mapping[str, str], asked: Mapping[str, str]) -> bool:
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        digest = hashlib.sha256(typed.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return (
            request.headers.get("authorization") == f"Basic {basic}"
            and asked["code_challenge"] == challenge
            and asked["redirect_uri"] == typed.get("redirect_uri")
        )

    def _id_token(self, asked: Mapping[str, str]) -> str:
        now = int(time())
        right = {
            "iss": self.issuer,
            "sub": "s-1",
            "aud": self.client_id,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "acr": "urn:onewindow:acr:password",
            "name": "王晓芸",
            "unit_name": "云桥街道便民服务中心",
            "roles": ["clerk"],
        }
        claims = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, self.signing_key)
