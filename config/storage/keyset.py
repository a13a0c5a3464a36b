"""Conditions that an index is entered by: what comes after a place of a list, and what a region's code begins."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from config.paging import Place

_TOWNSHIP_DIGITS = 9


def older(at: ColumnElement[Any], key: ColumnElement[Any], place: Place) -> ColumnElement[bool]:
    """Return what follows `place` where the newest comes first."""
    # Written out, since SQLite walks the index for this form and not for a row comparison with a typed moment.
    return and_(at <= place[0], or_(at < place[0], key < place[1]))


def later(at: ColumnElement[Any], key: ColumnElement[Any], place: Place) -> ColumnElement[bool]:
    """Return what follows `place` where the earliest comes first."""
    return and_(at >= place[0], or_(at > place[0], key > place[1]))


def answered_for(column: ColumnElement[Any], region: str) -> ColumnElement[bool]:
    """Return the codes a region answers for: a township its own; a wider one all in it, and those that lie nowhere."""
    return column == region if len(region) >= _TOWNSHIP_DIGITS else or_(lies_in(column, region), column == "")


def lies_in(column: ColumnElement[Any], region: str) -> ColumnElement[bool]:
    """Return the codes that begin with `region`, itself among them."""
    # ':' is the character after '9': codes are digits.
    return and_(column >= region, column < f"{region}:")
