"""/account/passkeys: add one under a name, look at them, remove one."""

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.account.overview import notice
from idp.endpoints.account.pages import PasskeyLine, PasskeysPage
from idp.endpoints.account.totp import first_recovery_codes
from idp.endpoints.account.visitor import Visitor, done, moment, onward, own_form, own_page
from idp.endpoints.answers import see_other
from idp.endpoints.rendering import PasskeyPrompt
from idp.endpoints.words import FACTOR_REFUSAL_STATUS, FACTOR_REFUSALS, UNNAMED_PASSKEY
from idp.protocol.passkey import MOST_PER_ACCOUNT, Passkey, creation_options, decoded, encoded
from idp.second_factor import FactorRefusal

_RP_NAME = "OneWindow"


@own_page("/passkeys", fresh=True)
async def passkeys(request: Request, visitor: Visitor) -> Response:
    """Show the person's passkeys and a form for one more."""
    return await _page(request, visitor, onward(request))


@own_page("/passkeys", fresh=True)
async def add(request: Request, visitor: Visitor) -> Response:
    """Keep what the browser made; the first factor comes with recovery codes."""
    idp, form = visitor.idp, await own_form(request, visitor)
    if not idp.second_factors.site.available:
        return see_other(visitor.page("/passkeys"))
    name = form.get("name", "").strip() or idp.pages.say(request, UNNAMED_PASSKEY)
    refused = await idp.second_factors.add_passkey(
        visitor.sub, visitor.session.sid, form.get("credential", ""), name, bound_to=_purpose(visitor), at=visitor.at
    )
    if refused is not None:
        return await _page(request, visitor, onward(request, form), refused)
    if visitor.factors.recovery_codes:
        return done(visitor, "/passkeys", "passkey")
    return await first_recovery_codes(request, visitor, "", onward(request, form))


@own_page("/passkeys", fresh=True)
async def remove(request: Request, visitor: Visitor) -> Response:
    """Forget one of the person's own passkeys."""
    form = await own_form(request, visitor)
    try:
        credential_id = decoded(form.get("remove", ""))
    except ValueError:
        return see_other(visitor.page("/passkeys"))
    removed = await visitor.idp.second_factors.remove_passkey(
        visitor.sub, visitor.session.sid, credential_id, at=visitor.at
    )
    return done(visitor, "/passkeys", "passkey-removed") if removed else see_other(visitor.page("/passkeys"))


async def _page(request: Request, visitor: Visitor, goes_on: str, refused: FactorRefusal | None = None) -> Response:
    idp = visitor.idp
    present = await idp.second_factors.passkeys.of(visitor.sub)
    full = len(present) >= MOST_PER_ACCOUNT
    page = PasskeysPage(
        form_token=visitor.form_token, passkeys=tuple(_line(each) for each in present), full=full,
        prompt=await _prompt(visitor, present) if idp.second_factors.site.available and not full else None,
        error=idp.pages.say(request, FACTOR_REFUSALS[refused]) if refused else "", onward=goes_on,
        notice=notice(request, visitor),
    )  # fmt: skip
    return idp.pages.render(request, page, status=FACTOR_REFUSAL_STATUS[refused] if refused else 200)


async def _prompt(visitor: Visitor, present: tuple[Passkey, ...]) -> PasskeyPrompt:
    idp = visitor.idp
    challenge = await idp.second_factors.challenge(_purpose(visitor))
    options = creation_options(
        idp.second_factors.site, rp_name=_RP_NAME, sub=visitor.sub, username=visitor.account.username,
        name=visitor.account.name, challenge=challenge, present=present,
    )  # fmt: skip
    return PasskeyPrompt(action=visitor.page("/passkeys"), form_token=visitor.form_token, options=options)


def _purpose(visitor: Visitor) -> str:
    return f"register\x1f{visitor.session.sid}\x1f{visitor.sub}"


def _line(passkey: Passkey) -> PasskeyLine:
    return PasskeyLine(
        id=encoded(passkey.credential_id), name=passkey.name, created=moment(passkey.created_at),
        used=moment(passkey.used_at), backed_up=passkey.backed_up,
    )  # fmt: skip
