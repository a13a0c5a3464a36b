"""The printable pack of a manual delivery: labels and values in the guide's order, and what goes with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.ledger import Submission
from matters.form_fields import Column, FormField
from matters.guide import Matter


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLine:
    """One answer. `label` and `value` in Chinese and English where the guide has both; `rows` of a person list."""

    label: str
    label_en: str
    value: str = field(repr=False)
    value_en: str = field(repr=False)
    rows: Sequence[Sequence["PackLine"]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSection:
    title: str
    title_en: str
    lines: Sequence[PackLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackMaterial:
    name: str
    kind: str
    copies: int
    files: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What is printed and carried to the department; it holds personal data in full and goes to the unit only."""

    case_number: str
    matter_name: str
    situation_name: str
    accepted_at: str
    unit_name: str
    reason: str
    sections: Sequence[PackSection]
    materials: Sequence[PackMaterial]


def make_pack(matter: Matter, submission: Submission) -> Pack:
    """Return the pack of a frozen submission, in the order of the guide's form."""
    content = submission.content
    form, case = _mapping(content.get("form")), _mapping(content.get("case"))
    return Pack(
        case_number=submission.case_number,
        matter_name=str(case.get("matter_name", matter.name)),
        situation_name=str(case.get("situation_name", "")),
        accepted_at=str(case.get("accepted_at", "")),
        unit_name=str(case.get("unit_name", "")),
        reason=str(content.get("reason", "")),
        sections=tuple(
            PackSection(title=section.title, title_en=section.title_en, lines=tuple(_lines(section.fields, form)))
            for section in matter.form.sections
        ),
        materials=tuple(_material(row) for row in _list(content.get("materials"))),
    )


def _lines(fields: Sequence[FormField], form: Mapping[str, object]) -> Iterator[PackLine]:
    for each in fields:
        value = form.get(each.key)
        if value is None or value == "":
            continue
        if each.columns:
            rows = [[_line(column, _mapping(row).get(column.key)) for column in each.columns] for row in _list(value)]
            yield PackLine(label=each.label, label_en=each.label_en, value="", value_en="", rows=rows)
        else:
            yield _line(each, value)


def _line(column: Column, value: object) -> PackLine:
    return PackLine(
        label=column.label,
        label_en=column.label_en,
        value=_shown(column, value, english=False),
        value_en=_shown(column, value, english=True),
    )


def _shown(column: Column, value: object, *, english: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return ("Yes" if value else "No") if english else ("是" if value else "否")
    if isinstance(value, list | tuple):
        return ("; " if english else "、").join(_shown(column, item, english=english) for item in value)
    option = next((option for option in column.options if option.code == str(value)), None)
    if option is None:
        return str(value)
    return option.label_en if english and option.label_en else option.label


def _material(row: object) -> PackMaterial:
    facts = _mapping(row)
    copies = facts.get("copies")
    return PackMaterial(
        name=str(facts.get("name", "")),
        kind=str(facts.get("kind", "")),
        copies=copies if isinstance(copies, int) else 0,
        files=tuple(str(name) for name in _list(facts.get("files"))),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()
