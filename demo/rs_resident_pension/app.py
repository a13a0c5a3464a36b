"""POST /gateway/do: {"txCode","yzls","ywbh","reqTime","body","sign"}; every answer is HTTP 200 and signed.

code 0 done or taken · -1 refused on the merits · E1001 signature · E1002 time · E2001 form · E2002 unknown transaction ·
E4004 not found · E9001 outside opening hours · E9002 monthly settlement. YWCX asks for a transaction by its yzls or the case number
(ywbh), YWCH takes one back by our number (aaz308) until it is decided.
"""

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground import checks, notices, sm
from demo.ground.callbacks import Letter, Message, run_callbacks
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import Hours, last_day_of_month, on_holidays
from demo.ground.json_body import json_object
from demo.ground.received import NewSubmission, Step, Submission
from demo.ground.results import Event, Told, about, run_results, withdraw
from demo.ground.routes import ground_routes
from demo.rs_resident_pension.gateway import QUERY, WITHDRAW, fault_in, sign
from demo.rs_resident_pension.rules import BENEFITS, FIELDS, check, decide

HOURS: Final = Hours(opens=time(7), closes=time(21, 30), closures=(on_holidays("National Day", "Spring Festival"),))
SETTLEMENT: Final = last_day_of_month(time(18))
REVIEW: Final = timedelta(seconds=60)
DECISION: Final = timedelta(minutes=4)
DECIDED: Final = frozenset({"3", "-1"})
_NOTICES: Final = (notices.SUSPEND, notices.RESUME, notices.END, notices.RESULT)
_NOTICE: Final = {"number": "gzbh", "basis": "flyj", "state": "gzzt", "name": "aac003", "id": "aac002"}

