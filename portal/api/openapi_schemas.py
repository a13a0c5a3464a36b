"""Shapes of the API's bodies as JSON Schema (2020-12), the `components.schemas` of the OpenAPI document.

Texts are msgids; `openapi.py` translates them. The views in `views.py` and `matter_views.py` give exactly these.
"""

from typing import Any

from matters.case import CaseStatus
from matters.guide import ELEMENTS
from portal.api.parameters import CASE_NUMBER, IDENTIFIER
from portal.api.problem_types import PROBLEM_TYPES
from portal.words import marked as _

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}


def closed(required: dict[str, Schema], optional: dict[str, Schema] | None = None, *, description: str = "") -> Schema:
    """Return an object with exactly these properties."""
    schema: Schema = {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }
    return {**schema, "description": description} if description else schema


def nullable(schema: Schema) -> Schema:
    """Return `schema` or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def several(schema: Schema) -> Schema:
    """Return a list of `schema`."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


_CODE = closed({"code": TEXT, "label": TEXT})
_NAMED = closed({"id": TEXT, "name": TEXT, "name_en": TEXT})
_PROMISE = closed(
    {"value": {"type": "integer", "minimum": 0}, "unit": {"enum": ["working_day", "natural_day", "none"]}},
    description=_("承诺时限；unit 为 none 表示没有统一时限，即办件的 value 为 0 或 1。"),
)
_SITUATION = closed({"id": TEXT, "name": TEXT, "name_en": TEXT, "condition": TEXT, "promised": _PROMISE})
_MATERIAL = closed(
    {
        "id": TEXT,
        "name": TEXT,
        "name_en": TEXT,
        "required": FLAG,
        "situations": several(TEXT),
        "forms": several(ref("MaterialForm")),
        "original_copies": {"type": "integer", "minimum": 0},
        "duplicate_copies": {"type": "integer", "minimum": 0},
        "exemption": closed({"method": TEXT, "label": TEXT, "reference": nullable(TEXT)}),
        "acceptance_standard": TEXT,
    },
    description=_("一份材料；forms 列出提交申请时可以怎样说明它。"),
)
_SUMMARY: dict[str, Schema] = {
    "id": TEXT,
    "number": TEXT,
    "name": TEXT,
    "name_en": TEXT,
    "department": _NAMED,
    "handling_type": _CODE,
    "situations": several(_SITUATION),
    "promised": _PROMISE,
    "version": {"type": "integer", "minimum": 1},
}
_DELIVERY = closed(
    {
        "system": TEXT,
        "system_name": TEXT,
        "state": TEXT,
        "text": TEXT,
        "department_number": nullable(TEXT),
    },
    description=_("送往一个部门系统的情况；department_number 是部门自己的受理号，没有回执前为 null。"),
)
_EVENT = closed(
    {
        "seq": {"type": "integer", "minimum": 1},
        "at": MOMENT,
        "status": ref("CaseStatus"),
        "text": TEXT,
        "evidence": nullable(closed({"source": TEXT, "who": TEXT, "number": nullable(TEXT), "note": nullable(TEXT)})),
    }
)
_CASE: dict[str, Schema] = {
    "number": ref("CaseNumber"),
    "matter": _NAMED,
    "situation": TEXT,
    "status": ref("CaseStatus"),
    "status_text": TEXT,
    "applicant": {**TEXT, "description": _("申请人姓名，已脱敏。")},
    "received_at": MOMENT,
    "due_on": nullable(DAY),
}
_STEP = closed(
    {
        "text": TEXT,
        "state": {"enum": ["done", "current", "waiting"]},
        "at": nullable(MOMENT),
        "evidence": nullable(TEXT),
    }
)

