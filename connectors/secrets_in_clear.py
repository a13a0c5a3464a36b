"""Secrets that stand in a spec instead of their names: a spec is read by owners, kept for good and printed. Pure.

Nobody can tell a secret from another word for certain; what is found here is what people paste: a key as the name of its
file, a token as a constant, a private key. What was found is never quoted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from connectors.errors import SpecProblem
from connectors.yaml_source import YamlSource

IN_CLEAR: Final = "a secret in clear: expected the NAME of a file in the secrets directory, under connection.auth"
_CREDENTIAL: Final = re.compile(
    r"(?:token|secret|password|passwd|pwd|api[-_]?key|authorization|credential|密码|口令|密钥)$", re.IGNORECASE
)
_KEY: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:Bearer|Basic) [A-Za-z0-9+/=._~-]{12,}")
_CONSTANT: Final = re.compile(r"\s*'(?P<text>(?:[^'\\]|\\.){6,})'\s*")
_PARTS: Final = re.compile(r"[._-]")
_LONGEST_WORD: Final = 20
_LEAST_DIGITS_OF_A_KEY: Final = 24
_NOT_SENT: Final = frozenset({"examples", "quirks", "idempotency"})


def looks_like_a_secret(name: str) -> bool:
    """Tell whether what should be a file's name is rather a key: no word of it, but digits and letters in a long row."""
    parts = _PARTS.split(name)
    runs = any(len(part) >= _LONGEST_WORD and re.search(r"\d", part) for part in parts)
    together = "".join(parts)
    is_hexadecimal = re.fullmatch(r"[0-9a-f]+", together) is not None and re.search(r"\d", together) is not None
    return runs or (is_hexadecimal and len(together) >= _LEAST_DIGITS_OF_A_KEY)


def problems_of(source: YamlSource) -> list[SpecProblem]:
    """Return a problem for each place where a secret itself seems to stand."""
    document = source.document
    if not isinstance(document, Mapping):
        return []
    sent = {key: value for key, value in document.items() if key not in _NOT_SENT}
    return [source.problem(place, IN_CLEAR) for place, text in _texts((), sent) if _is_in_clear(place, text)]


def _is_in_clear(place: tuple[str, ...], text: str) -> bool:
    if _KEY.search(text):
        return True
    # What a log-in page is sent beside name and password stands there as it is; all else is an expression.
    is_literal = place[:3] == ("form_post", "log_in", "fields") or place[-1] == "$const"
    key = place[-2] if place[-1] == "$const" and len(place) > 1 else place[-1]
    is_constant = (is_literal and len(text) >= 6) or _CONSTANT.fullmatch(text) is not None
    return is_constant and _CREDENTIAL.search(key) is not None


def _texts(place: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], str]]:
    match value:
        case str():
            yield place, value
        case Mapping():
            for key, inner in value.items():
                yield from _texts((*place, str(key)), inner)
        case list():
            for number, inner in enumerate(value):
                yield from _texts((*place, str(number)), inner)
        case _:
            return
