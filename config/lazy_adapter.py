"""pydantic's adapter of a type, built when it is first used: building a dozen of them is a twentieth of a start."""

from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


class LazyAdapter(Generic[T]):
    """Reads and writes one type; the methods are pydantic's of the same names and raise the same."""

    def __init__(self, of: type[T]) -> None:
        self._of = of

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._of)

    def dump_json(self, value: T) -> bytes:
        """Return the value as JSON."""
        return self._adapter.dump_json(value)

    def validate_json(self, text: bytes) -> T:
        """Return the value of a JSON text."""
        return self._adapter.validate_json(text)

    def dump_python(self, value: T, **how: Any) -> Any:
        """Return the value as plain objects."""
        return self._adapter.dump_python(value, **how)

    def validate_python(self, value: object) -> T:
        """Return the value of plain objects."""
        return self._adapter.validate_python(value)
