"""The state of a delivery in plain words for the clerk: what is going on, who acts next, when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.ledger import Delivery, DeliveryState
from portal.rendering import moment
from portal.words import _, marked

_WORDS: Mapping[DeliveryState, tuple[str, str, str]] = {
    DeliveryState.QUEUED: (marked("等待送出"), "busy", marked("马上自动送往部门，您不用做什么。")),
    DeliveryState.SENDING: (marked("正在送出"), "busy", marked("正在送往部门，您不用做什么。")),
    DeliveryState.CONFIRMED: (marked("部门已收到"), "ok", marked("部门已确认收到。")),
    DeliveryState.PENDING_RESULT: (marked("部门办理中"), "ok", marked("部门已收到，正在办理；结果出来后显示在这里。")),
    DeliveryState.REFUSED: (marked("部门不同意"), "danger", marked("请把部门的理由告知申请人；改正后可以重新申请。")),
    DeliveryState.INVALID: (
        marked("需要人工处理"),
        "danger",
        marked("部门系统读不懂这份申请，已转到待办，请打开待办处理。"),
    ),
    DeliveryState.WAIT: (marked("稍后自动重送"), "warn", marked("部门系统没有应答，会自动重送，不会丢失。")),
    DeliveryState.HELD: (marked("稍后自动送出"), "warn", marked("现在还不能送出，稍后自动送出，不会丢失。")),
    DeliveryState.UNKNOWN: (
        marked("正在核实是否送达"),
        "warn",
        marked("没有收到部门回音，先核实再决定是否重送，不会重复提交。"),
    ),
    DeliveryState.PROBING: (marked("正在核实是否送达"), "warn", marked("正在向部门核实是否已收到。")),
    DeliveryState.DESK: (marked("需要人工处理"), "warn", marked("请在“待办”中按打印件送交部门，并填写部门受理号。")),
    DeliveryState.CANCELLED: (marked("已取消"), "", marked("送出之前已撤回，部门没有收到。")),
    DeliveryState.REPLAYED: (marked("已重新送出"), "", marked("系统主管已安排重新送出，请看后一次投递。")),
}
_HELD: Mapping[str, tuple[str, str, str]] = {
    "closed": (
        marked("等待部门系统开放"),
        "warn",
        marked("部门系统不在开放时间，开放后自动送出，不会丢失。"),
    ),
    "maintenance": (
        marked("等待部门系统开放"),
        "warn",
        marked("部门系统正在维护，结束后自动送出，不会丢失。"),
    ),
    "breaker": (
        marked("等待部门系统恢复"),
        "warn",
        marked("部门系统连续出错，暂停发送；恢复后自动送出，不会丢失。"),
    ),
    "throttled": (marked("稍后自动送出"), "warn", marked("部门系统要求放慢速度，稍后自动送出，不会丢失。")),
    "auth": (
        marked("等待系统主管处理"),
        "warn",
        marked("与部门系统的连接凭证有问题，已通知系统主管；处理好后自动送出，不会丢失。"),
    ),
    "budget": (marked("明天自动送出"), "warn", marked("今天的发送额度已用完，明天自动送出，不会丢失。")),
    "person": (
        marked("等待登录部门系统"),
        "warn",
        marked("部门系统每天第一次登录要看图输入字符，请在“待办”中输入；输入后马上自动送出。"),
    ),
}
"""What keeps a delivery waiting, by its reason: only one that is closed waits for it to open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One delivery, ready to be shown. `is_settled`: nothing changes by itself in the next seconds."""

    system: str
    word: str
    tone: str
    text: str
    next_at: str
    number: str
    message: str = field(repr=False)
    is_withdrawal: bool
    is_settled: bool


_SETTLED = frozenset(
    {
        DeliveryState.CONFIRMED,
        DeliveryState.REFUSED,
        DeliveryState.CANCELLED,
        DeliveryState.REPLAYED,
        DeliveryState.INVALID,
        DeliveryState.DESK,
    }
)


def delivery_line(delivery: Delivery, system_name: str, *, at: datetime) -> DeliveryLine:
    """Return `delivery` in words; times of later attempts are shown while they lie ahead."""
    is_held = delivery.state is DeliveryState.HELD
    awaits_person = is_held and delivery.hold_reason == "person"
    word, tone, text = (_HELD.get(delivery.hold_reason) if is_held else None) or _WORDS[delivery.state]
    waits = delivery.state in (DeliveryState.WAIT, DeliveryState.HELD, DeliveryState.UNKNOWN)
    later = delivery.next_attempt_at if waits and not awaits_person else None
    return DeliveryLine(
        system=system_name,
        word=_(word),
        tone=tone,
        text=_(text),
        next_at=moment(later) if later and later > at else "",
        number=delivery.department_number,
        message=delivery.message,
        is_withdrawal=delivery.kind == "withdraw",
        is_settled=delivery.state in _SETTLED,
    )


def worst(lines: Sequence[DeliveryLine]) -> DeliveryLine | None:
    """Return the delivery that most needs a look, for a list with one line per case."""
    order = {"danger": 0, "warn": 1, "busy": 2, "ok": 3, "": 4}
    return min(lines, key=lambda line: order[line.tone], default=None)
