"""SM3-with-SM2 signature of the message in one of its own fields."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime

from connectors.errors import EnvelopeRefused
from connectors.national_crypto import SealBroken, Sm2PrivateKey, Sm2PublicKey
from connectors.rendering import Rendered
from connectors.secrets_dir import Secrets
from connectors.signing.base import (
    Incoming,
    Opened,
    Signed,
    plain,
    read_json,
    read_object,
    sorted_json,
    sorted_params,
)
from connectors.signing.plain import NoSigner
from connectors.spec_auth import Sm2Body


class Sm2BodySigner(NoSigner):
    def __init__(self, auth: Sm2Body, secrets: Secrets) -> None:
        self._auth = auth
        self._secrets = secrets

    def sign(self, rendered: Rendered, *, at: datetime, nonce: str) -> Signed:
        if not isinstance(rendered.body, dict):
            return plain(rendered)  # nothing to sign: a GET of this kind has no proof, which the receiver decides on
        key = Sm2PrivateKey(self._secrets.current(self._auth.private_key))
        signature = key.sign(self._message(rendered.body))
        encoded = signature.hex() if self._auth.encoding == "hex" else base64.b64encode(signature).decode()
        body = {**rendered.body, self._auth.field: encoded}
        return plain(
            Rendered(
                method=rendered.method, path=rendered.path, query=rendered.query, headers=rendered.headers, body=body
            )
        )

    def open(self, content: bytes, charset: str) -> Opened:
        body = read_json(content, charset)
        if self._auth.answers_signed:
            if not isinstance(body, dict):
                raise EnvelopeRefused("envelope")
            self._check(body)
        return Opened(body=body)

    def verify(self, incoming: Incoming, charset: str) -> Opened:
        body = read_object(incoming.content, charset)
        self._check(body)
        return Opened(body=body)

    def _check(self, body: Mapping[str, object]) -> None:
        signature, message = self._decoded(body.get(self._auth.field)), self._message(body)
        for pem in self._secrets.believed(self._auth.public_key):
            try:
                Sm2PublicKey(pem).verify(signature, message)
            except SealBroken:
                continue
            return
        raise EnvelopeRefused("signature")

    def _decoded(self, text: object) -> bytes:
        try:
            if self._auth.encoding == "hex":
                return bytes.fromhex(str(text))
            return base64.b64decode(str(text), validate=True)
        except (ValueError, binascii.Error):
            raise EnvelopeRefused("signature") from None

    def _message(self, body: Mapping[str, object]) -> bytes:
        unsigned = {key: value for key, value in body.items() if key != self._auth.field}
        return (sorted_json(unsigned) if self._auth.canonical == "sorted_json" else sorted_params(unsigned)).encode()
