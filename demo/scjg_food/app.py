"""The API of the food licensing system; parameters carry appKey, timestamp (ms) and sign. Every answer is HTTP 200.

POST /licence/preAccept     {"code":"200","msg","data":{"preNo","status":"PRE_OK"}}; 4009 with the preNo there is
GET  /licence/status        ?outCaseNo= or ?preNo=: {"preNo","status","acceptNo","certNo"}; 4004 when there is none
POST /licence/attachments   {"fileId","uploadPath"}: where one file goes, for ten minutes; then PUT its bytes there (201)
POST /licence/withdraw      {"preNo","reason"}; 4010 once decided
Codes: 200 · 4001 signature or time · 4002 form · 4004 · 4009 · 4010 · 4015 files · 503 maintenance.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground.callbacks import Letter, Message, run_callbacks
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import SATURDAY, Hours, nth_weekday
from demo.ground.json_body import json_object
from demo.ground.received import NewSubmission, Repeat, Step, Submission
from demo.ground.results import Event, Told, about, run_results, withdraw
from demo.ground.routes import ground_routes
from demo.scjg_food.attachments import Places, wrong_with_files
from demo.scjg_food.rules import business_key, check, inspect, needs_supplement, signature

APP_KEY: Final = "onewindow"
SKEW: Final = timedelta(seconds=180)
HOURS: Final = Hours(closures=(nth_weekday(2, SATURDAY, time(0), time(6)),))
ACCEPTANCE: Final = timedelta(seconds=60)
INSPECTION: Final = timedelta(minutes=2)
CERTIFICATE: Final = timedelta(minutes=3)
SUPPLEMENT_WITHIN: Final = timedelta(minutes=15)
"""Five working days, shortened like every decision here."""
DECIDED: Final = frozenset({"CERT", "REFUSE", "VOID"})


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register what runs beside them."""
    api = _Api(context)
    run_results(context, api.announce)
    run_callbacks(context, api.write, lambda answer: answer.status_code == 200 and answer.json().get("code") == "200")
    return [
        *ground_routes(context),
        Route("/licence/preAccept", api.pre_accept, methods=["POST"]),
        Route("/licence/status", api.status, methods=["GET"]),
        Route("/licence/attachments", api.attachment, methods=["POST"]),
        Route("/storage/{place}", api.put, methods=["PUT"]),
        Route("/licence/withdraw", api.withdraw, methods=["POST"]),
    ]


def _said(code: str, message: str, data: Mapping[str, object] | None = None) -> Response:
    return JSONResponse({"code": code, "msg": message, "data": data})


def _data(submission: Submission, status: str) -> dict[str, object]:
    return {
        "preNo": submission.department_number,
        "outCaseNo": submission.number,
        "status": status,
        **submission.facts,
    }


