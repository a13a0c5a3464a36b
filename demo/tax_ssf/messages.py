"""Messages of the tax system: `{"header": {…, "sign"}, "body": {…}}`, signed with SM2 over the sorted JSON without `sign`."""

import base64
import binascii
import json
from collections.abc import Mapping

from demo.ground.sm import sm2_holds, sm2_sign, sorted_json


class Unproven(Exception):
    """The message is not JSON of that shape, or its signature does not hold."""


def opened(content: bytes, public_key: bytes) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Return header and body of a message whose signature holds.

    Raises:
        Unproven: it does not.
    """
    try:
        message = json.loads(content)
        header, body = dict(message["header"]), dict(message["body"])
        signature = base64.b64decode(str(header.pop("sign", "")), validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise Unproven from None
    if not sm2_holds(public_key, signature, sorted_json({**message, "header": header})):
        raise Unproven
    return header, body


def signed(header: Mapping[str, object], body: Mapping[str, object], private_key: bytes) -> bytes:
    """Return the bytes of a message with its signature."""
    message = {"header": dict(header), "body": dict(body)}
    signature = base64.b64encode(sm2_sign(private_key, sorted_json(message))).decode()
    return json.dumps({**message, "header": {**header, "sign": signature}}, ensure_ascii=False).encode()
