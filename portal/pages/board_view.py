"""What the board says of a system beside its counts: limits, times, refusals by reason, secrets. Plain values, pure.

Reasons are classes and codes the spec declares. A department's own words are never among them: they can hold a name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.expiry import Expiry
from connectors.health import SystemStanding
from connectors.ledger import HoldReason
from connectors.secret_names import secrets_in_service
from connectors.system import System
from connectors.usage import Usage
from matters.case import CaseStatus
from matters.citizen_words import STATUS_NAMES
from portal.pages.systems_view import OUTCOMES
from portal.words import _, marked

_GOOD: Final = frozenset({"accepted", "duplicate", "pending"})
_NEGATIVE: Final = frozenset({"completed_refused", "returned", "not_accepted"})
_MOST_REASONS: Final = 3
HOLDS: Final[Mapping[HoldReason, str]] = {
    "person": marked("等人登录部门系统"),
    "auth": marked("对方未认可凭据"),
    "budget": marked("今天的额度已用完"),
    "throttled": marked("对方要求放慢"),
}
"""What keeps deliveries waiting while the system is open; hours, maintenance and the breaker have words of their own."""
_UNKNOWN: Final = ("unknown", "probing")
_CALLED: Final = marked("接收回调")
_SERVER: Final = marked("对方服务器")
_USES: Final[Mapping[str, str]] = {
    "callback": _CALLED,
    "server": _SERVER,
    "exchange_table": marked("前置库"),
    "file_batch": marked("批次文件"),
    "message_queue": marked("消息队列"),
    "form_post": marked("网页登录"),
}
_SENDING: Final = marked("发送")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something was refused or did not go through, and how often."""

    text: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Milliseconds that half, nineteen of twenty, and ninety-nine of a hundred attempts stayed below."""

    p50: int
    p95: int
    p99: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryView:
    """A secret or certificate with the days it has left; `tone` is a badge's, `uses` where it is used, to be translated."""

    name: str
    ends_at: datetime | None
    days: int | None
    tone: str
    text: str
    is_certificate: bool
    is_changing: bool
    uses: tuple[str, ...]

    @property
    def is_for_callback(self) -> bool:
        return _CALLED in self.uses

    @property
    def is_for_sending(self) -> bool:
        return any(use not in (_CALLED, _SERVER) for use in self.uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """One system's part of the board beside its standing. `held`: why it waits while open, to be translated.

    `soonest` is the secret or certificate that ends first.
    """

    unknown: int
    held: tuple[str, ...]
    hour: Times | None
    day: Times | None
    reasons: tuple[Reason, ...]
    more_reasons: int
    soonest: ExpiryView | None


def board_line(standing: SystemStanding, expiries: Sequence[Expiry], at: datetime) -> BoardLine:
    """Return what the board adds."""
    health = standing.health
    found = reasons(health.day, standing.system)
    views = expiry_views(standing, expiries, at)
    return BoardLine(
        unknown=sum(health.counts.get(state, 0) for state in _UNKNOWN),
        held=tuple(sorted({HOLDS[hold.reason] for hold in health.holds if hold.until > at and hold.reason in HOLDS})),
        hour=times(health.hour),
        day=times(health.day),
        reasons=found[:_MOST_REASONS],
        more_reasons=max(len(found) - _MOST_REASONS, 0),
        soonest=min((each for each in views if each.days is not None), key=lambda each: each.days or 0, default=None),
    )


def times(usage: Usage) -> Times | None:
    """Return the percentiles; None when nothing was tried."""
    p50, p95, p99 = (usage.percentile(percent) for percent in (50, 95, 99))
    return None if p50 is None or p95 is None or p99 is None else Times(p50=p50, p95=p95, p99=p99)


def reasons(usage: Usage, system: System) -> tuple[Reason, ...]:
    """Return why things were refused or did not go through, the most frequent first."""
    found = [*_of_attempts(usage), *_of_statuses(usage, system)]
    return tuple(sorted(found, key=lambda each: (-each.count, each.text)))


def _of_attempts(usage: Usage) -> Iterator[Reason]:
    for outcome, count in usage.outcomes.items():
        kind, error, status = outcome.split(" ", 2)
        if kind not in _GOOD and kind in OUTCOMES:
            code = " · ".join(part for part in (error, f"HTTP {status}" if status != "0" else "") if part)
            yield Reason(text=f"{_(OUTCOMES[kind])}{f'（{code}）' if code else ''}", count=count)


def _of_statuses(usage: Usage, system: System) -> Iterator[Reason]:
    for code, count in usage.statuses.items():
        word = system.spec.statuses.get(code)
        if word in _NEGATIVE:
            yield Reason(text=f"{_(STATUS_NAMES[CaseStatus(word)])}（{code}）", count=count)


def concluded(usage: Usage, system: System) -> int:
    """Return how many cases the department finished, by whatever way it told us."""
    final = {*_NEGATIVE, "completed_approved", "transferred"}
    return usage.concluded + sum(n for code, n in usage.statuses.items() if system.spec.statuses.get(code) in final)


def refused(usage: Usage, system: System) -> int:
    """Return how many cases it said no to."""
    at_once = sum(count for outcome, count in usage.outcomes.items() if outcome.startswith("refused "))
    return at_once + sum(n for code, n in usage.statuses.items() if system.spec.statuses.get(code) in _NEGATIVE)


def expiry_views(standing: SystemStanding, expiries: Sequence[Expiry], at: datetime) -> tuple[ExpiryView, ...]:
    """Return the secrets of a system with what each is for, and its server's certificate where one was seen."""
    seen, sections = standing.health.certificate, secrets_in_service(standing.system)
    server = [] if seen is None else [Expiry(name=_("服务器证书"), ends_at=seen.not_after, is_certificate=True)]
    known = [(each, sections.get(each.name, ())) for each in expiries]
    return tuple(_view(each, at, used) for each, used in [*known, *((each, ("server",)) for each in server)])


def _view(expiry: Expiry, at: datetime, sections: Sequence[str]) -> ExpiryView:
    days = expiry.days_left(at)
    tone, text = _words(expiry, days, at)
    return ExpiryView(
        name=expiry.name,
        ends_at=expiry.ends_at,
        days=days,
        tone=tone,
        text=text,
        is_certificate=expiry.is_certificate,
        is_changing=expiry.is_changing,
        uses=tuple(dict.fromkeys(_USES.get(section, _SENDING) for section in sections)),
    )


def _words(expiry: Expiry, days: int | None, at: datetime) -> tuple[str, str]:
    if expiry.wrong == "missing":
        return "danger", _("没有这个文件")
    if expiry.wrong == "unreadable":
        return "warn", _("到期日写得不对")
    if days is None:
        return "", _("没有写明到期日")
    if days < 0:
        return "danger", _("已到期")
    stage = expiry.stage(at)
    tone = {1: "danger", 7: "danger", 30: "warn", None: "ok"}[stage]
    return tone, _("剩 %(days)s 天", days=days)
