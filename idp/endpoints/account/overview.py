"""/account: what is set up, and the latest sign-ins."""

import json
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.account.pages import Event, OverviewPage
from idp.endpoints.account.visitor import Visitor, moment, own_page
from idp.endpoints.words import ACR_WORDS, DONE_WORDS, SIGN_IN_EVENTS
from idp.protocol.audit import AuditKind, AuditRow

_SHOWN: Final = 10
_LOOKED_AT: Final = 500
_SINCE: Final = timedelta(days=30)


@own_page("")
async def overview(request: Request, visitor: Visitor) -> Response:
    """Show the account's own security at a glance."""
    idp, account, factors = visitor.idp, visitor.account, visitor.factors
    rows = await idp.audit_store.listed(
        sub=account.sub, since=visitor.at - _SINCE, after=0, at_most=_LOOKED_AT
    )  # fmt: skip
    page = OverviewPage(
        name=account.name, username=account.username, unit_name=account.unit_name, totp=factors.totp,
        passkeys=factors.passkeys, passkeys_available=idp.second_factors.site.available,
        recovery_codes=factors.recovery_codes, has_factor=factors.any,
        events=tuple(_event(request, visitor, row) for row in _latest(rows, account.sub)),
        notice=notice(request, visitor),
    )  # fmt: skip
    return idp.pages.render(request, page)


def notice(request: Request, visitor: Visitor) -> str:
    """Return the sentence for what was just done, or ""."""
    word = DONE_WORDS.get(request.query_params.get("done", ""))
    return visitor.idp.pages.say(request, word) if word else ""


def _latest(rows: tuple[AuditRow, ...], sub: str) -> list[AuditRow]:
    wanted = [row for row in rows if row.sub == sub and row.kind in SIGN_IN_EVENTS]
    return wanted[: -_SHOWN - 1 : -1]


def _event(request: Request, visitor: Visitor, row: AuditRow) -> Event:
    text = visitor.idp.pages.say(request, SIGN_IN_EVENTS[AuditKind(row.kind)])
    acr = ACR_WORDS.get(str(json.loads(row.detail).get("acr", "")))
    how = f"（{visitor.idp.pages.say(request, acr)}）" if acr else ""
    return Event(at=moment(row.at), text=text + how)
