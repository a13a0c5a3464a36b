"""Redaction: a department's words and our own messages as people who run connectors may see them. Pure.

Nobody writes a list of what to hide. The form says which of its fields are personal (`matters.masking`), so the values
of a case are known, and wherever one of them stands, in what we send or in what comes back, it is shown masked.
What looks like an identity number, a telephone or a bank account is masked even when the case has no such value, for a
department may answer with somebody else's.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final
from urllib.parse import quote

from connectors.expression import CodeTable
from connectors.ledger import Submission
from connectors.system import System
from matters.form_fields import Column
from matters.guide import Matter
from matters.masking import HIDDEN, MaskRule, mask, rule_of

SHOWN_AT_MOST: Final = 20_000
_SHORTEST = 2  # a single character stands everywhere; masking it would tear every text apart
_LEAST_AMOUNT: Final = Decimal(100)
_PATTERNS: Final = (
    (re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])"), MaskRule.ID_NUMBER),
    (re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{15,18}(?![0-9A-Za-z])"), MaskRule.BANK_ACCOUNT),
    (re.compile(r"(?<![0-9A-Za-z])1[3-9][0-9]{9}(?![0-9A-Za-z])"), MaskRule.PHONE),
)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Masks one case's values; `replacements` are longest first, so that a part never hides a whole."""

    replacements: tuple[tuple[str, str], ...] = ()

    def text(self, text: str) -> str:
        """Return `text` with every known value and every telling pattern masked, cut to `SHOWN_AT_MOST`."""
        shown = text[:SHOWN_AT_MOST]
        for value, masked in self.replacements:
            shown = shown.replace(value, masked)
        for pattern, rule in _PATTERNS:
            shown = pattern.sub(lambda match, rule=rule: mask(rule, match[0]), shown)  # type: ignore[misc]
        return shown + (" …" if len(text) > SHOWN_AT_MOST else "")

    def verbatim(self, text: str) -> str:
        """Return an answer as it came, with every known value masked however it is spelled there (escaped, encoded)."""
        shown = text
        for value, masked in self.replacements:
            for spelled in _spellings(value):
                shown = shown.replace(spelled, masked)
        return self.text(shown)

    def document(self, value: object) -> object:
        """Return a JSON-like value with all its texts redacted; bytes are never shown."""
        match value:
            case str():
                return self.text(value)
            case bool() | None:
                return value
            case int() | float():
                redacted = self.text(str(value))
                return value if redacted == str(value) else redacted
            case Mapping():
                return {str(key): self.document(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self.document(inner) for inner in value]
            case _:
                return HIDDEN


def together(redactors: Iterable[Redactor]) -> Redactor:
    """Return one redactor for what may be about any of several cases."""
    found = {value: masked for each in redactors for value, masked in each.replacements}
    return Redactor(tuple(sorted(found.items(), key=lambda each: (-len(each[0]), each[0]))))


def _spellings(value: str) -> Iterator[str]:
    """Yield how a text is written in JSON, in HTML, in a form and in bytes spelled out; Latin letters stand as they are."""
    if value.isascii():
        return
    escaped = json.dumps(value)[1:-1]
    yield from (escaped, escaped.upper().replace("\\U", "\\u"))
    yield "".join(c if c.isascii() else f"&#{ord(c)};" for c in value)
    yield "".join(c if c.isascii() else f"&#x{ord(c):x};" for c in value)
    for charset in ("utf-8", "gb18030"):
        content = value.encode(charset, "ignore")
        yield from (quote(content), quote(content).lower(), content.decode("ascii", "backslashreplace"))
        # Read in a set of single bytes, as whoever took it for Latin did.
        yield content.decode("latin-1")


def redactor(
    matter: Matter,
    form: Mapping[str, object],
    rules_by_item: Mapping[str, MaskRule],
    *,
    tables: Collection[CodeTable] = (),
) -> Redactor:
    """Return the redactor for one case's form; `tables` are those of the system, in which it is told otherwise."""
    return _replacing(_sensitive(matter, form, rules_by_item), tables)


def _replacing(sensitive: Iterable[tuple[MaskRule, object]], tables: Collection[CodeTable]) -> Redactor:
    found: dict[str, str] = {}
    for rule, value in sensitive:
        for spelled in _as_sent(rule, str(value), tables):
            if len(spelled) >= _SHORTEST:
                found[spelled] = mask(rule, spelled)
    return Redactor(tuple(sorted(found.items(), key=lambda each: (-len(each[0]), each[0]))))


def _as_sent(rule: MaskRule, text: str, tables: Collection[CodeTable]) -> set[str]:
    """Return how a value may leave: as it is, in capitals, an amount in fen or without its zeros, in the department's codes."""
    spelled = {text, text.upper(), text.lower()}
    if rule is MaskRule.AMOUNT:
        spelled |= _amounts(text)
    for table in tables:
        # What somebody has, translated into the department's code, tells it as well.
        told = str(table.respell(text)) if _is_of_characters(table) else str(table.codes.get(text, text))
        spelled |= {told, told.upper()}
    return spelled


def _amounts(text: str) -> set[str]:
    try:
        yuan = Decimal(text)
    except InvalidOperation:
        return set()
    if not yuan.is_finite() or yuan < _LEAST_AMOUNT:
        return set()  # a few yuan are also the number of anything else
    plain = format(yuan.normalize(), "f")
    fen = format((yuan * 100).quantize(Decimal(1), ROUND_HALF_UP), "f")
    return {plain, format(yuan.quantize(Decimal("0.01"), ROUND_HALF_UP), "f"), fen}


def hiding(
    matter: Matter | None,
    form: Mapping[str, object],
    rules_by_item: Mapping[str, MaskRule],
    *,
    tables: Collection[CodeTable] = (),
) -> Redactor:
    """Return a redactor for a kept form; what the guide does not know of (any more) is hidden whole."""
    known = redactor(matter, form, rules_by_item, tables=tables) if matter is not None else Redactor()
    declared = {field.key for field in matter.form.all_fields()} if matter is not None else frozenset()
    hidden = {
        text: HIDDEN
        for key, value in form.items()
        if key not in declared
        for text in _texts(value)
        if len(text) >= _SHORTEST
    }
    found = {**hidden, **dict(known.replacements)}
    return Redactor(tuple(sorted(found.items(), key=lambda each: (-len(each[0]), each[0]))))


def redacting(
    matters: Mapping[str, Matter], rules_by_item: Mapping[str, MaskRule], systems: Mapping[str, System]
) -> Callable[[Submission], Redactor]:
    """Return what gives the redactor of a frozen copy, as the system its matter goes to is sent it."""

    def of(submission: Submission) -> Redactor:
        case, form = submission.content.get("case"), submission.content.get("form")
        matter = matters.get(str(case.get("matter", ""))) if isinstance(case, Mapping) else None
        system = systems.get(matter.target.system) if matter is not None else None
        tables = tuple(system.tables.values()) if system is not None else ()
        of_form = hiding(matter, form if isinstance(form, Mapping) else {}, rules_by_item, tables=tables)
        passed_on = _of_items(submission.content.get("item"), rules_by_item)
        return together([of_form, _replacing(passed_on, tables)]) if passed_on else of_form

    return of


_ROW_RULES: Final = (("name", MaskRule.NAME), ("id_number", MaskRule.ID_NUMBER), ("phone", MaskRule.PHONE))
"""Of people within a list of a notice, whose columns are those of the form they were filled in."""


def _of_items(items: object, rules: Mapping[str, MaskRule]) -> list[tuple[MaskRule, object]]:
    """Return what a notice passes on that is personal: data items by their group, people in lists by their columns."""
    found: list[tuple[MaskRule, object]] = []
    for prefix, group in items.items() if isinstance(items, Mapping) else ():
        for name, value in group.items() if isinstance(group, Mapping) else ():
            rule = rules.get(f"{prefix}.{name}", MaskRule.NONE)
            if isinstance(value, list):
                found += [each for row in value if isinstance(row, Mapping) for each in _of_row(row)]
            elif rule is not MaskRule.NONE and isinstance(value, str | int | float) and str(value):
                found.append((rule, value))
    return found


def _of_row(row: Mapping[str, object]) -> Iterator[tuple[MaskRule, object]]:
    for key, value in row.items():
        rule = next((rule for ending, rule in _ROW_RULES if key.endswith(ending)), None)
        if rule is not None and isinstance(value, str) and value:
            yield rule, value


def _is_of_characters(table: CodeTable) -> bool:
    """Tell whether a table writes single characters otherwise."""
    return table.unknown == "keep" and bool(table.codes) and all(len(k) == 1 and not k.isascii() for k in table.codes)


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
        case _:
            return


def _sensitive(
    matter: Matter, form: Mapping[str, object], rules: Mapping[str, MaskRule]
) -> Iterator[tuple[MaskRule, object]]:
    for field in matter.form.all_fields():
        value = form.get(field.key)
        if field.columns and isinstance(value, list):
            for row in value:
                if isinstance(row, Mapping):
                    for column in field.columns:
                        yield from _one(column, row.get(column.key), rules)
        else:
            yield from _one(field, value, rules)


def _one(column: Column, value: object, rules: Mapping[str, MaskRule]) -> Iterator[tuple[MaskRule, object]]:
    rule = rule_of(column, rules)
    if (
        rule is not MaskRule.NONE
        and isinstance(value, str | int | float)
        and not isinstance(value, bool)
        and value != ""
    ):
        yield rule, value
