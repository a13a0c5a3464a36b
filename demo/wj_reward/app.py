"""The reward system: pages in GB2312 as a person sees them, and nothing else.

GET|POST /jlfz/login.aspx   txtUser, txtPwd, and txtYZM (four digits of yzm.aspx) for the day's first log-in
GET /jlfz/yzm.aspx          the picture
GET|POST /jlfz/add.aspx?lb= the form of JLFZ or DZJL; 保存成功, 该人员已申报, or what is wrong
GET /jlfz/list.aspx         all entries, 50 a page; ?bh= one of them by our number; ?rq= those of a day

A session ends after 15 minutes, and when its account logs in again. Every page needs its __VIEWSTATE back.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from html import escape
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground import hours
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import Hours
from demo.ground.received import NewSubmission, Step, Submission
from demo.ground.results import about, run_results
from demo.ground.routes import ground_routes
from demo.wj_reward import uploads
from demo.wj_reward.picture import png
from demo.wj_reward.rules import PREFIXES, business_key, check, decide

ROOT: Final = "/jlfz"
CHARSET: Final = "gb2312"
SESSION_LASTS: Final = timedelta(minutes=15)
REVIEW: Final = timedelta(minutes=20)
A_PAGE: Final = 50
COOKIE: Final = "ASP.NET_SessionId"
EXTENSION: Final = {"〔E100〕": "珺", "〔E101〕": "珪", "〔E102〕": "翾", "〔E103〕": "𬍛"}
"""How this system's font table writes characters its character set lacks."""
HOURS: Final = Hours(
    weekdays=frozenset(range(5)), opens=time(8, 30), closes=time(17, 30), closures=(hours.on_holidays(),)
)
_SEASON: Final = range(1, 4)


@dataclass(slots=True)
class _Visitor:
    """What the server remembers of a browser."""

    code: str = ""
    logged_in_at: datetime | None = None


@dataclass(slots=True)
class _Site:
    context: SystemContext
    visitors: dict[str, _Visitor] = field(default_factory=dict)
    human_on: date | None = None
    """The day on which a person last read the picture."""

    def now(self) -> datetime:
        return self.context.clock()

    def today(self) -> date:
        return self.now().astimezone(SHANGHAI).date()

    def is_in(self, request: Request) -> bool:
        visitor = self.visitors.get(request.cookies.get(COOKIE, ""))
        since = visitor.logged_in_at if visitor is not None else None
        return since is not None and self.now() - since < SESSION_LASTS


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the pages of this system and register what runs beside them."""
    site = _Site(context)
    pages, entries = _Door(site), _Entries(site)
    run_results(context)
    return [
        *ground_routes(context),
        Route(f"{ROOT}/login.aspx", pages.form, methods=["GET"]),
        Route(f"{ROOT}/login.aspx", pages.enter, methods=["POST"]),
        Route(f"{ROOT}/yzm.aspx", pages.picture),
        Route(f"{ROOT}/main.aspx", entries.main),
        Route(f"{ROOT}/add.aspx", entries.form, methods=["GET"]),
        Route(f"{ROOT}/add.aspx", entries.save, methods=["POST"]),
        Route(f"{ROOT}/list.aspx", entries.listed),
    ]


def _page(title: str, body: str, *, status: int = 200) -> Response:
    text = (
        f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"><title>{title}</title></head>'
        f"<body><h1>{title}</h1>{body}</body></html>"
    )
    content = text.encode(CHARSET, "xmlcharrefreplace")
    return Response(content, status_code=status, headers={"content-type": "text/html; charset=gb2312"})


def _viewstate() -> str:
    return f'<input type="hidden" name="__VIEWSTATE" id="__VIEWSTATE" value="{secrets.token_urlsafe(24)}">'


async def _posted(request: Request) -> dict[str, str | list[str]]:
    """Return the fields of a posted form, in the site's character set; a field that comes twice is a list."""
    held: dict[str, str | list[str]] = {}
    pairs = parse_qsl((await request.body()).decode("ascii"), keep_blank_values=True, encoding="gb18030")
    for name, text in pairs:
        for written, character in EXTENSION.items():
            text = text.replace(written, character)
        before = held.get(name)
        held[name] = text if before is None else [*(before if isinstance(before, list) else [before]), text]
    return held


class _Door:
    """The log-in page."""

    def __init__(self, site: _Site) -> None:
        self._site = site

    async def form(self, request: Request) -> Response:
        return self._shown(request)

    def _shown(self, request: Request, complaint: str = "") -> Response:
        captcha = ""
        if self._site.human_on != self._site.today():
            captcha = '验证码 <input name="txtYZM" size="4"> <img src="/jlfz/yzm.aspx" alt="验证码">'
        answer = _page(
            "用户登录",
            f'<p id="lblMsg">{complaint}</p><form method="post">{_viewstate()}<p>请登录</p>用户名 <input name="txtUser">'
            f' 密码 <input name="txtPwd" type="password"> {captcha}<input type="submit" name="btnLogin" value="登录">'
            "</form>",
        )
        if request.cookies.get(COOKIE, "") not in self._site.visitors:
            session = secrets.token_hex(12)
            self._site.visitors[session] = _Visitor()
            answer.set_cookie(COOKIE, session, httponly=True)
        return answer

    async def picture(self, request: Request) -> Response:
        visitor = self._site.visitors.get(request.cookies.get(COOKIE, ""))
        if visitor is None:
            return Response(status_code=403)
        visitor.code = f"{secrets.randbelow(10_000):04d}"
        content = png(visitor.code, self._site.context.dice("picture", visitor.code))
        return Response(content, media_type="image/png", headers={"cache-control": "no-store"})

    async def enter(self, request: Request) -> Response:
        form, site = await _posted(request), self._site
        visitor = site.visitors.get(request.cookies.get(COOKIE, ""))
        if visitor is None or not form.get("__VIEWSTATE"):
            return self._shown(request, "页面已过期，请重新登录")
        if site.human_on != site.today():
            code, visitor.code = visitor.code, ""
            if not code or form.get("txtYZM") != code:
                return self._shown(request, "验证码错误")
        password = site.context.secrets("wj-reward.password").decode()
        if form.get("txtUser") != "onewindow" or form.get("txtPwd") != password:
            return self._shown(request, "用户名或密码错误")
        for other in site.visitors.values():
            other.logged_in_at = None  # one session an account: whoever was in is out
        visitor.logged_in_at, site.human_on = site.now(), site.today()
        return RedirectResponse(f"{ROOT}/main.aspx", status_code=302)


