"""Rows of an exchange table: from a mapped message to typed columns, and what was read back compared with it. Pure.

Lengths and characters are checked before anything is written, because the department's table may cut a value without a
word; what was written is read again and compared, because our knowledge of its widths may be wrong.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from connectors.errors import MappingRefused
from connectors.filters import Sealed
from connectors.messages import N_
from connectors.national_crypto import sm4_key, sm4_seal_same
from connectors.secrets_dir import unreadable
from connectors.spec_exchange_table import ColumnSpec, OutTableSpec

Values = Mapping[str, object]
Secret = Callable[[str], bytes]
"""Gives the secret of a name; raises SecretMissing."""

TOO_LONG = N_("超过部门表列的长度")
NOT_KEPT = N_("含有部门字符集没有的字符")
NOT_A_NUMBER = N_("应为数字，且小数位数不能超过部门表列")
NOT_A_MOMENT = N_("应为时间（yyyy-MM-dd HH:mm:ss）")
NO_COLUMN = N_("部门表没有这一列")
NO_KEY = N_("每行须有各不相同的主键")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as it is written; every column of the table is named, None where there is nothing."""

    key: str
    values: Values


def make_rows(body: object, out: OutTableSpec, charset: str, secret: Secret) -> tuple[Row, ...]:
    """Return the rows of one delivery: one for an object, one each for a list of objects.

    Raises:
        MappingRefused: a value does not fit its column, a column is unknown, or a key is missing or used twice.
        SecretMissing: a column is to be sealed and the deployment lacks the key.
    """
    mapped = body if isinstance(body, list) else [body]
    rows = tuple(
        _row(each, out, charset, secret, n if isinstance(body, list) else None) for n, each in enumerate(mapped)
    )
    if not rows or len({row.key for row in rows}) != len(rows):
        raise MappingRefused(out.key, NO_KEY)
    return rows


def _row(mapped: object, out: OutTableSpec, charset: str, secret: Secret, position: int | None) -> Row:
    given = dict(mapped) if isinstance(mapped, Mapping) else {}
    given.setdefault(out.status.column, out.status.waiting)
    key = str(given.get(out.key) or "")
    if not key:
        raise MappingRefused(out.key, NO_KEY)
    if unknown := sorted(given.keys() - out.columns.keys()):
        raise MappingRefused(unknown[0], NO_COLUMN)
    values: dict[str, object] = {}
    for name, column in out.columns.items():
        place = name if position is None else f"{position}.{name}"
        values[name] = _typed(_opened(given.get(name), key, name, secret), column, charset, place)
    return Row(key=key, values=values)


def _opened(value: object, key: str, column: str, secret: Secret) -> object:
    if not isinstance(value, Sealed):
        return value
    try:
        sm4 = sm4_key(secret(value.secret))
    except ValueError:
        raise unreadable(value.secret) from None
    sealed = sm4_seal_same(sm4, value.text.encode(), place=f"{key}\0{column}".encode())
    return base64.b64encode(sealed).decode()


def _typed(value: object, column: ColumnSpec, charset: str, place: str) -> object:
    if value is None or value == "":
        return None
    if column.moment:
        return _moment(value, place)
    if column.decimals is not None:
        return _number(value, column.decimals, place)
    return _text(value, column, charset, place)


def _text(value: object, column: ColumnSpec, charset: str, place: str) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ";".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MappingRefused(place, N_("应为单个值"))
    text = str(value)
    try:
        length = len(text.encode(charset))
    except UnicodeEncodeError:
        raise MappingRefused(place, NOT_KEPT) from None
    if "\0" in text:
        raise MappingRefused(place, NOT_KEPT)
    too_long = length > column.bytes if column.bytes is not None else len(text) > (column.characters or 0)
    if too_long:
        raise MappingRefused(place, TOO_LONG)
    return text


def _number(value: object, decimals: int, place: str) -> Decimal:
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
        rounded = number.quantize(Decimal(1).scaleb(-decimals))
    except InvalidOperation:
        raise MappingRefused(place, NOT_A_NUMBER) from None
    if not number.is_finite() or rounded != number:
        raise MappingRefused(place, NOT_A_NUMBER)
    return rounded


def _moment(value: object, place: str) -> datetime:
    try:
        # A column has no zone: what stands there is Beijing time, as the department writes it.
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        raise MappingRefused(place, NOT_A_MOMENT) from None


def row_hash(values: Values, columns: Mapping[str, ColumnSpec]) -> str:
    """Return the hash of a row over its columns as text: equal however a database spells numbers, times and blanks."""
    spelled = {name: spell(values.get(name), column) for name, column in columns.items()}
    return hashlib.sha256(json.dumps(spelled, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def spell(value: object, column: ColumnSpec) -> str:
    """Return a column's value as text, the same for every database."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if column.decimals is not None:
        try:
            return str(Decimal(str(value)).quantize(Decimal(1).scaleb(-column.decimals)))
        except InvalidOperation:
            return str(value)
    # Fixed-width columns come back filled with blanks.
    return str(value).rstrip(" ")


def compared(out: OutTableSpec, *, taken: bool) -> Mapping[str, ColumnSpec]:
    """Return the columns that must read back as written: never the status, and not what the department may change."""
    left_out = {out.status.column, out.status.reason}
    return {
        name: column for name, column in out.columns.items() if name not in left_out and not (taken and column.theirs)
    }


def differing(ours: Values, theirs: Values, out: OutTableSpec) -> tuple[str, ...]:
    """Return the columns in which a row read back is not what we wrote; none when the hashes agree."""
    columns = compared(out, taken=spell(theirs.get(out.status.column), _STATUS) != out.status.waiting)
    if row_hash(ours, columns) == row_hash(theirs, columns):
        return ()
    return tuple(name for name, c in columns.items() if spell(ours.get(name), c) != spell(theirs.get(name), c))


_STATUS = ColumnSpec(characters=100)


def told(values: Values, columns: Mapping[str, ColumnSpec]) -> dict[str, str]:
    """Return a row of theirs as texts, for the rules of a spec."""
    return {name: spell(values.get(name), column) for name, column in columns.items()}


def together(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the rows of one case as one: a column's different values joined, in their order."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: "、".join(dict.fromkeys(row[name] for row in rows if row.get(name))) for name in names}
