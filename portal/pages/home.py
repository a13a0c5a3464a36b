"""The landing page of visitors, and the home page of who is signed in: search, tiles, matters."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.system import System
from matters.policy import Actor, may_open_system, may_see_cases, may_see_systems, may_take_in
from portal.guards import signed_in
from portal.library import Group
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import person_of, portal_of
from portal.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingPage:
    """Context of pages/landing.html."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A way into work that is not taking in: where it leads and what is there."""

    address: str
    title: str
    what: str
    icon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """Context of pages/home.html. `open_systems` are the ids of the tiles this person may open;
    of systems that take in no matter and only receive, others see no tile.

    `leads` are for those whose work is not at the window.
    """

    groups: tuple[Group, ...]
    leads: tuple[Lead, ...]
    open_systems: frozenset[str]
    shown_systems: frozenset[str]
    may_take_in: bool


async def home(request: Request) -> Response:
    """Show the landing page to visitors, home to everyone else."""
    portal = portal_of(request)
    person = person_of(request)
    if person is None:
        return portal.renderer.page(request, "pages/landing.html", LandingPage())
    actor = person.actor
    opens = frozenset(s.id for s in portal.library.systems.values() if may_open_system(actor, s.spec.sso.roles))
    context = HomePage(
        groups=portal.library.groups(),
        leads=(*_leads(actor), *_people_leads(person, portal.settings.issuer)),
        open_systems=opens,
        shown_systems=opens | {matter.target.system for matter in portal.library.matters.values()},
        may_take_in=may_take_in(actor),
    )
    return portal.renderer.page(request, "pages/home.html", context)


async def open_system(request: Request, person: Person) -> Response:
    """Open a tile: the policy first, then the system's own way in, which takes it from there."""
    portal = portal_of(request)
    system = portal.library.systems.get(request.path_params["system"])
    if system is None:
        raise NotHere
    if not may_open_system(person.actor, system.spec.sso.roles):
        raise NotAllowed(_("您的岗位不能打开这个系统。如需使用，请联系本中心管理员开通。"))
    address = portal.endpoints.get(system.id)
    if address is None:
        raise NotHere(_("这个系统的地址还没有登记，请联系管理员。"))
    return RedirectResponse(_way_in(address, system), status_code=303)


def _leads(actor: Actor) -> tuple[Lead, ...]:
    leads = []
    if may_see_systems(actor):
        what = _("各系统是否正常、有多少办件在等待、开放时间和数据流向")
        leads.append(Lead(address="/systems", title=_("系统运行情况"), what=what, icon="device-desktop-analytics"))
        what = _("每个事项的结果交给谁、怎样交，哪里还没有接收方")
        leads.append(Lead(address="/reflux", title=_("数据回流"), what=what, icon="link"))
    if may_see_cases(actor) and not may_take_in(actor):
        what = _("每个办件的进展和承诺办结日期")
        leads.append(Lead(address="/cases", title=_("本区域办件"), what=what, icon="files"))
    return tuple(leads)


def _people_leads(person: Person, issuer: str) -> tuple[Lead, ...]:
    """The provider's pages are met by their address: whoever comes is asked there whether he may."""
    if person.has_any("admin"):
        what = _("停用、角色、单位、邀请，批量导入和柜台找回")
        return (Lead(address=f"{issuer}/admin/accounts", title=_("账号管理"), what=what, icon="user"),)
    if person.has_any("manager"):
        what = _("同事丢失密码和手机时，由两人核对身份证后找回")
        return (Lead(address=f"{issuer}/admin/recoveries", title=_("柜台找回账号"), what=what, icon="user"),)
    return ()


def _way_in(address: str, system: System) -> str:
    return address.rstrip("/") + system.spec.sso.path


routes: list[BaseRoute] = [
    Route("/", home, name="home"),
    Route("/open/{system}", signed_in(open_system), name="open_system"),
]
