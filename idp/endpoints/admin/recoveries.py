"""/admin/recoveries: one person starts a recovery at the counter, another approves it; each is shown one half."""

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.account.visitor import Visitor, moment, own_form
from idp.endpoints.admin.pages import RecoveriesPage, RecoveryCodePage, RecoveryLine
from idp.endpoints.admin.visitor import admin_page
from idp.endpoints.admin.words import DONE, FORBIDDEN, NO_SUCH_PERSON, RECOVERY_REFUSALS
from idp.endpoints.answers import see_other
from idp.protocol.account import Account, fold_username
from idp.protocol.administration import Forbidden, covers, is_administrator, may_recover_people
from idp.protocol.counter_recovery import RecoveryRefusal

_SHOWN = 50


@admin_page(may=may_recover_people)
async def recoveries(request: Request, visitor: Visitor) -> Response:
    """Show a form to start one, and those that wait in the region."""
    notice = DONE["cancel"] if request.query_params.get("done") == "cancel" else ""
    username = request.query_params.get("username", "")[:64]
    return await _page(request, visitor, username=username, notice=notice)


@admin_page(fresh=True, may=may_recover_people)
async def start(request: Request, visitor: Visitor) -> Response:
    """Start one and show the first half of the code."""
    form = await own_form(request, visitor)
    username = form.get("username", "")[:64]
    found = await visitor.idp.account_store.by_username(fold_username(username)) if username.strip() else None
    if found is None or not covers(visitor.account, found[0].region):
        return await _page(request, visitor, username=username, error=NO_SUCH_PERSON, status=422)
    account = found[0]
    outcome = await visitor.idp.people.recoveries.start(
        visitor.account, account, card_checked=form.get("card") == "yes", at=visitor.at
    )
    if isinstance(outcome, Forbidden | RecoveryRefusal):
        return await _page(request, visitor, username=username, error=_sentence(outcome), status=409)
    return _code(request, visitor, account, outcome, first=True)


@admin_page(fresh=True, may=may_recover_people)
async def decide(request: Request, visitor: Visitor) -> Response:
    """Approve one and show the second half of the code, or cancel it."""
    form = await own_form(request, visitor)
    use, recovery_id = visitor.idp.people.recoveries, request.path_params["recovery_id"][:32]
    if form.get("decision") == "cancel":
        refused = await use.cancel(visitor.account, recovery_id, at=visitor.at)
        if refused is not None:
            return await _page(request, visitor, error=_sentence(refused), status=409)
        return see_other(f"{visitor.idp.issuer}/admin/recoveries?done=cancel")
    outcome = await use.approve(visitor.account, recovery_id, card_checked=form.get("card") == "yes", at=visitor.at)
    if isinstance(outcome, Forbidden | RecoveryRefusal):
        return await _page(request, visitor, error=_sentence(outcome), status=409)
    return _code(request, visitor, outcome[0], outcome[1], first=False)


@admin_page(fresh=True, may=may_recover_people)
async def back(_request: Request, visitor: Visitor) -> Response:
    """Lead a form's own address back to the list."""
    return see_other(f"{visitor.idp.issuer}/admin/recoveries")


def _sentence(refused: Forbidden | RecoveryRefusal) -> str:
    return FORBIDDEN[refused] if isinstance(refused, Forbidden) else RECOVERY_REFUSALS[refused]


def _code(request: Request, visitor: Visitor, account: Account, code: str, *, first: bool) -> Response:
    page = RecoveryCodePage(
        first=first, name=account.name, username=account.username, code=code,
        is_admin=is_administrator(visitor.account),
    )  # fmt: skip
    return visitor.idp.pages.render(request, page)


async def _page(
    request: Request, visitor: Visitor, *, username: str = "", notice: str = "", error: str = "", status: int = 200
) -> Response:
    idp = visitor.idp
    waiting = await idp.people.recoveries.store.waiting(visitor.account.region, at=visitor.at, at_most=_SHOWN)
    lines = tuple(
        RecoveryLine(
            id=one.id, name=person.name, username=person.username, unit_name=person.unit_name,
            started=moment(one.started_at), approved=bool(one.approved_by),
            may_approve=not one.approved_by and visitor.sub not in (one.started_by, one.sub),
        )
        for one, person in waiting
    )  # fmt: skip
    page = RecoveriesPage(
        form_token=visitor.form_token, username=username, lines=lines,
        notice=idp.pages.say(request, notice) if notice else "", error=idp.pages.say(request, error) if error else "",
        is_admin=is_administrator(visitor.account),
    )  # fmt: skip
    return idp.pages.render(request, page, status=status)
