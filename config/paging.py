"""Pages of a list that may be long: some of it, and the mark where it goes on. Pure.

A mark stands in an address, so it holds a moment and a key and nothing of a person; one that was tampered with starts
the list anew.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar, overload

T = TypeVar("T")
U = TypeVar("U")
Place = tuple[datetime, str]
"""The moment and the key of the last thing on a page."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MARK: Final = re.compile(r"([0-9]{1,17})\.([!-~]{1,60})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Sequence[T], Generic[T]):
    """A part of a list; `after` is the mark to ask for the next part with, None at the end."""

    items: tuple[T, ...]
    after: str | None = None

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self.items[index]


def page_of(rows: Sequence[U], most: int, make: Callable[[U], T], place: Callable[[U], Place]) -> Page[T]:
    """Return the first `most` of `rows` as a page; what is asked for is one more, so that the end is known."""
    shown = rows[:most]
    return Page(items=tuple(make(row) for row in shown), after=mark(*place(shown[-1])) if len(rows) > most else None)


def mark(at: datetime, key: str) -> str:
    """Return the mark of a place."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}.{key}"


def place_of(text: str | None) -> Place | None:
    """Return the place of a mark, None when it is none."""
    read = _MARK.fullmatch(text or "")
    try:
        return (_EPOCH + timedelta(microseconds=int(read[1])), read[2]) if read else None
    except OverflowError:
        return None
