"""The API described: OpenAPI 3.1, built once per language at start and served as prepared bytes.

Every status code an operation can answer stands here, each with its media type and schema; a test holds the running
API against it (schemathesis). Sources: OpenAPI 3.1.1; RFC 9457 for problems; RFC 6750 for the bearer scheme.
"""

from typing import Any

from config.language import Catalogue
from portal.api.openapi_schemas import SCHEMAS, TEXT, Schema, ref
from portal.api.parameters import IDEMPOTENCY_KEY
from portal.words import marked as _

PROBLEM = "application/problem+json"
_FILE_TYPES = ("image/jpeg", "image/png", "application/pdf")
_TEXTS = frozenset({"description", "summary", "title"})

_DESCRIPTION = _(
    "一窗的接口：读办事指南，受理申请，查办件。令牌由统一身份认证签发（RFC 9068），放在 Authorization 请求头。"
    "错误一律为 RFC 9457 问题说明，语言随 Accept-Language。"
)
_WHEN = {
    "400": _("请求读不懂：不是 JSON，或参数、请求头有误。"),
    "401": _("没有令牌，或令牌无效。"),
    "403": _("令牌范围不够，或角色与单位不允许。"),
    "404": _("没有，或不在调用者的范围内。"),
    "409": _("办件现在的状态不允许，或同一请求正在处理。"),
    "413": _("正文过大。"),
    "415": _("内容类型不接受。"),
    "422": _("内容需要修改，errors 逐项说明。"),
    "429": _("查询过于频繁，Retry-After 说明何时再试。"),
    "503": _("暂时不可用，稍后重试。"),
}


def document(*, base_url: str, token_url: str, catalogue: Catalogue) -> dict[str, Any]:
    """Return the whole description in the catalogue's language."""
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": _("一窗接口"),
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "provider": {
                    "type": "oauth2",
                    "description": _("统一身份认证的访问令牌；系统对接用客户端凭证，人员操作用授权码。"),
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": token_url,
                            "scopes": {
                                "guides:read": _("读办事指南"),
                                "cases:read": _("查办件"),
                                "cases:write": _("受理、补充材料、撤回"),
                            },
                        }
                    },
                }
            },
        },
    }
    translated = _translate(described, catalogue)
    assert isinstance(translated, dict)  # noqa: S101  a mapping goes in, a mapping comes out
    return translated


