"""The main job for every matter through the API: valid applications arrive once, incomplete ones are told why."""

from collections.abc import Iterator

import pytest

from demo.forms import required_keys, situations, without
from tests.servers.api_caller import ApiCaller, arrived, received
from tests.servers.desk_person import log_in_at
from tests.servers.installation import Installation
from tests.servers.matters import DELIVERED, MATTERS, application_for, system_of

WITH_A_PICTURE = "wj-reward"
"""Nothing goes there before a person has read the picture at its log-in."""


def any_delivered(installation: Installation, system: str) -> bool:
    return bool(received(installation, system))


@pytest.fixture(scope="module")
def api(installation: Installation) -> Iterator[ApiCaller]:
    caller = ApiCaller.of(installation)
    yield caller
    caller.close()


def test_the_api_lists_all_30_matters_and_the_two_extensions(api: ApiCaller) -> None:
    listed = api.get("/matters").raise_for_status().json()
    assert {matter["id"] for matter in listed["matters"]} == MATTERS.keys()
    assert len(MATTERS) == 32


@pytest.mark.parametrize("matter", MATTERS)
def test_a_valid_application_reaches_its_department_once(
    api: ApiCaller, installation: Installation, matter: str
) -> None:
    system = system_of(matter)
    numbers = []
    for seed, situation in enumerate(situations(MATTERS[matter])):
        answer = api.submit(application_for(matter, seed=seed, situation=situation).as_json())
        assert answer.status_code == 201, answer.text
        accepted = answer.json()
        assert accepted["query_code"]
        numbers.append(accepted["number"])
    if system == WITH_A_PICTURE and not any_delivered(installation, system):
        log_in_at(installation, system)
    for number in numbers:
        case = api.settled(number)
        delivery = next(delivery for delivery in case["deliveries"] if delivery["system"] == system)
        if system in DELIVERED:
            there = arrived(installation, system, number)
            assert [(each["number"], each["times"]) for each in there] == [(number, 1)]
            assert delivery["department_number"] or api.numbered(number, system)
        else:
            assert delivery["state"] == "desk"
            assert received(installation, system, number) == []


@pytest.mark.parametrize("matter", MATTERS)
def test_each_required_field_left_out_is_named(api: ApiCaller, matter: str) -> None:
    for situation in situations(MATTERS[matter]):
        whole = application_for(matter, seed=99, situation=situation)
        for path in required_keys(MATTERS[matter], situation, whole.form):
            answer = api.submit({**whole.as_json(), "form": without(whole.form, path)})
            assert answer.status_code == 422, f"{situation} without {path}: {answer.text}"
            problem = answer.json()
            assert answer.headers["content-type"].startswith("application/problem+json")
            named = {error["pointer"] for error in problem["errors"]}
            assert f"/form/{path}" in named, f"{situation} without {path}: {sorted(named)}"
            assert all(error["detail"] for error in problem["errors"])


@pytest.mark.parametrize("matter", MATTERS)
def test_a_second_click_makes_no_second_case(api: ApiCaller, matter: str) -> None:
    body, key = application_for(matter, seed=700).as_json(), f"twice-{matter}"
    first, second = api.submit(body, key=key), api.submit(body, key=key)
    assert {first.status_code, second.status_code} <= {200, 201}
    assert first.json()["number"] == second.json()["number"]
    other = api.submit(application_for(matter, seed=701).as_json(), key=key)
    assert other.status_code in {409, 422}
    assert other.headers["content-type"].startswith("application/problem+json")


def test_the_citizen_sees_the_case_and_only_with_the_right_code(api: ApiCaller) -> None:
    application = application_for("01-minimum-living-guarantee", seed=50)
    accepted = api.submit(application.as_json()).raise_for_status().json()
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
    assert application.form["applicant_name"] not in seen.text
    assert application.form["applicant_id_number"] not in seen.text
    wrong = api.http.get(
        f"{api.base_url}/api/v1/status",
        params={"number": number, "code": "XXXXXXXX" if code != "XXXXXXXX" else "YYYYYYYY"},
        headers={"authorization": "", "x-forwarded-for": "203.0.113.8"},
    )
    assert wrong.status_code == 404
