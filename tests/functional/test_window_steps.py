"""A case's page where something happens at the window: the result handed over, a supplement brought or never brought."""

from datetime import timedelta

from demo.seed import CENTRE_A
from matters.case import CaseStatus
from matters.policy import Actor, Role
from tests.doubles.clerk_house import House, Visitor, guides

MANUAL = "02-marginal-family"
CLERK = Actor(sub="demo-clerk", name="王晓芸", roles=frozenset({Role.CLERK}), unit=CENTRE_A.id, region=CENTRE_A.region)


async def decided(house: House, clerk: Visitor, result: str) -> str:
    """Take a case in for the department that is served by hand, and note what it said."""
    matter = next(m for m in guides() if m.id == MANUAL)
    review = await clerk.fill_in(matter, matter.guide.situations[0].id, seed=1)
    receipt = await clerk.submit(review, review.form(action="/submit"))
    number = receipt.url.split("/")[-2]
    (view,) = [v for v in await house.portal.desk.tasks(CLERK) if v.task.delivery.case_number == number]
    await house.portal.desk.record_result(
        view.task.id,
        result,
        actor=CLERK,
        at=house.now(),
        department_number="JZ-1",
        note="户口簿缺页",  # type: ignore[arg-type]
    )
    return number


async def status_of(house: House, number: str) -> CaseStatus:
    case = await house.portal.cases.by_number(number)
    assert case is not None
    return case.status


async def test_a_clerk_records_who_collected_a_result_and_the_citizen_reads_it(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await decided(open_house, clerk, "approved")
    page = await clerk.get(f"/cases/{number}")
    incomplete = {"way": "agent", "receiver": "李建国"}
    refused = await clerk.submit(page, page.form(action="/handed-over"), incomplete)
    assert refused.status == 422
    assert "没有授权委托书不能由他人代领" in refused.text
    assert 'value="李建国"' in refused.text
    done = await clerk.submit(refused, refused.form(action="/handed-over"), {"authorised": "yes"})
    assert done.status == 200
    assert await status_of(open_house, number) is CaseStatus.DELIVERED
    assert "已核验授权委托书" in done.text
    assert "李建国" not in done.text
    assert 'action="/cases/' + number + '/handed-over"' not in done.text
    again = await clerk.submit(page, page.form(action="/handed-over"), {"way": "in_person"})
    assert again.status == 409
    case = await open_house.portal.cases.by_number(number)
    assert case is not None
    visitor = open_house.visitor()
    status = await visitor.get("/status")
    told = await visitor.submit(status, status.form(action="/status"), {"number": number, "code": case.query_code})
    assert "结果已经送达" in told.text
    assert "李建国" not in told.text


async def test_another_units_clerk_records_nothing(open_house: House) -> None:
    clerk, other = await open_house.person("clerk"), await open_house.person("clerk-b")
    number = await decided(open_house, clerk, "approved")
    page = await clerk.get(f"/cases/{number}")
    form = page.form(action="/handed-over")
    assert (await other.submit(page, form, {"way": "in_person"})).status in (403, 404)
    assert await status_of(open_house, number) is CaseStatus.COMPLETED_APPROVED


async def test_a_supplement_is_recorded_with_what_was_brought(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await decided(open_house, clerk, "supplement_required")
    page = await clerk.get(f"/cases/{number}")
    assert "补正期限" in page.text
    empty = await clerk.submit(page, page.form(action="/supplement"))
    assert empty.status == 422
    await clerk.submit(empty, empty.form(action="/supplement"), {"brought": "户口簿全本复印件"})
    assert await status_of(open_house, number) is CaseStatus.SUPPLEMENTED
    assert "户口簿全本复印件" in (await clerk.get(f"/cases/{number}")).text


async def test_a_supplement_that_never_came_ends_the_case_after_its_day_once_the_department_was_asked(
    open_house: House,
) -> None:
    clerk = await open_house.person("clerk")
    number = await decided(open_house, clerk, "supplement_required")
    assert "/no-supplement" not in (await clerk.get(f"/cases/{number}")).text
    open_house.later = timedelta(days=40)
    clerk = await open_house.person("clerk")
    page = await clerk.get(f"/cases/{number}")
    not_asked = await clerk.submit(page, page.form(action="/no-supplement"))
    assert not_asked.status == 422
    await clerk.submit(not_asked, not_asked.form(action="/no-supplement"), {"asked": "yes"})
    assert await status_of(open_house, number) is CaseStatus.TERMINATED_NO_SUPPLEMENT
