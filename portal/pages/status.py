"""/status, the citizen's page: number and query code in, one plain word and the way the case went out.

The code is posted and never part of an address; the answer is not stored and not indexed. A page that shows a case
looks again with a short-lived token in its form, by htmx every half minute or by the button.
"""

from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from matters.numbering import normal_number, parse_case_number
from portal import words
from portal.api.citizen_view import CitizenView
from portal.api.problem_types import TOO_MANY_REQUESTS
from portal.api.refusals import Refused
from portal.api.state import api_of
from portal.api.status_lookup import look_again, look_up
from portal.api.views import evidence_text
from portal.guards import read_form
from portal.notice_words import told_names
from portal.rendering import is_htmx
from portal.state import portal_of
from portal.words import _

_LONGEST_NUMBER = 60
_LONGEST_CODE = 40
_PRIVATE = {"x-robots-tag": "noindex, nofollow", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """Context of pages/status.html: the form, with what was typed and what is wrong with it."""

    number: str
    number_error: str
    code_error: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStatusPage:
    """Context of pages/status_case.html and partials/status-case.html."""

    view: CitizenView
    view_token: str
    evidence: tuple[str | None, ...]
    language: str
    checked_at: datetime
    told: tuple[str, ...]
    """Public bodies that the result was passed on to, once it is known."""


async def form(request: Request) -> Response:
    """Show the form; the QR code of a receipt brings the number along, never the code."""
    return _form(request, number=request.query_params.get("number", "")[:_LONGEST_NUMBER])


async def show(request: Request) -> Response:
    """Check number and code, or the token of a page that proved them, and show the case."""
    posted = await read_form(request, max_fields=10)
    token = _text(posted, "view", 400)
    if token:
        return await _again(request, token)
    number, code = _text(posted, "number", _LONGEST_NUMBER), _text(posted, "code", _LONGEST_CODE)
    number_error = _number_error(number)
    code_error = "" if code else _("请填写查询码，印在回执上方、办件编号的下面。")
    if number_error or code_error:
        return _form(request, number=number, number_error=number_error, code_error=code_error, status=422)
    try:
        view = await look_up(request, number=number, code=code)
    except Refused as refused:
        return _refused(request, refused, number)
    return await _case(request, view, api_of(request).view_tokens.issue(view.number))


async def _again(request: Request, token: str) -> Response:
    view = await look_again(request, token)
    if view is None:
        error = _("为保护您的信息，页面已过期。请重新填写编号和查询码。")
        # A whole page in answer to a small refresh: htmx is told to put it in place of everything.
        return _form(request, number="", error=error, status=422, whole=True)
    return await _case(request, view, token)  # the same token: a page left open ends when it does


def _refused(request: Request, refused: Refused, number: str) -> Response:
    sentence = refused.detail.read(words.gettext)
    status = refused.kind.status if refused.kind is TOO_MANY_REQUESTS else 422
    response = _form(request, number=number, error=sentence, status=status)
    response.headers.update(refused.headers)
    return response


def _number_error(number: str) -> str:
    if not number:
        return _("请填写办件编号，印在回执上方，形如 320105007-241105-MZ004-000371。")
    if parse_case_number(normal_number(number)) is None:
        return _("办件编号的格式不对。请照回执填写，形如 320105007-241105-MZ004-000371。")
    return ""


def _form(
    request: Request,
    *,
    number: str,
    number_error: str = "",
    code_error: str = "",
    error: str = "",
    status: int = 200,
    whole: bool = False,
) -> Response:
    context = StatusPage(number=number, number_error=number_error, code_error=code_error, error=error)
    headers = {**_PRIVATE, "hx-retarget": "body", "hx-reswap": "outerHTML"} if whole and is_htmx(request) else _PRIVATE
    return portal_of(request).renderer.page(request, "pages/status.html", context, status=status, headers=headers)


async def _case(request: Request, view: CitizenView, token: str) -> Response:
    portal = portal_of(request)
    notices = await portal.notices.of_case(view.number) if view.is_over else ()
    context = CaseStatusPage(
        view=view,
        view_token=token,
        evidence=tuple(evidence_text(step, words.gettext, words.language()) for step in view.steps),
        language=words.language(),
        checked_at=api_of(request).clock(),
        told=told_names(notices, portal.flows.reflux, portal.library),
    )
    return portal.renderer.page(
        request, "pages/status_case.html", context, partial="partials/status-case.html", headers=_PRIVATE
    )


def _text(posted: FormData, name: str, at_most: int) -> str:
    value = posted.get(name)
    return value[:at_most].strip() if isinstance(value, str) else ""


routes: list[BaseRoute] = [
    Route("/status", form, name="status"),
    Route("/status", show, methods=["POST"], name="status_show"),
]
