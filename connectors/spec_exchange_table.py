"""`exchange_table:` of a spec: a table both sides write into, row by row. Names only, no SQL.

The address is the line `<system>.exchange` of the endpoints file: `mysql://host:3306/database`, `postgresql://…`,
`sqlite:////file`; account and secret come from here.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from connectors.spec_auth import Part, SecretName

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
"""A table or a column. Quoted when used; what would need an escape is refused here already."""
Charset = Annotated[str, Field(pattern=r"^(utf-8|gbk|gb18030|gb2312)$")]


class ColumnSpec(Part):
    """One of: text of at most so many `bytes` (in the table's charset) or `characters`; a number with so many
    `decimals`; a `moment` (`yyyy-MM-dd HH:mm:ss`, Beijing time).

    `theirs`: the department may change it once it has taken the row, so that it is not compared any more then.
    """

    bytes: int | None = Field(default=None, ge=1, le=100_000)
    characters: int | None = Field(default=None, ge=1, le=100_000)
    decimals: int | None = Field(default=None, ge=0, le=8)
    moment: bool = False
    theirs: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum((self.bytes is not None, self.characters is not None, self.decimals is not None, self.moment)) != 1:
            raise ValueError("expected one of bytes, characters, decimals, moment")
        return self


class RowStatusSpec(Part):
    """The column in which the department says how far it is with a row."""

    column: Name
    waiting: str = "0"
    """Its value until the department has taken the row; ours to write."""
    failed: tuple[str, ...] = ()
    """Its values for a row the department could not read; it concerns that row only."""
    reason: Name | None = None
    """The column in which the department says why."""


class OutTableSpec(Part):
    """The table we write. `key` holds our own key, so that a second INSERT of the same row is refused by the table."""

    table: Name
    key: Name
    case: Name
    """The column with our case number: rows of one case are told by it."""
    written_at: Name
    status: RowStatusSpec
    not_taken_minutes: int = Field(default=120, ge=1, le=100_000)
    """Rows nobody took for so many minutes of the department's opening hours are reported to the system's owner."""
    look_back_days: int = Field(default=30, ge=1, le=400)
    """Failed rows are looked for so far back."""
    columns: Mapping[Name, ColumnSpec]

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        named = (self.key, self.case, self.written_at, self.status.column, self.status.reason)
        for name in named:
            if name is not None and name not in self.columns:
                raise ValueError(f"{name} is not among the columns")
        if not self.columns[self.written_at].moment:
            raise ValueError(f"{self.written_at} is when a row was written: expected a moment")
        return self


class ReadFlagSpec(Part):
    """Set to `done` once our own copy is kept."""

    column: Name
    done: str = "1"


class BackTableSpec(Part):
    """Where the department writes results: a table of its own, or columns of the rows we wrote (no `table`).

    `answered` is a column that is empty until there is a result; `time` when it was written. Rows committed late carry
    an earlier time than rows already read, so reading begins `overlap_minutes` before the latest seen.
    """

    table: Name | None = None
    key: tuple[Name, ...] = Field(min_length=1)
    answered: Name
    time: Name
    overlap_minutes: int = Field(default=120, ge=1, le=100_000)
    most_rows: int = Field(default=500, ge=1, le=5_000)
    read: ReadFlagSpec | None = None
    columns: Mapping[Name, ColumnSpec] = Field(default_factory=dict)
    good: tuple[str, ...] = ()
    """Where a case has several rows: values of `answered` that are good. A case is told of when all its rows are
    answered: with the common value, or with `mixed` where some are good and some are not.
    """
    mixed: str = "mixed"


class ExchangeTableSpec(Part):
    """Account, tables and columns. Without `user` the address is used as it is (a file of its own)."""

    user: str | None = None
    password: SecretName | None = None
    charset: Charset = "utf-8"
    out: OutTableSpec
    back: BackTableSpec
    connections: int = Field(default=2, ge=1, le=16)
    statement_timeout_seconds: float = Field(default=10.0, gt=0, le=120)

    @model_validator(mode="after")
    def _known_back_columns(self) -> Self:
        known = self.back.columns if self.back.table else {**self.out.columns, **self.back.columns}
        named = [*self.back.key, self.back.answered, self.back.time]
        named += [self.back.read.column] if self.back.read else []
        for name in named:
            if name not in known:
                raise ValueError(f"back: {name} is not among the columns")
        if not known[self.back.time].moment:
            raise ValueError(f"back: {self.back.time} is when a result was written: expected a moment")
        if self.back.table is None and self.back.read is not None:
            raise ValueError("back: a read flag belongs to a table of results")
        if self.password is not None and self.user is None:
            raise ValueError("a password needs a user")
        return self
