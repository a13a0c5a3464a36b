"""/registrations/{system}/{version}/text: a spec is written here, or read once it is no draft any more.

Without scripts: a text box with line numbers, saved by its button. With htmx the text is checked when typing stops, and
kept as a working copy. Whatever was typed is kept before anything is said about it; when somebody else saved first, both
texts are shown and neither is lost.
"""

from dataclasses import dataclass

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.errors import NotPermitted
from connectors.readiness import Readiness
from connectors.registration_errors import RegistrationConflict, SpecTooLong
from matters.policy import may_run_systems
from portal.guards import checked_form, parking, signed_in
from portal.pages.registrations import newest_step
from portal.people import Person
from portal.refusals import Conflicting, TooLarge
from portal.registering import TEXT, Registering, load, plainly, sentence
from portal.rendering import moment
from portal.spec_editor import ChangedLine, Editor, as_typed, changed_lines, editor
from portal.state import portal_of
from portal.words import _
from portal.working_copies import WorkingCopy

CHECKS_AT_ONCE = 2
"""Checking is work for a processor; who types next waits for one, not for all before."""
_checking = anyio.CapacityLimiter(CHECKS_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPage:
    """Context of pages/registration_text.html. `base` is the hash of the saved text the one shown was changed from.

    `notice` says what happened to it: "saved", "restored", "conflict" or nothing; `other` is who saved last.
    """

    it: Registering
    editor: Editor
    base: str
    notice: str
    other: str
    saved_at: str
    changed: tuple[ChangedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Context of partials/registration-checked.html: what is wrong in the text as it is now."""

    editor: Editor
    kept: bool
    other: str
    checked_at: str
    href: str


async def show(request: Request, person: Person) -> Response:
    """Show the text; a draft in its editor, with what this person had typed and not saved."""
    it = await load(request, person, TEXT)
    if not (it.is_draft and it.may_write):
        return await _page(request, person, it, it.written.text, it.readiness, base=it.registration.sha256)
    portal, key = portal_of(request), (it.registration.system, it.registration.version)
    copy = await _parked(request) or await portal.working_copies.find(person.sub, *key)
    text, base = (copy.text, copy.base) if copy else (it.written.text, it.registration.sha256)
    if copy is not None and text != it.written.text:
        await portal.working_copies.keep(person.sub, *key, copy)
    if text == it.written.text:
        notice = "saved" if request.query_params.get("saved") == "1" else ""
        return await _page(request, person, it, text, it.readiness, base=it.registration.sha256, notice=notice)
    found = await _check(request, person, it, text)
    notice = "restored" if base == it.registration.sha256 else "conflict"
    return await _page(request, person, it, text, found, base=it.registration.sha256, notice=notice)


async def save(request: Request, person: Person) -> Response:
    """Keep what was typed as the draft's text, whatever is wrong in it."""
    form = await checked_form(request)
    portal, (system, version) = portal_of(request), _key(request)
    text, base = as_typed(str(form.get("text", ""))), str(form.get("base", ""))
    await _check_kept(request, person)
    await portal.working_copies.keep(person.sub, system, version, WorkingCopy(text=text, base=base))
    try:
        await portal.registry.save(system, version, text, expected_sha256=base, actor=person.actor, at=portal.clock())
    except RegistrationConflict:
        it = await load(request, person, TEXT)
        if not it.is_draft:
            raise Conflicting(
                _("这个版本刚刚被送审或撤回，不能再改。您的内容没有保存到这个版本；需要修改时请另建新版本。")
            ) from None
        if text != it.written.text:
            found = await _check(request, person, it, text)
            return await _page(
                request, person, it, text, found, base=it.registration.sha256, notice="conflict", status=409
            )
    except SpecTooLong as refused:
        raise TooLarge(sentence(refused)) from None
    await portal.working_copies.forget(person.sub, system, version)
    address = f"/registrations/{system}/{version}/{TEXT}?saved=1"
    if form.get("then") == "next":
        address = f"/registrations/{system}/{version}/changes"
    return RedirectResponse(address, status_code=303)


async def check(request: Request, person: Person) -> Response:
    """Say what is wrong in the text as it is typed now, and keep it as a working copy."""
    form = await checked_form(request)
    portal, (system, version) = portal_of(request), _key(request)
    text, base = as_typed(str(form.get("text", ""))), str(form.get("base", ""))
    written = await portal.registry.written(system, version, person.actor)
    copy = WorkingCopy(text=text, base=base)
    kept = may_run_systems(person.actor) and await portal.working_copies.keep(person.sub, system, version, copy)
    async with _checking:
        found = await portal.registry.check(text, person.actor, system=system, like=written)
    other = ""
    if written.registration.sha256 != base:
        step = await newest_step(portal, system, version, person)
        other = step.by.name if step else ""
    context = Checked(
        editor=editor(text, found.problems),
        kept=kept,
        other=other,
        checked_at=moment(portal.clock())[-5:],
        href=f"/registrations/{system}/{version}/{TEXT}",
    )
    return portal.renderer.page(request, "partials/registration-checked.html", context)


async def discard(request: Request, person: Person) -> Response:
    """Forget what this person typed and did not save; what is saved stays."""
    await checked_form(request)
    system, version = _key(request)
    await portal_of(request).working_copies.forget(person.sub, system, version)
    return RedirectResponse(f"/registrations/{system}/{version}/{TEXT}", status_code=303)


async def _check_kept(request: Request, person: Person) -> None:
    """Return when there is such a version and this person may write it: nobody else has anything kept here.

    Raises:
        NotPermitted, RegistrationUnknown
    """
    if not may_run_systems(person.actor):
        raise NotPermitted(person.sub)
    await portal_of(request).registry.written(*_key(request), person.actor)


async def _check(request: Request, person: Person, it: Registering, text: str) -> Readiness:
    async with _checking:
        return await portal_of(request).registry.check(
            text, person.actor, system=it.registration.system, like=it.written
        )


async def _page(
    request: Request,
    person: Person,
    it: Registering,
    text: str,
    found: Readiness,
    *,
    base: str,
    notice: str = "",
    status: int = 200,
) -> Response:
    portal = portal_of(request)
    step = await newest_step(portal, it.registration.system, it.registration.version, person)
    context = TextPage(
        it=it,
        editor=editor(text, found.problems),
        base=base,
        notice=notice,
        other=step.by.name if step else "",
        saved_at=moment(it.registration.state_at),
        changed=changed_lines(it.written.text, text) if notice == "conflict" else (),
    )
    return portal.renderer.page(request, "pages/registration_text.html", context, status=status)


async def _parked(request: Request) -> WorkingCopy | None:
    """Return what was posted here after the session had ended."""
    portal = portal_of(request)
    browser = portal.cookies.read(request, portal.cookies.browser)
    pairs = await portal.parked.take(browser=browser, place=request.url.path) if browser else None
    posted = dict(pairs or ())
    return WorkingCopy(text=as_typed(posted["text"]), base=posted.get("base", "")) if "text" in posted else None


def _key(request: Request) -> tuple[str, int]:
    return request.path_params["system"], request.path_params["version"]


_ADDRESS = "/registrations/{system}/{version:int}/text"

routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(plainly(show)), methods=["GET"], name="registration_text"),
    Route(_ADDRESS, parking(plainly(save)), methods=["POST"]),
    Route(f"{_ADDRESS}/check", parking(plainly(check), suffix="/check"), methods=["POST"]),
    Route(f"{_ADDRESS}/discard", signed_in(plainly(discard)), methods=["POST"]),
]
