"""What is written at the head of each delivery of a notice, and the way it leaves by; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.fanout import Happening, Step
from connectors.fanout_spec import FanoutAction
from connectors.ledger import DeskReason
from connectors.notices import STATES, Head, known_as
from connectors.reflux import NoticeState, ResultRecord
from connectors.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWay:
    """How one delivery of a notice leaves. `desk` is why a person carries it; None where the worker sends it."""

    system: str
    operation: str
    desk: DeskReason | None


def way_over(
    systems: Mapping[str, System], system: str, operation: str, region: str, *, by_hand: bool, is_first: bool = True
) -> NoticeWay:
    """Return the way to an operation: by hand where that is declared (`by_hand`) or nobody can send it.

    A system that is leaving is told nothing new, but still what follows on what it was told.
    """
    known = systems.get(system)
    if by_hand or known is None or _is_by_hand(known, operation, region, is_first=is_first):
        return NoticeWay(system=system, operation=operation or "hand_over", desk=DeskReason.HAND_OVER)
    return NoticeWay(system=system, operation=operation or "hand_over", desk=None)


def _is_by_hand(system: System, operation: str, region: str, *, is_first: bool) -> bool:
    if is_first:
        return system.is_by_hand(operation, region)
    here = system.in_region(region)
    return here.service == "retired" or here.operation(operation).manual


def status_of(result: ResultRecord, position: int) -> NoticeState:
    """Return `notice.status` of a delivery about a result, the `position`-th its receiver gets."""
    if result.decision == "revoked":
        return "revoked"
    return "new" if position == 1 else "amended"


def head_of_result(
    number: str,
    position: int,
    result: ResultRecord,
    *,
    trigger: str,
    consumers: Sequence[str],
    basis: str,
    changed: Sequence[str] = (),
) -> Head:
    """Return the head of the `position`-th delivery of a notice about a result; `changed` are amended data items."""
    return Head(
        number=known_as(number, position),
        kind="reflux",
        status=status_of(result, position),
        action="",
        revision=result.revision,
        case=result.case_number,
        matter=result.matter_id,
        matter_name=result.matter_name,
        decided_at=result.decided_at.isoformat(),
        trigger=trigger,
        consumers="、".join(consumers),
        basis=basis,
        region=result.region,
        unit=result.unit,
        changed=tuple(changed),
    )


def head_of_event(
    number: str, position: int, action: FanoutAction, happened: Happening, step: Step, reason: str = ""
) -> Head:
    """Return the head of the `position`-th delivery of a notice that asks for a step of an action of a fan-out."""
    return Head(
        number=known_as(number, position),
        kind="event",
        status=STATES[step],
        action=action.action,
        revision=position,
        case=happened.case_number,
        matter=action.matter,
        matter_name="",
        decided_at=happened.happened_at.isoformat(),
        trigger=happened.fanout.id,
        consumers="",
        basis=happened.fanout.basis,
        region=happened.region,
        unit=happened.unit,
        reason=reason,
    )
