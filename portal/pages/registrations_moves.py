"""/registrations/{system}/{version}: where a version stands, what may follow, and who did what before.

Each step is a form of its own with what it asks for; what can't be taken back shows first what depends on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.backlog import Backlog
from connectors.readiness import Readiness
from connectors.registration import MOVES as WAYS
from connectors.registration import RegistrationState
from connectors.registration_errors import (
    NotReady,
    ReasonMissing,
    RegionsMissing,
    RegionsOutside,
    RegionsUnknown,
    RegistrationError,
)
from portal.api.refusals import fill
from portal.guards import checked_form, signed_in
from portal.pages.registrations import StepLine, history
from portal.people import Person
from portal.registering import MOVES, Registering, load, plainly, sentence
from portal.registration_words import STATES, STOPPED_TRIAL
from portal.state import portal_of
from portal.words import _, marked

S = RegistrationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step that may be taken now. `asks` is what is written into it: "reason", "note" (may be left out) or "regions"."""

    to: str
    title: str
    help: str
    button: str
    icon: str
    tone: str
    asks: str


_MOVES: Mapping[tuple[RegistrationState, RegistrationState], tuple[str, str, str, str, str]] = {
    (S.DRAFT, S.TESTED): (marked("送审"), marked("检查和例子都通过后，由另一位系统主管审批。送审后内容不能再改。"), "send", "primary", "note"),
    (S.DRAFT, S.WITHDRAWN): (marked("撤回这份草稿"), marked("内容保留可查，但不再继续。"), "trash", "danger", "reason"),
    (S.TESTED, S.APPROVED): (marked("审批通过"), marked("请先看与运行版本的差别、字段覆盖和约定的例子。"), "certificate", "primary", "reason"),
    (S.TESTED, S.SENT_BACK): (marked("退回修改"), marked("写明要改什么；内容成为一份新的草稿。"), "arrow-left", "", "reason"),
    (S.APPROVED, S.CANARY): (marked("在几个地区试运行"), marked("这些地区的新办件按这一版发送，其他地区不变。"), "eye", "primary", "regions"),
    (S.APPROVED, S.LIVE): (marked("全面上线"), marked("所有地区马上按这一版发送，原版本停用；已在等待的办件也按这一版发送。"), "circle-check", "", "reason"),
    (S.APPROVED, S.SENT_BACK): (marked("退回修改"), marked("写明要改什么；内容成为一份新的草稿。"), "arrow-left", "", "reason"),
    (S.CANARY, S.LIVE): (marked("全面上线"), marked("所有地区马上按这一版发送，原版本停用；已在等待的办件也按这一版发送。"), "circle-check", "primary", "reason"),
    (S.CANARY, S.CANARY): (marked("改变试运行地区"), marked("增加或减少按这一版发送的地区。"), "eye", "", "regions"),
    (S.CANARY, S.APPROVED): (STOPPED_TRIAL, marked("试运行地区恢复按原版本发送。"), "arrow-left", "danger", "reason"),
    (S.LIVE, S.DRAINING): (marked("停止收新件"), marked("新办件转为人工送达，在办的继续发送、继续等结果。可以恢复。"), "clock", "danger", "reason"),
    (S.DRAINING, S.LIVE): (marked("恢复收新件"), marked("新办件恢复自动发送。"), "circle-check", "primary", "reason"),
    (S.DRAINING, S.RETIRED): (marked("停用"), marked("停用后不再发送、不再等结果，不能恢复。"), "circle-x", "danger", "reason"),
    (S.SUPERSEDED, S.LIVE): (marked("恢复这一版"), marked("所有地区马上改回按这一版发送，现在运行的版本停用。"), "refresh", "danger", "reason"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Something that stands in the way of a step, and where to mend it."""

    text: str
    href: str
    blocks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesPage:
    """Context of pages/registration.html. `backlog` is what still depends on a version in force, None elsewhere.

    `tried` is the step that was refused, with what was typed into it; `error` says why.
    """

    it: Registering
    moves: tuple[Move, ...]
    lacks: tuple[Lack, ...]
    backlog: Backlog | None
    regions: tuple[tuple[str, tuple[str, ...]], ...]
    other_regions: str
    history: tuple[StepLine, ...]
    in_the_way: str
    tried: str
    reason: str
    error: str
    done: str


async def show(request: Request, person: Person) -> Response:
    """Show where the version stands."""
    it = await load(request, person, MOVES)
    done = request.query_params.get("done", "")
    return await _page(request, person, it, done=done if done in set(S) else "")


async def move(request: Request, person: Person) -> Response:
    """Take a step."""
    form = await checked_form(request)
    it = await load(request, person, MOVES)
    portal, registration = portal_of(request), it.registration
    asked, reason = str(form.get("to", "")), str(form.get("reason", "")).strip()
    regions = _regions(form.getlist("region"), str(form.get("other_regions", "")))
    if asked not in {way.value for way in WAYS[registration.state]}:
        error = _("当前状态下不能进行这一步。情况可能刚刚发生了变化，请看现在的状态。")
        return await _page(request, person, it, error=error, status=409)
    to = S(asked)
    try:
        kept = await portal.registry.move(
            registration.system,
            registration.version,
            to,
            actor=person.actor,
            reason=reason,
            at=portal.clock(),
            regions=regions,
        )
    except RegistrationError as refused:
        is_mended_here = isinstance(refused, ReasonMissing | RegionsMissing | RegionsOutside | RegionsUnknown)
        status = 422 if is_mended_here else 409
        it = await load(request, person, MOVES)
        found = refused.readiness if isinstance(refused, NotReady) else None
        return await _page(
            request, person, it, tried=asked, reason=reason, error=sentence(refused), status=status,
            chosen=regions, found=found,
        )  # fmt: skip
    if to is S.SENT_BACK:
        return RedirectResponse(f"/registrations/{kept.system}/{kept.version}/text", status_code=303)
    return RedirectResponse(f"{it.href}?done={to.value}", status_code=303)


def _regions(chosen: Sequence[object], typed: str) -> list[str]:
    others = typed.replace("，", " ").replace("、", " ").replace(",", " ").split()
    return list(dict.fromkeys([*(str(code) for code in chosen), *others]))


async def _page(
    request: Request,
    person: Person,
    it: Registering,
    *,
    tried: str = "",
    reason: str = "",
    error: str = "",
    done: str = "",
    status: int = 200,
    chosen: Sequence[str] = (),
    found: Readiness | None = None,
) -> Response:
    portal, registration = portal_of(request), it.registration
    moves = _moves(it)
    in_service = registration.state in (S.LIVE, S.DRAINING)
    known = await portal.regions.within(person.region) if any(m.asks == "regions" for m in moves) else ()
    marked_regions = chosen or registration.regions
    context = MovesPage(
        it=it,
        moves=moves,
        lacks=_lacks(it, found or it.readiness),
        backlog=await portal.registry.backlog(registration.system, person.actor) if in_service else None,
        regions=_by_county(known),
        other_regions=" ".join(code for code in marked_regions if code not in known),
        history=history(await portal.registry.steps(registration.system, person.actor, registration.version)),
        in_the_way=_in_the_way(it),
        tried=tried,
        reason=reason,
        error=error,
        done=_(STATES[S(done)].text) if done else "",
    )
    return portal.renderer.page(request, "pages/registration.html", context, status=status)


def _moves(it: Registering) -> tuple[Move, ...]:
    if not it.may_write:
        return ()
    state = it.registration.state
    return tuple(
        Move(to=to.value, title=title, help=help_, button=title, icon=icon, tone=tone, asks=asks)
        for (before, to), (title, help_, icon, tone, asks) in _MOVES.items()
        if before is state and not (state is S.TESTED and to is S.APPROVED and not it.may_approve)
    )


def _in_the_way(it: Registering) -> str:
    if it.registration.state is S.TESTED and it.may_write and not it.may_approve:
        return _("您参与了编写或测试，不能审批自己的版本；请另一位系统主管审批。您仍可以退回修改。")
    return ""


def _lacks(it: Registering, found: Readiness) -> tuple[Lack, ...]:
    """Return what does not hold, the way there beside each."""
    if it.registration.state not in (S.DRAFT, S.TESTED, S.APPROVED, S.CANARY, S.SUPERSEDED, S.DRAINING):
        return ()
    lacks: list[Lack] = []
    if found.problems:
        text = fill(_("内容有 {count} 处错误"), {"count": len(found.problems)})
        lacks.append(Lack(text=text, href=f"{it.href}/text", blocks=True))
    if found.mismatches:
        text = fill(_("约定的例子有 {count} 处不符"), {"count": len(found.mismatches)})
        lacks.append(Lack(text=text, href=f"{it.href}/examples", blocks=True))
    if found.without_example:
        text = fill(_("这些操作还没有带应答的例子：{names}"), {"names": "、".join(found.without_example)})
        lacks.append(Lack(text=text, href=f"{it.href}/examples", blocks=True))
    if found.uncovered:
        text = fill(_("有 {count} 个必有字段没有来源"), {"count": len(found.uncovered)})
        lacks.append(Lack(text=text, href=f"{it.href}/coverage", blocks=True))
    if found.missing_lines:
        text = fill(_("还没有配置地址：{names}。请运维人员写入地址文件"), {"names": "、".join(found.missing_lines)})
        lacks.append(Lack(text=text, href="", blocks=False))
    if found.missing_secrets:
        text = fill(_("还没有这些凭据：{names}。请运维人员放入凭据目录"), {"names": "、".join(found.missing_secrets)})
        lacks.append(Lack(text=text, href="", blocks=False))
    if found.by_hand:
        text = fill(_("办事指南用到、这一版没有的操作将由人工送达：{names}"), {"names": "、".join(found.by_hand)})
        lacks.append(Lack(text=text, href="", blocks=False))
    return tuple(lacks)


def _by_county(townships: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the townships by their county's code, the first six digits."""
    counties: dict[str, list[str]] = {}
    for code in townships:
        counties.setdefault(code[:6], []).append(code)
    return tuple((county, tuple(codes)) for county, codes in counties.items())


_ADDRESS = "/registrations/{system}/{version:int}"

routes: list[BaseRoute] = [
    Route(_ADDRESS, signed_in(plainly(show)), methods=["GET"], name="registration"),
    Route(_ADDRESS, signed_in(plainly(move)), methods=["POST"]),
]
