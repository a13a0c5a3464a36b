"""/registrations/new: what a system is, asked of an owner who has never seen a spec; makes its first draft."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.errors import NotPermitted
from connectors.starting_spec import starting_spec
from connectors.starting_transports import TRANSPORTS
from connectors.starting_words import NewSystem
from matters.guide import Matter
from matters.policy import may_run_systems
from portal.forms.view import SummaryLine
from portal.guards import checked_form, parking, signed_in
from portal.library import Group, local
from portal.pages.systems_view import PROTOCOL
from portal.people import Person
from portal.registering import plainly
from portal.state import PortalState, portal_of
from portal.words import _, marked

_ID: Final = re.compile(r"[a-z][a-z0-9-]{1,40}")
_LONGEST_NAME: Final = 200
_FIELDS: Final = ("id", "name", "name_en", "department", "transport", "matter")
TRANSPORT_HELP: Final[Mapping[str, str]] = {
    "rest_json": marked("部门提供网址和接口文档，报文是 JSON"),
    "soap": marked("部门提供 WSDL，报文是 XML"),
    "exchange_table": marked("双方读写同一个前置数据库中的表"),
    "file_batch": marked("定时交换文件，通常经 SFTP，回执次日返回"),
    "message_queue": marked("双方通过消息中间件收发"),
    "form_post": marked("部门只有网页，由本平台登录后代填"),
    "manual": marked("还没有接口，由工作人员送达并登记结果"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One transport that can be chosen."""

    value: str
    label: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRegistrationPage:
    """Context of pages/registration_new.html. `errors` are by field; `typed` is what was typed."""

    typed: Mapping[str, str]
    errors: Mapping[str, str]
    summary: tuple[SummaryLine, ...]
    transports: tuple[Answer, ...]
    departments: tuple[Group, ...]
    matters: tuple[Matter, ...]


async def show(request: Request, person: Person) -> Response:
    """Show the empty form."""
    _allow(person)
    portal = portal_of(request)
    browser = portal.cookies.read(request, portal.cookies.browser)
    parked = await portal.parked.take(browser=browser, place=request.url.path) if browser else None
    typed = {**dict.fromkeys(_FIELDS, ""), **dict(parked or ())}
    return _page(request, typed, {}, status=200)


async def create(request: Request, person: Person) -> Response:
    """Keep a starting spec as the first draft of a new system, and go on to write it."""
    form = await checked_form(request)
    _allow(person)
    portal = portal_of(request)
    typed = {name: str(form.get(name, "")).strip() for name in _FIELDS}
    known = {each.system for each in await portal.registry.systems(person.actor)}
    errors = _errors(typed, known, portal)
    if errors:
        return _page(request, typed, errors, status=422)
    text = starting_spec(
        NewSystem(
            id=typed["id"],
            name=typed["name"],
            name_en=typed["name_en"],
            department=typed["department"],
            transport=typed["transport"],
        ),
        portal.library.matters.get(typed["matter"]),
        say=_,
    )
    saved = await portal.registry.register(typed["id"], text, actor=person.actor, at=portal.clock())
    address = f"/registrations/{typed['id']}/{saved.registration.version}/text"
    return RedirectResponse(address, status_code=303)


def _allow(person: Person) -> None:
    if not may_run_systems(person.actor):
        raise NotPermitted(person.sub)


def _errors(typed: Mapping[str, str], known: set[str], portal: PortalState) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not _ID.fullmatch(typed["id"]) or typed["id"] == "new":
        errors["id"] = _("编号由小写字母、数字和连字符组成，以字母开头，2 至 41 个字符，例如 mz-bus-card")
    elif typed["id"] in known:
        errors["id"] = _("已有这个编号的系统。要修改它，请从系统列表打开它，建立新版本。")
    for name in ("name", "name_en"):
        if not typed[name]:
            errors[name] = _("请填写")
        elif len(typed[name]) > _LONGEST_NAME:
            errors[name] = _("最多 200 个字")
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,20}", typed["department"]):
        errors["department"] = _("请选择部门，或填写部门代号（小写字母）")
    if typed["transport"] not in TRANSPORTS:
        errors["transport"] = _("请选择对接方式")
    if typed["matter"] and typed["matter"] not in portal.library.matters:
        errors["matter"] = _("请从列表中选择")
    return errors


def _page(request: Request, typed: Mapping[str, str], errors: Mapping[str, str], *, status: int) -> Response:
    portal = portal_of(request)
    context = NewRegistrationPage(
        typed=typed,
        errors=errors,
        summary=tuple(SummaryLine(href=f"#{name}", text=text) for name, text in errors.items()),
        transports=tuple(
            Answer(value=each, label=_(PROTOCOL[each]), help=_(TRANSPORT_HELP[each])) for each in TRANSPORTS
        ),
        departments=portal.library.groups(),
        matters=tuple(sorted(portal.library.matters.values(), key=local)),
    )
    return portal.renderer.page(request, "pages/registration_new.html", context, status=status)


_ADDRESS = "/registrations/new"

routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(plainly(show)), methods=["GET"], name="registration_new"),
    Route(_ADDRESS, parking(plainly(create)), methods=["POST"]),
]
