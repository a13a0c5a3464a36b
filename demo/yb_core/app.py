"""POST /fsi/api/rsfComIfsService/callService: one address, the infno inside the sealed message says what for.

Inside: {"infno","msgid","out_biz_no","inf_time","input":{…}} → {"infcode","err_msg","inf_refmsgid","refmsg_time","output":{…}}.
infcode 0 done · 1 taken, result later · -1 refused on the merits · -2 form · -3 msgid used for other content · -4 year change ·
-5 not found. YWCX asks by msgid or out_biz_no, YWCH takes back by biz_no. The gateway itself answers 401 (not let in) or 503 (closed).
err_msg may hold the stack trace of whatever stood behind it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground import checks, notices
from demo.ground.callbacks import Letter, Message, run_callbacks
from demo.ground.channel import Channel
from demo.ground.checks import need
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import Hours, over_new_year
from demo.ground.json_body import json_object
from demo.ground.received import NewSubmission, Repeat, Step, Submission
from demo.ground.results import Event, Told, about, run_results, withdraw
from demo.ground.routes import ground_routes
from demo.yb_core.envelope import SKEW, EnvelopeRefused, Keys, check_headers, headers_for, seal, unseal
from demo.yb_core.rules import AT_ONCE, ENROLMENTS, FIELDS, business_key, check, decide, is_in_another_province

PATH: Final = "/fsi/api/rsfComIfsService/callService"
PAAS_ID: Final = "onewindow"
QUERY: Final = "YWCX"
WITHDRAW: Final = "YWCH"
HOURS: Final = Hours(opens=time(7), closes=time(23))
YEAR_CHANGE: Final = over_new_year((12, 30, 18), (1, 1, 9))
DECISION: Final = timedelta(minutes=5)
OTHER_PROVINCE: Final = timedelta(minutes=1)
DECIDED: Final = frozenset({"0", "-1"})
_NOTICE: Final = {"number": "ntc_no", "basis": "legal_basis", "state": "ntc_stas", "name": "psn_name", "id": "certno"}
MESSAGE: Final = (
    need("infno", checks.text(20)),
    need("msgid", checks.pattern(r"[0-9A-Za-z-]{16,64}", "格式不正确")),
    need("inf_time", checks.day("%Y-%m-%d %H:%M:%S")),
)
STACK: Final = (
    "\n\tat cn.hsa.insu.core.service.InsuRegisterService.checkRepeat(InsuRegisterService.java:218)"
    "\n\tat cn.hsa.insu.core.service.InsuRegisterService.register(InsuRegisterService.java:97)"
    "\n\tat java.base/java.lang.Thread.run(Thread.java:829)"
)

Inner = Mapping[str, object]


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register what runs beside them."""
    api = _Api(context)
    run_results(context, api.announce)
    run_callbacks(context, api.write, lambda answer: answer.status_code == 200 and answer.json().get("code") == 0)
    return [*ground_routes(context), Route(PATH, api.call, methods=["POST"])]


def _turned_away(http_status: int, message: str) -> Response:
    return JSONResponse({"code": http_status, "message": message, "data": None}, status_code=http_status)


def _answer(infcode: str, message: str = "", **output: object) -> dict[str, object]:
    return {"infcode": infcode, "err_msg": message, "output": output}


