"""/admin/import: upload a table, see what would come in, let it come in, fetch the invitation links."""

import re
from typing import Final

from anyio import to_thread
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from idp.account_import import Preview, links_table
from idp.endpoints import cookies
from idp.endpoints.account.visitor import Visitor, bound_to, own_form
from idp.endpoints.admin.pages import FaultLine, ImportJobPage, ImportPage, ImportPreviewPage, PreviewLine
from idp.endpoints.admin.visitor import admin_page, not_for_you
from idp.endpoints.admin.words import COLUMNS, FILE_GONE, JOB_STATES, NO_FILE, ROLES, TROUBLES
from idp.endpoints.answers import see_other
from idp.import_jobs import FAULTS_KEPT, JobState
from idp.protocol.account_csv import MOST_BYTES, Fault, write
from idp.protocol.errors import NotRedirectable, PageReason

PATH: Final = "/admin/import"
LARGEST_BODY: Final = MOST_BYTES + 64 * 1024
_FIRST: Final = 10
_ID = re.compile(r"\A[A-Za-z0-9_-]{22}\Z")
_REFRESH_SECONDS: Final = "2"
_TEMPLATE: Final = (
    ("用户名", "姓名", "单位编号", "单位名称", "区划代码", "角色"),
    (("zhangsan", "张三", "320105007-bmfw", "云桥街道便民服务中心", "320105007", "综窗人员"),),
)


@admin_page(fresh=True)
async def upload_page(request: Request, visitor: Visitor) -> Response:
    """Ask for a file."""
    return _upload(request, visitor)


@admin_page()
async def template(_request: Request, _visitor: Visitor) -> Response:
    """Return a table to fill in."""
    return _table(write(_TEMPLATE[0], iter(_TEMPLATE[1])), "accounts-template.csv")


@admin_page(fresh=True)
async def look_through(request: Request, visitor: Visitor) -> Response:
    """Read the file and show what an import would do; nothing happens yet."""
    content = await _uploaded(request, visitor)
    if not content:
        return _upload(request, visitor, error=visitor.idp.pages.say(request, NO_FILE), status=422)
    file_id, preview = await visitor.idp.people.imports.look_through(visitor.account, content)
    return visitor.idp.pages.render(request, _preview(request, visitor, file_id, preview))


@admin_page(fresh=True)
async def begin(request: Request, visitor: Visitor) -> Response:
    """Begin the import of a file that was looked through."""
    await own_form(request, visitor)
    job = await visitor.idp.people.imports.begin(visitor.account, _id(request))
    if job is None:
        return _upload(request, visitor, error=visitor.idp.pages.say(request, FILE_GONE), status=409)
    return see_other(f"{visitor.idp.issuer}{PATH}/{job.id}")


@admin_page()
async def job(request: Request, visitor: Visitor) -> Response:
    """Show how far an import is; the page fetches itself anew while it runs."""
    found = await visitor.idp.people.imports.store.get(_id(request), visitor.sub)
    if found is None:
        return await _looked_through(request, visitor)
    shown = found.seen(visitor.at)
    page = ImportJobPage(
        job_id=shown.id, running=shown.state is JobState.RUNNING, stopped=shown.state is JobState.STOPPED,
        state=visitor.idp.pages.say(request, JOB_STATES[shown.state]), done=shown.done, total=shown.total,
        created=shown.created, existing=shown.existing, faults=_faults(request, visitor, shown.faults),
        fault_count=shown.fault_count, is_admin=True,
    )  # fmt: skip
    answer = visitor.idp.pages.render(request, page)
    if page.running:
        answer.headers["refresh"] = _REFRESH_SECONDS
    return answer


@admin_page(fresh=True)
async def links(request: Request, visitor: Visitor) -> Response:
    """Return the invitation links of one's own import as a table; who has come already is left out."""
    people = visitor.idp.people
    if await people.imports.store.get(_id(request), visitor.sub) is None:
        return not_for_you(request)
    lines = await people.invitations.links_of(_id(request), visitor.sub, at=visitor.at)
    return _table(await to_thread.run_sync(links_table, lines), "invitations.csv")


async def _looked_through(request: Request, visitor: Visitor) -> Response:
    """Show again what an import would do, to who had to sign in before it could begin."""
    imports = visitor.idp.people.imports
    content = await imports.store.file(_id(request), visitor.sub)
    if content is None:
        return not_for_you(request)
    preview = await imports.imports.preview(content, region=visitor.account.region)
    return visitor.idp.pages.render(request, _preview(request, visitor, _id(request), preview))


async def _uploaded(request: Request, visitor: Visitor) -> bytes:
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            token, file = form.get("form_token"), form.get("file")
            if not cookies.is_form_token(
                visitor.idp, token if isinstance(token, str) else "", *bound_to(request, visitor.idp)
            ):
                raise NotRedirectable(PageReason.FORM_EXPIRED, detail="form token")
            return await file.read(MOST_BYTES + 1) if isinstance(file, UploadFile) else b""
    except MultiPartException as error:
        raise NotRedirectable(PageReason.MALFORMED, detail="multipart") from error


def _upload(request: Request, visitor: Visitor, *, error: str = "", status: int = 200) -> Response:
    page = ImportPage(form_token=visitor.form_token, error=error, is_admin=True)
    return visitor.idp.pages.render(request, page, status=status)


def _preview(request: Request, visitor: Visitor, file_id: str, preview: Preview) -> ImportPreviewPage:
    fresh = preview.fresh
    say = visitor.idp.pages.say
    return ImportPreviewPage(
        form_token=visitor.form_token, file_id=file_id, fresh=len(fresh),
        existing=len(preview.sheet.people) - len(fresh),
        first=tuple(
            PreviewLine(
                line=person.line, username=person.username, name=person.name, unit_name=person.unit_name,
                roles="、".join(say(request, ROLES[role]) for role in person.roles),
            )
            for person in fresh[:_FIRST]
        ),
        faults=_faults(request, visitor, preview.sheet.faults[:FAULTS_KEPT]), fault_count=preview.sheet.fault_count,
        is_admin=True,
    )  # fmt: skip


def _faults(request: Request, visitor: Visitor, faults: tuple[Fault, ...]) -> tuple[FaultLine, ...]:
    say = visitor.idp.pages.say
    return tuple(
        FaultLine(
            line=fault.line, column=say(request, COLUMNS[fault.column]), advice=say(request, TROUBLES[fault.trouble])
        )
        for fault in faults
    )


def _id(request: Request) -> str:
    asked = str(request.path_params["job_id"])
    return asked if _ID.match(asked) else ""


def _table(content: bytes, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
