"""The main job for every matter through the API: valid applications arrive once, incomplete ones are told why."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.clock import SHANGHAI
from demo.forms import make_application, required_keys, situations, without
from tests.servers.api_caller import ApiCaller, received
from tests.servers.installation import Installation

CONFIG = Path(__file__).parents[2] / "config"
MATTERS: dict[str, dict[str, Any]] = {
    matter["id"]: matter
    for directory in ("matters", "matters-ext")
    for path in sorted((CONFIG / directory).glob("*.yaml"))
    if (matter := yaml.safe_load(path.read_text("utf-8")))
}
CATALOGUE: list[dict[str, Any]] = yaml.safe_load(
    (CONFIG.parent / "demo" / "ground" / "systems.yaml").read_text("utf-8")
)["systems"]
DELIVERED_BY_REST = frozenset(entry["id"] for entry in CATALOGUE if entry["protocol"] == "rest_json")


@pytest.fixture(scope="module")
def api(installation: Installation) -> Iterator[ApiCaller]:
    caller = ApiCaller.of(installation)
    yield caller
    caller.close()


def _application(matter: str, situation: str, seed: int) -> dict[str, Any]:
    made = make_application(MATTERS[matter], situation, seed=seed, at=datetime.now(SHANGHAI).date())
    return made.as_json()


def test_the_api_lists_all_30_matters_and_the_two_extensions(api: ApiCaller) -> None:
    listed = api.get("/matters").raise_for_status().json()
    assert {matter["id"] for matter in listed["matters"]} == MATTERS.keys()
    assert len(MATTERS) == 32


@pytest.mark.parametrize("matter", MATTERS)
def test_a_valid_application_reaches_its_department_once(
    api: ApiCaller, installation: Installation, matter: str
) -> None:
    system = MATTERS[matter]["target"]["system"]
    numbers = []
    for seed, situation in enumerate(situations(MATTERS[matter])):
        answer = api.submit(_application(matter, situation, seed))
        assert answer.status_code == 201, answer.text
        accepted = answer.json()
        assert accepted["query_code"]
        numbers.append(accepted["number"])
    for number in numbers:
        case = api.settled(number)
        delivery = next(delivery for delivery in case["deliveries"] if delivery["system"] == system)
        arrived = received(installation, system, number)
        if system in DELIVERED_BY_REST:
            assert [(each["number"], each["times"]) for each in arrived] == [(number, 1)]
            assert delivery["department_number"]
        else:
            assert delivery["state"] == "desk"
            assert arrived == []


@pytest.mark.parametrize("matter", MATTERS)
def test_each_required_field_left_out_is_named(api: ApiCaller, matter: str) -> None:
    for situation in situations(MATTERS[matter]):
        body = _application(matter, situation, seed=99)
        for path in required_keys(MATTERS[matter], situation, body["form"]):
            answer = api.submit({**body, "form": without(body["form"], path)})
            assert answer.status_code == 422, f"{situation} without {path}: {answer.text}"
            problem = answer.json()
            assert answer.headers["content-type"].startswith("application/problem+json")
            named = {error["pointer"] for error in problem["errors"]}
            assert f"/form/{path}" in named, f"{situation} without {path}: {sorted(named)}"
            assert all(error["detail"] for error in problem["errors"])


@pytest.mark.parametrize("matter", MATTERS)
def test_a_second_click_makes_no_second_case(api: ApiCaller, installation: Installation, matter: str) -> None:
    situation = situations(MATTERS[matter])[0]
    body, key = _application(matter, situation, seed=7), f"twice-{matter}"
    first, second = api.submit(body, key=key), api.submit(body, key=key)
    assert {first.status_code, second.status_code} <= {200, 201}
    assert first.json()["number"] == second.json()["number"]
    other = api.submit(_application(matter, situation, seed=8), key=key)
    assert other.status_code in {409, 422}
    assert other.headers["content-type"].startswith("application/problem+json")


def test_the_citizen_sees_the_case_and_only_with_the_right_code(api: ApiCaller) -> None:
    body = _application("01-minimum-living-guarantee", situations(MATTERS["01-minimum-living-guarantee"])[0], seed=50)
    accepted = api.submit(body).raise_for_status().json()
    number, code = accepted["number"], accepted["query_code"]
    seen = api.http.get(
        f"{api.base_url}/api/v1/status",
        params={"number": number, "code": code},
        headers={"authorization": "", "x-forwarded-for": "203.0.113.7"},
    )
    assert seen.status_code == 200, seen.text
    status = seen.json()
    assert status["number"] == number
    assert status["word"]
    assert body["form"]["applicant_name"] not in seen.text
    assert body["form"]["applicant_id_number"] not in seen.text
    wrong = api.http.get(
        f"{api.base_url}/api/v1/status",
        params={"number": number, "code": "XXXXXXXX" if code != "XXXXXXXX" else "YYYYYYYY"},
        headers={"authorization": "", "x-forwarded-for": "203.0.113.8"},
    )
    assert wrong.status_code == 404
