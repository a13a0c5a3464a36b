"""What a page shows of a form section: controls with what was typed, computed values, messages.

A control's posted name is flat (`household_members.0.id_number`), its HTML id and its place in messages follow
from that name alone, so that a summary can link to it and htmx can change its message without touching it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from matters.form import FieldError
from matters.form_fields import Column, FieldType, FormField, Section
from matters.guide import Matter
from matters.posted import ROWS_MARKER, SHOWN_MARKER, texts_of
from portal.library import local
from portal.words import _, gettext, marked

FEW_OPTIONS = 6
_HINTS: Mapping[FieldType, str] = {
    FieldType.DATE: marked("年-月-日，例如 1965-03-08，也可输入 19650308"),
    FieldType.MONTH: marked("年-月，例如 2026-01"),
    FieldType.YEAR: marked("四位年份，例如 2026"),
    FieldType.DATETIME: marked("例如 2026-01-05 09:30"),
    FieldType.REGION: marked("行政区划代码，例如 320105007（街道、镇为9位）"),
    FieldType.PHONE: marked("手机号码，或带区号的固定电话"),
}
_NUMERIC = frozenset(
    {FieldType.DATE, FieldType.MONTH, FieldType.YEAR, FieldType.INTEGER, FieldType.REGION, FieldType.BANK_ACCOUNT}
)
_LONGEST = {FieldType.TEXTAREA: 2000, FieldType.ADDRESS: 200}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a control."""

    id: str
    code: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One input. `widget` is text, textarea, radios, checks, select, computed or supplied."""

    name: str
    id: str
    label: str
    widget: str
    required: bool
    text: str = field(repr=False)
    inputmode: str = "text"
    maxlength: int = 200
    hint: str = ""
    choices: tuple[Choice, ...] = field(default=(), repr=False)
    marker: str = ""
    error: str = ""
    warning: str = ""

    @property
    def message_id(self) -> str:
        return f"{self.id}-message"

    @property
    def described_by(self) -> str:
        """Ids of hint and message, for aria-describedby; the message's place is always there."""
        return f"{self.id}-hint {self.message_id}" if self.hint else self.message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a list; `index` counts from 0 and is shown from 1."""

    index: int
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowList:
    """A list of persons or things, with buttons to add and remove rows."""

    key: str
    id: str
    label: str
    required: bool
    hint: str
    rows: tuple[Row, ...]
    marker: str
    may_add: bool
    error: str = ""

    @property
    def message_id(self) -> str:
        return f"{self.id}-message"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A section as it is shown. `shown` are the keys on the page: htmx sends them back to see whether they changed."""

    id: str
    title: str
    items: tuple[Control | RowList, ...]
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Errors and warnings by path, in the reader's language."""

    errors: Mapping[str, str]
    warnings: Mapping[str, str]

    @classmethod
    def of(cls, errors: Iterable[FieldError] = (), warnings: Iterable[FieldError] = ()) -> "Messages":
        """Translate; the first message at a path is the one shown."""
        return cls(errors=_by_path(errors), warnings=_by_path(warnings))


def _by_path(found: Iterable[FieldError]) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for error in found:
        texts.setdefault(error.path, error.text(gettext))
    return texts


def control_id(path: str) -> str:
    """Return the HTML id of the control at `household_members/0/id_number` (or with dots)."""
    return "f-" + path.replace("/", "-").replace(".", "-")


def section_view(
    matter: Matter, section: Section, values: Mapping[str, object], visible: Sequence[FormField], messages: Messages
) -> SectionView:
    """Return `section` with the visible ones of its fields; `values` are typed ones plus computed ones."""
    keys = {f.key for f in visible}
    shown = tuple(f for f in section.fields if f.key in keys)
    return SectionView(
        id=section.id,
        title=local(section, "title"),
        items=tuple(
            _row_list(f, values, messages)
            if f.columns
            else _control(f, f.key, values.get(f.key), messages, hint=f.help)
            for f in shown
        ),
        shown=",".join(f.key for f in shown),
    )


def _row_list(f: FormField, values: Mapping[str, object], messages: Messages) -> RowList:
    given = values.get(f.key)
    rows = [row if isinstance(row, Mapping) else {} for row in given] if isinstance(given, list | tuple) else []
    if not rows and given is None and f.constraints.min_items:
        rows = [{}]
    most = f.constraints.max_items
    return RowList(
        key=f.key,
        id=control_id(f.key),
        label=local(f, "label"),
        required=f.required,
        hint=f.help or "",
        rows=tuple(
            Row(
                index=index,
                controls=tuple(
                    _control(column, f"{f.key}.{index}.{column.key}", row.get(column.key), messages)
                    for column in f.columns
                ),
            )
            for index, row in enumerate(rows)
        ),
        marker=f"{f.key}.{ROWS_MARKER}",
        may_add=most is None or len(rows) < most,
        error=messages.errors.get(f.key, ""),
    )


def _control(column: Column, name: str, value: object, messages: Messages, *, hint: str | None = None) -> Control:
    path = name.replace(".", "/")
    if value is None and column.constraints.default is not None:
        value = column.constraints.default
    texts = texts_of(value)
    return Control(
        name=name,
        id=control_id(name),
        label=local(column, "label"),
        widget=_widget(column, in_row="." in name),
        required=column.required,
        text=texts[0] if texts else "",
        inputmode=_inputmode(column),
        maxlength=column.constraints.max_length or _LONGEST.get(column.type, 100),
        hint=hint or (_(_HINTS[column.type]) if column.type in _HINTS else ""),
        choices=_choices(column, name, texts),
        marker=f"{name}.{SHOWN_MARKER}" if column.type is FieldType.MULTI_ENUM else "",
        error=messages.errors.get(path, ""),
        warning=messages.warnings.get(path, ""),
    )


def _widget(column: Column, *, in_row: bool) -> str:
    if column.constraints.readonly:
        return "supplied"
    if column.constraints.derived:
        return "computed"
    match column.type:
        case FieldType.TEXTAREA:
            return "textarea"
        case FieldType.BOOLEAN:
            return "radios"
        case FieldType.MULTI_ENUM:
            return "checks"
        case FieldType.ENUM:
            return "radios" if len(column.options) <= FEW_OPTIONS and not in_row else "select"
        case _:
            return "text"


def _inputmode(column: Column) -> str:
    if column.type in _NUMERIC:
        return "numeric"
    if column.type in (FieldType.MONEY, FieldType.NUMBER):
        return "decimal"
    return "tel" if column.type is FieldType.PHONE else "text"


def _choices(column: Column, name: str, texts: Sequence[str]) -> tuple[Choice, ...]:
    options = [(option.code, local(option, "label")) for option in column.options]
    if column.type is FieldType.BOOLEAN:
        options = [("true", _("是")), ("false", _("否"))]
    return tuple(
        Choice(id=f"{control_id(name)}-{index}", code=code, label=label, chosen=code in texts)
        for index, (code, label) in enumerate(options)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """One line of an error summary: the message and where to go to put it right."""

    text: str
    href: str


def summary_text(error: FieldError) -> str:
    """Return the message as it reads away from its place: one about a row that doesn't name it is told which."""
    text = error.text(gettext)
    if "row" not in error.params or "{row}" in error.message:
        return text
    return _("第%(number)s行：%(text)s", number=error.params["row"], text=text)


def summary(errors: Iterable[FieldError], *, base: str = "") -> tuple[SummaryLine, ...]:
    """Return the lines of an error summary; `base` is the page the fields are on when it is another one."""
    return tuple(SummaryLine(text=summary_text(error), href=f"{base}#{control_id(error.path)}") for error in errors)
