"""OpenAPI 3.1: the description is true. schemathesis makes calls from it and holds every answer against it.

The examples are drawn from a fixed seed: the same calls on every run. Three checks are left out, each for a reason:
an application that fits the schema may still be refused by the rules of its matter (positive_data_acceptance); a
withdrawn case stays readable (use_after_free); and a body of an unknown matter is no invalid schema (negative data is
checked by the other tests, sentence by sentence).
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema_rs import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from portal import words
from portal.api.openapi import document
from tests.doubles.api_house import House, house

BASE = "http://127.0.0.1:8500"
DESCRIBED = document(base_url=BASE, token_url=f"{BASE}/idp/token", catalogue=words.catalogues()["zh-Hans"])
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


@schemathesis.serializer("application/pdf", "image/png", "image/jpeg")
def _file(_context: object, value: object) -> bytes:
    """Files go out as they are; whatever else was generated goes out as its text."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


SCHEMA = schemathesis.openapi.from_dict(DESCRIBED)


class Standing:
    """A house on an event loop of its own thread, so that schemathesis can call it from outside."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ready, self._end = threading.Event(), threading.Event()
        self.one: House
        self.token = ""
        self.number = ""
        self.code = ""
        self._thread = threading.Thread(target=anyio.run, args=(self._stand,))

    def __enter__(self) -> "Standing":
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join(30)

    async def _stand(self) -> None:
        from anyio.from_thread import BlockingPortal

        engine = create_engine(f"sqlite+aiosqlite:///{self._directory / 'onewindow.db'}")
        async with house(engine, MemoryStateStore(), self._directory) as self.one, BlockingPortal() as self.portal:
            self.token = await self.one.token()
            accepted = (await self.one.submit({"authorization": f"Bearer {self.token}"}, self.one.application())).json()
            self.number, self.code = accepted["number"], accepted["query_code"]
            self._ready.set()
            await anyio.to_thread.run_sync(self._end.wait)
        await engine.dispose()

    def call(self, method: str, url: str, **given: Any) -> httpx2.Response:
        """Send one request on the house's loop."""

        async def send() -> httpx2.Response:
            return await self.one.client.request(method, url, **given)

        return self.portal.call(send)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with Standing(tmp_path_factory.mktemp("api")) as opened:
        yield opened


def test_the_description_served_is_the_description_tested(standing: Standing) -> None:
    assert standing.call("GET", "/api/v1/openapi.json").json() == json.loads(json.dumps(DESCRIBED))
    english = standing.call("GET", "/api/v1/openapi.json", headers={"accept-language": "en"})
    assert english.json()["paths"].keys() == DESCRIBED["paths"].keys()
    assert not [c for c in english.text if "\u4e00" <= c <= "\u9fff"]


def test_every_form_is_a_valid_json_schema_and_takes_a_valid_application(standing: Standing) -> None:
    headers = {"authorization": f"Bearer {standing.token}"}
    listed = standing.call("GET", "/api/v1/matters", headers=headers).json()["matters"]
    assert len(listed) == 32
    for matter in listed:
        whole = standing.call("GET", f"/api/v1/matters/{matter['id']}", headers=headers).json()
        assert len(whole["guide"]) == 12
        form = standing.one.application(matter["id"])["form"]
        assert not [e.message for e in Draft202012Validator(whole["form"]).iter_errors(form)], matter["id"]


def test_what_is_unchanged_is_not_sent_again(standing: Standing) -> None:
    headers = {"authorization": f"Bearer {standing.token}"}
    first = standing.call("GET", "/api/v1/matters", headers=headers)
    again = standing.call("GET", "/api/v1/matters", headers={**headers, "if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@SCHEMA.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_of_those_described(standing: Standing, case: Any) -> None:
    if "number" in case.path_parameters:
        case.path_parameters["number"] = standing.number
    sent = prepared(case, standing.token)
    answer = standing.call(sent.method or "GET", sent.url or "", headers=dict(sent.headers), content=sent.body or b"")
    case.validate_response(answer, checks=CHECKS)


def prepared(case: Any, token: str) -> requests.PreparedRequest:
    """Return the request as it goes over the wire; what a client library would refuse to send is not sent."""
    kwargs = case.as_transport_kwargs(base_url=BASE, headers={"authorization": f"Bearer {token}"})
    kwargs.pop("allow_redirects", None)
    return requests.Request(**kwargs).prepare()
