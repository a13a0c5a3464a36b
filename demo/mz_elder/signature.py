"""x-signature = hex(HMAC-SHA256(secret, timestamp + nonce + body)); timestamps in seconds, 180 of them off at most."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

SKEW: Final = timedelta(seconds=180)


def signature(secret: bytes, timestamp: str, nonce: str, body: bytes) -> str:
    return hmac.new(secret, timestamp.encode() + nonce.encode() + body, hashlib.sha256).hexdigest()


def fault_in(headers: Mapping[str, str], body: bytes, *, app_id: str, secret: bytes, at: datetime) -> str:
    """Return what is wrong with a request's proof in Chinese, empty when it holds; the nonce is the caller's to spend."""
    if headers.get("x-app-id") != app_id:
        return "应用未登记"
    timestamp, nonce = headers.get("x-timestamp", ""), headers.get("x-nonce", "")
    if not timestamp.isascii() or not timestamp.isdigit() or not 8 <= len(nonce) <= 64:
        return "缺少时间戳或随机数"
    try:
        sent = datetime.fromtimestamp(int(timestamp), UTC)
    except (OverflowError, ValueError, OSError):
        return "时间戳不正确"
    if abs(at - sent) > SKEW:
        return "时间偏差超过180秒"
    expected = signature(secret, timestamp, nonce, body)
    return "" if hmac.compare_digest(expected, headers.get("x-signature", "")) else "签名不正确"
