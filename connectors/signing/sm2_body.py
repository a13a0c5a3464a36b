"""SM3-with-SM2 signature of the message in one of its own fields."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.errors import EnvelopeRefused
from connectors.expression import look_up
from connectors.national_crypto import SealBroken, Sm2PrivateKey, Sm2PublicKey
from connectors.rendering import Rendered
from connectors.secrets_dir import Secrets, read_believed, read_secret
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
        key = read_secret(self._secrets, self._auth.private_key, Sm2PrivateKey)
        signature = key.sign(self._message(rendered.body))
        encoded = signature.hex() if self._auth.encoding == "hex" else base64.b64encode(signature).decode()
        body = _with(rendered.body, self._auth.field.split("."), encoded)
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
        signature, message = self._decoded(look_up(body, self._auth.field.split("."))), self._message(body)
        for key in read_believed(self._secrets, self._auth.public_key, Sm2PublicKey):
            try:
                key.verify(signature, message)
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
        unsigned = _without(body, self._auth.field.split("."))
        return (sorted_json(unsigned) if self._auth.canonical == "sorted_json" else sorted_params(unsigned)).encode()


def _with(body: Mapping[str, object], path: Sequence[str], value: str) -> dict[str, object]:
    """Return `body` with `value` at `path`, which may go into objects."""
    if len(path) == 1:
        return {**body, path[0]: value}
    inner = body.get(path[0])
    return {**body, path[0]: _with(inner if isinstance(inner, Mapping) else {}, path[1:], value)}


def _without(body: Mapping[str, object], path: Sequence[str]) -> dict[str, object]:
    """Return `body` without what stands at `path`."""
    inner = body.get(path[0])
    if len(path) == 1 or not isinstance(inner, Mapping):
        return {key: value for key, value in body.items() if key != path[0]}
    return {**body, path[0]: _without(inner, path[1:])}
