"""Who may do what: the one policy, role by role."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from matters import policy
from matters.case import Case, CaseStatus
from matters.elements import Duration
from matters.policy import Actor, Role, roles_from_claim

CASE = Case(
    number="320105007-261122-MZ004-000001", query_code="7KQ2M9XD", matter_id="m", matter_name="m", guide_version=1,
    situation="s", status=CaseStatus.RECEIVED, form={}, applicant_name="甲", unit="320105007-bmfw", region="320105007",
    responsible_region="320206003", taken_in_by="c", received_at=datetime(2026, 11, 22, tzinfo=UTC),
    promised=Duration(value=0, unit="working_day"),
)  # fmt: skip


def actor(*roles: Role, unit: str = "320105007-bmfw", region: str = "320105007") -> Actor:
    return Actor(sub="s", name="n", roles=frozenset(roles), unit=unit, region=region)


def test_clerks_of_a_township_take_in_and_nobody_else() -> None:
    assert policy.may_take_in(actor(Role.CLERK))
    assert not policy.may_take_in(actor(Role.CLERK, region="320105"))
    assert not policy.may_take_in(actor(Role.CLERK, region="32010500７"))
    assert not policy.may_take_in(actor(Role.CLERK, unit=""))
    for role in set(Role) - {Role.CLERK}:
        assert not policy.may_take_in(actor(role))


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (actor(Role.CLERK), True),
        (actor(Role.CLERK, unit="320206003-bmfw", region="320206003"), True),  # the responsible township
        (actor(Role.CLERK, unit="other", region="320105007"), False),
        (actor(Role.CLERK, unit="other", region="320105008"), False),
        (actor(Role.CLERK, unit="", region=""), False),
        (actor(Role.MANAGER, unit="", region="320105"), True),
        (actor(Role.MANAGER, unit="", region="3202"), True),
        (actor(Role.MANAGER, unit="", region="3203"), False),
        (actor(Role.MANAGER, unit="", region=""), False),
        (actor(Role.ADMIN, region="32"), False),
        (actor(Role.OWNER, region="32"), False),
        (actor(region="320105007"), False),
    ],
)
def test_unit_and_region_bound_who_sees_a_case(who: Actor, sees: bool) -> None:
    assert policy.may_see_case(who, CASE) is sees


def test_only_the_unit_that_took_it_in_changes_or_unmasks_a_case() -> None:
    for rule in (policy.may_change_case, policy.may_unmask):
        assert rule(actor(Role.CLERK), CASE)
        assert not rule(actor(Role.CLERK, unit="320206003-bmfw", region="320206003"), CASE)
        assert not rule(actor(Role.MANAGER, region="32"), CASE)
        assert not rule(actor(Role.CLERK, unit=""), replace(CASE, unit=""))


def test_a_tile_is_open_to_all_or_to_the_roles_it_names() -> None:
    assert policy.may_open_system(actor(), ())
    assert policy.may_open_system(actor(Role.CLERK), ("clerk", "owner"))
    assert not policy.may_open_system(actor(Role.EDITOR), ("clerk",))


def test_the_other_rules_name_their_roles() -> None:
    allowed = {
        policy.may_see_systems: {Role.OWNER, Role.MANAGER, Role.ADMIN},
        policy.may_run_systems: {Role.OWNER, Role.ADMIN},
        policy.may_work_desk: {Role.CLERK},
        policy.may_draft_guide: {Role.EDITOR},
        policy.may_approve_guide: {Role.APPROVER},
        policy.may_see_cases: {Role.CLERK, Role.MANAGER},
    }
    for rule, roles in allowed.items():
        assert {role for role in Role if rule(actor(role))} == roles


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["clerk", "root", 5, None], {Role.CLERK}),
        ("clerk", set()),
        (None, set()),
        ({"clerk": 1}, set()),
        ([["clerk"]], set()),
    ],
)
def test_a_claim_gives_only_roles_we_know(claim: object, roles: set[Role]) -> None:
    assert roles_from_claim(claim) == roles


def test_a_case_is_tried_masked_only_by_who_runs_systems_in_its_region() -> None:
    for role in (Role.OWNER, Role.ADMIN):
        assert policy.may_try_case(actor(role, region="32"), CASE)
        assert not policy.may_try_case(actor(role, region="33"), CASE)
        assert not policy.may_try_case(actor(role, region=""), CASE)
    for role in (Role.CLERK, Role.EDITOR, Role.APPROVER, Role.MANAGER):
        assert not policy.may_try_case(actor(role, region="32"), CASE)


def test_a_version_is_tried_in_regions_of_who_runs_systems_there() -> None:
    assert policy.may_serve_region(actor(Role.OWNER, region="32"), "320105")
    assert not policy.may_serve_region(actor(Role.OWNER, region="320105"), "32")
    assert not policy.may_serve_region(actor(Role.OWNER, region=""), "320105")
    assert not policy.may_serve_region(actor(Role.MANAGER, region="32"), "320105")


def test_what_no_window_has_is_for_the_managers_answerable_and_never_for_nobody() -> None:
    county, province = actor(Role.MANAGER, unit="gov", region="320105"), actor(Role.MANAGER, unit="gov", region="32")
    elsewhere, clerk = actor(Role.MANAGER, unit="gov", region="3202"), actor(Role.CLERK)
    for rule in (policy.may_decide_event, lambda who, region: policy.may_see_desk_task(who, unit="", region=region)):
        assert [rule(who, "320105") for who in (county, province, elsewhere, clerk)] == [True, True, False, False]
        assert [rule(who, "320105007") for who in (county, province, elsewhere, clerk)] == [True, True, False, True]
        assert [rule(who, "") for who in (county, province, elsewhere, clerk)] == [True, True, True, False]
        assert not rule(actor(Role.MANAGER, unit="", region="32"), "320105")
        assert not rule(actor(Role.MANAGER, unit="gov", region=""), "")
        assert not rule(actor(Role.CLERK, unit="gov", region="320105"), "320105")
        for role in (Role.EDITOR, Role.APPROVER, Role.OWNER, Role.ADMIN):
            assert not rule(actor(role, region="320105"), "320105")
    assert not policy.may_see_desk_task(province, unit="320105007-bmfw", region="320105007")
