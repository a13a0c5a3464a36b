"""The API of the employment service.

POST /oauth/token                              client_credentials, Basic or form
POST /api/employment/registrations             201 {"registration_no","status":"APPROVED"}
POST /api/employment/unemployment-registrations  the same
POST /api/employment/recognitions              202 {"recognition_id","status":"PENDING"}
GET  /api/employment/recognitions/{id}         PENDING, APPROVED or REJECTED; DELETE takes it back
GET  /api/employment/cases/{out_case_no}       whatever there is under our number
POST /api/employment/persons/search            {"id_number"}; needs the scope persons
Errors: {"error","message"}: 401, 403 insufficient_scope, 409 already_registered, 422, 429 with Retry-After, 503.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, time, timedelta
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from config.clock import SHANGHAI
from demo.ground import checks, notices
from demo.ground import received_sql as sql
from demo.ground.channel import Channel
from demo.ground.context import SystemContext
from demo.ground.day_list import day_list
from demo.ground.hours import WEDNESDAY, Hours, weekly
from demo.ground.json_body import json_object
from demo.ground.received import NewSubmission, Recorded, Repeat, Step, Submission, submission_of
from demo.ground.results import about, run_results, withdraw
from demo.ground.routes import ground_routes
from demo.rs_employment.rules import FIELDS, PREFIXES, business_key, check, recognise
from demo.rs_employment.tokens import LASTS, Tokens, credentials, is_client

HOURS: Final = Hours(closures=(weekly(WEDNESDAY, time(23), time(1)),))
PER_SECOND: Final = 20
DECISION: Final = timedelta(minutes=4)
_NOTICE: Final = {"number": "notice_no", "basis": "basis", "state": "state", "name": "name", "id": "id_number"}
ROOT: Final = "/api/employment"

Handler = Callable[[Request], Awaitable[Response]]


def create_api(context: SystemContext) -> list[BaseRoute]:
    """Return the routes of this system and register what runs beside them."""
    api = _Api(context)
    run_results(context)
    kinds = [Route(f"{ROOT}/{kind}", api.register(kind), methods=["POST"]) for kind in FIELDS]
    return [
        *ground_routes(context),
        Route("/oauth/token", api.token, methods=["POST"]),
        *kinds,
        Route(f"{ROOT}/notices", api.notice, methods=["POST"]),
        Route(f"{ROOT}/recognitions/{{id}}", api.asked(api.recognition), methods=["GET"]),
        Route(f"{ROOT}/recognitions/{{id}}", api.asked(api.take_back), methods=["DELETE"]),
        Route(f"{ROOT}/cases", api.asked(api.listed), methods=["GET"]),
        Route(f"{ROOT}/cases/{{out_case_no}}", api.asked(api.look_up), methods=["GET"]),
        Route(f"{ROOT}/persons/search", api.asked(api.person, scope="persons"), methods=["POST"]),
    ]


def _error(http_status: int, error: str, message: str, **more: object) -> Response:
    return JSONResponse({"error": error, "message": message, **more}, status_code=http_status)


def _closed() -> Response:
    answer = _error(503, "maintenance", "系统维护中（每周三23:00至次日01:00）")
    answer.headers["retry-after"] = "1800"
    return answer


def _resource(submission: Submission, status: str) -> dict[str, object]:
    name = "recognition_id" if submission.operation == "recognitions" else "registration_no"
    return {
        name: submission.department_number,
        "number": submission.department_number,
        "kind": submission.operation,
        "out_case_no": submission.number,
        "status": status,
        **{key: value for key, value in submission.facts.items() if value},
    }


class _Api:
    def __init__(self, context: SystemContext) -> None:
        self._context = context
        self._channel = Channel(context, hours=HOURS, closed=_closed)
        self._tokens = Tokens()
        self._recent: deque[float] = deque(maxlen=PER_SECOND)

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("ascii", "replace")))
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        client_id, secret = credentials(request.headers.get("authorization", ""), form)
        if not is_client(client_id, secret, known_secret=self._context.secrets("rs-employment.client-secret")):
            return JSONResponse({"error": "invalid_client"}, status_code=401, headers={"www-authenticate": "Basic"})
        token, scope = self._tokens.issue(form.get("scope", ""), at=self._context.clock())
        if not scope:
            return JSONResponse({"error": "invalid_scope"}, status_code=400)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": LASTS.total_seconds(), "scope": scope}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    def _refusal(self, request: Request, scope: str) -> Response | None:
        """Return the refusal of a request without the right token, or of one too many in this second."""
        at = self._context.clock()
        scopes = self._tokens.scopes_of(request.headers.get("authorization", ""), at=at)
        if scopes is None:
            answer = _error(401, "invalid_token", "令牌无效或已过期")
            answer.headers["www-authenticate"] = 'Bearer error="invalid_token"'
            return answer
        if scope not in scopes:
            return _error(403, "insufficient_scope", "查询个人信息需二次授权")
        now = at.timestamp()
        if len(self._recent) == PER_SECOND and now - self._recent[0] < 1.0:
            answer = _error(429, "too_many_requests", "超过每秒20次的限制")
            answer.headers["retry-after"] = "1"
            return answer
        self._recent.append(now)
        return None

    def asked(self, work: Handler, scope: str = "registrations") -> Handler:
        """Return the handler of a question: the same door, but no fault switch."""

        async def handle(request: Request) -> Response:
            if (refusal := self._refusal(request, scope)) is not None:
                return refusal
            return await self._channel.take(lambda: work(request), faulty=False)

        return handle

    def register(self, kind: str) -> Handler:
        """Return the handler that makes a resource of that kind."""

        async def handle(request: Request) -> Response:
            if (refusal := self._refusal(request, "registrations")) is not None:
                return refusal
            raw = await request.body()
            key = request.headers.get("idempotency-key", "")
            return await self._channel.take(lambda: self._register(kind, key, raw))

        return handle

    async def _register(self, kind: str, key: str, raw: bytes) -> Response:
        body = json_object(raw)
        if body is None:
            return _error(400, "not_json", "报文不是JSON对象")
        await self._context.store.seen(str(body.get("out_case_no")))
        if not 8 <= len(key) <= 100:
            return _error(400, "idempotency_key_missing", "缺少Idempotency-Key")
        if wrong := check(kind, body):
            fields = [{"field": complaint.path, "message": complaint.text} for complaint in wrong]
            return _error(422, "invalid_fields", "；".join(map(str, wrong)), fields=fields)
        recorded = await self._context.store.record(self._new(kind, key, body), at=self._context.clock())
        return self._answer(recorded)

    async def notice(self, request: Request) -> Response:
        """Take a result of another department; the same key gives the first answer."""
        if (refusal := self._refusal(request, "registrations")) is not None:
            return refusal
        raw, key = await request.body(), request.headers.get("idempotency-key", "")
        return await self._channel.take(lambda: self._notice(key, raw))

    async def _notice(self, key: str, raw: bytes) -> Response:
        body = json_object(raw)
        if body is None or not 8 <= len(key) <= 100:
            return _error(400, "not_json", "报文不是JSON对象，或缺少Idempotency-Key")
        await self._context.store.seen(str(body.get("notice_no")))
        if wrong := checks.complaints(body, notices.fields(_NOTICE)[:3]):
            return _error(422, "invalid_fields", "；".join(map(str, wrong)))
        new = NewSubmission(
            number=str(body["notice_no"]),
            operation=notices.RESULT,
            payload=body,
            status="APPROVED",
            name_it=lambda row: f"TZ{row:08d}",
            request_key=key,
        )
        kept = (await self._context.store.record(new, at=self._context.clock())).submission
        return JSONResponse({"number": kept.department_number, "status": kept.status}, status_code=201)

    def _answer(self, recorded: Recorded) -> Response:
        resource = _resource(recorded.submission, recorded.submission.first_status)
        if recorded.repeat is Repeat.BUSINESS_KEY:
            return JSONResponse({"error": "already_registered", "message": "已登记", **resource}, status_code=409)
        if recorded.repeat is Repeat.REQUEST_KEY and not recorded.same_content:
            return _error(422, "idempotency_key_reused", "同一Idempotency-Key的内容不一致")
        http_status = 202 if recorded.submission.operation == "recognitions" else 201
        return JSONResponse(resource, status_code=http_status)

    def _new(self, kind: str, key: str, body: Mapping[str, object]) -> NewSubmission:
        number, today = str(body["out_case_no"]), self._today()
        plan: tuple[Step, ...] = ()
        if kind == "recognitions":
            decision = recognise(body, on=today)
            after = self._context.scaled(about(DECISION, self._context.dice("plan", number)))
            plan = (Step(after=after, status=decision.status, facts=decision.facts),)
        return NewSubmission(
            number=number,
            operation=kind,
            payload=body,
            status="PENDING" if plan else "APPROVED",
            name_it=lambda row: f"{number[:6]}{PREFIXES[kind]}{today:%Y%m%d}{row:05d}",
            request_key=key,
            business_key=business_key(kind, body),
            plan=plan,
        )

    def _today(self) -> date:
        return self._context.clock().astimezone(SHANGHAI).date()

    async def listed(self, request: Request) -> Response:
        """List one day's cases, a page of them."""
        found = await day_list(
            self._context, request.query_params.get("date", ""), request.query_params.get("page", "1")
        )
        if found is None:
            return _error(400, "invalid_date", "date 应为 yyyy-MM-dd，page 为正整数")
        return JSONResponse({"cases": [_resource(each, each.status) for each in found]})

    async def recognition(self, request: Request) -> Response:
        found = await self._context.store.by_department_number(request.path_params["id"])
        if found is None or found.operation != "recognitions":
            return _error(404, "not_found", "没有该认定")
        return JSONResponse(_resource(found, found.status))

    async def take_back(self, request: Request) -> Response:
        found = await self._context.store.by_department_number(request.path_params["id"])
        if found is None or found.operation != "recognitions":
            return _error(404, "not_found", "没有该认定")
        if found.status != "PENDING":
            return _error(409, "already_decided", "已作出认定，不能撤回")
        await withdraw(self._context, found, status="WITHDRAWN", reason="申请人撤回")
        return Response(status_code=204)

    async def look_up(self, request: Request) -> Response:
        found = await self._context.store.by_number(request.path_params["out_case_no"])
        return _error(404, "not_found", "未查询到") if found is None else JSONResponse(_resource(found, found.status))

    async def person(self, request: Request) -> Response:
        body = json_object(await request.body()) or {}
        wanted = str(body.get("id_number", ""))
        where = "json_extract(payload, '$.id_number') = ?"
        row = await self._context.store.run(lambda connection: sql.find(connection, where, (wanted,)))
        if row is None:
            return _error(404, "not_found", "未查询到")
        found = submission_of(row)
        return JSONResponse(
            {"registered": found.operation, "status": found.status, "since": str(found.accepted_at)[:10]}
        )