class _Entries:
    """The pages behind the door."""

    def __init__(self, site: _Site) -> None:
        self._site, self._context = site, site.context
        self._channel = Channel(
            site.context, hours=HOURS, closed=lambda: _page("系统提示", "<p>系统维护，暂停服务</p>")
        )

    def _turned_away(self, request: Request) -> Response | None:
        if self._site.is_in(request):
            return None
        return RedirectResponse(f"{ROOT}/login.aspx?ReturnUrl={request.url.path}", status_code=302)

    async def main(self, request: Request) -> Response:
        return self._turned_away(request) or _page("奖励扶助信息管理", '<p id="lblWelcome">欢迎，onewindow</p>')

    async def form(self, request: Request) -> Response:
        if (away := self._turned_away(request)) is not None:
            return away
        return _page(
            "新增申报", f'<form method="post">{_viewstate()}<input type="submit" name="btnSave" value="保存"></form>'
        )

    async def save(self, request: Request) -> Response:
        if (away := self._turned_away(request)) is not None:
            return away
        return await self._channel.take(lambda: self._save(request))

    async def _save(self, request: Request) -> Response:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            posted = uploads.read(await request.body(), request.headers["content-type"], extension=EXTENSION)
        else:
            posted = uploads.Posted(form=await _posted(request), files=[])
        form, kind = posted.form, request.query_params.get("lb", "")
        viewstate = form.pop("__VIEWSTATE", "")
        form.pop("btnSave", None)
        number = str(form.get("txtPTBH", ""))
        await self._context.store.seen(number)
        if not viewstate:
            return _page("系统提示", "<p>页面已过期，请刷新</p>")
        if kind == "JLFZ" and self._context.department_time().astimezone(SHANGHAI).month not in _SEASON:
            return _page("系统提示", "<p>不在申报期内，只能查询</p>")
        if wrong := check(kind, form):
            return _page("新增申报", f'<p id="lblMsg">{escape("；".join(map(str, wrong)))}</p>')
        if wrong_file := uploads.wrong_with(posted):
            return _page("新增申报", f'<p id="lblMsg">{escape(wrong_file)}</p>')
        recorded = await self._context.store.record(self._new(kind, number, form), at=self._site.now())
        if recorded.repeat is None:
            await uploads.keep(self._context, number, posted)
        held = escape(recorded.submission.department_number)
        if recorded.repeat is not None:
            return _page("新增申报", f'<p>该人员已申报</p><p>编号 <span id="lblBH">{held}</span></p>')
        return _page("新增申报", f'<p>保存成功</p><p>编号 <span id="lblBH">{held}</span></p>')

    def _new(self, kind: str, number: str, form: Mapping[str, object]) -> NewSubmission:
        today, dice = self._site.today(), self._context.dice("plan", number)
        decision = decide(kind, form, on=today)
        after = self._context.scaled(about(REVIEW, dice))
        return NewSubmission(
            number=number,
            operation=kind,
            payload=form,
            status="待审",
            name_it=lambda row: f"{PREFIXES[kind]}{today:%Y}{row:06d}",
            business_key=business_key(kind, form),
            plan=(Step(after=after, status=decision.status, facts=decision.facts),),
        )

    async def listed(self, request: Request) -> Response:
        if (away := self._turned_away(request)) is not None:
            return away
        return await self._channel.take(lambda: self._listed(request), faulty=False)

    async def _listed(self, request: Request) -> Response:
        if wanted := request.query_params.get("bh", ""):
            found = await self._context.store.by_number(wanted)
            return _page("申报列表", _table([found] if found is not None else []))
        if day := request.query_params.get("rq", ""):
            of_day = await day_list(self._context, day, request.query_params.get("page", "1"), most=A_PAGE)
            return _page("系统提示", "<p>日期不正确</p>") if of_day is None else _page("申报列表", _table(of_day))
        page = int(request.query_params.get("page", "1") or 1)
        entries = await self._context.store.latest((page + 1) * A_PAGE)
        shown = entries[(page - 1) * A_PAGE : page * A_PAGE]
        more = (
            f'<a id="lnkNext" href="{ROOT}/list.aspx?page={page + 1}">下一页</a>'
            if len(entries) > page * A_PAGE
            else ""
        )
        return _page("申报列表", _table(shown) + more)


def _table(entries: list[Submission]) -> str:
    head = "<tr><th>编号</th><th>平台编号</th><th>姓名</th><th>状态</th><th>备注</th></tr>"
    rows = (
        "".join(
            f"<td>{escape(str(cell))}</td>"
            for cell in (e.department_number, e.number, e.payload.get("txtXM", ""), e.status, e.facts.get("remark", ""))
        )
        for e in entries
    )
    return f'<table id="gvList">{head}{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'
