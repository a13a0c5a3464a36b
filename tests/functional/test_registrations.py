"""What owners may do with versions of a spec: by whom, in which order, and what each step asks for."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.errors import NotPermitted
from connectors.registration import RegistrationState
from connectors.registration_errors import (
    IllegalMove,
    JustDraining,
    NotADraft,
    NotASystemId,
    NotReady,
    RegionsOutside,
    RegionsUnknown,
    RegistrationConflict,
    RegistrationUnknown,
    SamePerson,
    SpecTooLong,
    StillNeeded,
)
from matters.policy import Actor, Role
from matters.storage.guides import SqlGuideStore
from tests.doubles.house import CLERK, matters
from tests.doubles.registered_house import OTHER, OWNER, SYSTEM, RegisteredHouse, registered_house, spec_text

S = RegistrationState
MANAGER = Actor(sub="manager", name="李经理", roles=frozenset({Role.MANAGER}), unit="", region="32")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def here(embedded: AsyncEngine, tmp_path: Path) -> AsyncIterator[RegisteredHouse]:
    registered = await registered_house(embedded, MemoryStateStore(), tmp_path, base_url="http://127.0.0.1:9")
    yield registered
    await registered.house.connectors.aclose()


async def draft(here: RegisteredHouse, text: str, *, by: Actor = OWNER) -> int:
    saved = await here.registry.register(SYSTEM, text, actor=by, at=now(), from_version=1)
    return saved.registration.version


async def test_what_is_shipped_is_version_one_and_live(here: RegisteredHouse) -> None:
    (system,) = await here.registry.systems(MANAGER)
    assert system.in_force is not None
    assert (system.in_force.version, system.in_force.origin, system.open) == (1, "shipped", ())
    (step,) = await here.registry.steps(SYSTEM, MANAGER)
    assert (step.to_state, step.by.sub) == (S.LIVE, "")
    assert here.live[SYSTEM].registered == 1


async def test_clerks_see_nothing_and_managers_change_nothing(here: RegisteredHouse) -> None:
    with pytest.raises(NotPermitted):
        await here.registry.systems(CLERK)
    with pytest.raises(NotPermitted):
        await here.registry.register(SYSTEM, spec_text(), actor=MANAGER, at=now())
    with pytest.raises(NotPermitted):
        await here.move(1, S.DRAINING, by=MANAGER)


async def test_who_wrote_or_tested_a_version_does_not_approve_it(here: RegisteredHouse) -> None:
    version = await draft(here, spec_text("v2"))
    await here.move(version, S.TESTED, by=OTHER)
    for hand in (OWNER, OTHER):
        with pytest.raises(SamePerson):
            await here.move(version, S.APPROVED, by=hand)
    third = Actor(sub="owner-c", name="周主管", roles=frozenset({Role.OWNER}), unit="", region="32")
    assert (await here.move(version, S.APPROVED, by=third)).state is S.APPROVED


async def test_whose_text_was_sent_back_still_does_not_approve_it(here: RegisteredHouse) -> None:
    version = await draft(here, spec_text("v2"))
    await here.move(version, S.TESTED)
    again = await here.move(version, S.SENT_BACK, by=OTHER)
    assert (again.state, again.from_version) == (S.DRAFT, version)
    await here.move(again.version, S.TESTED, by=OTHER)
    with pytest.raises(SamePerson):
        await here.move(again.version, S.APPROVED, by=OWNER)


async def test_whose_text_another_goes_on_with_still_does_not_approve_it(here: RegisteredHouse) -> None:
    version = await draft(here, spec_text("v2"))
    saved = await here.registry.register(SYSTEM, spec_text("v2"), actor=OTHER, at=now(), from_version=version)
    again = saved.registration
    assert again.writers == (OWNER.sub, OTHER.sub)
    await here.move(again.version, S.TESTED, by=OTHER)
    with pytest.raises(SamePerson):
        await here.move(again.version, S.APPROVED, by=OWNER)


async def test_steps_are_taken_in_order(here: RegisteredHouse) -> None:
    version = await draft(here, spec_text("v2"))
    for to in (S.APPROVED, S.CANARY, S.LIVE, S.DRAINING, S.RETIRED, S.SUPERSEDED):
        with pytest.raises(IllegalMove):
            await here.move(version, to, regions=("320205",))
    with pytest.raises(IllegalMove):  # only what takes its place supersedes it
        await here.move(1, S.SUPERSEDED)
    with pytest.raises(RegistrationUnknown):
        await here.move(99, S.TESTED)


async def test_a_canary_serves_where_its_owner_may_and_cases_come_from(here: RegisteredHouse) -> None:
    version = await here.approved(spec_text("v2"))
    await here.house.accept()
    county = replace(OWNER, region=CLERK.region[:6])
    for actor, regions in ((OWNER, ("310101", CLERK.region)), (county, ("32",)), (replace(OWNER, region=""), ("32",))):
        with pytest.raises(RegionsOutside) as refused:
            await here.move(version, S.CANARY, by=actor, regions=regions)
        assert refused.value.params["codes"] == regions[0]
    for empty, beside in (("3210", ["3201"]), ("320206003", ["3201"]), (f"{CLERK.region}001", [])):
        with pytest.raises(RegionsUnknown) as unknown:
            await here.move(version, S.CANARY, regions=(*beside, empty))
        assert unknown.value.params == {"codes": empty, "known": CLERK.region}
    tried = await here.move(version, S.CANARY, by=county, regions=(CLERK.region[:6],))
    assert (tried.state, tried.regions) == (S.CANARY, (CLERK.region[:6],))


async def test_a_draft_may_be_wrong_and_is_told_where(here: RegisteredHouse) -> None:
    text = spec_text("v2").replace("transport: rest_json", "transport: telegraph")
    saved = await here.registry.register(SYSTEM, text, actor=OWNER, at=now())
    (problem,) = saved.problems
    assert (problem.file, problem.path) == (f"{SYSTEM}.yaml", "transport")
    assert text.splitlines()[problem.line - 1].startswith("transport:")
    with pytest.raises(NotReady) as refused:
        await here.move(saved.registration.version, S.TESTED)
    assert [p.path for p in refused.value.readiness.problems] == ["transport"]
    mended = await here.registry.save(
        SYSTEM, saved.registration.version, spec_text("v2"),
        expected_sha256=saved.registration.sha256, actor=OWNER, at=now(),
    )  # fmt: skip
    assert mended.problems == ()
    await here.move(saved.registration.version, S.TESTED)


async def test_a_test_needs_an_example_of_every_operation_that_holds(here: RegisteredHouse) -> None:
    document = yaml.safe_load(spec_text("v2"))
    document["examples"][0]["sends"] = {"outCaseNo": "another"}
    document["examples"].pop()
    version = await draft(here, yaml.safe_dump(document, allow_unicode=True))
    with pytest.raises(NotReady) as refused:
        await here.move(version, S.TESTED)
    found = refused.value.readiness
    assert found.without_example == ("YLFW_BT",)
    assert [m.place for m in found.mismatches] == ["sends.outCaseNo"]


async def test_a_spec_of_another_system_is_refused_for_this_one(here: RegisteredHouse) -> None:
    found = await here.registry.check(spec_text().replace("id: mz-elder", "id: mz-other"), OWNER, system=SYSTEM)
    assert [p.path for p in found.problems] == ["id"]


async def test_what_a_published_guide_does_not_feed_is_not_approved(here: RegisteredHouse) -> None:
    document = yaml.safe_load(spec_text("v2"))
    request = document["operations"]["YLFW_BT"]["request"]
    request["body"] |= {"contact": "form.emergency_contact_name", "phone": "form.emergency_contact_phone"}
    request["required"] = ["outCaseNo", "contact", "phone"]
    document["examples"][1]["given"]["form"] |= {"emergency_contact_name": "甲", "emergency_contact_phone": "1"}
    version = await draft(here, yaml.safe_dump(document, allow_unicode=True))
    await here.move(version, S.TESTED)
    subsidy = matters()["07-elderly-care-subsidy"]  # its form has neither field
    await SqlGuideStore(here.house.engine).seed([subsidy], at=now())
    with pytest.raises(NotReady) as refused:
        await here.move(version, S.APPROVED, by=OTHER)
    named = [(each.matter_name, each.operation, each.target) for each in refused.value.readiness.uncovered]
    assert named == [(subsidy.name, "YLFW_BT", "contact"), (subsidy.name, "YLFW_BT", "phone")]


async def test_missing_secrets_and_addresses_warn_an_approver_and_stop_service(here: RegisteredHouse) -> None:
    auth = {"auth": {"kind": "static_token", "header": "x-token", "secret": "elder.new-token"}}
    version = await here.approved(spec_text("v2", {"connection": auth}))
    assert (await here.registry.readiness(SYSTEM, version, OWNER)).missing_secrets == ("elder.new-token",)
    for to, more in ((S.LIVE, {}), (S.CANARY, {"regions": ("320205",)})):
        with pytest.raises(NotReady) as refused:
            await here.move(version, to, **more)
        assert refused.value.readiness.missing_secrets == ("elder.new-token",)


async def test_a_new_system_without_an_address_does_not_go_into_service(here: RegisteredHouse) -> None:
    text = spec_text().replace("id: mz-elder", "id: mz-visit")
    saved = await here.registry.register("mz-visit", text, actor=OWNER, at=now())
    for to, by in ((S.TESTED, OWNER), (S.APPROVED, OTHER)):
        await here.registry.move("mz-visit", 1, to, actor=by, reason="新系统", at=now())
    with pytest.raises(NotReady) as refused:
        await here.registry.move("mz-visit", 1, S.LIVE, actor=OWNER, reason="上线", at=now())
    assert refused.value.readiness.missing_lines == ("mz-visit",)
    assert saved.registration.from_version is None


async def test_what_was_tested_is_not_written_again(here: RegisteredHouse) -> None:
    version = await draft(here, spec_text("v2"))
    await here.move(version, S.TESTED)
    with pytest.raises(NotADraft):
        await here.registry.save(SYSTEM, version, "x: 1", expected_sha256="", actor=OWNER, at=now())


async def test_two_people_do_not_write_over_each_other(here: RegisteredHouse) -> None:
    version = await draft(here, spec_text("v2"))
    known = (await here.registry.written(SYSTEM, version, OWNER)).registration.sha256
    await here.registry.save(SYSTEM, version, spec_text("v3"), expected_sha256=known, actor=OTHER, at=now())
    with pytest.raises(RegistrationConflict):
        await here.registry.save(SYSTEM, version, spec_text("v4"), expected_sha256=known, actor=OWNER, at=now())
    assert "/v3/cases" in (await here.registry.written(SYSTEM, version, OWNER)).text


@pytest.mark.parametrize("wrong", ["", "MZ", "../etc", "a", "x" * 50, "养老"])
async def test_a_system_is_called_by_an_id(here: RegisteredHouse, wrong: str) -> None:
    with pytest.raises(NotASystemId):
        await here.registry.register(wrong, spec_text(), actor=OWNER, at=now())


async def test_a_text_has_a_largest_size(here: RegisteredHouse) -> None:
    with pytest.raises(SpecTooLong):
        await here.registry.register(SYSTEM, "# " + "长" * 200_000, actor=OWNER, at=now())


async def test_two_versions_are_compared_first_in_the_data_that_leaves(here: RegisteredHouse) -> None:
    document = yaml.safe_load(spec_text())
    document["operations"]["ZLJ_APPLY"]["request"]["body"]["phone"] = "applicant.phone"
    version = await draft(here, yaml.safe_dump(document, allow_unicode=True))
    found = await here.registry.differences(SYSTEM, 1, version, OWNER)
    (flow,) = found.flows
    assert (flow.operation, flow.target, flow.change, flow.after) == (
        "ZLJ_APPLY",
        "phone",
        "added",
        ("applicant.phone",),
    )
    assert [place.path for place in found.places] == ["operations.ZLJ_APPLY.request.body.phone"]


async def test_a_dry_run_shows_a_kept_case_masked_and_sends_nothing(here: RegisteredHouse) -> None:
    case = (await here.house.accept()).case
    version = await draft(here, spec_text("v2"))
    assert await here.registry.cases_to_try(SYSTEM, OWNER) == [case.number]
    shown = await here.registry.dry_run(SYSTEM, version, case=case.number, masks={}, actor=OWNER, at=now())
    assert shown is not None
    assert shown.path == "/v2/cases"
    assert isinstance(shown.body, dict)
    assert shown.body["outCaseNo"] == case.number
    assert shown.body["idNumber"] != case.form["applicant_id_number"]
    assert await here.registry.dry_run(SYSTEM, version, case="NONE", masks={}, actor=OWNER, at=now()) is None


async def test_a_system_is_retired_when_nothing_needs_it_and_everybody_knows(here: RegisteredHouse) -> None:
    await here.house.accept()
    await here.move(1, S.DRAINING)
    with pytest.raises(StillNeeded) as refused:
        await here.retire(1)
    assert refused.value.backlog.waiting == 1
    number = (await here.registry.cases_to_try(SYSTEM, OWNER))[0]
    await here.house.connectors.intake.withdraw(number, actor=CLERK, reason="不办了", at=now())
    with pytest.raises(JustDraining):
        await here.move(1, S.RETIRED)
    assert (await here.retire(1)).state is S.RETIRED
    await here.live.refresh()
    assert not here.live[SYSTEM].is_served


async def test_a_version_that_sends_nothing_waits_for_what_is_on_its_way(here: RegisteredHouse) -> None:
    document = yaml.safe_load(spec_text())
    manual = {key: document[key] for key in ("schema_version", "id", "version", "name", "name_en", "department", "protocol", "sso", "latency", "availability")}  # fmt: skip
    version = await here.approved(yaml.safe_dump({**manual, "transport": "manual"}, allow_unicode=True))
    await here.house.accept()
    with pytest.raises(StillNeeded):
        await here.move(version, S.LIVE)
