"""The healthcare gateway: x-tif headers, and a payload sealed with SM4 and signed with SM2 (docs/connectors.md)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime

from connectors.errors import EnvelopeRefused
from connectors.national_crypto import SealBroken, Sm2PrivateKey, Sm2PublicKey, sm4_key, sm4_open, sm4_seal
from connectors.rendering import Rendered, to_json
from connectors.secrets_dir import Secrets, read_believed, read_secret
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
from connectors.spec_auth import TifEnvelope


class TifSigner(NoSigner):
    def __init__(self, auth: TifEnvelope, secrets: Secrets) -> None:
        self._auth = auth
        self._secrets = secrets

    def sign(self, rendered: Rendered, *, at: datetime, nonce: str) -> Signed:
        stamp = timestamp(at, "seconds")
        token = read_secret(self._secrets, self._auth.token, bytes.decode)
        proof = {
            "x-tif-paasid": self._auth.paas_id,
            "x-tif-timestamp": stamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": _gateway_signature(stamp, token, nonce),
        }
        body = None if rendered.body is None else {"data": self._sealed(to_json(rendered.body), at)}
        return plain(
            Rendered(
                method=rendered.method, path=rendered.path, query=rendered.query, headers=rendered.headers, body=body
            ),
            proof,
        )

    def _sealed(self, message: bytes, at: datetime) -> dict[str, object]:
        auth = self._auth
        data: dict[str, object] = {
            "appCode": auth.app_code,
            "version": auth.version,
            "encType": "SM4",
            "signType": "SM2",
            "timestamp": timestamp(at, "milliseconds"),
            "encData": base64.b64encode(sm4_seal(read_secret(self._secrets, auth.sm4_key, sm4_key), message)).decode(),
        }
        signature = read_secret(self._secrets, auth.private_key, Sm2PrivateKey).sign(sorted_params(data).encode())
        return {**data, "signData": base64.b64encode(signature).decode()}

    def open(self, content: bytes, charset: str) -> Opened:
        envelope = read_object(content, charset)
        try:
            return Opened(body=self._opened(envelope), envelope=envelope)
        except EnvelopeRefused:
            raise EnvelopeRefused("envelope") from None

    def verify(self, incoming: Incoming, charset: str) -> Opened:
        stamp = incoming.headers.get("x-tif-timestamp", "")
        nonce = incoming.headers.get("x-tif-nonce", "")
        given = incoming.headers.get("x-tif-signature", "").encode()
        tokens = read_believed(self._secrets, self._auth.token, bytes.decode)
        if not any(hmac.compare_digest(given, _gateway_signature(stamp, t, nonce).encode()) for t in tokens):
            raise EnvelopeRefused("signature")
        envelope = read_object(incoming.content, charset)
        body = self._opened(envelope)
        if body is None:
            raise EnvelopeRefused("shape")
        return Opened(body=body, envelope=envelope, sent_at=_sent_at(stamp, envelope))

    def _opened(self, envelope: dict[str, object]) -> object:
        """Return what is inside; None when nothing was sealed, as in the gateway's own errors."""
        data = envelope.get("data")
        if not isinstance(data, dict) or "encData" not in data:
            return None
        try:
            signature = base64.b64decode(str(data.get("signData", "")), validate=True)
            sealed = base64.b64decode(str(data["encData"]), validate=True)
        except (ValueError, binascii.Error):
            raise EnvelopeRefused("shape") from None
        self._check(signature, {key: value for key, value in data.items() if key != "signData"})
        for key in read_believed(self._secrets, self._auth.sm4_key, sm4_key):
            try:
                return json.loads(sm4_open(key, sealed))
            except (SealBroken, ValueError, RecursionError):
                continue
        raise EnvelopeRefused("seal")

    def _check(self, signature: bytes, data: dict[str, object]) -> None:
        message = sorted_params(data).encode()
        for key in read_believed(self._secrets, self._auth.public_key, Sm2PublicKey):
            try:
                key.verify(signature, message)
            except SealBroken:
                continue
            return
        raise EnvelopeRefused("signature")


def _sent_at(stamp: str, envelope: Mapping[str, object]) -> datetime:
    """Return when it was sent: the earlier of what the headers say and what was signed with the content.

    The headers' signature covers no body, so headers of today may stand in front of content of last week.
    """
    data = envelope.get("data")
    inside = data.get("timestamp") if isinstance(data, Mapping) else None
    at = read_timestamp(stamp, "seconds")
    return at if inside is None else min(at, read_timestamp(inside, "milliseconds"))


def _gateway_signature(stamp: str, token: str, nonce: str) -> str:
    return hashlib.sha256(f"{stamp}{token}{nonce}{stamp}".encode()).hexdigest()
