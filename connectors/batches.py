"""Batch files: which deliveries stand in which file, under a number that has no gap within its day.

RESERVED (rows and number kept, one commit) → PLACED (file and its `.ok` are at the department) → ANSWERED (receipt read)

A number once reserved is never given up: a file that could not be placed is placed later, with the same content.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One delivery's line, without its position and line end; `position` counts from 1 in the file."""

    delivery_key: str
    case_number: str
    position: int
    line: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One file. `day` is the department's."""

    system: str
    day: date
    number: int
    rows: tuple[BatchRow, ...]
    reserved_at: datetime
    placed_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def label(self) -> str:
        """Return day and number as they stand in file names: `20261122_01`."""
        return f"{self.day:%Y%m%d}_{self.number:02d}"

    def row_of(self, delivery_key: str) -> BatchRow:
        return next(row for row in self.rows if row.delivery_key == delivery_key)


class Batches(Protocol):
    """Where batches are kept; each method is one commit."""

    async def of_deliveries(self, system: str, keys: Collection[str]) -> Mapping[str, Batch]:
        """Return the batch each of those deliveries stands in, whole; deliveries in none are left out."""

    async def unplaced(self, system: str) -> Sequence[Batch]:
        """Return batches that are reserved and not at the department, oldest first."""

    async def reserve(
        self, system: str, day: date, rows: Sequence[tuple[str, str, str]], *, at: datetime
    ) -> Batch | None:
        """Give `rows` (delivery key, case number, line) the next number of the day.

        None when another worker put one of the deliveries into a batch meanwhile.
        """

    async def place(self, batch: Batch, *, at: datetime) -> None:
        """Note that file and `.ok` are in place."""

    async def answer(self, batch: Batch, *, at: datetime) -> None:
        """Note that the receipt was read."""

    async def find(self, system: str, day: date, number: int) -> Batch | None: ...

    async def placed(self, system: str, begins: datetime, ends: datetime) -> Sequence[Batch]:
        """Return the batches that came to the department in that time, whole, oldest first."""

    async def unanswered(self, system: str) -> Sequence[Batch]:
        """Return placed batches without a receipt, oldest first, without their rows."""
