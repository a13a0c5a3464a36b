"""The receipt, to be printed: numbers, what was taken in, until when, and how to look up the case.

The QR code leads to /status with the number only. The query code is printed in letters and typed by hand:
an address is kept in histories and logs, and must open nothing.
"""

import io
from dataclasses import dataclass, field
from urllib.parse import quote

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from matters.case import Case
from matters.deadline import schedule
from matters.elements import Duration
from matters.errors import CalendarUnknown
from matters.guide import Matter
from matters.policy import may_change_case
from matters.receipt import Receipt, make_receipt
from portal.guards import signed_in
from portal.pages.case import find, matter_of
from portal.people import Person
from portal.refusals import NotAllowed
from portal.state import PortalState, portal_of
from portal.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage:
    """Context of pages/receipt.html. `by_hand` when a desk task brings the case to the department."""

    receipt: Receipt = field(repr=False)
    matter: Matter
    qr: Markup = field(repr=False)
    status_address: str
    missing_by: Duration | None
    by_hand: bool


async def show(request: Request, person: Person) -> Response:
    """Show the receipt to a clerk of the unit that took the case in; it holds the query code."""
    portal = portal_of(request)
    case = await find(request, person)
    if not may_change_case(person.actor, case):
        raise NotAllowed(_("回执由受理窗口打印。"))
    matter = await matter_of(portal, case)
    receipt = make_receipt(
        matter,
        case,
        await portal.cases.materials(case.number),
        unit_name=person.unit_name,
        is_provisional=_is_provisional(portal, case),
    )
    address = f"{portal.settings.base_url}/status"
    context = ReceiptPage(
        receipt=receipt,
        matter=matter,
        qr=_qr(f"{address}?number={quote(case.number)}"),
        status_address=address,
        missing_by=receipt.missing_by,
        by_hand=portal.library.is_by_hand(matter, case.region),
    )
    return portal.renderer.page(request, "pages/receipt.html", context)


def _is_provisional(portal: PortalState, case: Case) -> bool:
    try:
        return schedule(case.accepted_at or case.received_at, case.promised, portal.calendar).is_provisional
    except CalendarUnknown:
        return True


def _qr(text: str) -> Markup:
    out = io.BytesIO()
    # Without a style attribute and with colours as attributes: the policy allows no inline style.
    segno.make(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, dark="#000", light="#fff"
    )
    return Markup(out.getvalue().decode())  # noqa: S704  made by segno from an address of ours


routes: list[BaseRoute] = [Route("/cases/{number}/receipt", signed_in(show), name="receipt")]
