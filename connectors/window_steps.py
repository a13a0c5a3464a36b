"""Steps of a case that happen at the window and nowhere else: a supplement brought, one that never came, a result
handed over. Each leaves evidence, and is one commit with what follows from it.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final, Protocol

from config import logs
from connectors.errors import StepNotPossible
from connectors.ledger import DeskReason
from connectors.result_handing import HandingOver, evidence_of, wrong_in
from connectors.supplements import SupplementDue
from matters.case import Case, CaseStatus, Evidence, may_move
from matters.deadline import shanghai_day
from matters.errors import CaseUnknown
from matters.policy import Actor, may_change_case

log = logs.get(__name__)
ASKED: Final = "已向部门核实，没有收到补正材料"


class StepBook(Protocol):
    """Cases and the desk tasks that go with their steps."""

    async def case(self, number: str) -> Case | None: ...

    async def asked_at(self, number: str) -> datetime | None:
        """Return when the supplement that is awaited was asked for; None when none is."""

    async def take(
        self,
        number: str,
        to: CaseStatus,
        *,
        by: str,
        evidence: Evidence,
        at: datetime,
        carry: DeskReason | None = None,
        due_at: datetime | None = None,
    ) -> Case | None:
        """Move the case, close the tasks of its supplement, open one of reason `carry` for a department that has an
        interface; None when the table has no such way (any more).
        """


class WindowSteps:
    """The use cases; `due_on` says until when a desk task is due."""

    def __init__(
        self,
        *,
        book: StepBook,
        supplement_due: SupplementDue,
        due_on: Callable[[datetime], datetime],
    ) -> None:
        self._book = book
        self._supplement_due = supplement_due
        self._due_on = due_on

    async def hand_over(self, number: str, handing: HandingOver, *, actor: Actor, at: datetime) -> Case:
        """Record that the result was handed over (送达).

        Raises:
            CaseUnknown: no such case, or not one the actor may change.
            StepNotPossible: there is no result, it was handed over before, or `wrong_in` finds something.
        """
        case = await self._own(number, actor)
        if wrong_in(handing):
            raise StepNotPossible(case.number)
        return await self._take(case, CaseStatus.DELIVERED, evidence_of(handing, actor.name), actor, at)

    async def bring_supplement(self, number: str, brought: str, *, actor: Actor, at: datetime) -> Case:
        """Record what the applicant brought of what was asked for (已补正), and have it carried to the department.

        Raises:
            CaseUnknown, StepNotPossible: nothing is awaited.
        """
        case = await self._own(number, actor)
        evidence = Evidence(source="applicant", who=actor.name, note=brought)
        return await self._take(case, CaseStatus.SUPPLEMENTED, evidence, actor, at, carry=DeskReason.SUPPLEMENT)

    async def end_without_supplement(self, number: str, *, actor: Actor, at: datetime) -> Case:
        """Record that the department was asked, and nothing was brought in time (补正不来办结).

        Raises:
            CaseUnknown, StepNotPossible: nothing is awaited, or its day is not over.
        """
        case = await self._own(number, actor)
        due = await self.supplement_due(case)
        if due is None or shanghai_day(at) <= due:
            raise StepNotPossible(case.number)
        evidence = Evidence(source="timer", who=actor.name, note=ASKED)
        return await self._take(case, CaseStatus.TERMINATED_NO_SUPPLEMENT, evidence, actor, at)

    async def supplement_due(self, case: Case) -> date | None:
        """Return the last day for what the applicant is to bring; None when nothing is awaited or no day can be told."""
        if case.status is not CaseStatus.SUPPLEMENT_REQUIRED:
            return None
        asked_at = await self._book.asked_at(case.number)
        return None if asked_at is None else await self._supplement_due(case, asked_at)

    async def _own(self, number: str, actor: Actor) -> Case:
        case = await self._book.case(number)
        if case is None or not may_change_case(actor, case):
            raise CaseUnknown(number[:50])
        return case

    async def _take(
        self,
        case: Case,
        to: CaseStatus,
        evidence: Evidence,
        actor: Actor,
        at: datetime,
        *,
        carry: DeskReason | None = None,
    ) -> Case:
        moved = None
        if may_move(case.status, to):
            moved = await self._book.take(
                case.number, to, by=actor.sub, evidence=evidence, at=at, carry=carry, due_at=self._due_on(at)
            )
        if moved is None:
            raise StepNotPossible(case.number)
        log.info("window_step", case=case.number, status=to.value, sub=actor.sub)
        return moved
