"""An old web application: the form fetched, filled and posted in one account's session, its list page read for results."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from secrets import token_hex
from typing import Any

import anyio

from config import logs
from connectors.engine import CantTell, ProbeAnswer
from connectors.ledger import InboundEvent
from connectors.outcomes import AWAITS_PERSON, Answer, Outcome, OutcomeClass
from connectors.predicates import parse_predicate
from connectors.reconciliation import Listed
from connectors.rendering import Rendered, render
from connectors.reporting import event_of, moment
from connectors.signing.base import target_of
from connectors.spec_form_post import FormPostSpec, ListPageSpec
from connectors.system import System
from connectors.transport_ports import Errand, FilesStopped, Surroundings
from connectors.transports.answers import NO_PROBE, NOT_OFFERED, every_page, found_by, outcome_of, polled, rows_of
from connectors.transports.exchange import client_for, limits_of
from connectors.transports.pages.browsing import Browser, Visit
from connectors.transports.pages.filling import filled, filled_with_files
from connectors.transports.pages.log_in import Captcha, LogIn, Typed
from connectors.transports.pages.reading import Page
from connectors.transports.pages.sessions import Session, SessionBook
from connectors.transports.unreadable import Unreadable

log = logs.get(__name__)
READ_NOTE = "list_read_at"
NOT_LET_IN = Outcome(kind=OutcomeClass.AUTH, error=AWAITS_PERSON)
"""Nobody is logged in: the case waits, uses up no attempt and goes the moment somebody is."""


class FormPostTransport:
    """`connectors.transport_ports.Transport`, `Fetches`, `Lists` and `NeedsPerson` for one system."""

    def __init__(
        self, system: System, spec: FormPostSpec, surroundings: Surroundings, *, transport: Any = None
    ) -> None:
        self._system = system
        self._spec = spec
        self._clock = surroundings.clock
        self._notes = surroundings.notes
        self._needed = parse_predicate(spec.log_in.needed)
        self._client = client_for(system, surroundings.address, transport=transport)
        self._browser = Browser(client=self._client, limits=limits_of(system), spec=spec)
        self._log_in = LogIn(
            spec=spec,
            succeeded=parse_predicate(spec.log_in.succeeded),
            browser=self._browser,
            book=SessionBook(
                system=system.id,
                password=spec.log_in.password,
                notes=surroundings.notes,
                secrets=surroundings.secrets,
            ),
            secrets=surroundings.secrets,
        )
        self._unreadable = Unreadable(
            system=system.id, charset=spec.charset, clock=surroundings.clock, book=surroundings.unread
        )
        self._read: str = ""

    async def is_ready(self) -> bool:
        """Tell whether somebody is logged in, logging in by itself where the department lets us."""
        return await self._log_in.session(self._clock()) is not None

    async def awaits_person(self) -> bool:
        """Tell whether a person has to read a picture."""
        return await self._log_in.is_wanted()

    async def picture(self) -> Captcha | None:
        """Return a fresh picture to be read."""
        return await self._log_in.picture(self._clock())

    async def typed(self, text: str) -> Typed:
        """Log in with what a person read."""
        return await self._log_in.typed(text, self._clock())

    async def send(self, errand: Errand) -> Outcome:
        operation = errand.operation
        if operation.request is None:
            return NOT_OFFERED
        rendered = render(operation.request, errand.values)
        fields = rendered.body if isinstance(rendered.body, Mapping) else {}
        filled(fields, {}, self._spec)  # refuses before anybody is asked for anything
        session = await self._log_in.session(self._clock())
        if session is None:
            return NOT_LET_IN
        target = target_of(rendered.path, rendered.query)
        form = await self._browser.get(target, session.cookies)
        if not await self._is_ours(form.page, session):
            return NOT_LET_IN
        if form.page.answer.error or form.page.answer.http_status != 200:
            # The empty form did not come: nothing was sent yet, whatever the rules say of such an answer.
            await self._unreadable.answer("page", form.page.answer, delivery_id=errand.delivery_id)
            return Outcome(
                kind=OutcomeClass.TRANSIENT,
                error=form.page.answer.error or "no_form",
                http_status=form.page.answer.http_status,
            )
        try:
            visit = await self._posted(errand, target, fields, form)
        except FilesStopped as stopped:
            return stopped.outcome
        if not await self._is_ours(visit.page, session):
            return NOT_LET_IN
        answer = visit.page.answer
        return await self._unreadable.sent(errand, answer, outcome_of(self._system, operation, answer))

    async def _posted(self, errand: Errand, target: str, fields: Mapping[str, object], form: Visit) -> Visit:
        attachments = self._system.spec.attachments
        if errand.files is None or attachments is None or attachments.form_field is None:
            return await self._browser.post(target, filled(fields, form.page.hidden, self._spec), form.cookies)
        async with errand.files() as files:
            write = partial(
                filled_with_files,
                fields,
                form.page.hidden,
                self._spec,
                file_field=attachments.form_field,
                files=files,
                boundary=f"onewindow-{token_hex(24)}",
            )
            posted = await anyio.to_thread.run_sync(write)
            return await self._browser.post(target, posted.content, form.cookies, content_type=posted.content_type)

    async def probe(self, errand: Errand) -> ProbeAnswer:
        probe = self._system.probe
        if probe is None:
            return NO_PROBE
        answer = await self._look(render(probe.request, errand.values))
        if answer is None:
            return CantTell(outcome=Outcome(kind=OutcomeClass.TRANSIENT, error=AWAITS_PERSON))
        return await self._unreadable.probed(errand, answer, found_by(self._system, probe, answer, errand.operation))

    async def poll(self, errand: Errand) -> InboundEvent | None:
        poll = self._system.poll
        answer = await self._look(render(poll.request, errand.values)) if poll is not None else None
        if answer is None:
            return None
        return await self._unreadable.polled(errand, answer, polled(self._system, answer, at=self._clock()))

    async def list_day(self, day: date) -> Sequence[Listed] | None:
        reconcile = self._system.reconcile
        if reconcile is None:
            return None

        async def page_of(page: int) -> list[Listed] | None:
            answer = await self._look(render(reconcile.request, {"day": day, "page": page, "now": self._clock()}))
            rows = rows_of(reconcile, answer) if answer is not None else None
            if answer is not None and rows is None:
                await self._unreadable.answer("list", answer)
            return rows

        return await every_page(self._system, page_of)

    async def fetch(self) -> list[InboundEvent]:
        """Return what the list page says of every entry, once a day or as the spec says; nothing in between."""
        self._read = ""
        page, results, at = self._spec.list_page, self._system.results, self._clock()
        if page is None or results is None or not await self._is_due(page):
            return []
        session = await self._log_in.session(at)
        rows = await self._rows(page, session) if session is not None else None
        if rows is None:
            return []
        self._read = at.isoformat()
        events = []
        for row in rows:
            variables = Answer(http_status=200, body=row).variables()
            if (
                event := event_of(results.report, variables, system=self._system.id, source="results", at=at)
            ) is not None:
                events.append(event)
        return events

    async def confirm(self) -> None:
        if self._read:
            note = await self._notes.read(self._system.id, READ_NOTE)
            await self._notes.write(self._system.id, READ_NOTE, self._read, expected=note.version, at=self._clock())
        self._read = ""

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _look(self, rendered: Rendered) -> Answer | None:
        """Return the page at an address; None while nobody is logged in."""
        session = await self._log_in.session(self._clock())
        if session is None:
            return None
        visit = await self._browser.get(target_of(rendered.path, rendered.query), session.cookies)
        return visit.page.answer if await self._is_ours(visit.page, session) else None

    async def _is_ours(self, page: Page, session: Session) -> bool:
        """Tell whether a page came to somebody logged in; the session is given up where it did not."""
        if page.answer.error or not self._needed.holds(page.answer.variables()):
            return True
        log.info("session_ended", system=self._system.id)
        await self._log_in.ended(session, self._clock())
        return False

    async def _is_due(self, page: ListPageSpec) -> bool:
        last = moment((await self._notes.read(self._system.id, READ_NOTE)).text)
        return last is None or self._clock() - last >= timedelta(seconds=page.every_seconds)

    async def _rows(self, page: ListPageSpec, session: Session) -> list[object] | None:
        """Return the rows of all pages; None when one could not be read, so that it is tried again as a whole."""
        rows: list[object] = []
        target = page.path
        for _ in range(page.most_pages):
            visit = await self._browser.get(target, session.cookies)
            answer = visit.page.answer
            if not await self._is_ours(visit.page, session):
                return None
            if answer.error or answer.http_status != 200:
                await self._unreadable.answer("page", answer)
                return None
            rows += answer.body["rows"] if isinstance(answer.body, dict) else []
            if not visit.page.next_path:
                return rows
            target = visit.page.next_path
        log.warning("list_too_long", system=self._system.id, pages=page.most_pages)
        return rows


def make_form_post(system: System, surroundings: Surroundings) -> FormPostTransport:
    """Return the transport; the spec has the section, or it would not have been compiled."""
    if system.spec.form_post is None:
        raise ValueError(f"{system.id}: no form_post section")
    return FormPostTransport(system, system.spec.form_post, surroundings)
