"""The closed set of filters a mapping may use: pure functions from one value to the next.

A filter refuses with `FilterRefused`, whose sentence never quotes the value: values are people's data.
Empty is None, "" or an empty list; every filter but `default`, `keep`, `require` and `count` lets empty through untouched.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from cryptography.hazmat.primitives import hashes

from config.clock import SHANGHAI


class FilterRefused(Exception):
    """The value can't pass; the sentence says what was expected and quotes nothing."""


class Keep:
    """Marks an empty value that is to be sent as null instead of being left out."""


KEEP: Final = Keep()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text that leaves as SM4 ciphertext; `secret` is the key's name. The transport seals it, for filters know no secret."""

    text: str = field(repr=False)
    secret: str


_MOST_DIGITS: Final = 25
"""Of a number, before or behind the point; calculating is exact up to 28."""
Argument = str | int | float | bool
FilterFunction = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter, how many arguments it takes, and one line for the documentation."""

    call: FilterFunction
    least: int
    most: int
    does: str
    on_empty: bool = False


def is_empty(value: object) -> bool:
    """Tell whether a value counts as not given: None, the empty text, an empty list or mapping."""
    return value is None or value == "" or (isinstance(value, Sequence | Mapping) and len(value) == 0)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise FilterRefused("expected a single value, got a list or an object")


def _decimal(value: object) -> Decimal:
    try:
        number = Decimal(_text(value).replace(",", ""))
    except InvalidOperation:
        raise FilterRefused("expected a number") from None
    # A department's JSON may say Infinity, and a text 1e999999: neither is an amount of anything.
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise FilterRefused("expected a number")
    return number


# Java's letters, since that is how departments write their formats.
_PATTERN = re.compile(r"yyyy|SSS|MM|dd|HH|mm|ss")
_STRFTIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f"}


def strftime_pattern(pattern: str) -> str:
    """Return the strftime pattern for a pattern such as `yyyy-MM-dd HH:mm:ss`."""
    return _PATTERN.sub(lambda m: _STRFTIME[m[0]], pattern.replace("%", "%%"))


def as_moment(value: object) -> datetime:
    """Return a moment in Shanghai time from a datetime, a date, or ISO text (`2024-12`, `2024-12-01`, with time)."""
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI) if value.tzinfo else value.replace(tzinfo=SHANGHAI)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=SHANGHAI)
    text = _text(value)
    if re.fullmatch(r"\d{4}", text):
        text += "-01-01"
    elif re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(SHANGHAI) if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    except (ValueError, OverflowError):
        raise FilterRefused("expected a date") from None


def format_date(value: object, pattern: str) -> object:
    moment = as_moment(value)
    if pattern == "epoch":
        return int(moment.timestamp())
    if pattern == "epoch_ms":
        return int(moment.timestamp() * 1000)
    text = moment.strftime(strftime_pattern(pattern))
    # strftime has microseconds only; SSS stands for milliseconds.
    return text[:-3] if pattern.endswith("SSS") else text


def parse_date(value: object, pattern: str) -> str:
    """Return ISO text with zone from a department's own format; a time without zone is Beijing time."""
    text = _text(value)
    try:
        if pattern == "epoch":
            return datetime.fromtimestamp(int(text), UTC).isoformat()
        if pattern == "epoch_ms":
            return datetime.fromtimestamp(int(text) / 1000, UTC).isoformat()
        return _parse(text, pattern).isoformat()
    except (ValueError, OverflowError, OSError):
        raise FilterRefused(f"expected a time written as {pattern}") from None


def _parse(text: str, pattern: str) -> datetime:
    return datetime.strptime(text, strftime_pattern(pattern)).replace(tzinfo=SHANGHAI)


def integer(value: object) -> int:
    number = _decimal(value)
    if number != number.to_integral_value():
        raise FilterRefused("expected a whole number")
    return int(number)


def number(value: object) -> float | int:
    decimal = _decimal(value)
    return int(decimal) if decimal == decimal.to_integral_value() else float(decimal)


def fen(value: object) -> int:
    """Return an amount in yuan as whole fen; a fraction of a fen is refused, not rounded away."""
    amount = _decimal(value) * 100
    if amount != amount.to_integral_value():
        raise FilterRefused("an amount has at most two decimals")
    return int(amount)


