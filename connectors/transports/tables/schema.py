"""The tables a spec names, for SQLAlchemy: every identifier quoted, every value bound."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from sqlalchemy import BigInteger, Column, DateTime, Dialect, MetaData, Numeric, String, Table, quoted_name
from sqlalchemy.types import TypeDecorator, TypeEngine

from connectors.spec_exchange_table import ColumnSpec, ExchangeTableSpec


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


def _type(spec: ColumnSpec) -> TypeEngine[Any]:
    if spec.moment:
        return DateTime()
    if spec.decimals is None:
        return String()
    return _Amount(spec.decimals) if spec.decimals else BigInteger()
