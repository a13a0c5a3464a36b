"""The tax system: messages on ssf.req answered on ssf.resp, and POST /ssf/query for what a message became of.

A request is checked, kept and answered PROCESSING, later SUCCESS or FAIL; the answers of one request may come twice and
in the wrong order. The same corrId again is answered with what stands; the same payment under another one with PAID.
A message it can't take is answered BWCW and not kept. Outside its hours it says SYS-BUSY and keeps nothing. A query answers
`cxjg` 1 (with jgdm) or 0; one for a day (`rq`, page `ym`) answers `rows`.
"""

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config import logs
from config.cancelling import heeding
from config.clock import SHANGHAI
from demo.faults.messages import spoiled
from demo.faults.switch import BEFORE_COMMIT, Fault
from demo.ground import received_sql as sql
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import Hours
from demo.ground.received import NewSubmission, Repeat, Step, Submission, submission_of
from demo.ground.results import Event, Told, about, run_results, seconds_to_next
from demo.ground.routes import ground_routes
from demo.tax_ssf.messages import Unproven, opened, signed
from demo.tax_ssf.rules import business_key, check, decide

log = logs.get(__name__)
REQUESTS: Final = "ssf.req"
RESPONSES: Final = "ssf.resp"
GROUP: Final = "ssf"
DECISION: Final = timedelta(minutes=2)
LATE: Final = timedelta(minutes=5)
AWAY_SECONDS: Final = 0.5


def _closing_accounts(local: datetime) -> bool:
    return local.day == 1 and local.time() < time(6)