def yuan(value: object, places: int = 2) -> str:
    """Return an amount in yuan as text with `places` decimals."""
    try:
        return str(_decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
    except InvalidOperation:
        raise FilterRefused("expected an amount") from None


def bytes_text(value: object, most: int, charset: str = "utf-8", beyond: str = "refuse") -> str:
    """Return the text if it has at most `most` bytes in `charset`; `cut` shortens by whole characters, never half a one."""
    text = _text(value)
    raw = _encoded(text, charset)
    if len(raw) <= most:
        return text
    if beyond != "cut":
        raise FilterRefused(f"is longer than the {most} bytes the department keeps")
    return raw[:most].decode(charset, errors="ignore")


def _encoded(text: str, charset: str) -> bytes:
    try:
        return text.encode(charset)
    except UnicodeEncodeError:
        raise FilterRefused(f"holds a character the department can't keep ({charset})") from None
    except LookupError:
        raise FilterRefused(f"there is no character set {charset}") from None


def charset(value: object, name: str) -> str:
    text = _text(value)
    _encoded(text, name)
    return text


def join(value: object, separator: str = ",") -> str:
    return separator.join(_text(item) for item in _items(value) if not is_empty(item))


def _items(value: object) -> Sequence[object]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return value
    return (value,)


def pad(value: object, width: int, fill: str = "0") -> str:
    return _text(value).rjust(width, fill)


def flag(value: object, yes: Argument = 1, no: Argument = 0) -> object:
    if isinstance(value, bool):
        return yes if value else no
    if _text(value).lower() in ("true", "1", "yes", "on"):
        return yes
    if _text(value).lower() in ("false", "0", "no", "off"):
        return no
    raise FilterRefused("expected yes or no")


def digest(algorithm: str) -> Callable[[object], str]:
    def run(value: object) -> str:
        return hashlib.new(algorithm, _encoded(_text(value), "utf-8")).hexdigest()

    return run


def sm3(value: object) -> str:
    hashing = hashes.Hash(hashes.SM3())
    hashing.update(_encoded(_text(value), "utf-8"))
    return hashing.finalize().hex()


def sm4(value: object, secret: str) -> Sealed:
    return Sealed(_text(value), str(secret))


def default(value: object, other: Argument) -> object:
    return other if is_empty(value) else value


def keep(value: object) -> object:
    return KEEP if is_empty(value) else value


def require(value: object) -> object:
    if is_empty(value):
        raise FilterRefused("the department needs this field and the case has no value for it")
    return value


FILTERS: Final[Mapping[str, Filter]] = {
    "date": Filter(format_date, 1, 1, "a date or time in the given pattern, Beijing time; epoch and epoch_ms too"),
    "parse_date": Filter(parse_date, 1, 1, "the department's own format read into a moment; no zone means Beijing"),
    "integer": Filter(integer, 0, 0, "a whole number"),
    "number": Filter(number, 0, 0, "a number"),
    "string": Filter(_text, 0, 0, "text"),
    "flag": Filter(flag, 0, 2, "yes or no in the department's words, 1 and 0 unless given"),
    "fen": Filter(fen, 0, 0, "yuan to whole fen"),
    "yuan": Filter(yuan, 0, 1, "yuan as text with decimals"),
    "upper": Filter(lambda v: _text(v).upper(), 0, 0, "capital letters"),
    "lower": Filter(lambda v: _text(v).lower(), 0, 0, "small letters"),
    "trim": Filter(lambda v: _text(v).strip(), 0, 0, "no blanks at either end"),
    "digits": Filter(lambda v: re.sub(r"\D", "", _text(v)), 0, 0, "digits only"),
    "pad": Filter(pad, 1, 2, "filled from the left to a width, with 0 unless given"),
    "prefix": Filter(lambda v, p: f"{p}{_text(v)}", 1, 1, "a text before it"),
    "suffix": Filter(lambda v, s: f"{_text(v)}{s}", 1, 1, "a text after it"),
    "slice": Filter(lambda v, start, end: _text(v)[start:end], 2, 2, "characters from, up to"),
    "text": Filter(lambda v, most: _text(v)[:most], 1, 1, "at most so many characters, cut"),
    "bytes": Filter(bytes_text, 1, 3, "at most so many bytes in a character set; refuses, or cuts when told"),
    "charset": Filter(charset, 1, 1, "refuses what the character set can't hold"),
    "join": Filter(join, 0, 1, "a list as one text"),
    "split": Filter(lambda v, by: [p for p in _text(v).split(by) if p], 1, 1, "a text as a list"),
    "first": Filter(lambda v: _items(v)[0], 0, 0, "the first of a list"),
    "count": Filter(lambda v: 0 if is_empty(v) else len(_items(v)), 0, 0, "how many", on_empty=True),
    "sha256": Filter(digest("sha256"), 0, 0, "SHA-256, hexadecimal"),
    "md5": Filter(digest("md5"), 0, 0, "MD5, hexadecimal"),
    "sm3": Filter(sm3, 0, 0, "SM3, hexadecimal"),
    "sm4": Filter(sm4, 1, 1, "sealed with SM4 under the secret of that name; columns of exchange tables only"),
    "default": Filter(default, 1, 1, "another value when there is none", on_empty=True),
    "keep": Filter(keep, 0, 0, "sends null when there is none, instead of leaving the field out", on_empty=True),
    "require": Filter(require, 0, 0, "refuses to send without a value", on_empty=True),
}
"""`codes(table)` and `characters(table)` are two more: they need the spec's own tables and live in `connectors.expression`."""
