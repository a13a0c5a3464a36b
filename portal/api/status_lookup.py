"""Looking up a case without signing in: number and query code, both or nothing.

Unknown number and wrong code get the same answer, and not before `REFUSED_AFTER` has passed, so that neither words
nor time tell which numbers exist. Every try counts against the address and against the number, before it is looked
at. A page that has shown the case looks again with a view token, which costs no try.
"""

from time import perf_counter

import anyio
from starlette.requests import Request

from matters.numbering import normal_number, parse_case_number
from portal.api.case_record import record_of
from portal.api.citizen_view import CitizenView
from portal.api.limits import STATUS_BY_ADDRESS, STATUS_BY_NUMBER, address_of, spend
from portal.api.problem_types import NOT_FOUND
from portal.api.refusals import Refused
from portal.api.state import api_of
from portal.api.views import view_of
from portal.words import marked as _

REFUSED_AFTER_SECONDS = 0.25
WRONG = _("办件编号和查询码对不上。请照回执核对：查询码为 8 位，只有数字和大写字母，没有 0、O、1、I、L。")


async def look_up(request: Request, *, number: str, code: str) -> CitizenView:
    """Return what the applicant may read.

    Raises:
        Refused: NOT_FOUND, the same for unknown number and wrong code; TOO_MANY_REQUESTS.
    """
    began = perf_counter()
    api = api_of(request)
    await spend(api.state, STATUS_BY_ADDRESS, address_of(request))
    await spend(api.state, STATUS_BY_NUMBER, normal_number(number))
    parsed = parse_case_number(number)
    case = await api.cases.by_query_code(str(parsed), code) if parsed else None
    if case is None:
        await anyio.sleep(max(0.0, REFUSED_AFTER_SECONDS - (perf_counter() - began)))
        raise Refused(NOT_FOUND, WRONG)
    return view_of(api, await record_of(api, case))


async def look_again(request: Request, token: str) -> CitizenView | None:
    """Return what the applicant may read, for a page that proved the code before; None when its token has ended."""
    api = api_of(request)
    number = api.view_tokens.number(token)
    case = await api.cases.by_number(number) if number else None
    return view_of(api, await record_of(api, case)) if case else None
