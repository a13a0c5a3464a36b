"""The SOAP service of employee insurance (SOAP 1.2, document/literal; a session first).

POST /services/SiBusiness   login(userName, password) · doBusiness(xml) · queryBatch(xml); each answers a resp document
GET  /services/SiBusiness   the WSDL

code 0 done, a result per row · S0001 wrong password · S0002 the session has ended, nothing was done · S0009 the session
ended while the transaction ran: it may be in · E001 fields · E010 the batch number again, with its first results ·
E404 no such batch · M0001 closed or settling the month. Amounts are in fen.
"""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground import hours
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import Hours
from demo.ground.received import NewSubmission, Submission
from demo.ground.routes import ground_routes
from demo.ground.soap import SOAP_1_2, Call, NotSoap, Service, as_object, parse, read_call, rows_of
from demo.rs_employee_insurance.rules import business_keys, check, refusal

PATH: Final = "/services/SiBusiness"
SESSION_LASTS: Final = timedelta(minutes=30)
ENDS_MIDWAY: Final = 0.02
"""How often a session ends while its transaction runs."""


def _settling(local: datetime) -> bool:
    """From 17:00 on the last two working days of the month; this office counts weekdays."""
    if local.time() < time(17):
        return False
    days_left, day = 0, local + timedelta(days=1)
    while day.month == local.month:
        days_left += day.weekday() < 5
        day += timedelta(days=1)
    return days_left < 2


HOURS: Final = Hours(
    weekdays=frozenset(range(5)), opens=time(8, 30), closes=time(17, 30), closures=(hours.on_holidays(), _settling)
)
_WSDL: Final = Path(__file__).with_name("service.wsdl").read_bytes()
_SERVICE: Final = Service(soap=SOAP_1_2, namespace="urn:rs:zgsb", result="out", charset="UTF-8")


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system."""
    api = _Api(context)
    return [
        *ground_routes(context),
        Route(PATH, lambda _request: Response(_WSDL, media_type="text/xml"), methods=["GET"]),
        Route(PATH, api.call, methods=["POST"]),
    ]


def _said(call: str, code: str, message: str, **more: object) -> Response:
    return _SERVICE.answer(call, "resp", {"code": code, "msg": message, **more})


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(
            context, hours=HOURS, closed=lambda: _said("doBusiness", "M0001", "非服务时间或月结处理中")
        )
        self._sessions: dict[str, datetime] = {}

    async def call(self, request: Request) -> Response:
        try:
            call = read_call(await request.body(), request.headers.get("content-type", ""))
        except NotSoap:
            return _SERVICE.fault("soap:Sender", "请求报文不是SOAP消息", http_status=400)
        match call.name:
            case "login":
                return self._log_in(call)
            case "doBusiness":
                return await self._channel.take(lambda: self._business(call))
            case "queryBatch":
                return await self._channel.take(lambda: self._query(call), faulty=False)
            case _:
                return _SERVICE.fault("soap:Sender", "方法不存在", http_status=400)

    def _log_in(self, call: Call) -> Response:
        known = self._context.secrets("rs-employee-insurance.password").decode()
        given = call.arguments.get("password", "")
        if call.arguments.get("userName") != "onewindow" or not secrets.compare_digest(given.encode(), known.encode()):
            return _said("login", "S0001", "用户名或密码错误")
        session, now = secrets.token_hex(16), self._context.clock()
        self._sessions = {held: until for held, until in self._sessions.items() if until > now}
        self._sessions[session] = now + SESSION_LASTS
        return _said("login", "0", "成功", sessionId=session)

    def _asked(self, call: Call) -> dict[str, object] | Response:
        """Return the payload of a call whose session stands, or the refusal."""
        try:
            payload = as_object(parse(call.arguments.get("xml", "")))
        except (etree.XMLSyntaxError, ValueError):
            return _said(call.name, "E001", "报文不是有效的XML")
        until = self._sessions.get(str(payload.pop("session", "")))
        if until is None or until <= self._context.clock():
            return _said(call.name, "S0002", "登录令牌已过期")
        return payload

    async def _business(self, call: Call) -> Response:
        asked = self._asked(call)
        if isinstance(asked, Response):
            return asked
        number, batch = str(asked.get("bz", "")), str(asked.get("batch", ""))
        await self._context.store.seen(number)
        if wrong := check(asked):
            return _said("doBusiness", "E001", "；".join(map(str, wrong))[:400])
        if (known := await self._context.store.by_request_key(batch)) is not None:
            return _resulting("doBusiness", "E010", "批次号已提交", known)
        results = await self._results(asked)
        today = self._context.clock().astimezone(SHANGHAI)
        new = NewSubmission(
            number=number,
            operation=str(asked["tx"]),
            payload=asked,
            status="0" if any(result["@code"] == "0" for result in results) else "1",
            name_it=lambda row: f"ZGSB{today:%Y%m%d}{row:06d}",
            request_key=batch,
            facts={"rows": results},
        )
        recorded = await self._context.store.record(new, at=self._context.clock())
        if recorded.repeat is None and self._context.dice("midway", number).random() < ENDS_MIDWAY:
            self._sessions.clear()
            return _said("doBusiness", "S0009", "会话超时")
        return _resulting("doBusiness", "0", "处理完成", recorded.submission)

    async def _results(self, asked: Mapping[str, object]) -> list[dict[str, str]]:
        taken = await self._context.store.run(_taken)
        on, results = self._context.clock().astimezone(SHANGHAI).date(), []
        for row in rows_of(asked, "rows", "row"):
            reason = refusal(asked, row, taken=taken, on=on)
            results.append({"@n": str(row["n"]), "@code": "1" if reason else "0", "@msg": reason or "成功"})
        return results

    async def _query(self, call: Call) -> Response:
        asked = self._asked(call)
        if isinstance(asked, Response):
            return asked
        if "rq" in asked:
            return await self._list(asked)
        found = await self._context.store.by_request_key(str(asked.get("batch", "")))
        if found is None:
            return _said("queryBatch", "E404", "无此批次")
        return _resulting("queryBatch", "0", "处理完成", found)

    async def _list(self, asked: Mapping[str, object]) -> Response:
        listed = await day_list(self._context, asked["rq"], asked.get("ym", "1"))
        if listed is None:
            return _said("queryBatch", "E001", "rq应为yyyyMMdd，ym为正整数")
        rows = [{"@n": each.number, "@code": each.department_number} for each in listed]
        return _said("queryBatch", "0", "成功", rows={"row": rows})


def _resulting(call: str, code: str, message: str, submission: Submission) -> Response:
    return _said(call, code, message, lsh=submission.department_number, rows={"row": submission.facts.get("rows", [])})


def _taken(connection: sqlite3.Connection) -> frozenset[str]:
    """Return every person, insurance and month some unit holds."""
    held: set[str] = set()
    for line in connection.execute("SELECT payload, facts FROM submissions"):
        payload, facts = json.loads(line["payload"]), json.loads(line["facts"])
        good = {row["@n"] for row in facts.get("rows", []) if row["@code"] == "0"}
        if payload.get("czlx") == "2":
            continue
        for row in rows_of(payload, "rows", "row"):
            if row.get("n") in good:
                held |= business_keys(payload, row)
    return frozenset(held)
