"""/systems/{id}/numbers: what a system was used for, by day, week or month, as a table, a picture and a CSV file.

Counts belong to the system: no clerk, window or applicant is in them.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from connectors.system import System
from connectors.usage import NOTHING, Usage, total
from matters.policy import may_see_systems
from portal.guards import signed_in
from portal.library import local
from portal.pages.board_view import Reason, concluded, reasons, refused, times
from portal.people import Person
from portal.refusals import NotAllowed, NotHere
from portal.state import portal_of
from portal.words import _

By = Literal["day", "week", "month"]
_BAR_WIDTH = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersRow:
    """One period. `bar` is the width of its bar in the picture, in its own units."""

    begins_on: date
    label: str
    taken: int
    delivered: int
    concluded: int
    refused: int
    attempts: int
    p50: int | None
    p95: int | None
    bar: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersPage:
    """Context of pages/numbers.html. `rows` are the newest first; `whole` sums them."""

    system: str
    system_name: str
    by: By
    choices: Sequence[tuple[str, str]]
    rows: Sequence[NumbersRow]
    whole: NumbersRow
    reasons: Sequence[Reason]
    bar_width: int


async def numbers(request: Request, person: Person) -> Response:
    """Show the numbers."""
    system, by = _asked(request, person)
    usages = await _read(request, system, by)
    rows = _rows(usages, system, by)
    everything = total(usages.values())
    context = NumbersPage(
        system=system.id,
        system_name=local(system),
        by=by,
        choices=[("day", _("按日")), ("week", _("按周")), ("month", _("按月"))],
        rows=rows,
        whole=_row(min(usages), _("合计"), everything, system, most=1),
        reasons=reasons(everything, system),
        bar_width=_BAR_WIDTH,
    )
    return portal_of(request).renderer.page(request, "pages/numbers.html", context)


async def as_csv(request: Request, person: Person) -> Response:
    """Give the same rows as a file a spreadsheet opens; the mark in front tells it the charset."""
    system, by = _asked(request, person)
    rows = _rows(await _read(request, system, by), system, by)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [_("期间"), _("受理"), _("送达"), _("办结"), _("不予"), _("发送次数"), _("用时中位数 ms"), _("第 95 百分位 ms")]
    )
    for row in reversed(rows):
        cells = (row.taken, row.delivered, row.concluded, row.refused, row.attempts, row.p50, row.p95)
        writer.writerow([row.label, *("" if cell is None else cell for cell in cells)])
    name = f"{system.id}-{by}.csv"
    return Response(
        f"\ufeff{text.getvalue()}",
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


def _asked(request: Request, person: Person) -> tuple[System, By]:
    if not may_see_systems(person.actor):
        raise NotAllowed
    system = portal_of(request).library.systems.get(request.path_params["system"])
    if system is None:
        raise NotHere(_("没有这个系统。请从系统列表中选择。"))
    match request.query_params.get("by"):
        case "week":
            return system, "week"
        case "month":
            return system, "month"
        case _:
            return system, "day"


async def _read(request: Request, system: System, by: By) -> Mapping[date, Usage]:
    """Return the usage of every period that is shown, also of those without any, by the day it begins on."""
    portal = portal_of(request)
    today = portal.clock().astimezone(SHANGHAI).date()
    begins = _begins(today, by)
    parts: dict[date, list[Usage]] = {begin: [NOTHING] for begin in begins}
    since = datetime.combine(begins[0], time(), SHANGHAI)
    for _system, at, usage in await portal.usage.since("day", since, system=system.id):
        parts[_BEGIN[by](at.astimezone(SHANGHAI).date())].append(usage)
    return {begin: total(each) for begin, each in parts.items()}


_BEGIN: Mapping[By, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}
_MANY: Mapping[By, int] = {"day": 14, "week": 12, "month": 12}


def _begins(today: date, by: By) -> list[date]:
    """Return the days on which the shown periods begin, the oldest first."""
    found = [_BEGIN[by](today)]
    while len(found) < _MANY[by]:
        found.append(_BEGIN[by](found[-1] - timedelta(days=1)))
    return found[::-1]


def _rows(usages: Mapping[date, Usage], system: System, by: By) -> list[NumbersRow]:
    most = max((each.taken for each in usages.values()), default=0)
    return [
        _row(begin, _label(begin, by), usage, system, most=most)
        for begin, usage in sorted(usages.items(), reverse=True)
    ]


def _row(begin: date, label: str, usage: Usage, system: System, *, most: int) -> NumbersRow:
    taking = times(usage)
    return NumbersRow(
        begins_on=begin,
        label=label,
        taken=usage.taken,
        delivered=usage.delivered,
        concluded=concluded(usage, system),
        refused=refused(usage, system),
        attempts=usage.attempts,
        p50=taking.p50 if taking else None,
        p95=taking.p95 if taking else None,
        bar=round(_BAR_WIDTH * usage.taken / most) if most else 0,
    )


def _label(begin: date, by: By) -> str:
    match by:
        case "day":
            return begin.isoformat()
        case "week":
            return _("%(day)s 起一周", day=begin.isoformat())
        case "month":
            return f"{begin:%Y-%m}"


routes: list[BaseRoute] = [
    Route("/systems/{system}/numbers", signed_in(numbers), name="numbers"),
    Route("/systems/{system}/numbers.csv", signed_in(as_csv)),
]
