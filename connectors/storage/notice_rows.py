"""Between rows and the words of notices, results and events."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import RowMapping

from connectors.fanout import Event, Happening
from connectors.fanout_spec import FanoutAction
from connectors.ledger import Delivery
from connectors.notices import Notice
from connectors.reflux import PlannedNotice, ResultRecord
from matters.identity_numbers import id_birth_date

_COUNTY_DIGITS = 6


def result_row(result: ResultRecord, person_key: Any) -> dict[str, Any]:
    number = result.id_number
    return {
        "case_number": result.case_number,
        "matter_id": result.matter_id,
        "matter_name": result.matter_name,
        "guide_version": result.guide_version,
        "region": result.region,
        "county": result.region[:_COUNTY_DIGITS],
        "unit": result.unit,
        "name": result.name,
        "person_key": person_key(number) if number else None,
        "born_on": id_birth_date(number) if number else None,
        "decision": result.decision,
        "department_number": result.department_number[:100],
        "items": dict(result.items),
        "is_sensitive": result.is_sensitive,
        "decided_at": result.decided_at,
        "visible_from": result.visible_from,
        "amended_at": result.amended_at,
        "revision": result.revision,
    }


_OF_RESULT = frozenset(ResultRecord.__dataclass_fields__)


def result(row: RowMapping) -> ResultRecord:
    return ResultRecord(**{name: row[name] for name in row if name in _OF_RESULT})


def notice_row(number: str, of: ResultRecord, planned: PlannedNotice, *, at: datetime) -> dict[str, Any]:
    return {
        "number": number,
        "case_number": of.case_number,
        "event_number": "",
        "receiver": planned.receiver_id,
        "way": planned.way,
        "consumers": list(planned.consumers),
        "action": "",
        "trigger": planned.trigger[:60],
        "basis": planned.receiver.basis if planned.receiver is not None else "",
        "fields": list(planned.fields),
        "awaits_payment": planned.awaits_payment,
        "is_sensitive": planned.is_sensitive,
        "created_at": at,
    }


def event_notice_row(
    number: str, event: str, happened: Happening, action: FanoutAction, *, at: datetime
) -> dict[str, Any]:
    fanout = happened.fanout
    return {
        "number": number,
        "case_number": happened.case_number,
        "event_number": event,
        "receiver": receiver_of(action),
        "way": "system" if action.system else "hand",
        "consumers": [],
        "action": action.action,
        "trigger": fanout.id,
        "basis": fanout.basis,
        "fields": list(happened.items),
        "awaits_payment": False,
        "is_sensitive": False,
        "created_at": at,
    }


def receiver_of(action: FanoutAction) -> str:
    """Return who carries out an action: its system, else the township."""
    return action.system or "township"


def notice(row: RowMapping, sent: list[Delivery]) -> Notice:
    return Notice(
        number=row["number"],
        case_number=row["case_number"],
        event_number=row["event_number"],
        receiver=row["receiver"],
        way=row["way"],
        consumers=tuple(row["consumers"]),
        action=row["action"],
        trigger=row["trigger"],
        basis=row["basis"],
        fields=tuple(row["fields"]),
        awaits_payment=row["awaits_payment"],
        is_sensitive=row["is_sensitive"],
        created_at=row["created_at"],
        deliveries=tuple(sent),
    )


def event_row(happened: Happening, person_key: str, *, cycle: int, at: datetime) -> dict[str, Any]:
    return {
        "number": f"LD-{at:%y%m%d}-{uuid4().hex[:12]}",
        "fanout": happened.fanout.id,
        "source": happened.source[:150],
        "case_number": happened.case_number,
        "person_key": person_key,
        "cycle": cycle,
        "name": happened.name[:200],
        "region": happened.region,
        "unit": happened.unit,
        "content": dict(happened.items),
        "state": "open" if happened.fanout.needs_person else "done",
        "happened_at": happened.happened_at,
        "decided_by": "",
        "reason": "",
    }


def event(row: RowMapping) -> Event:
    return Event(
        number=row["number"],
        fanout=row["fanout"],
        source=row["source"],
        case_number=row["case_number"],
        name=row["name"],
        region=row["region"],
        unit=row["unit"],
        items=row["content"],
        state=row["state"],
        happened_at=row["happened_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        reason=row["reason"],
    )
