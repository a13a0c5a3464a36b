"""The API of the elderly-care system: submit, look up by our number, withdraw; and the callbacks that follow.

POST /openapi/v1/cases                     {"code":0,"msg":"ok","data":{"caseId","status"}}
GET  /openapi/v1/cases?outCaseNo=          the same data, 404 when there is none
GET  /openapi/v1/cases?date=&page=         what came in that day, 100 a page: {"code":0,"data":{"rows":[…]}}
POST /openapi/v1/cases/{caseId}/withdraw   {"outCaseNo","reason"}; 422 once decided
POST /openapi/v1/notices                   a death: suspend, resume with what was held back, or end payments; by noticeKey
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground import notices
from demo.ground.callbacks import Letter, Message, run_callbacks
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import SUNDAY, Hours, weekly
from demo.ground.json_body import json_object
from demo.ground.received import NewSubmission, Step, Submission
from demo.ground.results import Event, Told, about, run_results, withdraw
from demo.ground.routes import ground_routes
from demo.mz_elder.rules import check, decide
from demo.mz_elder.signature import SKEW, fault_in, signature

APP_ID: Final = "onewindow"
KEY_LASTS: Final = timedelta(hours=24)
REVIEW: Final = timedelta(seconds=40)
DECISION: Final = timedelta(minutes=4)
SECOND_PUSH: Final = timedelta(seconds=20)
LATE_PUSH: Final = timedelta(minutes=12)
HOURS: Final = Hours(closures=(weekly(SUNDAY, time(2), time(4)),))
DECIDED: Final = frozenset({"30", "40", "50"})
_NOTICE: Final = {"number": "noticeNo", "basis": "basis", "state": "state", "name": "name", "id": "idNumber"}
PREFIXES: Final = {"ZLJ_APPLY": "ZLJ", "YLFW_BT": "YLBT"}


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register what runs beside them."""
    api = _Api(context)
    run_results(context, api.announce)
    run_callbacks(context, api.write, lambda answer: answer.status_code == 200 and answer.json().get("code") == 0)
    return [
        *ground_routes(context),
        Route("/openapi/v1/cases", api.submit, methods=["POST"]),
        Route("/openapi/v1/cases", api.look_up, methods=["GET"]),
        Route("/openapi/v1/cases/{case_id}/withdraw", api.withdraw, methods=["POST"]),
        Route("/openapi/v1/notices", api.notice, methods=["POST"]),
    ]


def _said(http_status: int, code: int, message: str) -> Response:
    return JSONResponse({"code": code, "msg": message, "data": None}, status_code=http_status)


def _closed() -> Response:
    return JSONResponse(
        {"code": 503, "msg": "系统例行维护，请稍后再试", "data": None}, status_code=503, headers={"retry-after": "600"}
    )


