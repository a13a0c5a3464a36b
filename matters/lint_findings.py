"""What guide lint says: where, how grave, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`path` is a place in the matter file, such as `guide/materials/2/name`; `message` a msgid with {params}."""

    severity: Literal["error", "warning"]
    path: str
    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


def error(path: str, code: str, message: str, **params: object) -> Finding:
    """Return a finding that keeps a guide from being published."""
    return Finding(severity="error", path=path, code=code, message=message, params=params)


def warning(path: str, code: str, message: str, **params: object) -> Finding:
    """Return a finding an editor should look at."""
    return Finding(severity="warning", path=path, code=code, message=message, params=params)