def _result(submission: Submission, status: str) -> dict[str, object]:
    output = {
        "biz_no": submission.department_number,
        "out_biz_no": submission.number,
        "status": status,
        **submission.facts,
    }
    message = str(submission.facts.get("memo", "")) if status == "-1" else ""
    trace = STACK if submission.facts.get("repeated") else ""
    return {"infcode": status, "err_msg": message + trace, "output": output}


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(context, hours=HOURS, closed=lambda: _turned_away(503, "系统日终处理，暂停服务"))

    def _keys(self) -> Keys:
        secret = self._context.secrets
        return Keys(
            sm4=bytes.fromhex(secret("yb-core.sm4").decode()),
            private=secret("yb-core.sm2-department-private"),
            public=secret("yb-core.sm2-public"),
        )

    async def call(self, request: Request) -> Response:
        document = json_object(await request.body())
        try:
            message = await self._let_in(request.headers, document)
        except EnvelopeRefused as refused:
            return _turned_away(401, str(refused))
        asked = message.get("infno") in (QUERY, WITHDRAW)
        return await self._channel.take(lambda: self._serve(message), faulty=not asked)

    async def _let_in(self, headers: Mapping[str, str], document: Inner | None) -> Inner:
        at = self._context.clock()
        check_headers(headers, paas_id=PAAS_ID, token=self._context.secrets("yb-core.token"), at=at)
        if not await self._context.store.use_nonce(headers["x-tif-nonce"], at=at, lasts=SKEW):
            raise EnvelopeRefused("随机数已使用")
        return unseal(document, self._keys())

    async def _serve(self, message: Inner) -> Response:
        inside = await self._transact(message)
        now = self._context.clock()
        inside["inf_refmsgid"] = f"{message.get('msgid', '')}"
        inside["refmsg_time"] = f"{now.astimezone(SHANGHAI):%Y%m%d%H%M%S}"
        return JSONResponse({"code": 0, "message": "成功", "data": seal(inside, self._keys(), at=now)})

    async def _transact(self, message: Inner) -> dict[str, object]:
        if wrong := checks.complaints(message, MESSAGE):
            return _answer("-2", "；".join(map(str, wrong)))
        operation, given = str(message["infno"]), message.get("input")
        body: Inner = given if isinstance(given, dict) else {}
        if operation == QUERY:
            return await self._query(body)
        if operation == WITHDRAW:
            return await self._withdraw(body)
        if notices.is_notice(operation):
            return await self._notice(operation, message, body)
        if operation not in FIELDS:
            return _answer("-2", f"交易编号{operation}不存在")
        if operation in ENROLMENTS and YEAR_CHANGE(self._context.department_time().astimezone(SHANGHAI)):
            return _answer("-4", "医保年度切换，暂停参保类交易，请于1月1日9时后重新提交")
        return await self._register(operation, message, body)

    async def _notice(self, operation: str, message: Inner, body: Inner) -> dict[str, object]:
        if operation not in notices.SAID:
            return _answer("-2", f"交易编号{operation}不存在")
        await self._context.store.seen(str(body.get("ntc_no")))
        if wrong := checks.complaints(body, notices.fields(_NOTICE)[:3]):
            return _answer("-2", "；".join(map(str, wrong)))
        new = NewSubmission(
            number=str(body["ntc_no"]),
            operation=operation,
            payload=body,
            status="0",
            facts={"memo": notices.SAID[operation]},
            name_it=self._name,
            request_key=str(message["msgid"]),
        )
        recorded = await self._context.store.record(new, at=self._context.clock())
        if recorded.repeat is Repeat.REQUEST_KEY and not recorded.same_content:
            return _answer("-3", "msgid已使用且报文内容不一致")
        return _result(recorded.submission, "0")

    async def _register(self, operation: str, message: Inner, body: Inner) -> dict[str, object]:
        number = str(message.get("out_biz_no", ""))
        await self._context.store.seen(number)
        if complaint := checks.case_number(message.get("out_biz_no", "")):
            return _answer("-2", f"out_biz_no{complaint}")
        if wrong := check(operation, body):
            return _answer("-2", "；".join(map(str, wrong)) + STACK)
        new = self._new(operation, number, str(message["msgid"]), body)
        recorded = await self._context.store.record(new, at=self._context.clock())
        if recorded.repeat is Repeat.BUSINESS_KEY:
            refused = self._enrolled_already(new, recorded.submission)
            recorded = await self._context.store.record(refused, at=self._context.clock())
        if recorded.repeat is Repeat.REQUEST_KEY and not recorded.same_content:
            return _answer("-3", "msgid已使用且报文内容不一致")
        return _result(recorded.submission, recorded.submission.first_status)

    def _name(self, row: int) -> str:
        return f"YB{self._context.clock().astimezone(SHANGHAI):%Y%m%d}{row:08d}"

    def _new(self, operation: str, number: str, msgid: str, body: Inner) -> NewSubmission:
        decision, dice = decide(operation, body), self._context.dice("plan", number)
        # Filings in another province are answered by that province, and its answer often misses the deadline.
        waits_for_others = is_in_another_province(operation, body) and dice.random() < 0.3
        at_once = operation in AT_ONCE and not waits_for_others
        after = self._context.scaled(about(OTHER_PROVINCE if waits_for_others else DECISION, dice))
        return NewSubmission(
            number=number,
            operation=operation,
            payload=body,
            status=decision.status if at_once else "1",
            facts=decision.facts if at_once else {},
            name_it=self._name,
            request_key=msgid,
            business_key=business_key(operation, body),
            plan=() if at_once else (Step(after=after, status=decision.status, facts=decision.facts),),
        )

    def _enrolled_already(self, new: NewSubmission, there: Submission) -> NewSubmission:
        """Return the refusal that goes on record for somebody who is enrolled under another number."""
        return NewSubmission(
            number=new.number,
            operation=new.operation,
            payload=new.payload,
            status="-1",
            facts={"memo": f"该人员已参保，登记流水号{there.department_number}，不得重复参保", "repeated": "1"},
            name_it=self._name,
            request_key=new.request_key,
        )

    async def _query(self, body: Inner) -> dict[str, object]:
        if "opt_date" in body:
            return await self._list(body)
        store = self._context.store
        found = await (
            store.by_request_key(str(body["msgid"]))
            if "msgid" in body
            else store.by_number(str(body.get("out_biz_no")))
        )
        if found is None:
            return _answer("-5", "未查询到该笔业务")
        return {**_result(found, found.status), "infcode": "0", "err_msg": ""}

    async def _list(self, body: Inner) -> dict[str, object]:
        listed = await day_list(self._context, body["opt_date"], body.get("page_num", "1"))
        if listed is None:
            return _answer("-2", "opt_date应为yyyy-MM-dd，page_num为正整数")
        rows = [{"out_biz_no": each.number, "biz_no": each.department_number, "status": each.status} for each in listed]
        return _answer("0", rows=rows)

    async def _withdraw(self, body: Inner) -> dict[str, object]:
        found = await self._context.store.by_department_number(str(body.get("biz_no", "")))
        if found is None:
            return _answer("-5", "未查询到该笔业务")
        if found.status in DECIDED:
            return _answer("-1", "业务已办结，不能撤回", biz_no=found.department_number)
        await withdraw(self._context, found, status="-1", reason=str(body.get("reason", "")))
        return _answer("0", biz_no=found.department_number)

    def announce(self, told: Told) -> Sequence[Event]:
        event_id = f"{told.submission.department_number}{told.step:06d}"
        return (Event(event_id=event_id, status=told.status, facts=told.facts, happened_at=told.at),)

    def write(self, message: Message) -> Letter:
        now = self._context.clock()
        inside = {
            "infno": "JGTS",
            "event_id": message.event_id,
            "msgid": message.submission.request_key,
            "out_biz_no": message.submission.number,
            "biz_no": message.submission.department_number,
            "status": message.status,
            "memo": message.facts.get("memo", ""),
            "opt_time": f"{message.happened_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "output": {name: value for name, value in message.facts.items() if name != "memo"},
        }
        headers = headers_for("yb-core", self._context.secrets("yb-core.token"), at=now)
        return Letter(
            body=json.dumps({"data": seal(inside, self._keys(), at=now)}).encode(),
            headers={"content-type": "application/json", **headers},
        )
