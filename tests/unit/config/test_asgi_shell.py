"""The shell around every app: ids, limits, headers, faults and forged requests."""

import io
import json

import pytest

from config.asgi.security_headers import CONTENT_SECURITY_POLICY
from config.asgi.shell import ORDINARY_BODY, shell
from config.asgi.types import App, Message, Receive, Scope, Send
from config.state import StateStoreUnavailable
from tests.unit.config.asgi_calls import call

OWN = "http://127.0.0.1:8000"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the number of bytes received; `/csp` has a policy of its own."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    headers = [(b"content-type", b"text/plain")]
    if scope["path"] == "/csp":
        headers.append((b"content-security-policy", b"default-src 'none'"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(size).encode()})


def raising(error: Exception, *, after_start: bool = False) -> App:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        if after_start:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    return app


def shelled(app: App = echo) -> App:
    return shell(
        app,
        base_url=OWN,
        open_paths=frozenset({"/idp/authorize"}),
        larger_bodies={"/drafts/*/materials": 12 * 1024 * 1024},
    )


async def test_every_answer_carries_a_request_id() -> None:
    first, second = await call(shelled()), await call(shelled())
    assert len(first.headers["x-request-id"]) == 16
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_a_well_formed_id_of_the_caller_is_kept() -> None:
    answer = await call(shelled(), headers=[("X-Request-ID", "proxy-12345678")])
    assert answer.headers["x-request-id"] == "proxy-12345678"


@pytest.mark.parametrize("given", ["short", "x" * 65, 'a"b{}c:d,e', "with space here"])
async def test_an_id_that_could_forge_a_log_line_is_replaced(given: str) -> None:
    answer = await call(shelled(), headers=[("X-Request-ID", given)])
    assert answer.headers["x-request-id"] != given


async def test_everything_is_denied_unless_a_page_says_otherwise() -> None:
    headers = (await call(shelled())).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


async def test_an_app_may_set_its_own_policy() -> None:
    assert (await call(shelled(), path="/csp")).headers["content-security-policy"] == "default-src 'none'"


async def test_under_https_browsers_are_told_to_stay_there() -> None:
    answer = await call(shell(echo, base_url="https://a.example"))
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_body_up_to_the_limit_passes() -> None:
    answer = await call(shelled(), "POST", chunks=[b"x" * (ORDINARY_BODY // 2)] * 2)
    assert (answer.status, answer.body) == (200, str(ORDINARY_BODY).encode())


async def test_a_declared_length_over_the_limit_is_refused_before_it_is_read() -> None:
    answer = await call(shelled(), "POST", headers=[("Content-Length", str(ORDINARY_BODY + 1))], chunks=[])
    assert answer.status == 413
    assert answer.headers["connection"] == "close"
    assert "512 KiB" in answer.body.decode()


async def test_a_chunked_body_is_refused_when_it_passes_the_limit() -> None:
    answer = await call(shelled(), "POST", chunks=[b"x" * ORDINARY_BODY, b"x", b"never read"])
    assert answer.status == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "", "ten"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert (await call(shelled(), "POST", headers=[("Content-Length", length)])).status == 413


async def test_uploads_may_be_larger_where_they_belong() -> None:
    megabyte = b"x" * 1024 * 1024
    assert (await call(shelled(), "PUT", "/drafts/1/materials", chunks=[megabyte] * 10)).status == 200
    for elsewhere in ("/elsewhere", "/drafts/1/form/applicant", "/drafts/1/2/materials", "/drafts/1/materials/2"):
        assert (await call(shelled(), "PUT", elsewhere, chunks=[megabyte] * 10)).status == 413


async def test_an_endless_address_or_header_is_refused() -> None:
    assert (await call(shelled(), query=b"q=" + b"x" * 9000)).status == 414
    assert (await call(shelled(), headers=[("X-Long", "x" * 40_000)])).status == 431


async def test_a_fault_is_answered_with_its_number_and_no_details() -> None:
    answer = await call(shelled(raising(ValueError("id 990101190001010014 at line 7"))))
    assert answer.status == 500
    assert answer.headers["x-request-id"] in answer.body.decode()
    assert "990101190001010014" not in answer.body.decode()
    assert "ValueError" not in answer.body.decode()
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


async def test_an_unreachable_state_store_is_503_and_lets_no_one_in() -> None:
    answer = await call(shelled(raising(StateStoreUnavailable("TimeoutError"))))
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"


async def test_a_fault_after_the_answer_began_cuts_the_connection() -> None:
    with pytest.raises(RuntimeError):
        await call(shelled(raising(RuntimeError(), after_start=True)))


COOKIE = ("Cookie", "onewindow_portal=abc")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 200),
        ([COOKIE], 403),
        ([COOKIE, ("Sec-Fetch-Site", "same-origin")], 200),
        ([COOKIE, ("Sec-Fetch-Site", "same-site")], 403),
        ([COOKIE, ("Sec-Fetch-Site", "cross-site"), ("Origin", OWN)], 403),
        ([COOKIE, ("Sec-Fetch-Site", "none")], 403),
        ([COOKIE, ("Origin", OWN)], 200),
        ([COOKIE, ("Origin", "http://127.0.0.1:8001")], 403),
        ([COOKIE, ("Origin", "null")], 403),
        ([COOKIE, ("Referer", f"{OWN}/matters/1")], 200),
        ([COOKIE, ("Referer", f"http://evil.example/{OWN}")], 403),
        ([COOKIE, ("Origin", "http://evil.example"), ("Referer", f"{OWN}/")], 403),
    ],
)
async def test_a_changing_request_with_a_cookie_must_come_from_our_pages(
    headers: list[tuple[str, str]], status: int
) -> None:
    assert (await call(shelled(), "POST", headers=headers)).status == status


async def test_reading_and_open_paths_may_come_from_anywhere() -> None:
    theirs = [COOKIE, ("Origin", "http://evil.example")]
    assert (await call(shelled(), "GET", headers=theirs)).status == 200
    assert (await call(shelled(), "POST", "/idp/authorize", headers=theirs)).status == 200
    assert (await call(shelled(), "POST", "/idp/authorize/", headers=theirs)).status == 403


async def test_what_is_not_http_passes_untouched() -> None:
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Message) -> Message:
        return {}

    await shelled(app)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]
    assert seen == ["lifespan"]


async def test_one_line_is_logged_without_query_or_case_number(log_lines: io.StringIO) -> None:
    await call(shelled(), path="/cases/320105007-261122-MZ004-000017", query=b"code=AB12CD34")
    await call(shelled(), path="/healthz")
    (line,) = log_lines.getvalue().splitlines()
    event = json.loads(line)
    assert (event["event"], event["method"], event["path"]) == ("request", "GET", "/cases/{number}")
    assert event["status"] == 200
    assert event["ms"] >= 0
    assert "AB12CD34" not in line


async def test_a_fault_is_logged_with_the_number_the_person_was_given(log_lines: io.StringIO) -> None:
    answer = await call(shelled(raising(ValueError("id 990101190001010014"))))
    fault = next(json.loads(line) for line in log_lines.getvalue().splitlines() if '"unhandled"' in line)
    assert fault["request_id"] == answer.headers["x-request-id"]
    assert fault["error"] == "ValueError"
    assert "990101190001010014" not in log_lines.getvalue()
