"""/registrations/{system}/data-flow: for the owner to answer for and to print: what a department is told of people,
from which field of which guide, what comes back, and what it is never told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.data_use import ComesBack, DataUse, comes_back, data_uses, never_sent
from connectors.registration import Registration
from matters.elements import DataReflux
from matters.form_fields import FormField
from matters.guide import Matter
from matters.masking import MaskRule
from portal.guards import signed_in
from portal.people import Person
from portal.refusals import NotHere
from portal.registering import name_of, plainly
from portal.registration_words import STATES, StateWord
from portal.state import portal_of
from portal.words import _, marked

MASKS: Mapping[MaskRule, str] = {
    MaskRule.NAME: marked("姓名"),
    MaskRule.ID_NUMBER: marked("证件号码"),
    MaskRule.PHONE: marked("电话"),
    MaskRule.BANK_ACCOUNT: marked("银行账号"),
    MaskRule.ADDRESS: marked("住址"),
    MaskRule.AMOUNT: marked("金额"),
    MaskRule.HIDDEN: marked("情况说明"),
}
WAYS: Mapping[str, str] = {
    "poll": marked("我方定时查询"),
    "callback": marked("部门主动通知"),
    "results": marked("从交换通道取回"),
}
READS: Mapping[str, str] = {
    "our_number": marked("我方办件编号"),
    "department_number": marked("部门编号"),
    "status": marked("办理状态"),
    "message": marked("说明"),
    "occurred_at": marked("发生时间"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflux:
    """What a guide hands on when a case is done (数据回流)."""

    matter: Matter
    names: tuple[str, ...]
    reflux: DataReflux


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFlowPage:
    """Context of pages/registration_data_flow.html."""

    system: str
    name: str
    registration: Registration
    word: StateWord
    versions: tuple[Registration, ...]
    uses: tuple[DataUse, ...]
    personal: tuple[tuple[str, tuple[str, ...]], ...]
    back: tuple[ComesBack, ...]
    reflux: tuple[Reflux, ...]
    unsent: tuple[FormField, ...]
    masks: Mapping[str, str]
    ways: Mapping[str, str]
    reads: Mapping[str, str]
    at: datetime


async def data_flow(request: Request, person: Person) -> Response:
    """Show the data flow of the version in force, or of the one asked for."""
    portal, system = portal_of(request), request.path_params["system"]
    found = await portal.registry.system(system, person.actor)
    asked = request.query_params.get("version", "")
    chosen = next((v for v in found.versions if str(v.version) == asked), None)
    registration = chosen or found.in_force or found.canary or found.versions[0]
    written = await portal.registry.written(system, registration.version, person.actor)
    held = await portal.registry.check(written.text, person.actor, system=system, like=written)
    if held.system is None:
        raise NotHere(_("这个版本的内容还有错误，画不出数据流向。请先改正，或选择其他版本。"))
    library = portal.library
    uses = data_uses(held.system, tuple(library.matters.values()), library.mask_rules)
    matters = {use.matter.id: use.matter for use in uses if use.matter is not None}
    context = DataFlowPage(
        system=system,
        name=name_of(written, portal),
        registration=registration,
        word=STATES[registration.state],
        versions=found.versions,
        uses=uses,
        personal=_personal(uses),
        back=comes_back(held.system),
        reflux=tuple(
            Reflux(matter=m, names=tuple(library.item_names(r.fields)), reflux=r)
            for m in matters.values()
            if (r := m.guide.result.data_reflux).fields
        ),
        unsent=never_sent(uses),
        masks={rule.value: word for rule, word in MASKS.items()},
        ways=WAYS,
        reads=READS,
        at=portal.clock(),
    )
    return portal.renderer.page(request, "pages/registration_data_flow.html", context)


def _personal(uses: tuple[DataUse, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return which kinds of personal data leave, each with our paths of it."""
    kinds: dict[str, dict[str, None]] = {}
    for use in uses:
        for source in use.personal:
            kinds.setdefault(source.mask.value, {})[source.path] = None
    return tuple((kind, tuple(paths)) for kind, paths in kinds.items())


routes: list[BaseRoute] = [
    Route("/registrations/{system}/data-flow", signed_in(plainly(data_flow)), name="registration_data_flow"),
]
