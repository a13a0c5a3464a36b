"""/results: what came of the cases of one's own residents (数据回流). The township reads back what it handed in.

Masked like every list; sensitive results only for authorised posts. A name or identity number is looked for by a posted
form, so that neither ever stands in an address; one result is shown in full for a reason that is kept first.
"""

from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.notices import ResultScope
from connectors.reflux import ResultRecord
from matters.identity_numbers import has_id_shape
from matters.masking import mask_name
from matters.numbering import normal_number
from matters.policy import may_see_result, may_see_results, may_see_sensitive_results, may_unmask_result
from portal.disclosing import disclose, reason_of
from portal.guards import checked_form, signed_in
from portal.item_words import ItemLine
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import PortalState, portal_of
from portal.words import _

LONGEST_SEARCH = 60
LEAST_SEARCH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """One result of the list, masked; `items` without the name, which stands in front."""

    number: str
    matter: str
    name: str
    decision: str
    tone: str
    decided_at: datetime
    items: tuple[ItemLine, ...]
    is_sensitive: bool
    is_amended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """Context of pages/results.html. `searched` is what was asked for, shown in the field again."""

    results: tuple[ResultLine, ...]
    after: str
    searched: str = field(repr=False)
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """Context of pages/result.html. Masked unless `unmasked`."""

    line: ResultLine
    department_number: str
    system: str
    amended_at: datetime | None
    unmasked: bool
    may_unmask: bool
    may_open_case: bool
    error: str
    reason: str


async def result_list(request: Request, person: Person) -> Response:
    """Show the latest results of the region; a page of them, whatever their number."""
    return await _list(request, person, after=request.query_params.get("after") or None)


async def search(request: Request, person: Person) -> Response:
    """Show the results of one person: the whole name, the whole identity number, or a case number."""
    form = await checked_form(request)
    searched = str(form.get("q") or "").strip()[:LONGEST_SEARCH]
    if len(searched) < LEAST_SEARCH:
        error = _("请输入完整的姓名、身份证号或办件编号。") if searched else ""
        return await _list(request, person, searched=searched, error=error, status=422 if error else 200)
    return await _list(request, person, searched=searched, after=str(form.get("after") or "") or None)


async def _list(
    request: Request,
    person: Person,
    *,
    searched: str = "",
    after: str | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    if not may_see_results(person.actor):
        raise NotAllowed
    portal = portal_of(request)
    found, more = await _found(portal, person, searched if not error else "", after)
    context = ResultsPage(
        results=tuple(_line(portal, each) for each in found), after=more or "", searched=searched, error=error
    )
    return portal.renderer.page(request, "pages/results.html", context, status=status)


async def _found(
    portal: PortalState, person: Person, searched: str, after: str | None
) -> tuple[list[ResultRecord], str | None]:
    actor, at = person.actor, portal.clock()
    if searched and (number := normal_number(searched)).count("-") == 3:
        result = await portal.notices.result(number)
        return ([result] if result is not None and _sees(person, result, at) else []), None
    scope = ResultScope(region=actor.region, sensitive=may_see_sensitive_results(actor), own_unit=actor.unit)
    id_number = searched.upper() if has_id_shape(searched.upper()) else ""
    page = await portal.notices.results(
        scope,
        at=at,
        name="" if id_number else searched,
        person_key=portal.happenings.key_of(id_number) if id_number else "",
        after=after,
    )
    return list(page), page.after


def _sees(person: Person, result: ResultRecord, at: datetime) -> bool:
    may = may_see_result(person.actor, region=result.region, unit=result.unit, is_sensitive=result.is_sensitive)
    return may and result.visible_from <= at


async def show(request: Request, person: Person) -> Response:
    """Show one result, masked."""
    return await _page(request, await _find(request, person), person)


async def unmask(request: Request, person: Person) -> Response:
    """Show one result in full once, for a reason that is kept first: what can't be recorded is not shown."""
    form = await checked_form(request)
    result = await _find(request, person)
    if not _may_unmask(person, result):
        raise NotHere
    reason = reason_of(form)
    if error := await disclose(portal_of(request), person, result.case_number, reason, of="result"):
        return await _page(request, result, person, error=error, reason=reason, status=422)
    return await _page(request, result, person, unmasked=True)


async def _find(request: Request, person: Person) -> ResultRecord:
    portal = portal_of(request)
    result = await portal.notices.result(normal_number(request.path_params["number"]))
    if result is None or not _sees(person, result, portal.clock()):
        raise NotHere(_("没有这项办理结果，或者不是本辖区的。"))
    return result


def _may_unmask(person: Person, result: ResultRecord) -> bool:
    return may_unmask_result(person.actor, region=result.region, unit=result.unit, is_sensitive=result.is_sensitive)


async def _page(
    request: Request,
    result: ResultRecord,
    person: Person,
    *,
    unmasked: bool = False,
    error: str = "",
    reason: str = "",
    status: int = 200,
) -> Response:
    portal = portal_of(request)
    matter = portal.library.matters.get(result.matter_id)
    context = ResultPage(
        line=_line(portal, result, in_full=unmasked),
        department_number=result.department_number,
        system=portal.library.system_name(matter.target.system) if matter is not None else "",
        amended_at=result.amended_at,
        unmasked=unmasked,
        may_unmask=_may_unmask(person, result),
        may_open_case=person.actor.unit == result.unit or person.actor.region == result.region,
        error=error,
        reason=reason,
    )
    return portal.renderer.page(request, "pages/result.html", context, status=status)


def _line(portal: PortalState, result: ResultRecord, *, in_full: bool = False) -> ResultLine:
    word, tone = {
        "approved": (_("准予"), "ok"),
        "refused": (_("不予"), "warn"),
        "revoked": (_("已撤销"), "danger"),
    }[result.decision]
    shown = {item: value for item, value in result.items.items() if in_full or not item.endswith(".name")}
    return ResultLine(
        number=result.case_number,
        matter=portal.library.matter_name(result.matter_id, result.matter_name),
        name=result.name if in_full else mask_name(result.name),
        decision=word,
        tone=tone,
        decided_at=result.decided_at,
        items=portal.item_words.lines(shown, in_full=in_full),
        is_sensitive=result.is_sensitive,
        is_amended=result.amended_at is not None,
    )


routes: list[BaseRoute] = [
    Route("/results", signed_in(result_list), methods=["GET"], name="results"),
    Route("/results", signed_in(search), methods=["POST"]),
    Route("/results/{number}", signed_in(show), methods=["GET"], name="result"),
    Route("/results/{number}/unmask", signed_in(unmask), methods=["POST"]),
]
