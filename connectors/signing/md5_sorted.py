"""MD5 over the sorted parameters and a secret: weak, and what some old interfaces have. Never choose it for a new one."""

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime
from typing import assert_never
from urllib.parse import parse_qsl, urlsplit

from connectors.errors import EnvelopeRefused
from connectors.rendering import Rendered
from connectors.secrets_dir import Secrets
from connectors.signing.base import (
    Incoming,
    Opened,
    Signed,
    plain,
    read_object,
    read_timestamp,
    sorted_params,
    timestamp,
)
from connectors.signing.plain import NoSigner
from connectors.spec_auth import Md5Sorted


class Md5Signer(NoSigner):
    def __init__(self, auth: Md5Sorted, secrets: Secrets) -> None:
        self._auth = auth
        self._secrets = secrets

    def sign(self, rendered: Rendered, *, at: datetime, nonce: str) -> Signed:
        auth, secret = self._auth, self._secrets.current(self._auth.secret)
        proof: dict[str, object] = {
            auth.app_key_field: auth.app_key,
            auth.timestamp_field: timestamp(at, auth.timestamp_unit),
        }
        fields = rendered.body if isinstance(rendered.body, dict) else rendered.query
        proof[auth.sign_field] = self._digest(secret, {**fields, **proof})
        texts = {key: str(value) for key, value in proof.items()}
        match auth.place if rendered.body is not None or auth.place != "body" else "query":
            case "header":
                return plain(rendered, {key.lower(): text for key, text in texts.items()})
            case "query":
                return plain(replace(rendered, query={**rendered.query, **texts}))
            case "body":
                body = rendered.body if isinstance(rendered.body, dict) else {}
                return plain(replace(rendered, body={**body, **texts}))
            case place:
                assert_never(place)

    def verify(self, incoming: Incoming, charset: str) -> Opened:
        auth, body = self._auth, read_object(incoming.content, charset)
        proof = self._proof(incoming, body)
        fields = {key: value for key, value in body.items() if key != auth.sign_field}
        fields |= {key: proof[key] for key in (auth.app_key_field, auth.timestamp_field) if key in proof}
        given = str(proof.get(auth.sign_field, "")).encode()
        wanted = [self._digest(secret, fields).encode() for secret in self._secrets.believed(auth.secret)]
        if not any(hmac.compare_digest(given, digest) for digest in wanted):
            raise EnvelopeRefused("signature")
        stamp = read_timestamp(proof.get(auth.timestamp_field, ""), auth.timestamp_unit)
        return Opened(body=body, sent_at=stamp)

    def _proof(self, incoming: Incoming, body: dict[str, object]) -> dict[str, object]:
        match self._auth.place:
            case "body":
                return body
            case "query":
                return dict(parse_qsl(urlsplit(incoming.target).query))
            case "header":
                names = (self._auth.app_key_field, self._auth.timestamp_field, self._auth.sign_field)
                return {name: incoming.headers.get(name.lower(), "") for name in names}
            case place:
                assert_never(place)

    def _digest(self, secret: bytes, fields: dict[str, object]) -> str:
        message = sorted_params(fields).encode() + secret
        digest = hashlib.md5(message, usedforsecurity=False).hexdigest()
        return digest.upper() if self._auth.upper else digest
