"""/systems/{id}/answers: answers of a department that nobody could make sense of, and one of them as it came, masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.redaction import redacting
from connectors.system import System
from connectors.unread import MOST_BYTES, MOST_KEPT, Unread, Where
from connectors.unread_looks import UnreadLook
from matters.policy import may_run_systems
from portal.guards import signed_in
from portal.library import local
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import portal_of
from portal.words import _, marked

WHERE: Final[Mapping[Where, str]] = {
    "send": marked("发送办件的应答"),
    "upload": marked("传附件的应答"),
    "probe": marked("核实是否收到的应答"),
    "poll": marked("查询进度的应答"),
    "list": marked("每日清单"),
    "page": marked("网页"),
    "message": marked("队列中的消息"),
    "receipt": marked("回执文件"),
    "row": marked("前置库中的结果行"),
}
ERRORS: Final[Mapping[str, str]] = {
    "": marked("读得懂，但没有一条应答规则认识它"),
    "timeout": marked("没有在时限内说完"),
    "connection_lost": marked("说到一半断了"),
    "too_large": marked("太长，没有读完"),
    "charset": marked("不是约定的字符集"),
    "not_json": marked("不是完整的 JSON"),
    "not_xml": marked("不是完整的 XML"),
    "not_html": marked("不是网页"),
    "envelope": marked("签名或加密不成立"),
    "redirect": marked("指向了别的地址"),
    "signature": marked("签名不成立"),
    "seal": marked("解不开"),
    "stale": marked("时间过旧"),
    "manifest": marked("标志文件（.ok）不合约定"),
    "half": marked("与标志文件说的不是同一份，或只有一半"),
    "shape": marked("缺少约定的内容"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadLine:
    """One answer of the list."""

    unread: Unread
    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadPage:
    """Context of pages/unread.html."""

    system: str
    system_name: str
    lines: Sequence[UnreadLine]
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadLookPage:
    """Context of pages/unread_look.html."""

    system: str
    system_name: str
    line: UnreadLine
    look: UnreadLook
    most_bytes: int


async def answers(request: Request, person: Person) -> Response:
    """List them, the latest first."""
    system, portal = _system(request, person), portal_of(request)
    found = await portal.unreads.of_system(system.id, actor=person.actor)
    context = UnreadPage(
        system=system.id, system_name=local(system), lines=[_line(each) for each in found], most=MOST_KEPT
    )
    return portal.renderer.page(request, "pages/unread.html", context)


async def look(request: Request, person: Person) -> Response:
    """Show one as it came."""
    system, portal = _system(request, person), portal_of(request)
    found = await portal.unreads.look(
        system.id,
        request.path_params["digest"],
        actor=person.actor,
        redacting=redacting(portal.library.matters, portal.library.mask_rules, portal.library.systems),
    )
    if found is None:
        raise NotHere(_("没有这条应答，可能已让位给新的。请从列表中选择。"))
    context = UnreadLookPage(
        system=system.id,
        system_name=local(system),
        line=_line(found.unread),
        look=found,
        most_bytes=MOST_BYTES,
    )
    return portal.renderer.page(request, "pages/unread_look.html", context)


def _line(unread: Unread) -> UnreadLine:
    return UnreadLine(unread=unread, where=_(WHERE[unread.where]), why=_(ERRORS.get(unread.error, "")) or unread.error)


def _system(request: Request, person: Person) -> System:
    if not may_run_systems(person.actor) or not person.region:
        raise NotAllowed
    system = portal_of(request).library.systems.get(request.path_params["system"])
    if system is None:
        raise NotHere(_("没有这个系统。请从系统列表中选择。"))
    return system


routes: list[BaseRoute] = [
    Route("/systems/{system}/answers", signed_in(answers), name="unread"),
    Route("/systems/{system}/answers/{digest}", signed_in(look), name="unread_look"),
]
