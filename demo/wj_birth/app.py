"""The API of the birth registration: header x-token, calls from known addresses only.

POST /api/birthreg                {"status":"SUCCESS","regNo","orgCode"}; 409 {"status":"EXIST","regNo"}; 200 {"status":"FAIL","message"}
GET  /api/birthreg?outCaseNo=     the registration, 404 when there is none
PUT  /api/birthreg/{regNo}        {"birthCertNo"}: corrects the number of the birth certificate
"""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import Hours
from demo.ground.json_body import json_object
from demo.ground.received import NewSubmission, Repeat, Submission
from demo.ground.routes import LOOPBACK, ground_routes
from demo.wj_birth.rules import business_key, check, refusal

HOURS: Final = Hours()
BACKUP_HOUR: Final = 3
BACKUP_LASTS: Final = timedelta(minutes=10)
BACKUP_SLOWS: Final = 10.0
ALLOWED_ADDRESSES: Final = LOOPBACK


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system; nothing runs beside them, for everything is answered at once."""
    api = _Api(context)
    return [
        *ground_routes(context),
        Route("/api/birthreg", api.register, methods=["POST"]),
        Route("/api/birthreg", api.look_up, methods=["GET"]),
        Route("/api/birthreg/{reg_no}", api.correct, methods=["PUT"]),
    ]


def _failed(http_status: int, message: str) -> Response:
    return JSONResponse({"status": "FAIL", "message": message}, status_code=http_status)


def _registered(submission: Submission, http_status: int, status: str) -> Response:
    answer: dict[str, object] = {
        "status": status,
        "regNo": submission.department_number,
        "outCaseNo": submission.number,
        "orgCode": f"{submission.number[:6]}WJ01",
    }
    if message := submission.facts.get("message"):
        answer["message"] = message
    return JSONResponse(answer, status_code=http_status)


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(
            context, hours=HOURS, closed=lambda: _failed(503, "系统备份中，请稍后再试"), slower=self._slower
        )

    def _slower(self) -> float:
        local = self._context.department_time().astimezone(SHANGHAI)
        since = local - local.replace(hour=BACKUP_HOUR, minute=0, second=0, microsecond=0)
        return BACKUP_SLOWS if timedelta() <= since < BACKUP_LASTS else 1.0

    def _stranger(self, request: Request) -> Response | None:
        if request.client is None or request.client.host not in ALLOWED_ADDRESSES:
            return _failed(403, "来源地址不在白名单")
        given = request.headers.get("x-token", "").encode()
        if not hmac.compare_digest(given, self._context.secrets("wj-birth.token")):
            return _failed(401, "token无效")
        return None

    async def register(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._register(request, raw))

    async def look_up(self, request: Request) -> Response:
        return await self._channel.take(lambda: self._look_up(request), faulty=False)

    async def correct(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._correct(request, raw), faulty=False)

    async def _register(self, request: Request, raw: bytes) -> Response:
        if (stranger := self._stranger(request)) is not None:
            return stranger
        body = json_object(raw)
        if body is None:
            return _failed(400, "报文不是JSON对象")
        await self._context.store.seen(str(body.get("outCaseNo")))
        if wrong := check(body):
            return _failed(400, "；".join(map(str, wrong)))
        recorded = await self._context.store.record(self._new(body), at=self._context.clock())
        if recorded.repeat is Repeat.BUSINESS_KEY and recorded.submission.status == "SUCCESS":
            return _registered(recorded.submission, 409, "EXIST")
        return _registered(recorded.submission, 200, recorded.submission.first_status)

    def _new(self, body: Mapping[str, object]) -> NewSubmission:
        number, reason = str(body["outCaseNo"]), refusal(body)
        today = self._context.clock().astimezone(SHANGHAI)
        return NewSubmission(
            number=number,
            operation="SYDJ",
            payload=body,
            status="FAIL" if reason else "SUCCESS",
            facts={"message": reason} if reason else {},
            name_it=lambda row: f"SY{number[:6]}{today:%Y%m%d}{row:05d}",
            business_key=business_key(body),
        )

    async def _look_up(self, request: Request) -> Response:
        if (stranger := self._stranger(request)) is not None:
            return stranger
        if "date" in request.query_params:
            return await self._list(request.query_params["date"], request.query_params.get("page", "1"))
        found = await self._context.store.by_number(request.query_params.get("outCaseNo", ""))
        return _failed(404, "未查询到登记") if found is None else _registered(found, 200, found.status)

    async def _list(self, day: str, page: str) -> Response:
        listed = await day_list(self._context, day, page)
        if listed is None:
            return _failed(400, "日期应为yyyy-MM-dd，页码为正整数")
        rows = [{"outCaseNo": each.number, "regNo": each.department_number, "status": each.status} for each in listed]
        return JSONResponse({"status": "SUCCESS", "rows": rows})

    async def _correct(self, request: Request, raw: bytes) -> Response:
        if (stranger := self._stranger(request)) is not None:
            return stranger
        found = await self._context.store.by_department_number(request.path_params["reg_no"])
        if found is None:
            return _failed(404, "未查询到登记")
        corrected = {**found.payload, "birthCertNo": (json_object(raw) or {}).get("birthCertNo")}
        if wrong := check(corrected):
            return _failed(400, "；".join(map(str, wrong)))
        facts = {"message": "出生医学证明编号已更正", "birthCertNo": corrected["birthCertNo"]}
        await self._context.store.amend(found, status=found.status, facts=facts)
        return _registered(replace(found, facts=facts), 200, found.status)
