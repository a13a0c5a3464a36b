"""The tables a spec names, for SQLAlchemy: every identifier quoted, every value bound."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    MetaData,
    Numeric,
    String,
    Table,
    cast,
    func,
    quoted_name,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

from connectors.spec_exchange_table import ColumnSpec, ExchangeTableSpec

_LEAST_CHARACTERS: Final = 1_000


class _Amount(TypeDecorator[Decimal]):
    """A decimal number. SQLite has none and would make it a float: there it is text."""

    impl = Numeric
    cache_ok = True

    def __init__(self, decimals: int) -> None:
        super().__init__(precision=18, scale=decimals)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String()) if dialect.name == "sqlite" else super().load_dialect_impl(dialect)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return str(value) if dialect.name == "sqlite" and value is not None else value


class _SqliteMoment(sqlite.DATETIME):
    """SQLite keeps any text in a column of moments: one that is none is read as it stands, and spoils no other row."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        whole: Any = super().result_processor(dialect, coltype)

        def read(value: Any) -> Any:
            try:
                return whole(value)
            except ValueError:
                return value

        return read

    def bind_processor(self, dialect: Dialect) -> Any:
        whole: Any = super().bind_processor(dialect)
        return lambda value: value if isinstance(value, str) else whole(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """`back` is `out` itself where results are written into the rows we wrote."""

    out: Table
    back: Table
    back_columns: Mapping[str, ColumnSpec]

    @classmethod
    def of(cls, spec: ExchangeTableSpec) -> Self:
        """Return the tables of a spec."""
        if spec.back.table is None:
            columns = {**spec.out.columns, **spec.back.columns}
            table = _table(spec.out.table, columns)
            return cls(out=table, back=table, back_columns=columns)
        back = _table(spec.back.table, spec.back.columns)
        return cls(out=_table(spec.out.table, spec.out.columns), back=back, back_columns=spec.back.columns)


def _table(name: str, columns: Mapping[str, ColumnSpec]) -> Table:
    return Table(
        quoted_name(name, quote=True),
        MetaData(),
        *(Column(quoted_name(each, quote=True), _type(spec)) for each, spec in columns.items()),
    )


def bounded(
    table: Table, columns: Mapping[str, ColumnSpec], *, whole: Collection[str] = ()
) -> list[ColumnElement[Any]]:
    """Return the columns as they are read: of a text only so much as the table was agreed to hold, and a little more.

    What a department put into a column it made wider is never in memory as a whole. Keys (`whole`) are read as they are.
    """
    return [
        table.c[name]
        if name in whole or spec.moment or spec.decimals is not None
        else func.substr(cast(table.c[name], String()), 1, most_characters(spec) + 1, type_=String()).label(name)
        for name, spec in columns.items()
    ]


def most_characters(spec: ColumnSpec) -> int:
    """Return how many characters of a text are looked at; a name or a reason is never longer than the least of it."""
    return max(spec.bytes or spec.characters or 0, _LEAST_CHARACTERS)


def _type(spec: ColumnSpec) -> TypeEngine[Any]:
    if spec.moment:
        return DateTime().with_variant(_SqliteMoment(), "sqlite")  # type: ignore[no-untyped-call]
    if spec.decimals is None:
        return String()
    return _Amount(spec.decimals) if spec.decimals else BigInteger()