HOURS: Final = Hours(opens=time(6), closes=time(22), closures=(_closing_accounts,))


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register what reads and writes its topics."""
    office = _Office(context)
    run_results(context, office.announce)
    if context.line:
        context.background(office.read_requests)
        context.background(office.write_responses)
    return [*ground_routes(context), Route("/ssf/query", office.query, methods=["POST"])]


class _Office:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(context, hours=HOURS, closed=lambda: Response(status_code=503))

    def _broker(self) -> Any:
        password = self._context.secrets("tax-ssf.channel-department").decode()
        return cast(Any, Redis.from_url(self._context.line, username="tax", password=password, socket_timeout=10))

    async def read_requests(self) -> None:
        """Take requests for as long as the host runs; one is acknowledged when it is kept and answered."""
        async with self._broker() as redis:
            while True:
                try:
                    await self._take(redis)
                except (RedisError, OSError, TimeoutError) as error:
                    log.info("broker_away", system=self._context.id, fault=type(error).__name__)
                    await asyncio.sleep(AWAY_SECONDS)

    async def _take(self, redis: Any) -> None:
        try:
            await heeding(redis.xgroup_create(REQUESTS, GROUP, id="0", mkstream=True))
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        left = await heeding(redis.xreadgroup(GROUP, "hall", {REQUESTS: "0"}, count=50))
        while True:
            for _, entries in left:
                for entry, fields in entries:
                    for answer in await self._answers(fields.get(b"message", b"")):
                        await self._say(redis, answer)
                    await heeding(redis.xack(REQUESTS, GROUP, entry))
            left = await heeding(redis.xreadgroup(GROUP, "hall", {REQUESTS: ">"}, count=50, block=500))

    async def _answers(self, content: bytes) -> list[bytes]:
        """Return what is said to one request: nothing to what proves nothing, twice where the line broke after it."""
        try:
            header, body = opened(content, self._context.secrets("tax-ssf.sm2-public"))
        except Unproven:
            log.info("message_refused", system=self._context.id)
            return []
        fault = self._context.faults.take()
        await self._context.store.seen(str(header.get("outNo", "")))
        if not HOURS.open_at(self._context.department_time()) or fault is Fault.MAINTENANCE:
            return [self._written(header, {"jgdm": "SYS-BUSY", "jgms": "征期切换，请稍后再试"})]
        if fault in BEFORE_COMMIT:
            return []
        answer = self._written(header, await self._decided(header, body))
        return spoiled(fault, answer)

    async def _decided(self, header: Mapping[str, object], body: Mapping[str, object]) -> Mapping[str, object]:
        if wrong := check(str(header.get("bizCode")), body):
            return {"jgdm": "BWCW", "jgms": "；".join(map(str, wrong))[:300]}
        recorded = await self._context.store.record(self._new(header, body), at=self._context.clock())
        on_record = recorded.submission
        if recorded.repeat is Repeat.BUSINESS_KEY:
            return {"jgdm": "PAID", "jgms": "已缴纳", "yzpzhm": on_record.department_number}
        return _said(on_record, on_record.status, on_record.facts)

    def _new(self, header: Mapping[str, object], body: Mapping[str, object]) -> NewSubmission:
        business, number, serial = str(header["bizCode"]), str(header["outNo"]), str(header["corrId"])
        today, dice = self._context.clock().astimezone(SHANGHAI), self._context.dice("plan", number)
        decision = decide(business, body, serial[-8:])
        after = self._context.scaled(about(DECISION, dice))
        return NewSubmission(
            number=number,
            operation=business,
            payload=dict(body),
            status="PROCESSING",
            name_it=lambda row: f"320105{today:%Y%m%d}{row:06d}",
            request_key=serial,
            business_key=business_key(business, body),
            plan=(Step(after=after, status=decision.status, facts=decision.facts),),
        )

    def _written(self, header: Mapping[str, object], body: Mapping[str, object], *, msg_id: str = "") -> bytes:
        at = self._context.clock()
        own = {
            "msgId": msg_id or f"{header['corrId']}-{body['jgdm']}-{at.timestamp():.6f}",
            "corrId": header["corrId"],
            "outNo": header["outNo"],
            "time": f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}{at.microsecond // 1000:03d}",
        }
        return signed(own, body, self._context.secrets("tax-ssf.sm2-department-private"))

    async def _say(self, redis: Any, message: bytes) -> None:
        await heeding(redis.xadd(RESPONSES, {"message": message}, maxlen=100_000, approximate=True))

    def announce(self, told: Told) -> list[Event]:
        """One message per step; a fifth come twice, and some are overtaken by what happened later."""
        dice, scaled = self._context.dice("say", told.submission.number, str(told.step)), self._context.scaled
        event_id = f"{told.submission.request_key}-{told.step}"
        first = Event(event_id=event_id, status=told.status, facts=told.facts, happened_at=told.at)
        if dice.random() >= 0.2:
            return [first]
        late = Event(event_id=event_id, status=told.status, facts=told.facts, happened_at=told.at, after=scaled(LATE))
        return [first, late]

    async def write_responses(self) -> None:
        """Write what is due to the response topic, for as long as the host runs."""
        async with self._broker() as redis:
            while True:
                since = self._context.store.changes
                try:
                    is_idle = await self._write_due(redis)
                except (RedisError, OSError, TimeoutError):
                    await asyncio.sleep(AWAY_SECONDS)
                    continue
                if is_idle:
                    nap = await seconds_to_next(self._context, sql.next_event_due)
                    await self._context.store.wait_for_change(since=since, at_most=nap)

    async def _write_due(self, redis: Any) -> bool:
        """Write what is due now; tell whether there was nothing."""
        rows = await self._context.store.run(lambda c: _due(c, self._context.clock().timestamp()))
        for event, event_id, status, facts, submission in rows:
            header = {"corrId": submission.request_key, "outNo": submission.number}
            await self._say(redis, self._written(header, _said(submission, status, facts), msg_id=event_id))
            await self._context.store.run(partial(_taken, event))
        return not rows

    async def query(self, request: Request) -> Response:
        try:
            header, body = opened(await request.body(), self._context.secrets("tax-ssf.sm2-public"))
        except Unproven:
            return JSONResponse({"error": "sign"}, status_code=401)
        if "rq" in body:
            return await self._channel.take(lambda: self._list(header, body), faulty=False)
        return await self._channel.take(lambda: self._look_up(header, str(body.get("lsh", ""))), faulty=False)

    async def _look_up(self, header: Mapping[str, object], serial: str) -> Response:
        found = await self._context.store.by_request_key(serial)
        known = {"cxjg": "0"} if found is None else {"cxjg": "1", **_said(found, found.status, found.facts)}
        return self._answered(header, known)

    async def _list(self, header: Mapping[str, object], body: Mapping[str, object]) -> Response:
        listed = await day_list(self._context, body["rq"], body.get("ym", "1"))
        if listed is None:
            return self._answered(header, {"cxjg": "9", "cwxx": "rq应为yyyyMMdd，ym为正整数"})
        rows = [{"outNo": each.number, "yzpzhm": each.department_number, "jgdm": each.status} for each in listed]
        return self._answered(header, {"cxjg": "1", "rows": rows})

    def _answered(self, header: Mapping[str, object], body: Mapping[str, object]) -> Response:
        answer = signed(
            {"corrId": header.get("corrId", "")}, body, self._context.secrets("tax-ssf.sm2-department-private")
        )
        return Response(answer, media_type="application/json")


def _said(submission: Submission, status: str, facts: Mapping[str, object]) -> dict[str, object]:
    said = {name: value for name, value in facts.items() if name in ("jgms", "je", "zmbh")}
    return {"jgdm": status, "yzpzhm": submission.department_number, **said}


def _taken(event: int, connection: sqlite3.Connection) -> None:
    sql.settle_event(connection, event, "taken", 0.0)


def _due(connection: sqlite3.Connection, at: float) -> list[tuple[int, str, str, dict[str, object], Submission]]:
    found = []
    for event in sql.due_events(connection, at, 20):
        row = sql.find(connection, "row = ?", (event["submission"],))
        if row is not None:
            facts = json.loads(event["facts"])
            found.append((event["event"], event["event_id"], event["status"], facts, submission_of(row)))
    return found
