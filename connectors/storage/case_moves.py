"""The case beside the ledger: what a department reported moves it in the same commit as the delivery."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.outcomes import StatusWord
from connectors.reflux import Moved
from matters.case import Case, CaseEvent, CaseStatus, Evidence, remark, report
from matters.deadline import is_counted
from matters.guide import Matter
from matters.storage.cases import append_event, append_events, load_case, lock_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A state somebody gave evidence of: `source` a system id or `desk`, `who` a name, `note` their words.

    `facts` are what they said of the result, by their own words for it.
    """

    word: StatusWord
    source: str
    who: str
    number: str | None
    note: str | None = field(default=None, repr=False)
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)


class Follow(Protocol):
    """Writes what follows from events of cases, in the commit that moves them."""

    def __call__(self, connection: AsyncConnection, moved: Sequence[Moved], *, at: datetime) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMoves:
    """`guide` gives the matter of an id, for whether a special procedure's days count; `follow` may be left out."""

    guide: Callable[[str], Matter | None]
    follow: Follow | None = None

    async def report(
        self,
        connection: AsyncConnection,
        number: str,
        reports: Sequence[Report],
        *,
        at: datetime,
        by: str,
        only_remark: bool = False,
    ) -> None:
        """Move the case along `reports`; what its table has no way for is remarked, and nothing is thrown away.

        Raises:
            CaseConflict: somebody moved it meanwhile; the whole commit is done again.
        """
        if not reports:
            return
        case = await load_case(connection, number)
        if case is None:
            return
        moved = list(self.moved(case, reports, at=at, by=by, only_remark=only_remark))
        for each in moved:
            await append_event(connection, each.case, each.event)
        if self.follow is not None:
            await self.follow(connection, moved, at=at)

    async def report_all(
        self, connection: AsyncConnection, reports: Mapping[str, tuple[Sequence[Report], str]], *, at: datetime
    ) -> None:
        """Move many cases, each along the reports of the system named beside them; the cases are locked first."""
        locked = await lock_cases(connection, reports)
        moved: list[tuple[Case, list[CaseEvent]]] = []
        every: list[Moved] = []
        for number, case in locked.items():
            told, by = reports[number]
            steps = list(self.moved(case, told, at=at, by=by))
            if steps:
                moved.append((steps[-1].case, [each.event for each in steps]))
                every += steps
        await append_events(connection, moved)
        if self.follow is not None:
            await self.follow(connection, every, at=at)

    def moved(
        self, case: Case, reports: Sequence[Report], *, at: datetime, by: str, only_remark: bool = False
    ) -> Iterator[Moved]:
        """Give the case after each report, with the event that took it there."""
        matter = self.guide(case.matter_id)
        for each in reports:
            evidence = Evidence(source=each.source, who=each.who, number=each.number, note=each.note)
            status = CaseStatus(each.word)
            # "submitted" only says that they have it: on a case already further on there is nothing to remark.
            if status is CaseStatus.SUBMITTED and case.status is not CaseStatus.ACCEPTED and not _precedes(case.status):
                continue
            if only_remark:
                case, event = remark(case, at=at, by=by, evidence=evidence, note=f"late:{each.word}")
            else:
                counted = matter is not None and is_counted(matter, status)
                case, event = report(case, status, at=at, by=by, evidence=evidence, counted=counted)
            yield Moved(case=case, event=event, facts=each.facts)


def _precedes(status: CaseStatus) -> bool:
    return status in (CaseStatus.RECEIVED, CaseStatus.PRE_REVIEW, CaseStatus.SUPPLEMENTED)
