"""/admin/accounts: the list of a region, and one account's page with everything that can be done to it."""

from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from idp.accounts import AccountRefused
from idp.endpoints.account.visitor import Visitor, own_form
from idp.endpoints.admin.pages import AccountLine, AccountPage, AccountsPage, Choice
from idp.endpoints.admin.visitor import admin_page, is_fresh_enough, not_for_you
from idp.endpoints.admin.words import ALREADY_ACTIVE, BAD_VALUE, DONE, FORBIDDEN, ROLES, STANDINGS
from idp.endpoints.answers import see_other
from idp.endpoints.words import _
from idp.protocol.account import Account
from idp.protocol.account_ports import AccountQuery, Listed, Standing
from idp.protocol.administration import Forbidden, is_administrator
from idp.protocol.factors import Factors
from idp.protocol.parameters import Parameters

_A_PAGE = 50
_TEXT_AT_MOST = 100


@admin_page()
async def accounts(request: Request, visitor: Visitor) -> Response:
    """Show one page of the list."""
    asked = request.query_params
    text, role, standing = asked.get("q", "")[:_TEXT_AT_MOST], asked.get("role", ""), asked.get("standing", "")
    role = role if role in ROLES else ""
    chosen = Standing(standing) if standing in {each.value for each in Standing} else None
    page = min(int(number), 100_000) if (number := asked.get("page", "1")).isdecimal() and int(number) else 1
    query = AccountQuery(
        region=visitor.account.region, text=text, role=role, standing=chosen, page=page, at_most=_A_PAGE
    )
    found = await visitor.idp.people.directory.search(query)
    pages = max(1, -(-found.total // _A_PAGE))
    say = visitor.idp.pages.say

    def at(number: int) -> str:
        kept = {"q": text, "role": role, "standing": chosen or "", "page": str(number)}
        return f"{visitor.idp.issuer}/admin/accounts?{urlencode({k: v for k, v in kept.items() if v})}"

    shown = AccountsPage(
        text=text,
        roles=tuple(Choice(value=v, text=say(request, word), chosen=v == role) for v, word in ROLES.items()),
        standings=tuple(Choice(value=v, text=say(request, word), chosen=v == chosen) for v, word in STANDINGS.items()),
        lines=tuple(_line(request, visitor, one) for one in found.listed),
        total=found.total, page=min(page, pages), pages=pages, is_admin=True,
        earlier=at(min(page, pages + 1) - 1) if page > 1 else "", later=at(page + 1) if page < pages else "",
    )  # fmt: skip
    return visitor.idp.pages.render(request, shown)


@admin_page()
async def account(request: Request, visitor: Visitor) -> Response:
    """Show one account; its forms to a fresh sign-in only."""
    listed = await _listed(request, visitor)
    if listed is None:
        return not_for_you(request)
    word = DONE.get(request.query_params.get("done", ""))
    return await _page(request, visitor, listed, notice=visitor.idp.pages.say(request, word) if word else "")


@admin_page(fresh=True)
async def unlocked(request: Request, visitor: Visitor) -> Response:
    """Come back from a fresh sign-in to the account's page."""
    return see_other(_address(visitor, request.path_params["sub"]))


@admin_page(fresh=True)
async def change(request: Request, visitor: Visitor) -> Response:
    """Do what a button of the page says."""
    form = await own_form(request, visitor)
    listed = await _listed(request, visitor)
    if listed is None:
        return not_for_you(request)
    decision = form.get("decision", "")
    if decision == "invite":
        return await _invite(request, visitor, listed)
    try:
        forbidden = await _do(visitor, listed.account, decision, form)
    except AccountRefused:
        return await _page(request, visitor, listed, error=visitor.idp.pages.say(request, BAD_VALUE), status=422)
    if forbidden is not None:
        error = visitor.idp.pages.say(request, FORBIDDEN[forbidden])
        return await _page(request, visitor, listed, error=error, status=403)
    return see_other(f"{_address(visitor, listed.account.sub)}?done={quote(decision)}")


async def _do(visitor: Visitor, account: Account, decision: str, form: Parameters) -> Forbidden | None:
    use, actor, at = visitor.idp.people.administration, visitor.account, visitor.at
    match decision:
        case "disable":
            return await use.disable(actor, account, at=at)
        case "enable":
            return await use.enable(actor, account, at=at)
        case "end_sessions":
            return await use.end_sessions(actor, account, at=at)
        case "reset_factors":
            return await use.reset_factors(actor, account, at=at)
        case "roles":
            return await use.set_roles(actor, account, frozenset(r for r in ROLES if f"role-{r}" in form), at=at)
        case "unit":
            return await use.set_unit(
                actor, account, unit=form.get("unit", ""), unit_name=form.get("unit_name", ""),
                region=form.get("region", ""), at=at,
            )  # fmt: skip
        case _:
            raise AccountRefused(f"there is nothing to do called {decision[:20]!r}")


async def _invite(request: Request, visitor: Visitor, listed: Listed) -> Response:
    link = await visitor.idp.people.administration.invite(visitor.account, listed.account, at=visitor.at)
    say = visitor.idp.pages.say
    if isinstance(link, Forbidden):
        return await _page(request, visitor, listed, error=say(request, FORBIDDEN[link]), status=403)
    if not link:
        return await _page(request, visitor, listed, error=say(request, ALREADY_ACTIVE), status=409)
    return await _page(request, visitor, listed, link=link)


async def _listed(request: Request, visitor: Visitor) -> Listed | None:
    found = await visitor.idp.people.administration.find(visitor.account, request.path_params["sub"][:64])
    return None if isinstance(found, Forbidden) else found


async def _page(
    request: Request, visitor: Visitor, listed: Listed, *, notice: str = "", error: str = "", link: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    idp, person = visitor.idp, listed.account
    own, fresh = person.sub == visitor.sub, is_fresh_enough(visitor)
    page = AccountPage(
        form_token=visitor.form_token, sub=person.sub, username=person.username, name=person.name, unit=person.unit,
        unit_name=person.unit_name, region=person.region, role_words=_roles(request, visitor, person),
        standing=idp.pages.say(request, STANDINGS[listed.standing]), disabled=person.disabled,
        invited=listed.standing is Standing.INVITED, own=own, may_change=fresh and not own,
        roles=tuple(
            Choice(value=v, text=idp.pages.say(request, word), chosen=v in person.roles) for v, word in ROLES.items()
        ),
        units=await idp.people.directory.units(visitor.account.region) if fresh else (),
        factors=_factors(request, visitor, await idp.second_factors.of(person.sub)),
        sessions=len(await idp.sessions.of_account(person.sub, at=visitor.at)),
        link=link, notice=notice, error=error, is_admin=is_administrator(visitor.account),
    )  # fmt: skip
    return idp.pages.render(request, page, status=status)


def _factors(request: Request, visitor: Visitor, factors: Factors) -> str:
    say = visitor.idp.pages.say
    words = [say(request, _("动态码"))] if factors.totp else []
    words += [say(request, _("通行密钥"))] if factors.passkeys else []
    return "、".join(words) or say(request, _("未设置"))


def _line(request: Request, visitor: Visitor, listed: Listed) -> AccountLine:
    person = listed.account
    return AccountLine(
        sub=person.sub, username=person.username, name=person.name, unit_name=person.unit_name, region=person.region,
        roles=_roles(request, visitor, person), standing=visitor.idp.pages.say(request, STANDINGS[listed.standing]),
        stopped=listed.standing is Standing.DISABLED,
    )  # fmt: skip


def _roles(request: Request, visitor: Visitor, person: Account) -> str:
    return "、".join(visitor.idp.pages.say(request, word) for role, word in ROLES.items() if role in person.roles)


def _address(visitor: Visitor, sub: str) -> str:
    return f"{visitor.idp.issuer}/admin/accounts/{quote(sub, safe='')}"
