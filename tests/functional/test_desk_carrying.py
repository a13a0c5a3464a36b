"""Carrying many cases to one department in one go: the list, the papers for all, and a number for each row."""

import asyncio

from demo.seed import CENTRE_A
from matters.case import CaseStatus
from matters.policy import Actor, Role
from tests.doubles.clerk_house import House, Visitor, guides
from tests.servers.visitor import Page

MANUAL = "02-marginal-family"
CLERK = Actor(sub="demo-clerk", name="王晓芸", roles=frozenset({Role.CLERK}), unit=CENTRE_A.id, region=CENTRE_A.region)


async def taken_in(house: House, clerk: Visitor, count: int) -> list[str]:
    """Take cases in for the department that is served by hand; return their numbers."""
    matter = next(m for m in guides() if m.id == MANUAL)
    numbers = []
    for seed in range(1, count + 1):
        review = await clerk.fill_in(matter, matter.guide.situations[0].id, seed=seed)
        receipt = await clerk.submit(review, review.form(action="/submit"))
        numbers.append(receipt.url.split("/")[-2])
    return numbers


def fields(page: Page) -> list[str]:
    return [name for name in page.form(action="/desk/carrying").values if name.startswith("number-")]


async def status_of(house: House, number: str) -> CaseStatus:
    case = await house.portal.cases.by_number(number)
    assert case is not None
    return case.status


async def test_rows_with_a_number_are_recorded_and_the_others_stay(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    numbers = await taken_in(open_house, clerk, 3)
    desk = await clerk.get("/desk")
    address = next(link.split("8481")[-1] for link in desk.links if "/desk/carrying/" in link)
    page = await clerk.get(address)
    assert all(number in page.text for number in numbers)
    nothing = await clerk.submit(page, page.form(action="/desk/carrying"))
    assert nothing.status == 422
    first, second, third = fields(page)
    recorded = await clerk.submit(page, page.form(action="/desk/carrying"), {first: "SL-1", second: " 无 "})
    assert "已记录 2 件" in recorded.text
    assert fields(recorded) == [third]
    views = await open_house.portal.desk.tasks(CLERK)
    by_number = {v.department_number for v in views if v.awaits_result}
    assert by_number == {"SL-1", "无"}, "what was carried by hand is heard of by hand"
    states = [await status_of(open_house, number) for number in numbers]
    assert sorted(states) == sorted([CaseStatus.SUBMITTED, CaseStatus.SUBMITTED, CaseStatus.ACCEPTED])


async def test_a_row_that_somebody_else_settled_is_told_and_takes_no_other_with_it(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    await taken_in(open_house, clerk, 3)
    (wait,) = await open_house.portal.carrying.waiting(CLERK)
    assert wait.count == 3
    page = await clerk.get(f"/desk/carrying/{wait.system}")
    first, second, third = fields(page)
    other = await open_house.person("clerk2")
    both = await asyncio.gather(
        clerk.submit(page, page.form(action="/desk/carrying"), {first: "SL-1", second: "SL-2"}),
        other.submit(
            form_page := await other.get(f"/desk/carrying/{wait.system}"),
            form_page.form(action="/desk/carrying"),
            {second: "QT-2", third: "QT-3"},
        ),
    )
    assert sorted(each.status for each in both) == [200, 409]
    late = next(each for each in both if each.status == 409)
    assert "别人刚刚处理了这一件" in late.text
    assert "已记录 1 件" in late.text
    kept = {v.department_number for v in await open_house.portal.desk.tasks(CLERK)}
    assert kept in ({"SL-1", "SL-2", "QT-3"}, {"SL-1", "QT-2", "QT-3"})
    forged = await clerk.submit(page, page.form(action="/desk/carrying"), {first: "SL-9"})
    assert forged.status == 409
    assert "SL-9" not in {v.department_number for v in await open_house.portal.desk.tasks(CLERK)}


async def test_the_papers_of_all_are_printed_in_one_go_for_the_unit_only(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    numbers = await taken_in(open_house, clerk, 2)
    (wait,) = await open_house.portal.carrying.waiting(CLERK)
    packs = await clerk.get(f"/desk/carrying/{wait.system}/packs")
    for number in numbers:
        case = await open_house.portal.cases.by_number(number)
        assert case is not None
        assert packs.text.count(number) == 2, "on the covering list and over its own papers"
        assert str(case.form["applicant_id_number"]) in packs.text
    assert "送件清单" in packs.text
    elsewhere = await open_house.person("clerk-b")
    for address in (f"/desk/carrying/{wait.system}", f"/desk/carrying/{wait.system}/packs"):
        page = await elsewhere.get(address)
        assert (page.status, "没有要送交这个部门的办件" in page.text) == (200, True)
        assert not any(number in page.text for number in numbers)
    manager = await open_house.person("manager")
    assert (await manager.get(f"/desk/carrying/{wait.system}/packs")).status == 403
    assert (await clerk.get("/desk/carrying/nowhere")).status == 404
