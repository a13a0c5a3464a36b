"""HMAC-SHA256 over timestamp, nonce and body, in headers."""

import base64
import hashlib
import hmac
from datetime import datetime

from connectors.errors import EnvelopeRefused
from connectors.rendering import Rendered
from connectors.secrets_dir import Secrets
from connectors.signing.base import Incoming, Opened, Signed, plain, read_object, read_timestamp, timestamp
from connectors.signing.plain import NoSigner
from connectors.spec_auth import HmacSha256


class HmacSigner(NoSigner):
    def __init__(self, auth: HmacSha256, secrets: Secrets) -> None:
        self._auth = auth
        self._secrets = secrets

    def sign(self, rendered: Rendered, *, at: datetime, nonce: str) -> Signed:
        auth, unsigned = self._auth, plain(rendered)
        stamp = timestamp(at, auth.timestamp_unit)
        message = self._message(stamp, nonce, unsigned.method, unsigned.target, unsigned.content)
        proof = {
            auth.app_id_header.lower(): auth.app_id,
            auth.timestamp_header.lower(): stamp,
            auth.nonce_header.lower(): nonce,
            auth.signature_header.lower(): self._digest(self._secrets.current(auth.secret), message),
        }
        return plain(rendered, proof)

    def verify(self, incoming: Incoming, charset: str) -> Opened:
        auth = self._auth
        stamp = incoming.headers.get(auth.timestamp_header.lower(), "")
        nonce = incoming.headers.get(auth.nonce_header.lower(), "")
        given = incoming.headers.get(auth.signature_header.lower(), "").encode()
        message = self._message(stamp, nonce, incoming.method, incoming.target, incoming.content)
        wanted = [self._digest(secret, message).encode() for secret in self._secrets.believed(auth.secret)]
        if not any(hmac.compare_digest(given, digest) for digest in wanted):
            raise EnvelopeRefused("signature")
        return Opened(body=read_object(incoming.content, charset), sent_at=read_timestamp(stamp, auth.timestamp_unit))

    def _message(self, stamp: str, nonce: str, method: str, target: str, content: bytes) -> bytes:
        parts = {
            "app_id": self._auth.app_id.encode(),
            "timestamp": stamp.encode(),
            "nonce": nonce.encode(),
            "method": method.encode(),
            "path": target.encode(),
            "body": content,
        }
        return self._auth.separator.encode().join(parts[name] for name in self._auth.signed)

    def _digest(self, secret: bytes, message: bytes) -> str:
        digest = hmac.new(secret, message, hashlib.sha256).digest()
        return digest.hex() if self._auth.encoding == "hex" else base64.b64encode(digest).decode()
