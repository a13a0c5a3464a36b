"""What may stand in a filter's brackets, checked when a spec is loaded: a slip there would refuse every case, or send
nonsense (`date('YYYYMMDD')` the letters themselves). Pure.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

Argument = str | int | float | bool
Check = Callable[[Argument], bool]
LONGEST_TEXT: Final = 10_000
WIDEST: Final = 1_000

_LETTERS: Final = re.compile(r"yyyy|SSS|MM|dd|HH|mm|ss")
# What may stand between the letters: T and Z of ISO, punctuation, 年月日时分秒; never another letter or a quotation mark.
_BETWEEN: Final = re.compile(r"[TZ\d\s\-/.:,_+年月日时分秒]*")
_PROBES: Final = "aA0"


def _is_pattern(value: Argument) -> bool:
    if value in ("epoch", "epoch_ms"):
        return True
    return isinstance(value, str) and bool(_LETTERS.search(value) and _BETWEEN.fullmatch(_LETTERS.sub("", value)))


def _is_charset(value: Argument) -> bool:
    try:
        return isinstance(value, str) and bool(_PROBES.encode(value))
    except (LookupError, ValueError):  # none of that name, or one that is no character set (`hex`, `zip`)
        return False


def _whole(least: int, most: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_text(value: Argument) -> bool:
    return isinstance(value, str) and bool(value)


_PATTERN: Final = ("a pattern of yyyy MM dd HH mm ss SSS, epoch or epoch_ms", _is_pattern)
_CHARSET: Final = ("a character set", _is_charset)
_LENGTH: Final = (f"a number from 1 to {LONGEST_TEXT}", _whole(1, LONGEST_TEXT))
_PLACE: Final = ("a whole number", _whole(-LONGEST_TEXT, LONGEST_TEXT))
_CHECKS: Final[Mapping[str, Sequence[tuple[str, Check]]]] = {
    "date": (_PATTERN,),
    "parse_date": (_PATTERN,),
    "bytes": (_LENGTH, _CHARSET, ("'refuse' or 'cut'", lambda value: value in ("refuse", "cut"))),
    "charset": (_CHARSET,),
    "text": (_LENGTH,),
    "slice": (_PLACE, _PLACE),
    "pad": (
        (f"a width from 1 to {WIDEST}", _whole(1, WIDEST)),
        ("a single character", lambda value: len(str(value)) == 1),
    ),
    "yuan": (("a number from 0 to 10", _whole(0, 10)),),
    "split": (("a text to split by", _is_text),),
}


def unfit(name: str, arguments: Sequence[Argument]) -> str | None:
    """Return what was expected instead of the first argument that can't be meant; None when all can."""
    for (expected, fits), given in zip(_CHECKS.get(name, ()), arguments, strict=False):
        if not fits(given):
            return f"{name}: expected {expected}, got {given!r}"
    return None