SCHEMAS: dict[str, Schema] = {
    "CaseNumber": {"type": "string", "pattern": CASE_NUMBER, "examples": ["320105007-241105-MZ004-000371"]},
    "CaseStatus": {"type": "string", "enum": [status.value for status in CaseStatus]},
    "MaterialForm": {
        "type": "string",
        "enum": ["paper", "file", "exempt", "deferred"],
        "description": _("paper 收了纸质件；file 随后上传文件；exempt 按指南免提交；deferred 容缺后补（指南允许时）。"),
    },
    "MatterList": closed({"matters": several(ref("MatterSummary"))}),
    "MatterSummary": closed(_SUMMARY),
    "Matter": closed(
        {
            **_SUMMARY,
            "guide": {
                "type": "object",
                "description": _("办事指南 12 要素，与发布的版本一字不差。"),
                "required": list(ELEMENTS),
            },
            "form": {"type": "object", "description": _("表单的 JSON Schema（2020-12）：提交申请时的 form。")},
            "materials": several(_MATERIAL),
        }
    ),
    "MaterialStatement": closed(
        {},
        {
            "id": TEXT,
            "material": TEXT,
            "form": ref("MaterialForm"),
            "originals": {"type": "integer", "minimum": 0, "maximum": 99},
            "copies": {"type": "integer", "minimum": 0, "maximum": 99},
        },
        description=_("一份材料的说明：id（或 material）是材料编号；不写 form 表示收了纸质件。"),
    ),
    "Application": closed(
        {
            "matter": {"type": "string", "pattern": IDENTIFIER, "description": _("事项编号，见 /api/v1/matters。")},
            "form": {"type": "object", "description": _("按事项的表单填写，字段见 /api/v1/matters/{id} 的 form。")},
        },
        {
            "situation": {**nullable(TEXT), "description": _("办理情形；事项只有一种情形时可以不写。")},
            "materials": {
                "description": _("收到的材料：编号列表、说明列表，或以编号为键的对象；不写表示一份也没有收到。"),
                "anyOf": [
                    several({"anyOf": [TEXT, ref("MaterialStatement")]}),
                    {
                        "type": "object",
                        "additionalProperties": {"anyOf": [ref("MaterialForm"), ref("MaterialStatement")]},
                    },
                    {"type": "null"},
                ],
            },
        },
    ),
    "Accepted": closed(
        {
            "number": ref("CaseNumber"),
            "query_code": {"type": "string", "description": _("查询码，印在回执上；连同办件编号可查进度。")},
            "status": ref("CaseStatus"),
            "due_on": nullable(DAY),
            "deliveries": several(_DELIVERY),
        }
    ),
    "Case": closed(
        {
            **_CASE,
            "guide_version": {"type": "integer", "minimum": 1},
            "accepted_at": nullable(MOMENT),
            "closed_at": nullable(MOMENT),
            "events": several(_EVENT),
            "deliveries": several(_DELIVERY),
        }
    ),
    "CaseList": closed({"cases": several(closed(_CASE)), "next": nullable(TEXT)}),
    "Withdrawal": closed(
        {"reason": {"type": "string", "minLength": 1, "maxLength": 200, "description": _("申请人撤回的原因。")}}
    ),
    "MaterialFile": closed(
        {
            "number": ref("CaseNumber"),
            "material": TEXT,
            "media_type": {"enum": ["image/jpeg", "image/png", "application/pdf"]},
            "size": {"type": "integer", "minimum": 1},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        }
    ),
    "Status": closed(
        {
            "number": ref("CaseNumber"),
            "matter": TEXT,
            "applicant": TEXT,
            "word": TEXT,
            "next_step": TEXT,
            "due_on": nullable(DAY),
            "received_at": MOMENT,
            "steps": several(_STEP),
            "deliveries": several(closed({"system_name": TEXT, "text": TEXT, "department_number": nullable(TEXT)})),
        },
        description=_("给申请人看的进度：姓名已脱敏，不含表单内容。"),
    ),
    "Problem": {
        "type": "object",
        "description": _("RFC 9457 问题说明；type 的地址上有解释和办法。"),
        "required": ["type", "title", "status", "instance", "detail"],
        "properties": {
            "type": {"type": "string", "pattern": f"/problems/({'|'.join(kind.slug for kind in PROBLEM_TYPES)})$"},
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "instance": {"type": "string", "pattern": "^urn:request:"},
            "errors": several(
                closed(
                    {
                        "pointer": {**TEXT, "description": _("JSON Pointer（RFC 6901），或参数名。")},
                        "code": TEXT,
                        "detail": TEXT,
                    }
                )
            ),
        },
    },
}
