"""The gateway's envelope: what a request must have, and the SM3-with-SM2 signature over it without `sign`."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from config.clock import SHANGHAI
from demo.ground import checks, sm
from demo.ground.checks import need

SKEW: Final = timedelta(minutes=5)
QUERY: Final = "YWCX"
WITHDRAW: Final = "YWCH"

ENVELOPE: Final = (
    need("txCode", checks.pattern(r"[A-Z_]{3,20}", "格式不正确")),
    need("yzls", checks.pattern(r"[0-9A-Za-z-]{16,40}", "应为16至40位")),
    need("reqTime", checks.day("%Y%m%d%H%M%S")),
    need("sign", checks.text(512)),
)


def sign(message: Mapping[str, object], private_key: bytes) -> dict[str, object]:
    """Return the message with its signature."""
    unsigned = {key: value for key, value in message.items() if key != "sign"}
    signature = sm.sm2_sign(private_key, sm.sorted_json(unsigned))
    return {**unsigned, "sign": base64.b64encode(signature).decode()}


def fault_in(message: Mapping[str, object], *, public_key: bytes, at: datetime) -> tuple[str, str]:
    """Return code and reason of what is wrong with an envelope, two empty texts when it holds."""
    if wrong := checks.complaints(message, ENVELOPE):
        return "E2001", "；".join(str(complaint) for complaint in wrong)
    sent = datetime.strptime(str(message["reqTime"]), "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
    if abs(at - sent) > SKEW:
        return "E1002", "请求时间偏差超过5分钟"
    unsigned = {key: value for key, value in message.items() if key != "sign"}
    try:
        signature = base64.b64decode(str(message["sign"]), validate=True)
    except binascii.Error:
        return "E1001", "签名格式不正确"
    if not sm.sm2_holds(public_key, signature, sm.sorted_json(unsigned)):
        return "E1001", "签名验证失败"
    return "", ""