def _paths() -> dict[str, Any]:
    number = _parameter("number", "path", ref("CaseNumber"), _("办件编号"))
    return {
        "/api/v1/matters": {
            "get": _operation(
                "listMatters",
                _("事项列表"),
                scope="guides:read",
                parameters=[
                    _parameter("q", "query", {"type": "string", "maxLength": 100}, _("按名称、拼音、首字母或编号查找")),
                    _if_none_match(),
                ],
                success={"200": _cached(_("事项，按编号排列")), "304": _unchanged()},
                schema="MatterList",
                problems=("400", "401", "403", "503"),
            )
        },
        "/api/v1/matters/{id}": {
            "get": _operation(
                "readMatter",
                _("一个事项：办事指南 12 要素与表单"),
                scope="guides:read",
                parameters=[_parameter("id", "path", TEXT, _("事项编号")), _if_none_match()],
                success={"200": _cached(_("事项")), "304": _unchanged()},
                schema="Matter",
                problems=("400", "401", "403", "404", "503"),
            )
        },
        "/api/v1/cases": {
            "get": _operation(
                "listCases",
                _("本单位的办件，新的在前"),
                scope="cases:read",
                parameters=[
                    _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 100}, _("一页多少件")),
                    _parameter("after", "query", {"type": "string", "maxLength": 200}, _("上一页的 next")),
                ],
                success={"200": {"description": _("一页办件")}},
                schema="CaseList",
                problems=("400", "401", "403", "503"),
            ),
            "post": _operation(
                "submitApplication",
                _("受理一份申请"),
                scope="cases:write",
                parameters=[
                    _parameter(
                        "Idempotency-Key",
                        "header",
                        {"type": "string", "pattern": IDEMPOTENCY_KEY},
                        _("这份申请的唯一键；重发用同一个键，得到同一个结果。"),
                        required=True,
                    )
                ],
                body="Application",
                success={
                    "201": {
                        "description": _("已受理，已保存，会送到部门"),
                        "headers": {"Location": {"required": True, "schema": TEXT}},
                    }
                },
                schema="Accepted",
                problems=("400", "401", "403", "404", "409", "413", "415", "422", "503"),
            ),
        },
        "/api/v1/cases/{number}": {
            "get": _operation(
                "readCase",
                _("一个办件：状态、经过、各部门进展"),
                scope="cases:read",
                parameters=[number],
                success={"200": {"description": _("办件")}},
                schema="Case",
                problems=("400", "401", "403", "404", "503"),
            )
        },
        "/api/v1/cases/{number}/materials/{material}": {
            "put": _operation(
                "putMaterial",
                _("上传一份材料的文件"),
                scope="cases:write",
                parameters=[
                    number,
                    _parameter("material", "path", TEXT, _("材料编号")),
                    _parameter("Content-Disposition", "header", TEXT, _("文件名，可以不给")),
                ],
                files=True,
                success={"200": {"description": _("已替换")}, "201": {"description": _("已保存")}},
                schema="MaterialFile",
                problems=("400", "401", "403", "404", "409", "413", "415", "422", "503"),
            )
        },
        "/api/v1/cases/{number}/withdraw": {
            "post": _operation(
                "withdrawCase",
                _("申请人撤回"),
                scope="cases:write",
                parameters=[number],
                body="Withdrawal",
                success={"200": {"description": _("已撤回")}},
                schema="Case",
                problems=("400", "401", "403", "404", "409", "413", "415", "422", "503"),
            )
        },
        "/api/v1/status": {
            "get": _operation(
                "readStatus",
                _("凭办件编号和查询码查进度，不需要令牌"),
                scope="",
                parameters=[
                    _parameter("number", "query", {"type": "string", "maxLength": 60}, _("办件编号"), required=True),
                    _parameter("code", "query", {"type": "string", "maxLength": 40}, _("查询码"), required=True),
                ],
                success={"200": {"description": _("进度，已脱敏")}},
                schema="Status",
                problems=("400", "404", "429", "503"),
            )
        },
        "/api/v1/openapi.json": {
            "get": {
                "operationId": "readDescription",
                "summary": _("这份说明"),
                "security": [],
                "parameters": [_if_none_match()],
                "responses": {
                    "200": {
                        **_cached(_("OpenAPI 3.1")),
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    },
                    "304": _unchanged(),
                },
            }
        },
    }


def _operation(
    operation_id: str,
    summary: str,
    *,
    scope: str,
    parameters: list[Schema],
    success: dict[str, Schema],
    schema: str,
    problems: tuple[str, ...],
    body: str = "",
    files: bool = False,
) -> Schema:
    answers = {
        status: answer if status == "304" else {**answer, "content": {"application/json": {"schema": ref(schema)}}}
        for status, answer in success.items()
    }
    operation: Schema = {
        "operationId": operation_id,
        "summary": summary,
        "security": [{"provider": [scope]}] if scope else [],
        "parameters": parameters,
        "responses": answers | {status: _refusal(status) for status in problems},
    }
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref(body)}}}
    if files:
        operation["requestBody"] = {"required": True, "content": {media: {} for media in _FILE_TYPES}}
    return operation


def _refusal(status: str) -> Schema:
    answer: Schema = {"description": _WHEN[status], "content": {PROBLEM: {"schema": ref("Problem")}}}
    if status == "413":  # the shell refuses before anything of ours is asked
        answer["content"]["text/plain; charset=utf-8"] = {"schema": TEXT}
    if status == "401":
        answer["headers"] = {"WWW-Authenticate": {"required": True, "schema": TEXT}}
    if status == "429":
        answer["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
    return answer


def _parameter(name: str, place: str, schema: Schema, description: str, *, required: bool = False) -> Schema:
    return {
        "name": name,
        "in": place,
        "required": required or place == "path",
        "schema": schema,
        "description": description,
    }


def _if_none_match() -> Schema:
    return _parameter("If-None-Match", "header", TEXT, _("上次的 ETag；没有变化时答 304"))


def _cached(description: str) -> Schema:
    return {"description": description, "headers": {"ETag": {"required": True, "schema": TEXT}}}


def _unchanged() -> Schema:
    return {"description": _("没有变化"), "headers": {"ETag": {"required": True, "schema": TEXT}}}


def _translate(value: object, catalogue: Catalogue, name: str = "") -> object:
    if isinstance(value, dict):
        return {k: _translate(v, catalogue, "description" if name == "scopes" else k) for k, v in value.items()}
    if isinstance(value, list):
        return [_translate(v, catalogue, name) for v in value]
    if isinstance(value, str) and name in _TEXTS:
        return catalogue.gettext(value)
    return value
