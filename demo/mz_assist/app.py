"""The SOAP service of social assistance (SOAP 1.1, document/literal, WS-Security UsernameToken with a digest).

POST /services/BizService    submit(appCode, bizXml), queryStatus(appCode, bizXml); both answer a RESULT document as text
GET  /services/BizService    the WSDL

RETCODE 0000 taken · 1002 the same WBBH again, with the first YWBH · 1003 a household member has an application in
flight · 2001 fields · 2002 no XML · 2003, 2004 files (`demo.mz_assist.attachments`) · 9999 closed. All of them come with HTTP 200; only a token that does not hold is a Fault.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground import hours, notices
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import Hours
from demo.ground.received import NewSubmission, Step, Submission
from demo.ground.results import about, run_results
from demo.ground.routes import ground_routes
from demo.ground.soap import SKEW, SOAP_1_1, Call, NotSoap, Service, as_object, parse, read_call, token_holds
from demo.mz_assist import attachments
from demo.mz_assist.rules import PREFIXES, check, decide, household

PATH: Final = "/services/BizService"
APP_CODE: Final = "YPT"
MOST_ASKED: Final = 200
DECIDED: Final = frozenset({"QR", "BYQR", "TH"})
_NOTICES: Final = ("LD_REVIEW", "LD_REVIEW_OFF", notices.RESULT)
_NOTICE: Final = {"number": "WBBH", "basis": "FLYJ", "state": "GZZT", "name": "XM", "id": "SFZH"}
_STAGES: Final = (("HD", timedelta(minutes=2)), ("RH", timedelta(minutes=5)), ("GS", timedelta(minutes=8)))
_DECISION: Final = timedelta(minutes=12)


def _first_morning(local: datetime) -> bool:
    return local.day == 1 and local.time() < time(6)


HOURS: Final = Hours(
    weekdays=frozenset(range(5)), opens=time(8, 30), closes=time(17, 30), closures=(hours.on_holidays(), _first_morning)
)
_WSDL: Final = Path(__file__).with_name("service.wsdl").read_bytes()
_SERVICE: Final = Service(soap=SOAP_1_1, namespace="urn:jmgc:shjz", result="return")


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register what runs beside them."""
    api = _Api(context)
    run_results(context)
    return [
        *ground_routes(context),
        Route(PATH, lambda _request: Response(_WSDL, media_type="text/xml"), methods=["GET"]),
        Route(PATH, api.call, methods=["POST"]),
    ]


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(
            context, hours=HOURS, closed=lambda: self._said("submit", "9999", "系统升级维护，请稍后再试")
        )

    def _said(self, call: str, code: str, message: str, **more: object) -> Response:
        return _SERVICE.answer(call, "RESULT", {"RETCODE": code, "RETMSG": message, **more})

    async def call(self, request: Request) -> Response:
        raw = await request.body()
        try:
            call = read_call(raw, request.headers.get("content-type", ""))
        except NotSoap:
            return _SERVICE.fault("soap:Client", "请求报文不是SOAP消息")
        if not await self._is_ours(call):
            return _SERVICE.fault("wsse:FailedAuthentication", "用户令牌校验失败")
        match call.name:
            case "submit":
                return await self._channel.take(lambda: self._submit(call))
            case "queryStatus":
                return await self._channel.take(lambda: self._query(call), faulty=False)
            case _:
                return _SERVICE.fault("soap:Client", "方法不存在")

    async def _is_ours(self, call: Call) -> bool:
        at, password = self._context.clock(), self._context.secrets("mz-assist.password")
        if not token_holds(call.token, username="onewindow", password=password, at=at):
            return False
        return await self._context.store.use_nonce(call.token["Nonce"], at=at, lasts=SKEW * 2)

    async def _submit(self, call: Call) -> Response:
        payload = _payload(call)
        if payload is None:
            return self._said("submit", "2002", "bizXml不是有效的XML")
        if payload.get("YWLX") == attachments.UPLOAD:
            said = await attachments.take(self._context, payload)
            return self._said("submit", said.code, said.message, FJID=said.file_id)
        number = str(payload.get("WBBH", ""))
        await self._context.store.seen(number)
        if notices.is_notice(payload.get("YWLX")):
            return await self._notice(payload)
        if wrong := check(payload):
            return self._said("submit", "2001", "；".join(map(str, wrong)))
        if lacking := await attachments.wrong_with_list(self._context, payload):
            return self._said("submit", "2004", lacking)
        if (known := await self._context.store.by_request_key(number)) is not None:
            return self._said("submit", "1002", "重复申请", YWBH=known.department_number)
        if (other := await self._in_flight(payload)) is not None:
            return self._said("submit", "1003", "家庭成员有在办的救助申请，办结前不能再次申请", YWBH=other)
        recorded = await self._context.store.record(self._new(number, payload), at=self._context.clock())
        if recorded.repeat is not None:  # two copies of one request raced each other
            return self._said("submit", "1002", "重复申请", YWBH=recorded.submission.department_number)
        return self._said("submit", "0000", "成功", YWBH=recorded.submission.department_number)

    async def _notice(self, payload: Mapping[str, object]) -> Response:
        operation, number = str(payload["YWLX"]), str(payload.get("WBBH", ""))
        if operation not in _NOTICES:
            return self._said("submit", "2001", "业务类型不存在")
        if wrong := notices.check(payload, _NOTICE):
            return self._said("submit", "2001", "；".join(map(str, wrong)))
        new = NewSubmission(
            number=number,
            operation=operation,
            payload=payload,
            status="QR",
            facts={"BZSM": notices.SAID[operation]},
            name_it=lambda row: f"TZ{row:08d}",
            request_key=number,
        )
        recorded = await self._context.store.record(new, at=self._context.clock())
        kept, is_new = recorded.submission, recorded.repeat is None
        message = str(kept.facts["BZSM"]) if is_new else "重复告知"
        return self._said("submit", "0000" if is_new else "1002", message, YWBH=kept.department_number)

    async def _in_flight(self, payload: Mapping[str, object]) -> str | None:
        people = household(payload)
        for number, held in await self._context.store.run(_undecided):
            if not people.isdisjoint(household(held)):
                return number
        return None

    def _new(self, number: str, payload: Mapping[str, object]) -> NewSubmission:
        operation, today = str(payload["YWLX"]), self._context.clock().astimezone(SHANGHAI)
        return NewSubmission(
            number=number,
            operation=operation,
            payload=payload,
            status="SL",
            name_it=lambda row: f"SHJZ{PREFIXES[operation]}{today:%Y%m%d}{row:05d}",
            request_key=number,
            plan=self._plan(number, payload),
        )

    def _plan(self, number: str, payload: Mapping[str, object]) -> Sequence[Step]:
        dice, scaled = self._context.dice("plan", number), self._context.scaled
        decision, passed, steps = decide(payload, on=self._context.clock().astimezone(SHANGHAI).date()), timedelta(), []
        for status, after in _STAGES if decision.status == "QR" else _STAGES[:1]:
            passed = max(passed, about(after, dice))
            steps.append(Step(after=scaled(passed), status=status))
        last = Step(after=scaled(max(passed, about(_DECISION, dice))), status=decision.status, facts=decision.facts)
        return [*steps, last]

    async def _query(self, call: Call) -> Response:
        payload = _payload(call)
        if payload is not None and "RQ" in payload:
            return await self._list(payload)
        asked = payload.get("LIST") if payload is not None else None
        numbers = asked.get("WBBH", []) if isinstance(asked, Mapping) else []
        numbers = numbers if isinstance(numbers, list) else [numbers]
        if not numbers or len(numbers) > MOST_ASKED:
            return self._said("queryStatus", "2001", f"一次可查询1至{MOST_ASKED}个业务编号")
        found = [await self._context.store.by_number(str(number)) for number in numbers]
        rows = [_row(submission) for submission in found if submission is not None]
        return self._said("queryStatus", "0000", "成功", LIST={"ITEM": rows})

    async def _list(self, payload: Mapping[str, object]) -> Response:
        listed = await day_list(self._context, payload["RQ"], payload.get("YM", "1"))
        if listed is None:
            return self._said("queryStatus", "2001", "RQ应为yyyyMMdd，YM为正整数")
        return self._said("queryStatus", "0000", "成功", LIST={"ITEM": [_row(each) for each in listed]})


def _row(submission: Submission) -> dict[str, object]:
    granted = {name: submission.facts[name] for name in ("JE", "QSNY", "FFRQ") if name in submission.facts}
    return {
        "WBBH": submission.number,
        "YWBH": submission.department_number,
        "ZT": submission.status,
        "BZSM": submission.facts.get("BZSM", ""),
        **granted,
    }


def _payload(call: Call) -> dict[str, object] | None:
    if call.arguments.get("appCode") != APP_CODE:
        return None
    try:
        return as_object(parse(call.arguments.get("bizXml", "")))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _undecided(connection: sqlite3.Connection) -> list[tuple[str, dict[str, object]]]:
    marks = ",".join("?" * len(DECIDED))
    rows = connection.execute(
        f"SELECT department_number, payload FROM submissions WHERE status NOT IN ({marks})",  # noqa: S608
        tuple(sorted(DECIDED)),
    )
    return [(row["department_number"], json.loads(row["payload"])) for row in rows]
