"""One value out of a department's answer, as text that can be kept."""

import re
from collections.abc import Mapping
from typing import Final

from connectors.expression import Expression
from connectors.filters import FilterRefused, is_empty

_UNKEEPABLE: Final = re.compile("[\0\ud800-\udfff]")


def extract(expression: Expression | None, variables: Mapping[str, object]) -> str:
    """Return what `expression` leads to as text; empty when there is nothing or it is not a single value.

    A department's JSON may spell characters no database keeps (NUL, half a surrogate pair): each becomes U+FFFD.
    """
    if expression is None:
        return ""
    try:
        value = expression.evaluate(variables)
    except FilterRefused:
        return ""
    if is_empty(value) or isinstance(value, dict | list):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return keepable(str(value))


def keepable(text: str) -> str:
    """Return `text` with U+FFFD in place of each character no database keeps."""
    return _UNKEEPABLE.sub("\ufffd", text)
