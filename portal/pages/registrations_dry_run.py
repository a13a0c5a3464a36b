"""/registrations/{system}/{version}/dry-run: the message a real case would be sent as, masked; nothing is sent.

Which case may be tried is asked of the policy: one of the owner's own region. There is no way from here to the full values.
"""

import json
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from config import logs
from connectors.dry_run import DryRun
from connectors.registration_errors import NotReady
from matters.numbering import normal_number
from matters.policy import may_run_systems, may_try_case
from portal.guards import checked_form, signed_in
from portal.people import Person
from portal.registering import TRIAL, Registering, load, plainly
from portal.state import portal_of
from portal.words import _

_log = logs.get(__name__)
_MOST_OFFERED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunPage:
    """Context of pages/registration_dry_run.html. `message` is JSON, masked; `refused` the field that can't be filled."""

    it: Registering
    may_try: bool
    cases: tuple[str, ...]
    number: str
    error: str
    message: str
    refused: str


async def show(request: Request, person: Person) -> Response:
    """Offer recent cases of the owner's region, and a field for any other."""
    it = await load(request, person, TRIAL)
    return await _page(request, person, it)


async def attempt(request: Request, person: Person) -> Response:
    """Show what one case would be sent as."""
    form = await checked_form(request)
    it = await load(request, person, TRIAL)
    portal, number = portal_of(request), normal_number(str(form.get("case", "")))[:60]
    case = await portal.cases.by_number(number) if number else None
    if case is None or not may_try_case(person.actor, case):
        # Both look the same: whether there is such a case elsewhere is nobody's business here.
        error = _("请选择或填写办件编号") if not number else _("本区域没有这个办件，请核对编号")
        return await _page(request, person, it, number=number, error=error, status=422)
    try:
        shown = await portal.registry.dry_run(
            it.registration.system,
            it.registration.version,
            case=number,
            masks=portal.library.mask_rules,
            actor=person.actor,
            at=portal.clock(),
        )
    except NotReady:
        error = _("内容还有错误，改正后才能试填")
        return await _page(request, person, it, number=number, error=error, status=409)
    if shown is None:
        error = _("这个办件不送往本系统，请选择其他办件")
        return await _page(request, person, it, number=number, error=error, status=422)
    _log.info("dry_run_shown", system=it.registration.system, version=it.registration.version, case=number)
    return await _page(request, person, it, number=number, shown=shown)


async def _page(
    request: Request,
    person: Person,
    it: Registering,
    *,
    number: str = "",
    error: str = "",
    shown: DryRun | None = None,
    status: int = 200,
) -> Response:
    portal, may_try = portal_of(request), may_run_systems(person.actor)
    offered = (
        await portal.registry.cases_to_try(it.registration.system, person.actor, most=_MOST_OFFERED)
        if may_try and not it.readiness.problems
        else ()
    )
    context = DryRunPage(
        it=it,
        may_try=may_try and not it.readiness.problems,
        # A number begins with the township that took the case in.
        cases=tuple(each for each in offered if person.region and each.startswith(person.region)),
        number=number,
        error=error,
        message=_json(shown) if shown is not None and not shown.refused else "",
        refused=shown.refused if shown is not None else "",
    )
    return portal.renderer.page(request, "pages/registration_dry_run.html", context, status=status)


def _json(shown: DryRun) -> str:
    told = {name: value for name, value in asdict(shown).items() if value not in ("", None, {})}
    return json.dumps(told, ensure_ascii=False, indent=2, default=str)


_ADDRESS = "/registrations/{system}/{version:int}/dry-run"

routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(plainly(show)), methods=["GET"], name="registration_dry_run"),
    Route(_ADDRESS, signed_in(plainly(attempt)), methods=["POST"]),
]
