"""Answers with a result per row, where some rows may have been taken and others not."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.expression import Expression
from connectors.extracting import extract
from connectors.filters import FilterRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResults:
    """`each` leads to the rows; the others read one of them."""

    each: Expression
    name: Expression
    code: Expression
    good: frozenset[str]
    text: Expression

    def of(self, variables: Mapping[str, object]) -> dict[str, str]:
        """Return what the department says of each row it did not take, by the row's name."""
        try:
            rows = self.each.evaluate(variables)
        except FilterRefused:
            return {}
        said: dict[str, str] = {}
        for row in rows if isinstance(rows, list) else []:
            inside = {**variables, "row": row}
            if extract(self.code, inside) not in self.good:
                said[extract(self.name, inside)] = extract(self.text, inside)
        return said
