"""PUT /api/v1/cases/{number}/materials/{material}: the file of a material, checked for what it really is."""

from email.message import Message

from starlette.requests import Request
from starlette.responses import Response

from matters.case import Case
from matters.errors import FileRefused
from matters.material import LARGEST_FILE_BYTES, MEDIA_TYPES, MOST_FILES, FileRef, ProofKind, asked_for, kinds_allowed
from matters.policy import may_change_case
from portal.api.answers import answer
from portal.api.case_record import seen_case
from portal.api.json_body import read_bounded
from portal.api.parameters import case_number, identifier
from portal.api.problem_types import (
    CASE_STATE,
    INVALID_FILE,
    NOT_FOUND,
    NOT_PERMITTED,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
)
from portal.api.refusals import Refused
from portal.api.state import ApiState, api_of
from portal.words import marked as _

SCOPE = "cases:write"
ACCEPTED = ("image/jpeg", "image/png", "application/pdf")
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}
_UNKNOWN = _("这个办件没有这份材料。材料编号见事项的 materials。")
_REASONS = {
    "empty": _("文件是空的，请重新选择文件后上传。"),
    "too_large": _("文件超过 10 MB，请压缩或拆分后上传。"),
    "name": _("文件名应以 .jpg、.png 或 .pdf 结尾。"),
    "kind_unknown": _("文件的内容不是 JPG、PNG 或 PDF，请转换后上传。"),
    "kind_differs": _("文件的内容与它的类型或名称不符，请按真实类型上传。"),
    "too_many": _("这份材料已有 {most} 个文件，不能再加。请合并成一个文件，或联系受理单位。"),
}


async def put_material(request: Request) -> Response:
    """Keep a file; 201 for the first of the material, 200 when there was one already."""
    api = api_of(request)
    actor = await api.tokens.actor(request, SCOPE)
    number = case_number(request)
    material = identifier(request, "material", _UNKNOWN)
    media_type = _media_type(request)
    case = await seen_case(api, actor, number)
    if not may_change_case(actor, case):
        raise Refused(NOT_PERMITTED, _("这个办件由另一单位受理，材料请由受理单位补充。"))
    if not case.is_open:
        raise Refused(CASE_STATE)
    await _check_asked(api, case, material)
    before = await api.cases.materials(number)
    kept = sum(len(proof.files) for proof in before if proof.material == material)
    if kept >= MOST_FILES:
        raise Refused(INVALID_FILE, _REASONS["too_many"], params={"most": MOST_FILES})
    content = await read_bounded(request, LARGEST_FILE_BYTES)
    file = await _keep(api, _name(request, material, media_type), media_type, content)
    await api.cases.add_file(number, material, file, at=api.clock())
    return answer(
        {
            "number": number,
            "material": material,
            "media_type": file.media_type,
            "size": file.size_bytes,
            "sha256": file.sha256,
        },
        status=200 if kept else 201,
    )


async def _check_asked(api: ApiState, case: Case, material: str) -> None:
    matter = await api.guide_store.load(case.matter_id, case.guide_version)
    asked = {each.id: each for each in asked_for(matter, case.situation)}
    if material not in asked:
        raise Refused(NOT_FOUND, _UNKNOWN)
    if ProofKind.FILE not in kinds_allowed(matter, asked[material]):
        raise Refused(INVALID_FILE, _("这份材料只收纸质件，请在窗口收取。"))


async def _keep(api: ApiState, name: str, media_type: str, content: bytes) -> FileRef:
    suffix = name[name.rfind(".") :].lower()
    if MEDIA_TYPES.get(suffix, media_type) != media_type:
        raise Refused(INVALID_FILE, _REASONS["kind_differs"])
    try:
        return await api.files.put(name, content)
    except FileRefused as refused:
        kind = TOO_LARGE if refused.reason == "too_large" else INVALID_FILE
        raise Refused(kind, _REASONS.get(refused.reason, "")) from None


def _media_type(request: Request) -> str:
    media_type = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if media_type not in ACCEPTED:
        raise Refused(
            UNSUPPORTED_MEDIA_TYPE,
            _("请把请求头 Content-Type 设为 image/jpeg、image/png 或 application/pdf。"),
            headers={"accept": ", ".join(ACCEPTED)},
        )
    return media_type


def _name(request: Request, material: str, media_type: str) -> str:
    """Return the file's name as the caller gave it (RFC 6266), else one made from the material and the type."""
    disposition = Message()
    disposition["content-disposition"] = request.headers.get("content-disposition", "").replace("\n", " ")
    try:
        given = disposition.get_filename()
    except ValueError:  # RFC 8187 lets the caller name a charset, and some of Python's read nothing
        given = None
    return given or f"{material}{_SUFFIXES[media_type]}"
