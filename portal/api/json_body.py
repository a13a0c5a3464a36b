"""Reads a JSON body with a bound and strictly; what a lenient reader would let through is refused here.

Refused early: too many bytes (before they are read), nesting deeper than `DEPTH_AT_MOST`, one key given twice
(two readers may disagree on which counts), NaN and numbers too large for a double, characters no database or
XML message can carry (NUL, lone surrogates).

Source: RFC 8259 §4, §8; RFC 7493 (I-JSON) §2.
"""

import json
import math
from typing import Any

from starlette.requests import Request

from portal.api.problem_types import INVALID_JSON, INVALID_REQUEST, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE
from portal.api.refusals import Refused
from portal.words import marked as _

DEPTH_AT_MOST = 24
JSON_BYTES_AT_MOST = 512 * 1024
_UNCODABLE = _("请求正文含有不允许的字符（空字符或不成对的代理码位），请删去后重新发送。")


async def read_bounded(request: Request, at_most: int) -> bytes:
    """Return the body, at most `at_most` bytes.

    Raises:
        Refused: TOO_LARGE, at once when Content-Length says so, else when the bound is passed.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:12]) > at_most:
        raise _too_large(at_most)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > at_most:
            raise _too_large(at_most)
        parts.append(part)
    return b"".join(parts)


async def read_object(request: Request, *, at_most: int = JSON_BYTES_AT_MOST) -> dict[str, Any]:
    """Return the JSON object in the body.

    Raises:
        Refused: UNSUPPORTED_MEDIA_TYPE, TOO_LARGE, INVALID_JSON or INVALID_REQUEST (not an object).
    """
    media_type = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if media_type != "application/json":
        raise Refused(
            UNSUPPORTED_MEDIA_TYPE,
            _("此操作只接受 JSON：请把请求头 Content-Type 设为 application/json。"),
            headers={"accept-post": "application/json"},
        )
    document = parse(await read_bounded(request, at_most))
    if not isinstance(document, dict):
        raise Refused(INVALID_REQUEST, _("请求正文应是一个 JSON 对象（以花括号开头）。"))
    return document


def parse(body: bytes) -> Any:
    """Return the JSON value in `body`.

    Raises:
        Refused: INVALID_JSON, the sentence says what is wrong and where.
    """
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Refused(INVALID_JSON, _("请求正文不是 UTF-8 编码，请改用 UTF-8 后重新发送。")) from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise Refused(
            INVALID_JSON,
            _("请求正文不是有效的 JSON：第 {line} 行第 {column} 列有误。请改正后重新发送。"),
            params={"line": error.lineno, "column": error.colno},
        ) from None
    except ValueError:  # an integer of thousands of digits
        raise Refused(INVALID_JSON, _("请求正文中有过长的数字，请改正后重新发送。")) from None
    _check(document)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused(INVALID_JSON, _("请求正文中有一个键重复出现，请让每个键只出现一次。"))
    return found


def _no_constant(name: str) -> Any:
    raise Refused(INVALID_JSON, _("JSON 中不能使用 {name}，请改为数字或 null。"), params={"name": name})


def _check(document: Any) -> None:
    level: list[Any] = [document]
    for _depth in range(DEPTH_AT_MOST + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                _check_text("".join(value))
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str):
                _check_text(value)
            elif isinstance(value, float) and not math.isfinite(value):
                raise Refused(INVALID_JSON, _("请求正文中有过大的数字，请改正后重新发送。"))
        if not below:
            return
        level = below
    raise _too_deep()


def _check_text(value: str) -> None:
    if value.isascii():
        if "\0" in value:
            raise Refused(INVALID_JSON, _UNCODABLE)
        return
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(INVALID_JSON, _UNCODABLE) from None
    if "\0" in value:
        raise Refused(INVALID_JSON, _UNCODABLE)


def _too_deep() -> Refused:
    return Refused(
        INVALID_JSON, _("请求正文的层次过深，请减少嵌套（不超过 {levels} 层）。"), params={"levels": DEPTH_AT_MOST}
    )


def _too_large(at_most: int) -> Refused:
    return Refused(
        TOO_LARGE,
        _("内容超过 {size} KB，请缩短文字或压缩文件后重新发送。"),
        params={"size": at_most // 1024},
        headers={"connection": "close"},
    )
