"""What the owner's pages say of a system, as plain values: how it stands, its hours, what is sent where. Pure.

Counts belong to systems, never to clerks. Secrets appear by name; no value of one reaches this file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.availability import WEEKDAYS, Availability, Daily, Monthly, Weekly
from connectors.health import Stands, SystemStanding
from connectors.mapping import Flow, Node
from connectors.system import Operation, Request, System
from connectors.words import ALARM_NAMES
from portal.api.refusals import fill
from portal.words import _, marked

_LONG_WAIT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandsWord:
    """How a system stands, as a word, an icon and a tone; `harm` sorts the list, the worst is 0."""

    text: str
    icon: str
    tone: str
    harm: int


STANDS: Mapping[Stands, StandsWord] = {
    "breaker": StandsWord(text=marked("连不上，已暂停发送"), icon="circle-x", tone="danger", harm=0),
    "probing": StandsWord(text=marked("正在试探恢复"), icon="refresh", tone="warn", harm=1),
    "maintenance": StandsWord(text=marked("维护中"), icon="clock", tone="", harm=4),
    "closed": StandsWord(text=marked("未到开放时间"), icon="clock", tone="", harm=4),
    "open": StandsWord(text=marked("正常"), icon="circle-check", tone="ok", harm=5),
    "manual": StandsWord(text=marked("人工办理"), icon="user", tone="", harm=6),
}
PROTOCOL = {
    "rest_json": marked("自动对接（REST）"),
    "soap": marked("自动对接（SOAP）"),
    "exchange_table": marked("自动对接（前置库交换表）"),
    "file_batch": marked("自动对接（批次文件）"),
    "message_queue": marked("自动对接（消息队列）"),
    "form_post": marked("自动对接（网页表单）"),
    "manual": marked("人工送达"),
}
RESEND = {
    "dedupe": marked("对方按键去重，可以重发"),
    "probe": marked("先查对方是否已有，再决定"),
    "never": marked("不自动重发，由人核实"),
}
OUTCOMES = {
    "accepted": marked("已收到"),
    "duplicate": marked("对方已有，视为成功"),
    "pending": marked("已收到，结果稍后"),
    "refused": marked("业务上不同意"),
    "invalid": marked("内容对方读不了"),
    "auth": marked("身份校验未通过"),
    "throttled": marked("太快，稍后再送"),
    "transient": marked("暂时不通，自动重试"),
    "unknown": marked("不知是否收到，先核实"),
}
_DAYS = {
    "mon": marked("周一"),
    "tue": marked("周二"),
    "wed": marked("周三"),
    "thu": marked("周四"),
    "fri": marked("周五"),
    "sat": marked("周六"),
    "sun": marked("周日"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmWord:
    """Something that is wrong with a system beside its deliveries, since when, how much of it, and a name or reason."""

    text: str
    since: datetime
    count: int
    detail: str = ""


def alarms(standing: SystemStanding) -> tuple[AlarmWord, ...]:
    """Return what the owner should look at."""
    return tuple(
        AlarmWord(text=ALARM_NAMES[alarm.kind], since=alarm.since, count=alarm.count, detail=alarm.detail)
        for alarm in standing.health.alarms
    )


def harm(standing: SystemStanding, at: datetime) -> tuple[int, float, int, str]:
    """Return the key that puts the system which harms most first."""
    since = standing.health.oldest_waiting_at
    waited = (at - since) if since else timedelta(0)
    rank = STANDS[standing.stands].harm
    if standing.health.limits is not None:
        rank = min(rank, 1)
    elif standing.stands in ("open", "closed") and waited > _LONG_WAIT:
        rank = 2
    elif standing.on_desk or standing.health.alarms:
        rank = min(rank, 3)
    return rank, -waited.total_seconds(), -standing.waiting, standing.system.id


def hours(availability: Availability) -> str:
    """Return the opening hours in words of the reader's language."""
    days = _days(availability.days)
    always = availability.opens == "00:00" and availability.closes == "24:00"
    clock = _("全天") if always else f"{availability.opens}-{availability.closes}"
    if availability.holidays == "open":
        return f"{days} {clock}"
    closed = (
        _("法定节假日停办")
        if availability.holidays == "closed"
        else fill(_("{names}停办"), {"names": "、".join(availability.holidays)})
    )
    return fill(_("{hours}，{closed}"), {"hours": f"{days} {clock}", "closed": closed})


def maintenance(availability: Availability) -> list[str]:
    """Return its maintenance windows in words, each with the department's own note."""
    return [
        " ".join(part for part in (_window(window), f"{window.begins}-{window.ends}", window.note) if part)
        for window in availability.maintenance
    ]


def flows(request: Request | None) -> Sequence[Flow]:
    """Return which of our fields feeds which of theirs, constants last."""
    if request is None:
        return ()
    parts: Iterable[tuple[str, Node | None]] = (("", request.body), ("?", request.query), ("header:", request.headers))
    found = [flow for prefix, node in parts if node is not None for flow in node.flows(prefix)]
    return sorted(found, key=lambda flow: not flow.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """One operation with its data flow and its own outcome rules."""

    operation: Operation
    resend: str
    flows: Sequence[Flow]


def operations(system: System) -> list[OperationView]:
    """Return what the system is sent; the withdrawal last."""
    known = [*system.operations.values(), *([system.withdraw] if system.withdraw else [])]
    return [
        OperationView(operation=each, resend=RESEND[each.resend_unknown], flows=flows(each.request)) for each in known
    ]


def _days(days: Sequence[str]) -> str:
    if len(days) == len(WEEKDAYS):
        return _("每天")
    places = [WEEKDAYS.index(day) for day in days]
    if len(days) > 2 and places == list(range(places[0], places[-1] + 1)):
        return fill(_("{first}至{last}"), {"first": _(_DAYS[days[0]]), "last": _(_DAYS[days[-1]])})
    return "、".join(_(_DAYS[day]) for day in days)


def _window(window: object) -> str:
    match window:
        case Daily():
            return _("每天")
        case Weekly(day=day):
            return fill(_("每{day}"), {"day": _(_DAYS[day])})
        case Monthly(last_working_days=int(count)):
            return fill(_("每月最后 {count} 个工作日"), {"count": count})
        case Monthly(nth=int(nth), weekday=str(weekday)):
            return fill(_("每月第 {nth} 个{day}"), {"nth": nth, "day": _(_DAYS[weekday])})
        case Monthly(day=-1):
            return _("每月最后一天")
        case Monthly(day=int(day)):
            return fill(_("每月 {day} 日"), {"day": day})
        case _:
            return _("每年")
