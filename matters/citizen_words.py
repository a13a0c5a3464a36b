"""What the citizen reads: seven plain words, derived from events that carry evidence.

A step nobody has shown evidence for reads 部门尚未确认, never as done; the present word is the last confirmed one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from matters.case import CaseEvent, CaseStatus
from matters.messages import N_


class PlainWord(StrEnum):
    RECEIVED = N_("已收件")
    ACCEPTED = N_("已受理")
    SENT = N_("已送部门")
    IN_PROGRESS = N_("办理中")
    SUPPLEMENT = N_("需补正")
    COMPLETED = N_("已办结")
    ENDED = N_("已终止")


UNCONFIRMED = N_("部门尚未确认")

WORD_OF_STATUS: Mapping[CaseStatus, PlainWord | None] = {
    CaseStatus.DRAFT: None,
    CaseStatus.RECEIVED: PlainWord.RECEIVED,
    CaseStatus.PRE_REVIEW: PlainWord.RECEIVED,
    CaseStatus.SUPPLEMENT_REQUIRED: PlainWord.SUPPLEMENT,
    CaseStatus.SUPPLEMENTED: PlainWord.IN_PROGRESS,
    CaseStatus.ACCEPTED: PlainWord.ACCEPTED,
    CaseStatus.NOT_ACCEPTED: PlainWord.ENDED,
    CaseStatus.SUBMITTED: PlainWord.SENT,
    CaseStatus.IN_REVIEW: PlainWord.IN_PROGRESS,
    CaseStatus.SUSPENDED: PlainWord.IN_PROGRESS,
    CaseStatus.PUBLICITY: PlainWord.IN_PROGRESS,
    CaseStatus.COMPLETED_APPROVED: PlainWord.COMPLETED,
    CaseStatus.COMPLETED_REFUSED: PlainWord.COMPLETED,
    CaseStatus.RETURNED: PlainWord.ENDED,
    CaseStatus.WITHDRAWN: PlainWord.ENDED,
    CaseStatus.TERMINATED_NO_SUPPLEMENT: PlainWord.ENDED,
    CaseStatus.TRANSFERRED: PlainWord.COMPLETED,
    CaseStatus.DELIVERED: PlainWord.COMPLETED,
    CaseStatus.EVALUATED: PlainWord.COMPLETED,
}

STATUS_NAMES: Mapping[CaseStatus, str] = {
    CaseStatus.DRAFT: N_("暂存"),
    CaseStatus.RECEIVED: N_("收件"),
    CaseStatus.PRE_REVIEW: N_("预审"),
    CaseStatus.SUPPLEMENT_REQUIRED: N_("补正"),
    CaseStatus.SUPPLEMENTED: N_("已补正"),
    CaseStatus.ACCEPTED: N_("受理"),
    CaseStatus.NOT_ACCEPTED: N_("不予受理"),
    CaseStatus.SUBMITTED: N_("已推送"),
    CaseStatus.IN_REVIEW: N_("审查"),
    CaseStatus.SUSPENDED: N_("挂起（特别程序）"),
    CaseStatus.PUBLICITY: N_("公示"),
    CaseStatus.COMPLETED_APPROVED: N_("办结（准予）"),
    CaseStatus.COMPLETED_REFUSED: N_("办结（不予）"),
    CaseStatus.RETURNED: N_("退件"),
    CaseStatus.WITHDRAWN: N_("撤件"),
    CaseStatus.TERMINATED_NO_SUPPLEMENT: N_("补正不来办结"),
    CaseStatus.TRANSFERRED: N_("转报办结"),
    CaseStatus.DELIVERED: N_("送达"),
    CaseStatus.EVALUATED: N_("已评价"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainStep:
    """One step as the citizen reads it; when not confirmed, `text` says so and `number` is None.

    `source` is where the evidence came from: "window", "applicant", "desk", or the id of the department's system.
    """

    word: PlainWord
    at: datetime
    source: str
    who: str
    number: str | None
    is_confirmed: bool

    @property
    def text(self) -> str:
        return self.word.value if self.is_confirmed else UNCONFIRMED


def plain_steps(events: Iterable[CaseEvent]) -> tuple[PlainStep, ...]:
    """Return the steps in order, one for each change of word; evidence that comes later confirms its step."""
    steps: list[PlainStep] = []
    for event in events:
        word = WORD_OF_STATUS[event.status]
        if word is None:
            continue
        step = _step(word, event)
        if not steps or steps[-1].word is not word:
            steps.append(step)
        elif step.is_confirmed and (not steps[-1].is_confirmed or steps[-1].number is None):
            # The first time stays: a department's number that arrives later belongs to the step already taken.
            steps[-1] = _joined(steps[-1], step)
    return tuple(steps)


def _step(word: PlainWord, event: CaseEvent) -> PlainStep:
    evidence = event.evidence
    if evidence is None:
        return PlainStep(word=word, at=event.at, source="", who=event.by, number=None, is_confirmed=False)
    return PlainStep(
        word=word, at=event.at, source=evidence.source, who=evidence.who, number=evidence.number, is_confirmed=True
    )


def _joined(earlier: PlainStep, later: PlainStep) -> PlainStep:
    if not earlier.is_confirmed:
        return later
    return replace(earlier, number=later.number)


def current_word(events: Iterable[CaseEvent]) -> PlainWord | None:
    """Return the last confirmed word, None when nothing is confirmed."""
    return next((step.word for step in reversed(plain_steps(events)) if step.is_confirmed), None)
