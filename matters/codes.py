"""Code tables (config/codes.yaml): most are GB/T 39046-2020 Annex A; each names the standard it comes from."""

from collections.abc import Mapping
from pathlib import Path

from matters.declared import Declared, parse, read_yaml


class Code(Declared):
    code: str
    label: str


class CodeTable(Declared):
    standard: str
    values: tuple[Code, ...]
    warning: str | None = None

    def label(self, code: str) -> str | None:
        """Return the label of `code`, None when the table has no such code."""
        return next((value.label for value in self.values if value.code == code), None)


CodeTables = Mapping[str, CodeTable]


def load_codes(path: Path) -> CodeTables:
    """Return the tables by name.

    Raises:
        DeclaredDataInvalid: naming file and place.
    """
    document = dict(read_yaml(path))
    document.pop("schema_version", None)
    return {name: parse(CodeTable, table, path, name) for name, table in document.items()}
