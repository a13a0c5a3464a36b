"""What a starting spec holds, as data: the sections every system has, with blanks. Pure.

A blank is written `《？…》`; a spec with one left is refused (`connectors.blanks`). With a matter the first operation has
that matter's name and fields, so that an owner only puts the department's names in place of ours.
"""

from collections.abc import Mapping
from typing import Final

from connectors.messages import N_
from connectors.starting_transports import of_transport
from connectors.starting_words import CASE_KEY, OPERATION, Document, Inline, NewSystem, OfTransport, Say
from matters.form_fields import Column, FieldType, FormField
from matters.guide import Matter


def starting_document(system: NewSystem, matter: Matter | None, say: Say) -> Document:
    """Return the document of a starting spec; `say` translates what stands in a blank."""
    head: Document = {
        "schema_version": 1,
        "id": system.id,
        "version": "1",
        "name": system.name,
        "name_en": system.name_en,
        "department": system.department,
        "protocol": system.transport if system.transport != "manual" else "rest_json",
        "transport": system.transport,
        "sso": Inline(type="form_fill", path="/", roles=["clerk"]),
        "latency": Inline(typical_ms=300, p95_ms=1500, timeout_ms=10000),
        "availability": Inline(
            opens="08:30", closes="17:30", days=["mon", "tue", "wed", "thu", "fri"], holidays="closed"
        ),
    }
    if system.transport == "manual":
        return head
    operation = matter.target.operation if matter is not None else say(OPERATION)
    body, required = _body(matter)
    own = of_transport(system, say, body)
    request = {**own.request, "body": {**body, **own.body}, "required": required}
    title = matter.name if matter is not None else operation
    return {
        **head,
        **own.before,
        "operations": {operation: {"title": title, "mode": "async", "request": request}},
        **own.after,
        "examples": [_example(operation, matter, own, say)],
    }


def _body(matter: Matter | None) -> tuple[Document, list[str]]:
    body: Document = {CASE_KEY: "case.number"}
    if matter is None:
        body |= {"name": "applicant.name", "idNumber": "applicant.id_number", "region": "case.region"}
        return body, list(body)
    body |= {field.key: _mapped(field) for field in matter.form.all_fields()}
    return body, [CASE_KEY, *(field.key for field in matter.form.all_fields() if _is_sure(field))]


def _is_sure(field: FormField) -> bool:
    return field.required and field.visible_when is None


def _mapped(field: FormField) -> object:
    if field.columns:
        rows = {column.key: _expression(f"row.{column.key}", column) for column in field.columns}
        return {"$each": f"form.{field.key}", "$as": rows}
    return _expression(f"form.{field.key}", field)


_FILTERS: Final[Mapping[FieldType, str]] = {
    FieldType.ID_CARD: " | upper",
    FieldType.DATE: " | date('yyyy-MM-dd')",
    FieldType.DATETIME: " | date('yyyy-MM-dd HH:mm:ss')",
    FieldType.MONEY: " | yuan(2)",
    FieldType.BOOLEAN: " | flag",
    FieldType.MULTI_ENUM: " | join(',')",
}


def _expression(path: str, column: Column) -> str:
    return path + _FILTERS.get(column.type, "")


# ---- the first contract example ----

_NUMBER: Final = "320105007-260303-E03-000001"
_GIVEN: Final[Mapping[FieldType, object]] = {
    FieldType.ID_CARD: "99010119020301123X",  # 99: a region nobody is from
    FieldType.USCC: "99010119020301123X",
    FieldType.PHONE: "13000000000",
    FieldType.DATE: "2026-03-02",
    FieldType.DATETIME: "2026-03-02T10:00:00+08:00",
    FieldType.MONTH: "2026-03",
    FieldType.YEAR: "2026",
    FieldType.MONEY: "100",
    FieldType.INTEGER: 1,
    FieldType.NUMBER: 1,
    FieldType.BOOLEAN: True,
    FieldType.REGION: "320105007",
}


def _example(operation: str, matter: Matter | None, own: OfTransport, say: Say) -> Document:
    case = Inline(number=_NUMBER, region="320105007", accepted_at="2026-03-03T10:00:00+08:00")
    given: Document = {"case": case}
    if matter is None:
        given["applicant"] = Inline(name=say(N_("测试甲")), id_number="99010119020301123X")
    else:
        given["form"] = {field.key: _rows(field, say) for field in matter.form.all_fields() if _is_sure(field)}
    sends = Inline({CASE_KEY: _NUMBER})
    return {
        "name": say(N_("一个办件")),
        "operation": operation,
        "given": given,
        "sends": {own.inside: sends} if own.inside else sends,
        "answers": [own.answer],
    }


def _rows(field: FormField, say: Say) -> object:
    if field.columns:
        return [Inline({column.key: _value(column, say) for column in field.columns})]
    return _value(field, say)


def _value(column: Column, say: Say) -> object:
    if column.options:
        code = column.options[0].code
        return [code] if column.type is FieldType.MULTI_ENUM else code
    return _GIVEN.get(column.type, say(N_("测试")))
