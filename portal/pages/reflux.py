"""/reflux: for the owner, who receives what flows back of each matter, and who receives nothing yet."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.receivers import Receiver
from matters.guide import Matter
from matters.policy import may_see_systems
from portal.guards import signed_in
from portal.library import local
from portal.people import Person
from portal.refusals import NotAllowed
from portal.state import PortalState, portal_of
from portal.words import _, marked

_WAYS = {
    "portal": (marked("在本平台查看"), "ok"),
    "system": (marked("自动送达"), "ok"),
    "hand": (marked("人工移交"), "warn"),
    "never": (marked("本平台不提供"), ""),
}
_NOBODY = (marked("尚无接收方"), "danger")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerLine:
    """One consumer as the guide calls it, and how it is reached; `by` names who tells it where we do not."""

    consumer: str
    receiver: str
    word: str
    tone: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterLine:
    """One matter with the fields its guide hands back."""

    name: str
    fields: str
    trigger: str
    consumers: tuple[ConsumerLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FanoutLine:
    """One event and what follows from it."""

    name: str
    trigger: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefluxPage:
    """Context of pages/reflux.html. `nobody` counts the consumers that nobody receives for."""

    matters: tuple[MatterLine, ...]
    fanouts: tuple[FanoutLine, ...]
    nobody: int


async def show(request: Request, person: Person) -> Response:
    """Show every matter's consumers with their receivers."""
    if not may_see_systems(person.actor):
        raise NotAllowed
    portal = portal_of(request)
    lines = tuple(_line(portal, matter) for matter in portal.library.matters.values())
    nobody = sum(not line.receiver for matter in lines for line in matter.consumers)
    fanouts = tuple(
        FanoutLine(name=local(each), trigger=each.trigger, note=each.note) for each in portal.flows.fanouts.values()
    )
    context = RefluxPage(matters=lines, fanouts=fanouts, nobody=nobody)
    return portal.renderer.page(request, "pages/reflux.html", context)


def _line(portal: PortalState, matter: Matter) -> MatterLine:
    declared = matter.guide.result.data_reflux
    known = portal.flows.reflux.by_consumer
    return MatterLine(
        name=local(matter),
        fields=portal.item_words.names(declared.fields),
        trigger=declared.trigger,
        consumers=tuple(_consumer(each, known.get(each)) for each in declared.consumers),
    )


def _consumer(consumer: str, receiver: Receiver | None) -> ConsumerLine:
    word, tone = _WAYS[receiver.way] if receiver is not None else _NOBODY
    return ConsumerLine(
        consumer=consumer,
        receiver=local(receiver) if receiver is not None else "",
        word=_(word),
        tone=tone,
        by=receiver.by if receiver is not None else "",
    )


routes: list[BaseRoute] = [Route("/reflux", signed_in(show), name="reflux")]
