"""Materials of a draft: how each is proven, and the files of those that are uploaded."""

from dataclasses import dataclass, replace

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from matters.errors import FileRefused
from matters.form import FieldError
from matters.guide import Matter
from matters.material import LARGEST_FILE_BYTES, MOST_FILES, FileRef
from matters.ports import Draft
from portal import drafts
from portal.forms.materials import MaterialView, left_out, material_views, proofs_posted, without_file
from portal.forms.steps import MATERIALS, Step, next_href
from portal.forms.view import SummaryLine, summary
from portal.guards import checked_form, signed_in
from portal.people import Person
from portal.state import PortalState, portal_of
from portal.words import marked

LARGEST_POST_BYTES = 4 * LARGEST_FILE_BYTES + 512 * 1024
"""What the shell must let through to a draft's materials: four of the largest files and the form around them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialsPage:
    """Context of pages/intake_materials.html."""

    matter: Matter
    draft: Draft
    steps: tuple[Step, ...]
    items: tuple[MaterialView, ...]
    summary: tuple[SummaryLine, ...]
    saved: bool


async def show(request: Request, person: Person) -> Response:
    """Show the materials of the situation."""
    it = await drafts.load(request, person)
    complain = request.query_params.get("check") == "1"
    return _page(request, it, it.material_errors if complain else ())


async def post(request: Request, person: Person) -> Response:
    """Keep choices and files; then stay, or go on if the materials hold."""
    form = await checked_form(request, max_files=MOST_FILES * 4)
    it = await drafts.load(request, person)
    portal = portal_of(request)
    try:
        uploads, refused = await _kept_files(portal, it.matter, form)
    finally:
        await form.close()
    texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}

    def change(draft: Draft) -> Draft:
        proofs = proofs_posted(it.matter, draft, texts, uploads, at=portal.clock())
        material, _dot, sha256 = texts.get("_remove_file", "").partition(".")
        return replace(draft, materials=without_file(proofs, material, sha256))

    refused += tuple(_refusal(material, it.matter, "too_many") for material in left_out(it.draft, uploads))
    it = await drafts.save(portal, it.draft, change)
    if refused:
        return _page(request, it, refused, status=422)
    if texts.get("_go") == "save" or "_remove_file" in texts:
        return RedirectResponse(f"/drafts/{it.draft.id}/materials?saved=1", status_code=303)
    if it.material_errors:
        return _page(request, it, it.material_errors, status=422)
    return RedirectResponse(next_href(it.steps(MATERIALS), MATERIALS), status_code=303)


async def _kept_files(
    portal: PortalState, matter: Matter, form: FormData
) -> tuple[dict[str, tuple[FileRef, ...]], tuple[FieldError, ...]]:
    kept: dict[str, tuple[FileRef, ...]] = {}
    refused: list[FieldError] = []
    for name, upload in form.multi_items():
        if not isinstance(upload, UploadFile) or not upload.filename:
            continue
        material = name.removeprefix("file.")
        if material not in matter.materials_by_id:
            continue
        try:
            file = await portal.files.put(upload.filename, await upload.read(LARGEST_FILE_BYTES + 1))
        except FileRefused as error:
            refused.append(_refusal(material, matter, error.reason))
            continue
        kept[material] = (*kept.get(material, ()), file)
    return kept, tuple(refused)


_REASONS = {
    "empty": marked("“{material}”的文件是空的，请重新扫描后上传"),
    "too_large": marked("“{material}”的文件超过 10 MB，请压缩后再上传"),
    "name": marked("“{material}”的文件名没有 .jpg、.png 或 .pdf 后缀，请改名或另存后再上传"),
    "kind_unknown": marked("“{material}”的文件不是 JPG、PNG 或 PDF，请重新扫描后上传"),
    "too_many": marked("“{material}”最多 10 个文件，多出的没有保存；请合并成一个文件后再上传"),
    "kind_differs": marked("“{material}”的文件内容与后缀不一致，请用扫描软件另存为正确的格式后上传"),
}


def _refusal(material: str, matter: Matter, reason: str) -> FieldError:
    declared = matter.materials_by_id[material]
    return FieldError(
        path=f"materials/{material}",
        code=f"file_{reason}",
        message=_REASONS.get(reason, FileRefused.public),
        params={"material": declared.name, "material_en": declared.name_en},
    )


def _page(request: Request, it: drafts.Intaking, errors: tuple[FieldError, ...], *, status: int = 200) -> Response:
    context = MaterialsPage(
        matter=it.matter,
        draft=it.draft,
        steps=it.steps(MATERIALS),
        items=material_views(it.matter, it.draft, errors),
        summary=summary(errors),
        saved=request.query_params.get("saved") == "1",
    )
    return portal_of(request).renderer.page(request, "pages/intake_materials.html", context, status=status)


routes: list[BaseRoute] = [
    Route("/drafts/{draft}/materials", signed_in(show), methods=["GET"], name="materials"),
    Route("/drafts/{draft}/materials", signed_in(post), methods=["POST"]),
]
