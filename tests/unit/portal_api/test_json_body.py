"""Reading JSON strictly: RFC 8259, RFC 7493 (I-JSON)."""

import time
from typing import Any

import pytest
from starlette.requests import Request

from portal.api import json_body
from portal.api.problem_types import INVALID_JSON, INVALID_REQUEST, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, ProblemType
from portal.api.refusals import Refused


def request_with(*parts: bytes, **headers: str) -> Request:
    queue = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    queue.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return queue.pop(0)

    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}, receive)


def refusal_of(body: bytes) -> ProblemType:
    with pytest.raises(Refused) as caught:
        json_body.parse(body)
    return caught.value.kind


def test_what_is_valid_is_read_as_it_stands() -> None:
    document = {"form": {"name": "测试甲", "income": 1200.5, "list": [1, None, True, {}]}}
    assert json_body.parse('{"form":{"name":"测试甲","income":1200.5,"list":[1,null,true,{}]}}'.encode()) == document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1,}',
        b"{'a':1}",
        b"not json",
        b'{"a":1} {"b":2}',
        b"\xff\xfe{}",
        '{"a":"中"}'.encode("gb18030"),
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":"\x01"}',
    ],
)
def test_what_a_lenient_reader_would_let_through_is_refused(body: bytes) -> None:
    assert refusal_of(body) is INVALID_JSON


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [json_body.DEPTH_AT_MOST + 1, 1000, 80_000])
def test_deep_nesting_is_refused_within_fifty_milliseconds(opening: bytes, depth: int) -> None:
    closing = b"]" if opening == b"[" else b"}"
    began = time.perf_counter()
    assert refusal_of(opening * depth + b"1" + closing * depth) is INVALID_JSON
    assert time.perf_counter() - began < 0.05


def test_nesting_up_to_the_bound_is_read() -> None:
    depth = json_body.DEPTH_AT_MOST
    document = json_body.parse(b"[" * depth + b"]" * depth)
    for _level in range(depth - 1):
        (document,) = document
    assert document == []


def test_the_sentence_names_line_and_column() -> None:
    with pytest.raises(Refused) as caught:
        json_body.parse(b'{\n "a": }')
    assert caught.value.detail.params == {"line": 2, "column": 7}


async def test_a_body_is_refused_by_its_declared_length_before_it_is_read() -> None:
    request = request_with(content_length="11", content_type="application/json")
    with pytest.raises(Refused) as caught:
        await json_body.read_bounded(request, 10)
    assert caught.value.kind is TOO_LARGE


async def test_a_body_without_a_length_is_refused_once_it_passes_the_bound() -> None:
    with pytest.raises(Refused) as caught:
        await json_body.read_bounded(request_with(b"12345", b"67890", b"1"), 10)
    assert caught.value.kind is TOO_LARGE


async def test_a_body_at_the_bound_is_read() -> None:
    assert await json_body.read_bounded(request_with(b"12345", b"67890"), 10) == b"1234567890"


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
async def test_another_media_type_is_refused_and_told_what_is_taken(media_type: str) -> None:
    with pytest.raises(Refused) as caught:
        await json_body.read_object(request_with(b"{}", content_type=media_type))
    assert caught.value.kind is UNSUPPORTED_MEDIA_TYPE
    assert caught.value.headers == {"accept-post": "application/json"}


@pytest.mark.parametrize("body", [b"[]", b"1", b'"a"', b"null"])
async def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        await json_body.read_object(request_with(body, content_type="application/json; charset=utf-8"))
    assert caught.value.kind is INVALID_REQUEST
