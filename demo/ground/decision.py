"""What a department decides on the merits: its own status word and what its notice says."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    status: str
    facts: Mapping[str, object] = field(default_factory=dict)
