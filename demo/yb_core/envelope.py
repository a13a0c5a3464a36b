"""The gateway's two layers: x-tif headers over HTTP, and data.encData / data.signData in the body.

x-tif-signature = hex(SHA256(timestamp + token + nonce + timestamp)), timestamp in seconds. encData = base64(IV, SM4-CBC(JSON)),
signData = base64(SM2 over k=v&k=v of the other keys of data, sorted by key).
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from demo.ground import sm
from demo.ground.json_body import json_object

SKEW: Final = timedelta(seconds=180)
APP_CODE: Final = "YPT"


class EnvelopeRefused(Exception):
    """The gateway does not let a message in; the sentence is its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """One side's keys: its own private key, the other side's public one, the SM4 key both have."""

    sm4: bytes
    private: bytes
    public: bytes


def header_signature(timestamp: str, token: bytes, nonce: str) -> str:
    stamp = timestamp.encode()
    return hashlib.sha256(stamp + token + nonce.encode() + stamp).hexdigest()


def headers_for(paas_id: str, token: bytes, *, at: datetime) -> dict[str, str]:
    """Return the four x-tif headers for a message sent now."""
    timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
    return {
        "x-tif-paasid": paas_id,
        "x-tif-timestamp": timestamp,
        "x-tif-nonce": nonce,
        "x-tif-signature": header_signature(timestamp, token, nonce),
    }


def check_headers(headers: Mapping[str, str], *, paas_id: str, token: bytes, at: datetime) -> None:
    """Check who calls; spending the nonce is the caller's.

    Raises:
        EnvelopeRefused: unknown caller, old or unreadable time, no nonce, wrong signature.
    """
    if headers.get("x-tif-paasid") != paas_id:
        raise EnvelopeRefused("paasid未注册")
    timestamp, nonce = headers.get("x-tif-timestamp", ""), headers.get("x-tif-nonce", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) == 10) or not 8 <= len(nonce) <= 64:
        raise EnvelopeRefused("时间戳或随机数不正确")
    if abs(at - datetime.fromtimestamp(int(timestamp), UTC)) > SKEW:
        raise EnvelopeRefused("时间戳超出允许偏差")
    if not hmac.compare_digest(header_signature(timestamp, token, nonce), headers.get("x-tif-signature", "")):
        raise EnvelopeRefused("网关签名错误")


def seal(message: Mapping[str, object], keys: Keys, *, at: datetime) -> dict[str, object]:
    """Return the `data` object that holds `message`."""
    plain = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    data: dict[str, object] = {
        "appCode": APP_CODE,
        "version": "1.0.0",
        "encType": "SM4",
        "signType": "SM2",
        "timestamp": str(int(at.timestamp() * 1000)),
        "encData": base64.b64encode(sm.sm4_encrypt(keys.sm4, plain)).decode(),
    }
    signature = sm.sm2_sign(keys.private, sm.sorted_params(data, without="signData"))
    return {**data, "signData": base64.b64encode(signature).decode()}


def unseal(document: Mapping[str, object] | None, keys: Keys) -> dict[str, object]:
    """Return the message inside a request document.

    Raises:
        EnvelopeRefused: not this envelope, signature or key not right, or no JSON object inside.
    """
    data = None if document is None else document.get("data")
    if not isinstance(data, dict) or data.get("appCode") != APP_CODE:
        raise EnvelopeRefused("报文结构或appCode不正确")
    if (data.get("encType"), data.get("signType")) != ("SM4", "SM2"):
        raise EnvelopeRefused("仅支持SM4加密与SM2签名")
    try:
        signature = base64.b64decode(str(data.get("signData", "")), validate=True)
        sealed = base64.b64decode(str(data.get("encData", "")), validate=True)
    except binascii.Error:
        raise EnvelopeRefused("报文编码不正确") from None
    if not sm.sm2_holds(keys.public, signature, sm.sorted_params(data, without="signData")):
        raise EnvelopeRefused("报文验签失败")
    try:
        message = json_object(sm.sm4_decrypt(keys.sm4, sealed))
    except sm.Undecryptable:
        message = None
    if message is None:
        raise EnvelopeRefused("报文解密失败")
    return message
