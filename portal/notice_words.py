"""Notices in words: who was told what, on what basis, when, and what they answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.fanout_spec import Fanouts
from connectors.ledger import Delivery, DeliveryState
from connectors.notices import Notice
from connectors.receivers import Reflux
from portal.delivery_words import delivery_line
from portal.item_words import ItemWords
from portal.library import Library, local
from portal.words import _, marked

_ANSWERS: Mapping[str, tuple[str, str]] = {
    "MATCHED": (marked("比对一致"), "ok"),
    "NOT_MATCHED": (marked("未比中"), "warn"),
    "REFUSED": (marked("不予接收"), "warn"),
    "COMPARING": (marked("比对中"), "busy"),
}
_HELD_BACK = (marked("发放后告知"), "busy")
_WAYS: Mapping[str, tuple[str, str]] = {
    "portal": (marked("本平台可查"), "ok"),
    "never": (marked("本平台不提供"), ""),
    "nobody": (marked("尚无接收方"), "warn"),
}
_ACTIONS: Mapping[str, str] = {
    "stop_payment": marked("暂停发放"),
    "trigger_review": marked("列入动态复核"),
    "create_task": marked("网格员上门"),
    "mark_eligible": marked("标识医疗救助对象"),
    "set_subsidy_category": marked("设置资助参保类别"),
    "push_relief_list": marked("推送帮扶名单"),
}
_MOVING = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.PROBING})
TOLD = frozenset({DeliveryState.CONFIRMED, DeliveryState.PENDING_RESULT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One delivery of a notice. `what` tells whether it is the first, a correction, or takes something back."""

    what: str
    word: str
    tone: str
    text: str
    at: datetime
    number: str
    answer: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """One receiver. `by` says who tells them where we do not."""

    receiver: str
    action: str
    consumers: str
    fields: str
    basis: str
    word: str
    tone: str
    by: str
    tellings: tuple[Telling, ...]
    is_sensitive: bool
    event: str


def notice_lines(
    notices: Sequence[Notice], reflux: Reflux, library: Library, items: ItemWords, *, at: datetime
) -> tuple[NoticeLine, ...]:
    """Return a line per notice, in their order."""
    return tuple(_line(each, reflux, library, items, at) for each in notices)


def _line(notice: Notice, reflux: Reflux, library: Library, items: ItemWords, at: datetime) -> NoticeLine:
    known = reflux.by_id.get(notice.receiver)
    tellings = tuple(_telling(n, each, library, at) for n, each in enumerate(notice.deliveries, 1))
    word, tone = _WAYS.get(notice.way, _HELD_BACK if notice.awaits_payment else ("", ""))
    return NoticeLine(
        receiver=receiver_name(notice.receiver, reflux, library),
        action=action_name(notice.action),
        consumers="、".join(notice.consumers),
        fields=items.names(notice.fields),
        basis=notice.basis,
        word=_(word) if word else "",
        tone=tone,
        by=known.by if known is not None else "",
        tellings=tellings,
        is_sensitive=notice.is_sensitive,
        event=notice.event_number,
    )


def _telling(position: int, delivery: Delivery, library: Library, at: datetime) -> Telling:
    line = delivery_line(delivery, library.system_name(delivery.system), at=at)
    word, tone = _ANSWERS.get(delivery.their_status, ("", ""))
    if not word:
        word, tone = _word(delivery, line.word, line.tone)
    what = _("首次告知") if position == 1 else _("后续告知")
    return Telling(
        what=what,
        word=_(word),
        tone=tone,
        text="" if delivery.state in TOLD else line.text,
        at=delivery.confirmed_at or delivery.created_at,
        number=delivery.department_number,
        answer=delivery.message,
    )


def _word(delivery: Delivery, word: str, tone: str) -> tuple[str, str]:
    match delivery.state:
        case DeliveryState.CONFIRMED:
            return marked("已送达"), "ok"
        case DeliveryState.PENDING_RESULT:
            return marked("已送达，等待答复"), "ok"
        case DeliveryState.REFUSED:
            return marked("不予接收"), "warn"
        case DeliveryState.DESK:
            return marked("待人工移交"), "warn"
        case _:
            return word, tone


def is_moving(notices: Sequence[Notice]) -> bool:
    """Tell whether something is on its way just now, so that a page looks again by itself."""
    return any(each.state in _MOVING for notice in notices for each in notice.deliveries)


def told_names(notices: Sequence[Notice], reflux: Reflux, library: Library) -> tuple[str, ...]:
    """Return who was told, for the person it is about: each public body once, only those that have it."""
    told = (
        receiver_name(each.receiver, reflux, library)
        for each in notices
        if each.way == "portal" or any(delivery.state in TOLD for delivery in each.deliveries)
    )
    return tuple(dict.fromkeys(told))


def receiver_name(receiver: str, reflux: Reflux, library: Library) -> str:
    """Return a receiver's name in the language of this request: of the declaration, else the system's."""
    known = reflux.by_id.get(receiver)
    return local(known) if known is not None else library.system_name(receiver)


def action_name(action: str) -> str:
    """Return what an action of a fan-out does, in words; empty for a reflux."""
    return _(_ACTIONS[action]) if action in _ACTIONS else action


def fanout_name(fanout: str, fanouts: Fanouts) -> str:
    """Return the name of a fan-out."""
    return local(fanouts[fanout]) if fanout in fanouts else fanout
