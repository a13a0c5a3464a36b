"""Logs: nothing that names a person or opens a door leaves the process."""

import io
import json
import logging
from typing import Any

import pytest

from config.logs import get, redact, request_id, request_line, scrub

ID_NUMBER = "990101190001010014"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ3YW5nIn0.c2lnbmF0dXJl"


def _events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "name",
    [
        "password", "client_secret", "access_token", "Cookie", "authorization", "client_assertion", "code_verifier",
        "code", "query_code", "session_id", "form", "id_number", "phone", "bank_account", "home_address",
        "applicant_name", "request_body",
    ],
)  # fmt: skip
def test_a_field_with_a_telling_name_is_taken_out(name: str) -> None:
    assert redact(None, "info", {name: "anything"}) == {name: "[redacted]"}


@pytest.mark.parametrize("name", ["status_code", "event", "path", "error_code", "system", "ms"])
def test_what_operators_need_stays(name: str) -> None:
    assert redact(None, "info", {name: "mz-assist"}) == {name: "mz-assist"}


@pytest.mark.parametrize(
    "text",
    [ID_NUMBER, "11010519491231002X", "11010519491231002x", "13800138000", "6222020200112345678", "320105198502"],
)
def test_a_personal_number_in_a_text_is_taken_out(text: str) -> None:
    assert scrub(f"申请人{text}已提交") == "申请人[number]已提交"
    assert scrub(f"value '{text}' refused") == "value '[number]' refused"


@pytest.mark.parametrize("text", ["status 200 in 1234 ms", "port 8106", "2026-11-22", "f525fc1a9b", "MZ004"])
def test_harmless_numbers_stay(text: str) -> None:
    assert scrub(text) == text


def test_a_token_in_a_text_is_taken_out() -> None:
    assert scrub(f"Bearer {JWT} refused") == "Bearer [token] refused"


@pytest.mark.parametrize(
    "text",
    [
        'null value in column "a" violates a constraint\nDETAIL:  Failing row contains (7, 张三, null).\n[SQL: …]',
        "invalid input for query argument $4: '张三\\ud800' ('utf-8' codec can't encode)\n[SQL: …]",
    ],
)
def test_a_databases_quote_of_a_row_is_taken_out(text: str) -> None:
    assert "张三" not in scrub(text)
    assert "[SQL: …]" in scrub(text)


def test_numbers_and_nested_values_are_cleaned_too() -> None:
    event = {
        "given": {"id_number": ID_NUMBER, "note": "电话13800138000", "count": 3},
        "values": [ID_NUMBER, ("ok", JWT)],
        "number": 320105198502011234,
        "retried": True,
    }
    assert redact(None, "info", event) == {
        "given": {"id_number": "[redacted]", "note": "电话[number]", "count": 3},
        "values": ["[number]", ["ok", "[token]"]],
        "number": "[number]",
        "retried": True,
    }


def test_an_event_is_one_json_line_with_its_request_id(log_lines: io.StringIO) -> None:
    token = request_id.set("abcdef0123456789")
    get("onewindow.delivery").info("delivery_accepted", system="mz-assist", id_number=ID_NUMBER)
    request_id.reset(token)
    (event,) = _events(log_lines)
    assert event["event"] == "delivery_accepted"
    assert event["request_id"] == "abcdef0123456789"
    assert (event["level"], event["logger"], event["system"]) == ("info", "onewindow.delivery", "mz-assist")
    assert event["id_number"] == "[redacted]"
    assert event["timestamp"].endswith("Z")


def test_a_librarys_record_is_redacted_as_well(log_lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("sent %s with %s", ID_NUMBER, JWT)
    (event,) = _events(log_lines)
    assert event["event"] == "sent [number] with [token]"


def test_a_traceback_is_redacted_as_well(log_lines: io.StringIO) -> None:
    try:
        int(f"bad value {ID_NUMBER}")
    except ValueError:
        get("onewindow.fault").error("unhandled", exc_info=True)
    written = log_lines.getvalue()
    assert "ValueError" in written
    assert ID_NUMBER not in written


def test_request_lines_of_client_and_server_stay_out(log_lines: io.StringIO) -> None:
    for name in ("httpx2", "uvicorn.access"):
        logging.getLogger(name).info("GET http://127.0.0.1/status?number=1&code=AB12CD34")
    assert log_lines.getvalue() == ""


def test_events_below_the_level_stay_out(log_lines: io.StringIO) -> None:
    get("onewindow.test").debug("too_fine")
    assert log_lines.getvalue() == ""


def test_the_line_of_a_request_has_the_fields_of_every_other_event(log_lines: io.StringIO) -> None:
    token = request_id.set("r-12345678")
    get("onewindow.access").info("request", method="GET", path="/a", status=200, ms=1.5)
    request_line("GET", "/a", status=200, ms=1.5)
    request_id.reset(token)
    usual, by_hand = _events(log_lines)
    assert {**usual, "timestamp": ""} == {**by_hand, "timestamp": ""}
    assert len(usual["timestamp"]) == len(by_hand["timestamp"]) == 27


@pytest.mark.parametrize("path", ['/"}\n{"event": "forged"}', "/\\", "/\x00\x1b[31m", "/中文"])
def test_the_line_of_a_request_can_not_be_broken_out_of(log_lines: io.StringIO, path: str) -> None:
    request_line("GET", path, status=404, ms=0.1)
    (event,) = _events(log_lines)
    assert event["path"] == path


def test_the_line_of_a_request_holds_no_personal_number(log_lines: io.StringIO) -> None:
    request_line("GET", f"/people/{ID_NUMBER}", status=404, ms=0.1)
    assert _events(log_lines)[0]["path"] == "/people/[number]"