def _acceptance_number(submission: Submission) -> str:
    return submission.department_number.replace("SP", "SPSL", 1)


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._places = Places()
        self._channel = Channel(context, hours=HOURS, closed=lambda: _said("503", "系统维护，请稍后再试"))

    async def pre_accept(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._pre_accept(raw))

    async def attachment(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._announce_file(raw))

    async def put(self, request: Request) -> Response:
        content = await request.body()
        return await self._channel.take(lambda: self._put(request.path_params["place"], content))

    async def _announce_file(self, raw: bytes) -> Response:
        parameters = json_object(raw) or {}
        if (stranger := self._stranger(parameters)) is not None:
            return stranger
        place = self._places.give(parameters, at=self._context.clock())
        if isinstance(place, str):
            return _said("4015", place)
        return _said("200", "成功", {"fileId": place.file_id, "uploadPath": f"/storage/{place.token}"})

    async def _put(self, token: str, content: bytes) -> Response:
        return Response(status_code=await self._places.put(self._context, token, content))

    async def status(self, request: Request) -> Response:
        return await self._channel.take(lambda: self._status(dict(request.query_params)), faulty=False)

    async def withdraw(self, request: Request) -> Response:
        raw = await request.body()
        return await self._channel.take(lambda: self._withdraw(raw), faulty=False)

    def _stranger(self, parameters: Mapping[str, object]) -> Response | None:
        if parameters.get("appKey") != APP_KEY:
            return _said("4001", "appKey未登记")
        timestamp = str(parameters.get("timestamp", ""))
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) == 13):
            return _said("4001", "timestamp应为13位毫秒")
        if abs(self._context.clock() - datetime.fromtimestamp(int(timestamp) / 1000, UTC)) > SKEW:
            return _said("4001", "timestamp超出允许偏差")
        expected = signature(parameters, self._context.secrets("scjg-food.md5"))
        given = str(parameters.get("sign", ""))
        return None if hmac.compare_digest(expected.encode(), given.encode()) else _said("4001", "签名错误")

    async def _pre_accept(self, raw: bytes) -> Response:
        parameters = json_object(raw)
        if parameters is None:
            return _said("4002", "报文不是JSON对象")
        if (stranger := self._stranger(parameters)) is not None:
            return stranger
        body = {key: value for key, value in parameters.items() if key not in ("appKey", "timestamp", "sign")}
        await self._context.store.seen(str(body.get("outCaseNo")))
        if wrong := check(body):
            return _said("4002", "；".join(map(str, wrong)))
        if lacking := await wrong_with_files(self._context, body):
            return _said("4015", lacking)
        recorded = await self._context.store.record(self._new(body), at=self._context.clock())
        if recorded.repeat is Repeat.BUSINESS_KEY:
            there = recorded.submission
            return _said("4009", "同一主体同一场所同类申请已存在", _data(there, there.status))
        return _said("200", "预受理成功", _data(recorded.submission, "PRE_OK"))

    def _new(self, body: Mapping[str, object]) -> NewSubmission:
        number = str(body["outCaseNo"])
        today = self._context.clock().astimezone(SHANGHAI)
        return NewSubmission(
            number=number,
            operation="SPJYXK_XB",
            payload=body,
            status="PRE_OK",
            name_it=lambda row: f"SP{today:%Y%m%d}{row:05d}",
            business_key=business_key(body),
            plan=self._plan(number, body),
        )

    def _plan(self, number: str, body: Mapping[str, object]) -> Sequence[Step]:
        dice, scaled = self._context.dice("plan", number), self._context.scaled
        at = about(ACCEPTANCE, dice)
        if missing := needs_supplement(body):
            return (
                Step(after=scaled(at), status="BACK", facts={"msg": missing}),
                Step(
                    after=scaled(at + SUPPLEMENT_WITHIN),
                    status="VOID",
                    facts={"msg": "逾期未补正，预受理自动撤回"},
                ),
            )
        steps = [Step(after=scaled(at), status="ACCEPT", facts={"msg": "予以受理"})]
        for visit in range(1, 3 if dice.random() < 0.3 else 2):
            at += about(INSPECTION, dice)
            steps.append(Step(after=scaled(at), status="CHECK", facts={"msg": f"第{visit}次现场核查"}))
        at += about(CERTIFICATE, dice)
        today = self._context.clock().astimezone(SHANGHAI).date()
        licence = f"JY1{number[:6]}{dice.randrange(10**7):07d}"
        decision = inspect(body, on=today, licence_number=licence)
        steps.append(Step(after=scaled(at), status=decision.status, facts=decision.facts))
        if decision.status == "CERT" and dice.random() < 0.1:
            corrected = {**decision.facts, "certNo": f"{licence[:-1]}X", "msg": "证照编号更正", "corrected": True}
            steps.append(Step(after=scaled(at + CERTIFICATE), status="CERT", facts=corrected))
        return steps

    async def _status(self, parameters: Mapping[str, object]) -> Response:
        if (stranger := self._stranger(parameters)) is not None:
            return stranger
        if "day" in parameters:
            listed = await day_list(self._context, parameters["day"], parameters.get("page", "1"))
            if listed is None:
                return _said("4002", "日期应为yyyyMMdd，页码为正整数")
            return _said("200", "成功", {"rows": [_data(each, each.status) for each in listed]})
        store = self._context.store
        found = await (
            store.by_department_number(str(parameters["preNo"]))
            if "preNo" in parameters
            else store.by_number(str(parameters.get("outCaseNo", "")))
        )
        return _said("4004", "未查询到申请") if found is None else _said("200", "成功", _data(found, found.status))

    async def _withdraw(self, raw: bytes) -> Response:
        parameters = json_object(raw) or {}
        if (stranger := self._stranger(parameters)) is not None:
            return stranger
        found = await self._context.store.by_department_number(str(parameters.get("preNo", "")))
        if found is None:
            return _said("4004", "未查询到申请")
        if found.status in DECIDED:
            return _said("4010", "已作出决定，不能撤回")
        await withdraw(self._context, found, status="VOID", reason=str(parameters.get("reason", "")))
        return _said("200", "已撤回", {"preNo": found.department_number})

    def announce(self, told: Told) -> Sequence[Event]:
        event_id = f"{told.submission.department_number}-{told.step}"
        return (Event(event_id=event_id, status=told.status, facts=told.facts, happened_at=told.at),)

    def write(self, message: Message) -> Letter:
        now = self._context.clock()
        content: dict[str, object] = {
            "appKey": "scjg-food",
            "timestamp": str(int(now.timestamp() * 1000)),
            "eventId": message.event_id,
            "outCaseNo": message.submission.number,
            "preNo": message.submission.department_number,
            "acceptNo": "" if message.status == "BACK" else _acceptance_number(message.submission),
            "status": message.status,
            "eventTime": f"{message.happened_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            **message.facts,
        }
        content["sign"] = signature(content, self._context.secrets("scjg-food.callback"))
        return Letter(
            body=json.dumps(content, ensure_ascii=False).encode(), headers={"content-type": "application/json"}
        )
