"""After the receipt: the list, the case page, masking, withdrawing, and the desk."""

from typing import Any

from portal.state import PortalState
from tests.doubles.clerk_house import House, Visitor, guides

REST = "05-elder-respect-allowance"
MANUAL = "04-temporary-assistance"


async def taken_in(clerk: Visitor, matter_id: str, *, seed: int = 1) -> str:
    matter = next(m for m in guides() if m.id == matter_id)
    review = await clerk.fill_in(matter, matter.guide.situations[0].id, seed=seed)
    receipt = await clerk.submit(review, review.form(action="/submit"))
    assert receipt.url.endswith("/receipt")
    return receipt.url.split("/")[-2]


async def form_of(portal: PortalState, number: str) -> dict[str, Any]:
    case = await portal.cases.by_number(number)
    assert case is not None
    return dict(case.form)


async def test_the_list_masks_the_applicant_and_shows_the_delivery(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, REST)
    form = await form_of(open_house.portal, number)
    page = await clerk.get("/cases")
    assert number in page.text
    assert form["applicant_name"] not in page.text
    assert form["applicant_id_number"] not in page.text
    assert "等待送出" in page.text


async def test_the_list_is_filtered_by_state(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, REST)
    assert number in (await clerk.get("/cases?state=open")).text
    assert number not in (await clerk.get("/cases?state=closed")).text
    assert number in (await clerk.get("/cases?state=all")).text


async def test_personal_data_is_masked_until_a_reason_is_given(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, REST)
    form = await form_of(open_house.portal, number)
    page = await clerk.get(f"/cases/{number}")
    assert form["applicant_id_number"] not in page.text
    refused = await clerk.submit(page, page.form(action="/unmask"), {"reason": "看"})
    assert refused.status == 422
    assert form["applicant_id_number"] not in refused.text
    shown = await clerk.submit(page, page.form(action="/unmask"), {"reason": "核对身份证号码"})
    assert form["applicant_id_number"] in shown.text
    assert form["applicant_id_number"] not in (await clerk.get(f"/cases/{number}")).text


async def test_who_looked_at_the_full_details_is_kept_with_the_case(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, REST)
    page = await clerk.get(f"/cases/{number}")
    await clerk.submit(page, page.form(action="/unmask"), {"reason": "核对身份证号码"})
    manager = await open_house.person("manager")
    seen = (await manager.get(f"/cases/{number}")).text
    assert "完整信息查看记录" in seen
    assert "核对身份证号码" in seen


async def test_a_manager_sees_the_case_and_may_not_unmask_or_print_it(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, REST)
    manager = await open_house.person("manager")
    page = await manager.get(f"/cases/{number}")
    assert page.status == 200
    assert not any("/unmask" in form.action or "/withdraw" in form.action for form in page.forms)
    assert (await manager.get(f"/cases/{number}/receipt")).status == 403


async def test_htmx_gets_the_moving_part_of_the_case_page(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, REST)
    part = await clerk.get(f"/cases/{number}", **{"hx-request": "true"})
    assert part.text.lstrip().startswith('<div id="case-live"')
    assert "every 4s" in part.text


async def test_withdrawing_asks_a_reason_and_closes_the_case(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, REST)
    page = await clerk.get(f"/cases/{number}")
    assert (await clerk.submit(page, page.form(action="/withdraw"), {"reason": ""})).status == 422
    done = await clerk.submit(page, page.form(action="/withdraw"), {"reason": "申请人不再需要"})
    assert done.status == 200
    assert "撤件" in done.text
    assert number in (await clerk.get("/cases?state=closed")).text
    again = await clerk.submit(page, page.form(action="/withdraw"), {"reason": "申请人不再需要"})
    assert again.status == 409


async def test_a_manual_task_is_printed_numbered_and_finished(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, MANUAL)
    desk = await clerk.get("/desk")
    assert number in desk.text
    task = next(link for link in desk.links if "/desk/" in link)
    page = await clerk.get(task)
    form = await form_of(open_house.portal, number)
    assert form["applicant_id_number"] in page.text  # the pack is what the department gets
    missing = await clerk.submit(page, page.form(action="/desk/"), button=("action", "complete"))
    assert missing.status == 422
    handed = await clerk.submit(
        page, page.form(action="/desk/"), {"number": "SHJZ-2026-17"}, button=("action", "complete")
    )
    assert handed.url.endswith(f"/cases/{number}")
    assert "SHJZ-2026-17" in handed.text
    desk = await clerk.get("/desk")
    task = next(link for link in desk.links if "/desk/" in link)
    page = await clerk.get(task)
    done = await clerk.submit(page, page.form(action="/desk/"), {"result": "approved"}, button=("action", "result"))
    assert "办结（准予）" in done.text
    assert not [link for link in (await clerk.get("/desk")).links if "/desk/" in link]


async def test_the_receipt_says_truly_whether_a_person_brings_the_case_to_the_department(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    by_hand, by_itself = await taken_in(clerk, MANUAL), await taken_in(clerk, REST)
    assert "由窗口送交" in (await clerk.get(f"/cases/{by_hand}/receipt")).text
    assert "正在自动送往部门" in (await clerk.get(f"/cases/{by_itself}/receipt")).text


async def test_another_units_desk_shows_nothing_of_ours(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, MANUAL)
    task = next(link for link in (await clerk.get("/desk")).links if "/desk/" in link)
    stranger = await open_house.person("clerk-b")
    assert number not in (await stranger.get("/desk")).text
    assert (await stranger.get(task)).status == 404


async def test_the_qr_code_carries_no_query_code(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await taken_in(clerk, REST)
    page = await clerk.get(f"/cases/{number}/receipt")
    case = await open_house.portal.cases.by_number(number)
    assert case is not None
    assert "<svg" in page.text
    assert page.text.count(case.query_code) == 1  # printed once, in no address
    assert not any(case.query_code in link for link in page.links)
