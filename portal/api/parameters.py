"""What comes in paths, queries and headers, checked for form before anything is looked up."""

import re

from starlette.requests import Request

from portal.api.problem_types import INVALID_REQUEST, NOT_FOUND
from portal.api.refusals import FieldRefusal, Refused, Sentence
from portal.words import marked as _

CASE_NUMBER = r"^[0-9]{9}-[0-9]{6}-[A-Z]{2,6}[0-9]{3}-[0-9]{6,9}$"
IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
IDEMPOTENCY_KEY = r"^[!-~]{1,128}$"
_CASE_NUMBER = re.compile(CASE_NUMBER)
_IDENTIFIER = re.compile(IDENTIFIER)
_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY)


def case_number(request: Request) -> str:
    """Return the case number of the path.

    Raises:
        Refused: NOT_FOUND; what can't be a number names no case.
    """
    number: str = request.path_params["number"]
    if not _CASE_NUMBER.fullmatch(number):
        raise case_unknown()
    return number


def case_unknown() -> Refused:
    """The same words for "there is none" and "it is not yours to see"."""
    return Refused(NOT_FOUND, _("没有找到这个编号的办件，或者它不属于您的单位。请核对回执上的办件编号。"))


def identifier(request: Request, name: str, sentence: str) -> str:
    """Return a path parameter that names a declared thing.

    Raises:
        Refused: NOT_FOUND with `sentence`.
    """
    value: str = request.path_params[name]
    if not _IDENTIFIER.fullmatch(value):
        raise Refused(NOT_FOUND, sentence)
    return value


def idempotency_key(request: Request) -> str:
    """Return the Idempotency-Key header.

    Raises:
        Refused: INVALID_REQUEST, missing, given twice or not 1 to 128 visible ASCII characters.
    """
    given = request.headers.getlist("idempotency-key")
    if not given:
        raise _parameter(
            "Idempotency-Key",
            "missing",
            _("请在请求头 Idempotency-Key 中给出这份申请的唯一键（例如 UUID），重发时用同一个键，就不会重复受理。"),
        )
    if len(given) > 1 or not _IDEMPOTENCY_KEY.fullmatch(given[0]):
        raise _parameter(
            "Idempotency-Key",
            "format",
            _("Idempotency-Key 应为 1 至 128 个可见的 ASCII 字符（例如 UUID），且只出现一次。"),
        )
    return given[0]


def single(request: Request, name: str, *, at_most: int = 200) -> str:
    """Return a query parameter, empty when it is not given.

    Raises:
        Refused: INVALID_REQUEST, given twice, too long, or with control characters.
    """
    values = request.query_params.getlist(name)
    if not values:
        return ""
    if len(values) > 1:
        raise _parameter(name, "repeated", _("参数 {name} 只能出现一次。"))
    if len(values[0]) > at_most or not values[0].isprintable():
        raise _parameter(name, "format", _("参数 {name} 过长或含有不允许的字符。"))
    return values[0].strip()


def required(name: str, value: str) -> str:
    """Return `value`, a query parameter that must be there.

    Raises:
        Refused: INVALID_REQUEST, it is empty.
    """
    if not value:
        raise _parameter(name, "missing", _("请给出参数 {name}。"))
    return value


def whole_number(request: Request, name: str, *, default: int, at_least: int, at_most: int) -> int:
    """Return a query parameter that counts something.

    Raises:
        Refused: INVALID_REQUEST, not a whole number between the bounds.
    """
    value = single(request, name, at_most=12)
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and at_least <= int(value) <= at_most):
        raise _parameter(
            name, "range", _("参数 {name} 应为 {least} 到 {most} 之间的整数。"), least=at_least, most=at_most
        )
    return int(value)


def _parameter(name: str, code: str, sentence: str, **params: object) -> Refused:
    values = {"name": name, **params}
    return Refused(
        INVALID_REQUEST,
        sentence,
        params=values,
        errors=(FieldRefusal(pointer=name, code=code, sentence=Sentence(message=sentence, params=values)),),
    )
