"""Sending anew on the owner's pages: choose, preview masked, give a reason, confirm; twice clicked is once done."""

import pytest

from connectors.ledger import DeliveryState, Lease, Result
from connectors.replay import Act
from matters.policy import Actor, Role
from tests.doubles.clerk_house import House, Visitor
from tests.doubles.house import CLERK, application
from tests.doubles.stopped import GAVE_UP, NOBODY_KNOWS, REFUSED, UNREADABLE, stopped
from tests.servers.visitor import Page

ADDRESS = "/systems/mz-elder/replay"
ELDER = "05-elder-respect-allowance"


async def stop(one: House, result: Result = UNREADABLE, *, seed: int = 1) -> Lease:
    return await stopped(one.connectors, application(ELDER, seed=seed), result, by=CLERK, key=f"k{seed}", at=one.now())


async def previewed(owner: Visitor, **typed: str) -> Page:
    page = await owner.get(ADDRESS)
    return await owner.submit(page, page.form(having="since"), typed, button=("preview", "1"))


async def test_an_owner_chooses_previews_gives_a_reason_and_sends_anew(one: House) -> None:
    lease = await stop(one)
    owner = await one.person("owner")
    page = await previewed(owner, state="invalid")
    assert lease.delivery.case_number in page.text
    assert "作为新的一次送出" in page.text
    done = await owner.submit(page, page.form(having="reason"), {"reason": "部门已放宽长度"})
    assert done.status == 200
    assert "部门已放宽长度" in done.text
    assert "等待送出" in done.text
    views = await one.connectors.deliveries.of_case(lease.delivery.case_number)
    assert [view.delivery.state for view in views] == [DeliveryState.REPLAYED, DeliveryState.QUEUED]


async def test_a_double_click_is_one_replay(one: House) -> None:
    lease = await stop(one)
    owner = await one.person("owner")
    page = await previewed(owner)
    form = page.form(having="reason")
    first = await owner.submit(page, form, {"reason": "部门已放宽长度"})
    second = await owner.submit(page, form, {"reason": "部门已放宽长度"})
    assert first.url == second.url
    assert len(await one.connectors.deliveries.of_case(lease.delivery.case_number)) == 2


async def test_without_a_reason_nothing_is_sent_and_what_was_ticked_stays(one: House) -> None:
    first, second = await stop(one, seed=1), await stop(one, seed=2)
    owner = await one.person("owner")
    page = await previewed(owner)
    refused = await owner.submit(page, page.form(having="reason"), {"reason": "再", "delivery": second.delivery.id})
    assert refused.status == 422
    assert "至少4个字" in refused.text
    assert refused.form(having="reason").values["delivery"] == [second.delivery.id]
    for lease in (first, second):
        (view,) = await one.connectors.deliveries.of_case(lease.delivery.case_number)
        assert view.delivery.state is DeliveryState.INVALID


async def test_the_message_is_shown_masked_with_what_was_tried(one: House) -> None:
    lease = await stop(one)
    owner = await one.person("owner")
    page = await owner.get(f"{ADDRESS}/{lease.delivery.id}")
    form = lease.submission.content["form"]
    assert isinstance(form, dict)
    assert "POST /openapi/v1/cases" in page.text
    assert str(form["applicant_id_number"]).upper() not in page.text.upper()
    assert str(form["bank_account_no"]) not in page.text
    assert f"{str(form['applicant_id_number'])[:3]}***" in page.text
    assert "内容对方读不了" in page.text


async def test_each_way_is_said_beside_its_case(one: House) -> None:
    await stop(one, NOBODY_KNOWS, seed=1)
    await stop(one, GAVE_UP, seed=2)
    await stop(one, REFUSED, seed=3)
    owner = await one.person("owner")
    text = (await previewed(owner)).text
    assert "先查对方是否已有" in text
    assert "用原来的键再送" in text
    assert "作为新的一次送出" in text
    assert (await previewed(owner, state="refused")).text.count('name="delivery"') == 1


@pytest.mark.parametrize(
    "typed",
    [
        {"since": "2026-13-40"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"cases": " ".join(f"x{n}" for n in range(101))},
    ],
)
async def test_what_cannot_be_read_is_told(one: House, typed: dict[str, str]) -> None:
    owner = await one.person("owner")
    page = await previewed(owner, **typed)
    assert page.status == 422
    assert "error-summary" in page.text


async def test_a_case_number_narrows_the_choice(one: House) -> None:
    first, second = await stop(one, seed=1), await stop(one, seed=2)
    owner = await one.person("owner")
    page = await previewed(owner, cases=second.delivery.case_number.lower())
    assert second.delivery.case_number in page.text
    assert first.delivery.case_number not in page.text


async def test_a_nul_in_the_address_finds_nothing_and_breaks_nothing(one: House) -> None:
    page = await (await one.person("owner")).get(f"{ADDRESS}?preview=1&cases=a%00b")
    assert page.status == 200
    assert "\0" not in page.text


@pytest.mark.parametrize("who", ["clerk", "manager"])
async def test_who_runs_no_systems_is_refused(one: House, who: str) -> None:
    lease = await stop(one)
    visitor = await one.person(who)
    for address in (ADDRESS, f"{ADDRESS}/{lease.delivery.id}", "/systems/mz-elder/replays/none"):
        assert (await visitor.get(address)).status == 403


async def test_a_form_without_its_token_does_nothing(one: House) -> None:
    lease = await stop(one)
    owner = await one.person("owner")
    page = await previewed(owner)
    refused = await owner.submit(page, page.form(having="reason"), {"reason": "部门已放宽", "csrf_token": "x"})
    assert refused.status == 403
    (view,) = await one.connectors.deliveries.of_case(lease.delivery.case_number)
    assert view.delivery.state is DeliveryState.INVALID


async def test_another_systems_act_is_refused_and_nothing_is_sent(one: House) -> None:
    lease = await stop(one)
    owner = await one.person("owner")
    page = await previewed(owner)
    form = page.form(having="reason")
    (id_,) = form.values["act"]
    other = Act(id=id_, system="yb-core", by="owner-2", who="周主管", reason="部门已放宽", at=one.now())
    runs_systems = Actor(sub="owner-2", name="周主管", roles=frozenset({Role.OWNER}), unit="", region="32")
    await one.connectors.replays.replay(other, [], actor=runs_systems)
    assert (await owner.submit(page, form, {"reason": "部门已放宽长度"})).status == 403
    (view,) = await one.connectors.deliveries.of_case(lease.delivery.case_number)
    assert view.delivery.state is DeliveryState.INVALID


async def test_another_systems_delivery_is_not_here(one: House) -> None:
    lease = await stop(one)
    owner = await one.person("owner")
    assert (await owner.get(f"/systems/yb-core/replay/{lease.delivery.id}")).status == 404