def _case(submission: Submission, status: str) -> Response:
    data = {"caseId": submission.department_number, "outCaseNo": submission.number, "status": status}
    if remark := submission.facts.get("remark"):
        data["remark"] = str(remark)
    return JSONResponse({"code": 0, "msg": "ok", "data": data})


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(context, hours=HOURS, closed=_closed)

    async def submit(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._submit(request, raw))

    async def look_up(self, request: Request) -> Response:
        return await self._channel.take(lambda: self._look_up(request), faulty=False)

    async def withdraw(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._withdraw(request, raw), faulty=False)

    async def notice(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._notice(request, raw))

    async def _notice(self, request: Request, raw: bytes) -> Response:
        if (stranger := await self._stranger(request.headers, raw)) is not None:
            return stranger
        body = json_object(raw)
        if body is None:
            return _said(400, 400, "报文不是JSON对象")
        await self._context.store.seen(str(body.get("noticeNo")))
        action, key = str(body.get("action")), str(body.get("noticeKey", ""))
        if wrong := notices.check(body, _NOTICE):
            return _said(400, 40001, "；".join(str(complaint) for complaint in wrong))
        if action not in (notices.SUSPEND, notices.RESUME, notices.END) or not 8 <= len(key) <= 100:
            return _said(400, 40002, "动作或推送标识不正确")
        said = await notices.said_of(self._context.store, action, str(body["idNumber"]), paid=("30",))
        new = NewSubmission(
            number=str(body["noticeNo"]),
            operation=action,
            payload=body,
            status="30",
            facts={"remark": said},
            name_it=lambda row: f"TZ{row:08d}",
            request_key=key,
        )
        kept = (await self._context.store.record(new, at=self._context.clock())).submission
        data = {"caseId": kept.department_number, "status": kept.status}
        return JSONResponse({"code": 0, "msg": kept.facts["remark"], "data": data})

    async def _stranger(self, headers: Mapping[str, str], raw: bytes) -> Response | None:
        """Return the refusal of a request that does not prove who sent it."""
        at = self._context.clock()
        secret = self._context.secrets("mz-elder.hmac")
        if fault := fault_in(headers, raw, app_id=APP_ID, secret=secret, at=at):
            return _said(401, 401, fault)
        if not await self._context.store.use_nonce(headers["x-nonce"], at=at, lasts=SKEW):
            return _said(401, 401, "随机数已使用")
        return None

    async def _submit(self, request: Request, raw: bytes) -> Response:
        if (stranger := await self._stranger(request.headers, raw)) is not None:
            return stranger
        body = json_object(raw)
        if body is None:
            return _said(400, 400, "报文不是JSON对象")
        await self._context.store.seen(str(body.get("outCaseNo")))
        key = request.headers.get("idempotency-key", "")
        if not 8 <= len(key) <= 100:
            return _said(400, 400, "缺少Idempotency-Key")
        if wrong := check(body):
            return _said(400, 40001, "；".join(str(complaint) for complaint in wrong))
        recorded = await self._context.store.record(self._new(body, key), at=self._context.clock())
        return _case(recorded.submission, recorded.submission.first_status)

    def _new(self, body: Mapping[str, object], key: str) -> NewSubmission:
        number, business = str(body["outCaseNo"]), str(body["bizType"])
        today = self._context.clock().astimezone(SHANGHAI)
        return NewSubmission(
            number=number,
            operation=business,
            payload=body,
            status="10",
            name_it=lambda row: f"{PREFIXES[business]}-{today:%Y%m%d}-{row:04d}",
            request_key=key,
            request_key_lasts=KEY_LASTS,
            plan=self._plan(number, body),
        )

    def _plan(self, number: str, body: Mapping[str, object]) -> Sequence[Step]:
        dice, scaled = self._context.dice("plan", number), self._context.scaled
        review = about(REVIEW, dice)
        decision = decide(body)
        steps = [
            Step(after=scaled(review), status="20", facts={"remark": "审核中"}),
            Step(after=scaled(review + about(DECISION, dice)), status=decision.status, facts=decision.facts),
        ]
        # Some districts report the arrival itself, and that message overtakes the answer to the submission.
        if dice.random() < 0.3:
            steps.insert(0, Step(after=timedelta(), status="10", facts={"remark": "已收件"}))
        return steps

    async def _look_up(self, request: Request) -> Response:
        if (stranger := await self._stranger(request.headers, b"")) is not None:
            return stranger
        if "date" in request.query_params:
            return await self._list(request)
        found = await self._context.store.by_number(request.query_params.get("outCaseNo", ""))
        return _said(404, 404, "未查询到业务") if found is None else _case(found, found.status)

    async def _list(self, request: Request) -> Response:
        found = await day_list(self._context, request.query_params["date"], request.query_params.get("page", "1"))
        if found is None:
            return _said(400, 400, "日期应为yyyy-MM-dd，页码为正整数")
        rows = [{"outCaseNo": s.number, "caseId": s.department_number, "status": s.status} for s in found]
        return JSONResponse({"code": 0, "msg": "ok", "data": {"rows": rows}})

    async def _withdraw(self, request: Request, raw: bytes) -> Response:
        if (stranger := await self._stranger(request.headers, raw)) is not None:
            return stranger
        found = await self._context.store.by_department_number(request.path_params["case_id"])
        if found is None:
            return _said(404, 404, "未查询到业务")
        if found.status in DECIDED:
            return _said(422, 42201, "业务已办结，不能撤回")
        reason = str((json_object(raw) or {}).get("reason", ""))
        await withdraw(self._context, found, status="50", reason=reason)
        return _said(200, 0, "已撤回")

    def announce(self, told: Told) -> Sequence[Event]:
        dice, scaled = self._context.dice("push", told.submission.number, str(told.step)), self._context.scaled
        event_id = f"{told.submission.department_number}-{told.step}"
        late = told.status == "20" and dice.random() < 0.2
        first = Event(
            event_id=event_id,
            status=told.status,
            facts=told.facts,
            happened_at=told.at,
            after=scaled(LATE_PUSH) if late else timedelta(),
        )
        if dice.random() >= 0.25:
            return (first,)
        again = Event(
            event_id=event_id,
            status=told.status,
            facts=told.facts,
            happened_at=told.at,
            after=first.after + scaled(SECOND_PUSH),
        )
        return (first, again)

    def write(self, message: Message) -> Letter:
        result = {name: value for name, value in message.facts.items() if name != "remark"}
        content = {
            "eventId": message.event_id,
            "outCaseNo": message.submission.number,
            "caseId": message.submission.department_number,
            "status": message.status,
            "remark": message.facts.get("remark", ""),
            "time": message.happened_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            "retried": message.attempt - 1,
            "result": result,
        }
        body = json.dumps(content, ensure_ascii=False).encode()
        timestamp, nonce = str(int(self._context.clock().timestamp())), secrets.token_hex(16)
        return Letter(
            body=body,
            headers={
                "content-type": "application/json",
                "x-app-id": "mz-elder",
                "x-timestamp": timestamp,
                "x-nonce": nonce,
                "x-signature": signature(self._context.secrets("mz-elder.callback"), timestamp, nonce, body),
            },
        )
