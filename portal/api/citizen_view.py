"""What the applicant reads about a case: one plain word, the way it went, what to do now. Nothing of the form.

Pure: the page and the API show the same `CitizenView`, each in its reader's language. A step is told as done only
where an event carries evidence (`matters.citizen_words`); what comes after is shown as not reached.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from connectors.ledger import Delivery, DeliveryState
from matters.case import Case, CaseEvent, CaseStatus
from matters.citizen_words import PlainStep, PlainWord, current_word, plain_steps
from matters.masking import mask_name
from portal.api.named import Named
from portal.words import marked as _

StepState = Literal["done", "current", "waiting"]
_WAY = (PlainWord.RECEIVED, PlainWord.ACCEPTED, PlainWord.SENT, PlainWord.IN_PROGRESS, PlainWord.COMPLETED)
_LAST = frozenset({PlainWord.COMPLETED, PlainWord.ENDED})
WINDOW = _("受理窗口")

NEXT_STEP: Mapping[CaseStatus, str] = {
    CaseStatus.DRAFT: _("窗口还没有收件，请向窗口询问。"),
    CaseStatus.RECEIVED: _("窗口正在核对材料，您现在不用做什么。"),
    CaseStatus.PRE_REVIEW: _("窗口正在核对材料，您现在不用做什么。"),
    CaseStatus.SUPPLEMENT_REQUIRED: _("需要补充材料。请按补正告知书所列，一次补齐后交到受理窗口。"),
    CaseStatus.SUPPLEMENTED: _("补充的材料已收到，正在核对，您现在不用做什么。"),
    CaseStatus.ACCEPTED: _("已经受理，正在送往部门，您现在不用做什么。"),
    CaseStatus.NOT_ACCEPTED: _("没有受理。请到窗口领取书面通知，上面写有理由，以及复议和诉讼的办法。"),
    CaseStatus.SUBMITTED: _("已经送到部门，请等候办理，您现在不用做什么。"),
    CaseStatus.IN_REVIEW: _("部门正在办理，您现在不用做什么。"),
    CaseStatus.SUSPENDED: _("部门正在核查或鉴定，这段时间不计入办理时限，请等候。"),
    CaseStatus.PUBLICITY: _("正在公示，公示期不计入办理时限，请等候。"),
    CaseStatus.COMPLETED_APPROVED: _("已经办结。请按受理通知上的方式领取结果，也可到受理窗口领取。"),
    CaseStatus.COMPLETED_REFUSED: _("部门决定不予办理。请到窗口领取书面决定，上面写有理由，以及复议和诉讼的办法。"),
    CaseStatus.RETURNED: _("申请已退回。请到窗口领回原件，改正后可以重新申请。"),
    CaseStatus.WITHDRAWN: _("已按您的申请撤回。需要时可以重新申请。"),
    CaseStatus.TERMINATED_NO_SUPPLEMENT: _("因没有按时补齐材料，申请已结束。可以重新申请。"),
    CaseStatus.TRANSFERRED: _("已转给其他部门继续办理，详情请问受理窗口。"),
    CaseStatus.DELIVERED: _("结果已经送达。"),
    CaseStatus.EVALUATED: _("结果已经送达，感谢您的评价。"),
}

DELIVERY_TEXT: Mapping[DeliveryState, str] = {
    DeliveryState.QUEUED: _("正在送往部门"),
    DeliveryState.SENDING: _("正在送往部门"),
    DeliveryState.CONFIRMED: _("部门已收到"),
    DeliveryState.PENDING_RESULT: _("部门已收到，正在办理"),
    DeliveryState.REFUSED: _("部门没有同意，原因请问受理窗口"),
    DeliveryState.INVALID: _("工作人员正在核对后重新送出"),
    DeliveryState.WAIT: _("部门系统暂时没有应答，会自动再送，不会丢失"),
    DeliveryState.HELD: _("等待送往部门，会自动送出，不会丢失"),
    DeliveryState.UNKNOWN: _("正在与部门核实是否已收到"),
    DeliveryState.PROBING: _("正在与部门核实是否已收到"),
    DeliveryState.DESK: _("由工作人员送往部门"),
    DeliveryState.CANCELLED: _("送出之前已撤回"),
    DeliveryState.REPLAYED: _("已重新送往部门"),
}

_HELD_TEXT: Mapping[str, str] = {
    "closed": _("部门系统暂时不收件，开放后自动送出，不会丢失"),
    "maintenance": _("部门系统暂时不收件，开放后自动送出，不会丢失"),
    "breaker": _("部门系统暂时连接不上，恢复后自动送出，不会丢失"),
}
"""What an applicant can make something of; the rest is ours to see to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step; `text` is a msgid, `who` a name to show or None, `number` the department's own."""

    text: str
    state: StepState
    at: datetime | None
    who: Named | None = None
    by_window: bool = False
    is_ahead: bool = False
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One department in plain words; `text` is a msgid."""

    system: Named
    text: str
    state: DeliveryState
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenView:
    """Everything the status page shows; texts are msgids, `applicant` is masked already.

    A case that is over is `is_granted` only when the department approved it: the page congratulates nobody else.
    """

    number: str
    matter: Named
    applicant: str
    word: str
    is_over: bool
    is_granted: bool
    needs_act: bool
    next_step: str
    due_on: date | None
    received_at: datetime
    steps: tuple[StepView, ...]
    deliveries: tuple[DeliveryView, ...]


def citizen_view(
    case: Case,
    events: Sequence[CaseEvent],
    deliveries: Iterable[Delivery],
    *,
    matter_name_en: str,
    systems: Mapping[str, Named],
    due_on: date | None,
) -> CitizenView:
    """Return what the applicant may read."""
    word = current_word(events) or PlainWord.RECEIVED
    return CitizenView(
        number=case.number,
        matter=Named(zh=case.matter_name, en=matter_name_en),
        applicant=mask_name(case.applicant_name),
        word=word.value,
        is_over=word in _LAST,
        is_granted=any(event.status is CaseStatus.COMPLETED_APPROVED for event in events),
        needs_act=word is PlainWord.SUPPLEMENT,
        next_step=NEXT_STEP[case.status],
        due_on=due_on,
        received_at=case.received_at,
        steps=tuple(_steps(plain_steps(events), systems)),
        deliveries=tuple(
            DeliveryView(
                system=systems.get(each.system) or Named(zh=each.system, en=each.system),
                text=_text_of(each),
                state=each.state,
                number=each.department_number or None,
            )
            for each in deliveries
            if each.state is not DeliveryState.REPLAYED
        ),
    )


def _text_of(delivery: Delivery) -> str:
    held = _HELD_TEXT.get(delivery.hold_reason) if delivery.state is DeliveryState.HELD else None
    return held or DELIVERY_TEXT[delivery.state]


def _steps(taken: Sequence[PlainStep], systems: Mapping[str, Named]) -> Iterable[StepView]:
    confirmed = [step for step in taken if step.is_confirmed]
    for step in taken:
        state: StepState = "waiting" if not step.is_confirmed else "done"
        if confirmed and step is confirmed[-1] and step.word not in _LAST:
            state = "current"
        yield StepView(
            text=step.text,
            state=state,
            at=step.at if step.is_confirmed else None,
            who=systems.get(step.source) if step.is_confirmed else None,
            by_window=step.is_confirmed and step.source not in systems,
            number=step.number,
        )
    if taken and taken[-1].word not in _LAST:
        reached = max((_WAY.index(step.word) for step in taken if step.word in _WAY), default=-1)
        for word in _WAY[reached + 1 :]:
            yield StepView(text=word.value, state="waiting", at=None, is_ahead=True)
