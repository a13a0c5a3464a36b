"""The case beside the ledger: what a department reported moves it in the same commit as the delivery."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.outcomes import StatusWord
from matters.case import Case, CaseEvent, CaseStatus, Evidence, remark, report
from matters.deadline import is_counted
from matters.guide import Matter
from matters.storage.cases import append_event, append_events, load_case, lock_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A state somebody gave evidence of: `source` a system id or `desk`, `who` a name, `note` their words."""

    word: StatusWord
    source: str
    who: str
    number: str | None
    note: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMoves:
    """`guide` gives the matter of an id, for whether a special procedure's days count."""

    guide: Callable[[str], Matter | None]

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
        for after, event in self.moved(case, reports, at=at, by=by, only_remark=only_remark):
            await append_event(connection, after, event)

    async def report_all(
        self, connection: AsyncConnection, reports: Mapping[str, tuple[Sequence[Report], str]], *, at: datetime
    ) -> None:
        """Move many cases, each along the reports of the system named beside them; the cases are locked first."""
        locked = await lock_cases(connection, reports)
        moved: list[tuple[Case, list[CaseEvent]]] = []
        for number, case in locked.items():
            told, by = reports[number]
            steps = list(self.moved(case, told, at=at, by=by))
            if steps:
                moved.append((steps[-1][0], [event for _, event in steps]))
        await append_events(connection, moved)

    def moved(
        self, case: Case, reports: Sequence[Report], *, at: datetime, by: str, only_remark: bool = False
    ) -> Iterator[tuple[Case, CaseEvent]]:
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
            yield case, event


def _precedes(status: CaseStatus) -> bool:
    return status in (CaseStatus.RECEIVED, CaseStatus.PRE_REVIEW, CaseStatus.SUPPLEMENTED)
