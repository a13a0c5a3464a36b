"""The platform's API: take a notice, look it up; and what it tells by itself.

POST /openapi/v1/notices               200 with the result, or 202 COMPARING: {"code":0,"data":{"receiptNo","result","remark"}}
GET  /openapi/v1/notices?noticeKey=    the same data, 404 when there is none
GET  /openapi/v1/notices?date=&page=   {"data":{"rows":[the same data]}}: what was taken in on a day
POST /deaths                           from this machine only: a death is reported to the platform, which pushes it on

Requests and pushes are signed as those of the elderly-care system: HMAC-SHA256 over time, nonce and body.
"""

import json
import secrets
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground import checks
from demo.ground.callbacks import Letter, Message, run_callbacks
from demo.ground.channel import Channel
from demo.ground.checks import need
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import SUNDAY, Hours, weekly
from demo.ground.json_body import json_object
from demo.ground.received import NewSubmission, Step, Submission
from demo.ground.results import Event, Told, about, run_results
from demo.ground.routes import LOOPBACK, ground_routes
from demo.mz_elder.signature import SKEW, fault_in, signature
from demo.mz_monitor.rules import check, compare, is_monitored

APP_ID: Final = "onewindow"
COMPARING_TAKES: Final = timedelta(minutes=2)
SECOND_PUSH: Final = timedelta(seconds=20)
HOURS: Final = Hours(closures=(weekly(SUNDAY, time(3), time(4)),))
DEATH: Final = "DEATH"
_DEATH: Final = (
    need("name", checks.text(100)),
    need("idNumber", checks.identity),
    need("deathDate", checks.day("%Y-%m-%d")),
    need("townCode", checks.township),
)


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register what runs beside them."""
    api = _Api(context)
    run_results(context, api.announce)
    run_callbacks(context, api.write, lambda answer: answer.status_code == 200 and answer.json().get("code") == 0)
    return [
        *ground_routes(context),
        Route("/openapi/v1/notices", api.take, methods=["POST"]),
        Route("/openapi/v1/notices", api.look_up, methods=["GET"]),
        Route("/deaths", api.death, methods=["POST"]),
    ]


def _said(http_status: int, message: str) -> Response:
    return JSONResponse({"code": http_status, "msg": message, "data": None}, status_code=http_status)


def _closed() -> Response:
    answer = _said(503, "系统例行维护，请稍后再试")
    answer.headers["retry-after"] = "600"
    return answer


def _held(submission: Submission, status: str) -> dict[str, object]:
    return {
        "receiptNo": submission.department_number,
        "noticeNo": submission.number,
        "result": status,
        "remark": str(submission.facts.get("remark", "")),
    }


def _answer(submission: Submission, status: str) -> Response:
    data = _held(submission, status)
    return JSONResponse({"code": 0, "msg": "ok", "data": data}, status_code=202 if status == "COMPARING" else 200)


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(context, hours=HOURS, closed=_closed)

    async def take(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._take(request, raw))

    async def look_up(self, request: Request) -> Response:
        return await self._channel.take(lambda: self._look_up(request), faulty=False)

    async def _stranger(self, request: Request, raw: bytes) -> Response | None:
        """Return the refusal of a request that does not prove who sent it."""
        at, headers = self._context.clock(), request.headers
        if fault := fault_in(headers, raw, app_id=APP_ID, secret=self._context.secrets("mz-monitor.hmac"), at=at):
            return _said(401, fault)
        if not await self._context.store.use_nonce(headers["x-nonce"], at=at, lasts=SKEW):
            return _said(401, "随机数已使用")
        return None

    async def _take(self, request: Request, raw: bytes) -> Response:
        if (stranger := await self._stranger(request, raw)) is not None:
            return stranger
        body = json_object(raw)
        if body is None:
            return _said(400, "报文不是JSON对象")
        await self._context.store.seen(str(body.get("noticeNo")))
        if wrong := check(body):
            return _said(400, "；".join(str(complaint) for complaint in wrong))
        if not is_monitored(body):
            return _said(422, "此类结果不属于监测范围，不予接收")
        recorded = await self._context.store.record(self._new(body), at=self._context.clock())
        return _answer(recorded.submission, recorded.submission.first_status)

    def _new(self, body: dict[str, object]) -> NewSubmission:
        number, found = str(body["noticeNo"]), compare(body)
        today, dice = self._context.clock().astimezone(SHANGHAI), self._context.dice("compare", number)
        at_once = dice.random() < 0.5
        later = Step(after=self._context.scaled(about(COMPARING_TAKES, dice)), status=found.status, facts=found.facts)
        return NewSubmission(
            number=number,
            operation="HL_PUSH",
            payload=body,
            status=found.status if at_once else "COMPARING",
            facts=found.facts if at_once else {"remark": "比对中"},
            name_it=lambda row: f"JC{today:%Y%m%d}{row:06d}",
            request_key=str(body["noticeKey"]),
            plan=() if at_once else (later,),
        )

    async def _look_up(self, request: Request) -> Response:
        if (stranger := await self._stranger(request, b"")) is not None:
            return stranger
        if day := request.query_params.get("date", ""):
            return await self._list(day, request.query_params.get("page", "1"))
        found = await self._context.store.by_request_key(request.query_params.get("noticeKey", ""))
        return _said(404, "未查询到推送") if found is None else _answer(found, found.status)

    async def _list(self, day: str, page: str) -> Response:
        listed = await day_list(self._context, day, page, of_notices=True)
        if listed is None:
            return _said(400, "date应为yyyy-MM-dd，page为正整数")
        return JSONResponse({"code": 0, "msg": "ok", "data": {"rows": [_held(each, each.status) for each in listed]}})

    async def death(self, request: Request) -> Response:
        """Take a death in, as if the police had reported it; it is pushed to OneWindow at once."""
        if request.client is None or request.client.host not in LOOPBACK:
            return _said(403, "only from this machine")
        body = json_object(await request.body())
        if body is None or checks.complaints(body, _DEATH):
            return _said(400, "需要 name、idNumber、deathDate、townCode")
        new = NewSubmission(
            number=f"SW-{body['idNumber']}",
            operation=DEATH,
            payload=body,
            status="KNOWN",
            name_it=lambda row: f"SW{row:08d}",
            business_key=f"death:{body['idNumber']}",
            plan=(Step(after=timedelta(), status=DEATH),),
        )
        recorded = await self._context.store.record(new, at=self._context.clock())
        return JSONResponse({"code": 0, "data": {"receiptNo": recorded.submission.department_number}})

    def announce(self, told: Told) -> Sequence[Event]:
        """Give one push per step; a third of them come twice."""
        event_id = f"{told.submission.department_number}-{told.step}"
        first = Event(event_id=event_id, status=told.status, facts=told.facts, happened_at=told.at)
        if self._context.dice("push", event_id).random() >= 0.33:
            return (first,)
        after = self._context.scaled(SECOND_PUSH)
        return (first, Event(event_id=event_id, status=told.status, facts=told.facts, happened_at=told.at, after=after))

    def write(self, message: Message) -> Letter:
        of, at = message.submission, message.happened_at.astimezone(SHANGHAI)
        content: dict[str, object] = {"eventId": message.event_id, "time": f"{at:%Y-%m-%d %H:%M:%S}"}
        if message.status == DEATH:
            person = {name: of.payload[name] for name in ("name", "idNumber", "deathDate")}
            content |= {"type": DEATH, "townCode": of.payload["townCode"], "person": person}
        else:
            content |= {
                "type": "RESULT",
                "noticeNo": of.number,
                "receiptNo": of.department_number,
                "result": message.status,
                "remark": message.facts.get("remark", ""),
            }
        body = json.dumps(content, ensure_ascii=False).encode()
        timestamp, nonce = str(int(self._context.clock().timestamp())), secrets.token_hex(16)
        headers = {
            "content-type": "application/json",
            "x-app-id": "mz-monitor",
            "x-timestamp": timestamp,
            "x-nonce": nonce,
            "x-signature": signature(self._context.secrets("mz-monitor.callback"), timestamp, nonce, body),
        }
        return Letter(body=body, headers=headers)
