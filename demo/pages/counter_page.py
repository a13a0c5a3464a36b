"""The counter page: key in a case from the printed pack, see what is on record, move it on with a click."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.clock import SHANGHAI
from demo.desk.counter import Counter, NoSuchCase, StatusNotAllowed
from demo.desk.entry import EntryRefused, check_entry, clean_number, closed_season
from demo.desk.entry_form import EntryForm
from demo.ground.context import SystemContext
from demo.ground.received import Submission
from demo.pages.department import LocalAccount
from demo.pages.ledger_page import Line, line_of
from demo.pages.local_sign_in import LocalSignIn
from demo.pages.rendering import Page, Renderer
from demo.pages.sessions import session_of

_NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterPage(Page):
    """`form` is None where the interface takes the cases; `sought` is the number looked for, empty for the latest.

    `closed_season` is the sentence for a month in which nothing new is taken, else empty.
    """

    template: str = "counter.html"
    account: LocalAccount
    form: EntryForm | None
    closed_season: str
    lines: Sequence[Line]
    sought: str = ""
    notice: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


class CounterPages:
    """The handlers of one system's counter; whoever is not signed in is sent to the sign-in page."""

    def __init__(
        self, context: SystemContext, renderer: Renderer, sign_in: LocalSignIn, form: EntryForm | None
    ) -> None:
        self._context, self._renderer, self._sign_in, self._form = context, renderer, sign_in, form
        self._counter = Counter(context, form) if form is not None else None

    def routes(self) -> list[Route]:
        entry = [
            Route("/entries", self.enter, methods=["POST"]),
            Route("/entries/status", self.move, methods=["POST"]),
        ]
        return [Route("/", self.home), *(entry if self._counter else ())]

    async def home(self, request: Request) -> Response:
        account = self._sign_in.who(request)
        if account is None:
            return RedirectResponse("/login", 303)
        notice = str(session_of(request).pop(_NOTICE, ""))
        sought = clean_number(request.query_params.get("number", ""))
        return self._renderer.answer(await self._page(account, notice=notice, sought=sought))

    async def enter(self, request: Request) -> Response:
        account = self._sign_in.who(request)
        if account is None or self._form is None or self._counter is None:
            return RedirectResponse("/login", 303)
        typed = await _typed(request)
        try:
            entry = check_entry(self._form, typed, on=self._today())
        except EntryRefused as refused:
            return self._renderer.answer(await self._page(account, typed=typed, errors=refused.errors, status=422))
        taken = await self._counter.take(entry, by=account.name)
        session_of(request)[_NOTICE] = (
            taken.already or f"已录入，业务编号 {taken.department_number}。请将此编号填回一窗。"
        )
        return RedirectResponse("/", 303)

    async def move(self, request: Request) -> Response:
        account = self._sign_in.who(request)
        if account is None or self._counter is None:
            return RedirectResponse("/login", 303)
        typed = await _typed(request)
        number = typed.get("department_number", "")
        try:
            await self._counter.move(number, typed.get("status", ""), by=account.name)
        except NoSuchCase:
            session_of(request)[_NOTICE] = "没有这笔业务，可能页面已过时。请在列表中重新选择。"
        except StatusNotAllowed:
            session_of(request)[_NOTICE] = f"业务 {number} 的状态已变化，不能再这样办理。请按当前状态重新选择。"
        else:
            session_of(request)[_NOTICE] = f"业务 {number} 的状态已更新。"
        return RedirectResponse("/", 303)

    def _today(self) -> date:
        return self._context.department_time().astimezone(SHANGHAI).date()

    async def _page(
        self,
        account: LocalAccount,
        *,
        notice: str = "",
        sought: str = "",
        typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> CounterPage:
        store = self._context.store
        found = await store.payloads(sought) if sought else await store.latest(20)
        return CounterPage(
            frame=self._renderer.frame(account.name),
            status=status,
            account=account,
            form=self._form,
            closed_season=self._closed_season(),
            lines=[self._line(submission) for submission in found],
            sought=sought,
            notice=notice,
            typed=typed or {},
            errors=errors or {},
        )

    def _closed_season(self) -> str:
        form = self._form
        return closed_season(form) if form is not None and self._today().month not in form.months else ""

    def _line(self, submission: Submission) -> Line:
        return line_of(
            submission,
            self._context.entry.status_map,
            operations=self._form.operations if self._form else None,
            may_move=self._counter is not None,
        )


async def _typed(request: Request) -> dict[str, str]:
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}
