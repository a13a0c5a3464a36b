"""One place where an example of the contract and the spec, or the department, differ."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Values of a case are never in it."""

    example: str
    place: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.example}: {self.place}: expected {self.expected}, found {self.found}"