Answer = Mapping[str, object]


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register what runs beside them."""
    api = _Api(context)
    run_results(context, api.announce)
    run_callbacks(context, api.write, lambda answer: answer.status_code == 200 and answer.json().get("code") == 0)
    return [*ground_routes(context), Route("/gateway/do", api.do, methods=["POST"])]


def _failed(code: str, message: str) -> Answer:
    return {"code": code, "msg": message, "data": {}}


def _result(submission: Submission, status: str) -> Answer:
    message = str(submission.facts.get("msg", "成功"))
    data = {"aaz308": submission.department_number, "ywbh": submission.number, "zt": status}
    return {"code": -1 if status == "-1" else 0, "msg": message, "data": data}


def _unique(row: int) -> str:
    return f"{900000 + row}"


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(
            context, hours=HOURS, closed=lambda: self._say(_failed("E9001", "当前非系统服务时间（07:00-21:30）"))
        )

    async def do(self, request: Request) -> Response:
        message = json_object(await request.body())
        asked = message is not None and message.get("txCode") in (QUERY, WITHDRAW)
        return await self._channel.take(lambda: self._answer(message), faulty=not asked)

    def _say(self, answer: Answer) -> Response:
        return JSONResponse(sign(answer, self._context.secrets("rs-resident-pension.sm2-department-private")))

    async def _answer(self, message: dict[str, object] | None) -> Response:
        if message is None:
            return self._say(_failed("E2001", "报文不是JSON对象"))
        public_key = self._context.secrets("rs-resident-pension.sm2-public")
        code, reason = fault_in(message, public_key=public_key, at=self._context.clock())
        if code:
            return self._say(_failed(code, reason))
        body = message.get("body")
        return self._say(await self._transact(message, body if isinstance(body, dict) else {}))

    async def _transact(self, message: Mapping[str, object], body: Mapping[str, object]) -> Answer:
        operation = str(message["txCode"])
        if operation == QUERY:
            return await self._query(body)
        if operation == WITHDRAW:
            return await self._withdraw(body)
        if notices.is_notice(operation):
            return await self._notice(operation, message, body)
        if operation not in FIELDS:
            return _failed("E2002", f"交易码{operation}不存在")
        if operation in BENEFITS and SETTLEMENT(self._context.department_time().astimezone(SHANGHAI)):
            return _failed("E9002", "月结期间暂停待遇类交易，请于次月1日7时后重新提交")
        return await self._register(operation, message, body)

    async def _notice(self, operation: str, message: Mapping[str, object], body: Mapping[str, object]) -> Answer:
        if operation not in _NOTICES:
            return _failed("E2002", f"交易码{operation}不存在")
        await self._context.store.seen(str(body.get("gzbh")))
        if wrong := notices.check(body, _NOTICE):
            return _failed("E2001", "；".join(str(complaint) for complaint in wrong))
        said = await notices.said_of(self._context.store, operation, str(body.get("aac002", "")), paid=("3",))
        new = NewSubmission(
            number=str(body["gzbh"]),
            operation=operation,
            payload=body,
            status="3",
            facts={"msg": said},
            name_it=_unique,
            request_key=str(message["yzls"]),
        )
        kept = (await self._context.store.record(new, at=self._context.clock())).submission
        return _result(kept, kept.status)

    async def _register(self, operation: str, message: Mapping[str, object], body: Mapping[str, object]) -> Answer:
        number = str(message.get("ywbh", ""))
        await self._context.store.seen(number)
        if complaint := checks.case_number(message.get("ywbh", "")):
            return _failed("E2001", f"ywbh{complaint}")
        if wrong := check(operation, body):
            return _failed("E2001", "；".join(str(complaint) for complaint in wrong))
        new = self._new(operation, number, str(message["yzls"]), body)
        recorded = await self._context.store.record(new, at=self._context.clock())
        return _result(recorded.submission, recorded.submission.first_status)

    def _new(self, operation: str, number: str, serial: str, body: Mapping[str, object]) -> NewSubmission:
        decision = decide(operation, body, on=self._today())
        if operation not in BENEFITS:
            return NewSubmission(
                number=number,
                operation=operation,
                payload=body,
                status=decision.status,
                facts=decision.facts,
                name_it=_unique,
                request_key=serial,
            )
        dice, scaled = self._context.dice("plan", number), self._context.scaled
        review = about(REVIEW, dice)
        plan = (
            Step(after=scaled(review), status="2", facts={"msg": "审核中"}),
            Step(after=scaled(review + about(DECISION, dice)), status=decision.status, facts=decision.facts),
        )
        return NewSubmission(
            number=number,
            operation=operation,
            payload=body,
            status="1",
            name_it=_unique,
            request_key=serial,
            plan=plan,
        )

    def _today(self) -> date:
        return self._context.clock().astimezone(SHANGHAI).date()

    async def _query(self, body: Mapping[str, object]) -> Answer:
        if "rq" in body:
            return await self._list(body)
        store = self._context.store
        found = await (
            store.by_request_key(str(body["yzls"])) if "yzls" in body else store.by_number(str(body.get("ywbh", "")))
        )
        return _failed("E4004", "未查询到该笔业务") if found is None else {**_result(found, found.status), "code": 0}

    async def _list(self, body: Mapping[str, object]) -> Answer:
        listed = await day_list(self._context, body["rq"], body.get("ym", "1"))
        if listed is None:
            return _failed("E2001", "rq应为yyyyMMdd，ym为正整数")
        rows = [{"ywbh": each.number, "aaz308": each.department_number, "zt": each.status} for each in listed]
        return {"code": 0, "msg": "成功", "data": {"rows": rows}}

    async def _withdraw(self, body: Mapping[str, object]) -> Answer:
        found = await self._context.store.by_department_number(str(body.get("aaz308", "")))
        if found is None:
            return _failed("E4004", "未查询到该笔业务")
        if found.status in DECIDED:
            return {"code": -1, "msg": "业务已办结，不能撤回", "data": {"aaz308": found.department_number}}
        await withdraw(self._context, found, status="-1", reason=str(body.get("reason", "")))
        return {"code": 0, "msg": "已撤回", "data": {"aaz308": found.department_number}}

    def announce(self, told: Told) -> Sequence[Event]:
        # Only the decision is told; that it is being looked at can be asked for.
        if told.status not in DECIDED:
            return ()
        event_id = f"{told.submission.department_number}{told.step:08d}"
        return (Event(event_id=event_id, status=told.status, facts=told.facts, happened_at=told.at),)

    def write(self, message: Message) -> Letter:
        now = self._context.clock().astimezone(SHANGHAI)
        content = {
            "txCode": "JGHZ",
            "eventId": message.event_id,
            "reqTime": f"{now:%Y%m%d%H%M%S}",
            "yzls": message.submission.request_key,
            "ywbh": message.submission.number,
            "aaz308": message.submission.department_number,
            "zt": message.status,
            "msg": message.facts.get("msg", ""),
            "aae036": f"{message.happened_at.astimezone(SHANGHAI):%Y%m%d%H%M%S}",
            "body": {name: value for name, value in message.facts.items() if name != "msg"},
        }
        signed = sign(content, self._context.secrets("rs-resident-pension.sm2-department-private"))
        return Letter(body=sm.sorted_json(signed), headers={"content-type": "application/json"})
