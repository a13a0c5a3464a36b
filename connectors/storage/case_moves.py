"""The case beside the ledger: what a department reported moves it in the same commit as the delivery."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.outcomes import StatusWord
from matters.case import CaseStatus, Evidence, remark, report
from matters.deadline import is_counted
from matters.guide import Matter
from matters.storage.cases import append_event, load_case


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
            await append_event(connection, case, event)


def _precedes(status: CaseStatus) -> bool:
    return status in (CaseStatus.RECEIVED, CaseStatus.PRE_REVIEW, CaseStatus.SUPPLEMENTED)
