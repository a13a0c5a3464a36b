"""RFC 9457: every refusal of the API is problem details, and every type is explained at its address."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from portal.api.problem_types import PROBLEM_TYPES, ProblemType
from tests.doubles.api_house import House, house

REFUSED = (
    ("GET", "/api/v1/matters"),
    ("GET", "/api/v1/nowhere"),
    ("POST", "/api/v1/matters"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/status?number=320105007-261122-MZ005-000001&code=22222222"),
    ("GET", "/api/v1/matters?access_token=x"),
    ("PUT", "/api/v1/cases/x/materials/y"),
    ("POST", "/callbacks/none"),
)


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'onewindow.db'}")
    async with house(engine, MemoryStateStore(), tmp_path) as opened:
        yield opened
    await engine.dispose()


@pytest.mark.parametrize(("method", "path"), REFUSED)
async def test_a_refusal_has_the_media_type_and_the_members(one: House, method: str, path: str) -> None:
    """§3: application/problem+json; §3.1: type, title, status, detail, instance."""
    answer = await one.client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= problem.keys()
    assert problem["instance"] == f"urn:request:{answer.headers['x-request-id']}"


@pytest.mark.parametrize(("method", "path"), REFUSED)
async def test_the_status_member_is_the_status_of_the_answer(one: House, method: str, path: str) -> None:
    """§3.1.2: status MUST be the code of the actual response."""
    answer = await one.client.request(method, path)
    assert answer.json()["status"] == answer.status_code >= 400


async def test_the_title_depends_on_the_type_and_language_alone(one: House) -> None:
    """§3.1.3: title SHOULD NOT change from occurrence to occurrence, except for localisation."""
    first, second = [(await one.client.get(path)).json() for path in ("/api/v1/a", "/api/v1/cases2")]
    assert first["title"] == second["title"]
    english = await one.client.get("/api/v1/a", headers={"accept-language": "en-GB, zh;q=0.5"})
    assert english.json()["title"] == "Not found"
    assert (english.headers["content-language"], english.headers["vary"]) == ("en", "accept-language")


@pytest.mark.parametrize("kind", PROBLEM_TYPES, ids=lambda kind: kind.slug)
async def test_a_type_is_explained_at_its_address(one: House, kind: ProblemType) -> None:
    """§4: the type URI SHOULD resolve to documentation of how to resolve the problem."""
    page = await one.client.get(f"/problems/{kind.slug}")
    assert page.status_code == 200
    assert kind.meaning in page.text.replace("&#39;", "'")
    english = await one.client.get(f"/problems/{kind.slug}", headers={"accept-language": "en"})
    main = english.text[english.text.index("<main") : english.text.index("</main>")]
    assert not re.search(r"[\u4e00-\u9fff]", main)


async def test_an_unknown_type_is_404_and_the_list_names_all(one: House) -> None:
    assert (await one.client.get("/problems/none")).status_code == 404
    listed = (await one.client.get("/problems")).text
    assert all(f"/problems/{kind.slug}" in listed for kind in PROBLEM_TYPES)


def test_types_are_told_apart_by_their_address() -> None:
    """§3.1.1: the type is the primary identifier."""
    assert len({kind.slug for kind in PROBLEM_TYPES}) == len(PROBLEM_TYPES)
