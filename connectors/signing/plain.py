"""No proof, and a fixed token in a header."""

import secrets as random
from datetime import datetime

from connectors.errors import EnvelopeRefused
from connectors.rendering import Rendered
from connectors.secrets_dir import Secrets, read_secret
from connectors.signing.base import Incoming, Opened, Signed, plain, read_json, read_object
from connectors.spec_auth import StaticToken


class NoSigner:
    """Nothing is proven, nothing is believed."""

    def sign(self, rendered: Rendered, *, at: datetime, nonce: str) -> Signed:
        return plain(rendered)

    def open(self, content: bytes, charset: str) -> Opened:
        return Opened(body=read_json(content, charset))

    def verify(self, incoming: Incoming, charset: str) -> Opened:
        raise EnvelopeRefused("signature")


class StaticTokenSigner(NoSigner):
    def __init__(self, auth: StaticToken, secrets: Secrets) -> None:
        self._auth = auth
        self._secrets = secrets

    def sign(self, rendered: Rendered, *, at: datetime, nonce: str) -> Signed:
        token = read_secret(self._secrets, self._auth.secret, bytes.decode)
        return plain(rendered, {self._auth.header.lower(): f"{self._auth.prefix}{token}"})

    def verify(self, incoming: Incoming, charset: str) -> Opened:
        given = incoming.headers.get(self._auth.header.lower(), "").encode()
        believed = [self._auth.prefix.encode() + token for token in self._secrets.believed(self._auth.secret)]
        if not any(random.compare_digest(given, token) for token in believed):
            raise EnvelopeRefused("signature")
        return Opened(body=read_object(incoming.content, charset))
