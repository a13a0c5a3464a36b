"""The verification page (RFC 8628 §3.3): a signed-in person types the code of a device, sees who asks, and decides.

Only who is signed in may try a code, so guessing is bounded for a person, not only for an address. The code in the
address (`verification_uri_complete`, §3.3.1) fills the field in and does nothing more: what it leads to is shown and
has to be allowed, for a stranger may have sent the link (§5.4).
"""

from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from config.clock import SHANGHAI
from idp.device_grant import Asked, CodeRefusal
from idp.endpoints import cookies
from idp.endpoints.account_sign_in import begin
from idp.endpoints.parsing import page_form
from idp.endpoints.state import of
from idp.endpoints.words import DEVICE_REFUSALS, SCOPE_WORDS
from idp.protocol.account import Account
from idp.protocol.device_grant import typed_user_code
from idp.protocol.errors import NotRedirectable, PageReason
from idp.protocol.parameters import Parameters
from idp.protocol.scope import OFFLINE_ACCESS
from idp.protocol.session import Session

_STATUS: Final = {CodeRefusal.THROTTLED: 429, CodeRefusal.ROLE: 403, CodeRefusal.WEAK: 403}
_TYPED_AT_MOST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePage:
    """Ask for the code a device shows; `error` is a sentence, empty at first."""

    template: ClassVar[str] = "device.html"
    action: str
    form_token: str
    user_code: str
    error: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConfirmPage:
    """Ask whether the device may; `lines` are what it will know, `asked_from` and `asked_at` where and when it asked."""

    template: ClassVar[str] = "device_confirm.html"
    action: str
    form_token: str
    user_code: str
    client_name: str
    asked_from: str
    asked_at: str
    lines: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDonePage:
    """What the person said, and that the device goes on by itself."""

    template: ClassVar[str] = "device_done.html"
    client_name: str
    allowed: bool
    lasting: bool  # it was granted offline_access, and goes on after the person signed out
    home: str


@dataclass(frozen=True, slots=True)
class _Person:
    session: Session
    account: Account


async def device(request: Request) -> Response:
    """GET: the field for the code, filled in when the address names one."""
    typed = request.query_params.get("user_code", "")[:_TYPED_AT_MOST]
    person = await _person(request)
    if person is None:
        known = typed_user_code(typed)
        return await begin(request, f"/device?user_code={quote(known)}" if known else "/device")
    return _ask(request, person, typed)


async def device_code(request: Request) -> Response:
    """POST: look the code up and show what stands behind it."""
    idp = of(request)
    person = await _person(request)
    if person is None:
        return await begin(request, "/device")
    typed = (await _own_form(request)).get("user_code", "")[:_TYPED_AT_MOST]
    address = request.client.host if request.client else ""
    found = await idp.device_grant.find(typed, person.account, person.session, address=address, at=idp.clock())
    if isinstance(found, CodeRefusal):
        return _ask(request, person, typed, found)
    return _confirm(request, person, found)


async def device_decision(request: Request) -> Response:
    """POST: the person's yes or no. Whoever is signed in now decides, and for the code the page showed."""
    idp = of(request)
    person = await _person(request)
    if person is None:
        return await begin(request, "/device")
    form = await _own_form(request)
    typed, allow = form.get("user_code", ""), form.get("decision") == "allow"
    at = idp.clock()
    found = await idp.device_grant.decide(typed, person.account, person.session, allow=allow, at=at)
    if isinstance(found, CodeRefusal):
        return _ask(request, person, typed, found)
    if allow:
        await idp.sessions.note_use(person.session, found.client.client_id, at=at)
    name = found.client.client_name or found.client.client_id
    return idp.pages.render(
        request,
        DeviceDonePage(
            client_name=name, allowed=allow, lasting=OFFLINE_ACCESS in found.request.scope, home=idp.base_url + "/"
        ),
        ui_locales=person.account.locale,
    )


def _ask(request: Request, person: _Person, typed: str, refusal: CodeRefusal | None = None) -> Response:
    idp, locale = of(request), person.account.locale
    page = DevicePage(
        action=f"{idp.issuer}/device",
        form_token=_form_token(request),
        user_code=typed_user_code(typed) or typed,
        error=idp.pages.say(request, DEVICE_REFUSALS[refusal], ui_locales=locale) if refusal else "",
        name=person.account.name,
    )
    answer = idp.pages.render(request, page, status=_STATUS.get(refusal, 422) if refusal else 200, ui_locales=locale)
    if refusal is CodeRefusal.THROTTLED:
        answer.headers["retry-after"] = "900"
    return answer


def _confirm(request: Request, person: _Person, asked: Asked) -> Response:
    idp, locale = of(request), person.account.locale
    page = DeviceConfirmPage(
        action=f"{idp.issuer}/device/decision",
        form_token=_form_token(request),
        user_code=asked.user_code,
        client_name=asked.client.client_name or asked.client.client_id,
        asked_from=asked.request.asked_from,
        asked_at=asked.request.asked_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        lines=tuple(idp.pages.say(request, SCOPE_WORDS[word], ui_locales=locale) for word in asked.request.scope),
        name=person.account.name,
    )
    return idp.pages.render(request, page, ui_locales=locale)


async def _person(request: Request) -> _Person | None:
    idp = of(request)
    live = await idp.sessions.read(cookies.session(request, idp), at=idp.clock())
    return None if live is None else _Person(*live)


async def _own_form(request: Request) -> Parameters:
    idp = of(request)
    form = await page_form(request)
    if not cookies.is_form_token(idp, form.get("form_token", ""), *_bound_to(request)):
        raise NotRedirectable(PageReason.FORM_EXPIRED, detail="form token")
    return form


def _form_token(request: Request) -> str:
    return cookies.form_token(of(request), *_bound_to(request))


def _bound_to(request: Request) -> tuple[str, str]:
    return "device", cookies.session(request, of(request)) or ""
