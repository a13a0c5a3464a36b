"""One section of the form: shown, saved with its buttons, and saved by itself while the clerk types.

A post keeps everything typed before anything is checked, so an error never costs what was written. Whoever
posts after their session expired finds it again after signing in (`portal.parked`).
"""

from dataclasses import dataclass, replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from matters.form import FieldError
from matters.form_fields import Section
from matters.guide import Matter
from matters.ports import Draft
from matters.posted import Posted, add_row, merge_section, parse_posted, remove_row
from portal import drafts
from portal.forms.steps import Step, form_step, next_href
from portal.forms.view import Control, Messages, RowList, SectionView, SummaryLine, control_id, section_view, summary
from portal.guards import checked_form, parking, signed_in
from portal.people import Person
from portal.refusals import NotHere
from portal.rendering import moment
from portal.state import portal_of

SHOWN = "_shown"
CHECKED = "_check"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionPage:
    """Context of pages/intake_section.html and partials/section-fields.html."""

    matter: Matter
    draft: Draft
    steps: tuple[Step, ...]
    section: SectionView
    summary: tuple[SummaryLine, ...]
    saved: bool
    restored: bool
    saved_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedNotice:
    """Context of partials/save-state.html: the line that says it is saved, and messages put in their places."""

    saved_at: str
    messages: tuple[Control | RowList, ...]
    computed: tuple[Control, ...]


async def show(request: Request, person: Person) -> Response:
    """Show the section. Empty fields are not complained about, unless the way here was a list of errors."""
    it = await drafts.load(request, person)
    section = _section(it.matter, request)
    parked = await _parked(request)
    if parked:
        it = await _keep(request, it, parse_posted(it.matter, parked, section=section.id), section)
    complain = request.query_params.get("check") == "1"
    return _page(request, it, section, complain=complain, restored=bool(parked))


async def post(request: Request, person: Person) -> Response:
    """Keep what was typed; then add or remove a row, stay, or go on if the section holds."""
    form = await checked_form(request)
    it = await drafts.load(request, person)
    section = _section(it.matter, request)
    posted = parse_posted(it.matter, _pairs(form), section=section.id)
    it = await _keep(request, it, posted, section)
    here = form_step(section.id)
    base = f"/drafts/{it.draft.id}/{here}"
    if posted.add or posted.remove:
        return RedirectResponse(f"{base}?saved=1#{_row_place(it, posted)}", status_code=303)
    if form.get("_go") == "save":
        return RedirectResponse(f"{base}?saved=1", status_code=303)
    if _of_section(it.check.errors, section):
        return _page(request, it, section, complain=True, status=422)
    return RedirectResponse(next_href(it.steps(here), here), status_code=303)


def _row_place(it: drafts.Intaking, posted: Posted) -> str:
    """Return where to go on: the first column of a new row, or the list one was taken from."""
    if posted.add:
        rows = it.draft.values.get(posted.add)
        last = len(rows) - 1 if isinstance(rows, list) else 0
        return control_id(f"{posted.add}.{last}.{it.matter.fields_by_key[posted.add].columns[0].key}")
    return control_id(posted.remove[0]) if posted.remove else ""


async def autosave(request: Request, person: Person) -> Response:
    """Keep what is typed now; answer with messages in their places, or with the section when other fields show."""
    form = await checked_form(request)
    it = await drafts.load(request, person)
    section = _section(it.matter, request)
    it = await _keep(request, it, parse_posted(it.matter, _pairs(form), section=section.id), section)
    view = _view(it, section, complain=False)
    renderer = portal_of(request).renderer
    if view.shown != form.get(SHOWN):
        context = _context(request, it, section, view, complain=False)
        headers = {"HX-Retarget": "#section-fields", "HX-Reswap": "outerHTML"}
        return renderer.page(request, "partials/section-fields.html", context, headers=headers)
    # After a refused step the page goes on naming what is still empty; before it, nothing is asked of an empty field.
    view = _view(it, section, complain=CHECKED in form)
    controls = tuple(_controls(view))
    notice = SavedNotice(
        saved_at=moment(it.draft.updated_at)[-5:],
        messages=(*(c for c in controls if c.widget not in ("computed", "supplied")), *_lists(view)),
        computed=tuple(c for c in controls if c.widget == "computed"),
    )
    return renderer.page(request, "partials/save-state.html", notice)


async def _keep(request: Request, it: drafts.Intaking, posted: Posted, section: Section) -> drafts.Intaking:
    def change(draft: Draft) -> Draft:
        values = merge_section(it.matter, section.id, draft.values, posted.values, situation=draft.situation)
        if posted.add:
            values = add_row(it.matter, values, posted.add)
        if posted.remove:
            values = remove_row(values, *posted.remove)
        return replace(draft, values=values)

    return await drafts.save(portal_of(request), it.draft, change)


async def _parked(request: Request) -> list[tuple[str, str]] | None:
    portal = portal_of(request)
    browser = portal.cookies.read(request, portal.cookies.browser)
    return await portal.parked.take(browser=browser, place=request.url.path) if browser else None


def _page(
    request: Request,
    it: drafts.Intaking,
    section: Section,
    *,
    complain: bool,
    restored: bool = False,
    status: int = 200,
) -> Response:
    view = _view(it, section, complain=complain)
    context = _context(request, it, section, view, complain=complain, restored=restored)
    return portal_of(request).renderer.page(request, "pages/intake_section.html", context, status=status)


def _context(
    request: Request,
    it: drafts.Intaking,
    section: Section,
    view: SectionView,
    *,
    complain: bool,
    restored: bool = False,
) -> SectionPage:
    return SectionPage(
        matter=it.matter,
        draft=it.draft,
        steps=it.steps(form_step(section.id)),
        section=view,
        summary=summary(_of_section(it.check.errors, section)) if complain else (),
        saved=request.query_params.get("saved") == "1",
        restored=restored,
        saved_at=moment(it.draft.updated_at)[-5:],
    )


def _view(it: drafts.Intaking, section: Section, *, complain: bool) -> SectionView:
    errors = it.check.errors if complain else tuple(e for e in it.check.errors if e.code != "required")
    messages = Messages.of(errors, it.check.warnings)
    return section_view(it.matter, section, it.shown_values, it.visible, messages)


def _section(matter: Matter, request: Request) -> Section:
    for section in matter.form.sections:
        if section.id == request.path_params["section"]:
            return section
    raise NotHere


def _of_section(errors: tuple[FieldError, ...], section: Section) -> tuple[FieldError, ...]:
    keys = {field.key for field in section.fields}
    return tuple(error for error in errors if error.path.split("/", 1)[0] in keys)


def _controls(view: SectionView) -> list[Control]:
    found: list[Control] = []
    for item in view.items:
        found += [c for row in item.rows for c in row.controls] if isinstance(item, RowList) else [item]
    return found


def _lists(view: SectionView) -> list[RowList]:
    return [item for item in view.items if isinstance(item, RowList)]


def _pairs(form: FormData) -> list[tuple[str, str]]:
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


_ADDRESS = "/drafts/{draft}/form/{section}"

routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(show), methods=["GET"], name="section"),
    Route(_ADDRESS, parking(post), methods=["POST"]),
    Route(f"{_ADDRESS}/autosave", parking(autosave, suffix="/autosave"), methods=["POST"], name="autosave"),
]
