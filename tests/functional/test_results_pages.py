"""What flows back, as people meet it: the township's results, events to decide, notices on the desk, the citizen's page."""

from dataclasses import replace
from datetime import timedelta

from connectors.fanout import Announcement, Happening
from connectors.ledger import DeskReason
from demo.seed import CENTRE_A, COUNTY
from matters.policy import Actor, Role
from tests.doubles.clerk_house import House, Visitor, guides

MANUAL = "02-marginal-family"
CLERK = Actor(sub="demo-clerk", name="王晓芸", roles=frozenset({Role.CLERK}), unit=CENTRE_A.id, region=CENTRE_A.region)


MANAGER = Actor(sub="m", name="李经理", roles=frozenset({Role.MANAGER}), unit=COUNTY.id, region=COUNTY.region)


async def granted(house: House, clerk: Visitor, *, seed: int = 1, other: bool = False) -> str:
    """Take a case in for the department that is served by hand, and note that it was granted."""
    matter = next(m for m in guides() if m.id == MANUAL)
    review = await clerk.fill_in(matter, matter.guide.situations[0].id, seed=seed)
    receipt = await clerk.submit(review, review.form(action="/submit"))
    number = receipt.url.split("/")[-2]
    desk = house.portal.desk
    view = next(v for v in await desk.tasks(CLERK) if v.task.delivery.case_number == number)
    await desk.record_result(view.task.id, "approved", actor=CLERK, at=house.now(), department_number="JZ-1")
    return number


async def test_a_township_reads_its_residents_results_masked_and_no_other_does(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await granted(open_house, clerk)
    form = (await open_house.portal.cases.by_number(number)).form  # type: ignore[union-attr]
    page = await clerk.get("/results")
    assert number in page.text
    assert "低保边缘" in page.text
    assert str(form["applicant_name"]) not in page.text
    assert str(form["applicant_id_number"]) not in page.text
    other = await open_house.person("clerk-b")
    assert number not in (await other.get("/results")).text
    assert (await other.get(f"/results/{number}")).status == 404


async def test_a_result_is_found_by_the_whole_name_or_identity_number_only(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await granted(open_house, clerk)
    form = (await open_house.portal.cases.by_number(number)).form  # type: ignore[union-attr]
    page = await clerk.get("/results")
    for searched in (str(form["applicant_name"]), str(form["applicant_id_number"]), number):
        found = await clerk.submit(page, page.form(action="/results"), {"q": searched})
        assert number in found.text, searched
        assert "?" not in found.url
    missed = await clerk.submit(page, page.form(action="/results"), {"q": str(form["applicant_id_number"])[:17] + "A"})
    assert number not in missed.text
    short = await clerk.submit(page, page.form(action="/results"), {"q": "王"})
    assert short.status == 422


async def test_a_result_in_full_asks_a_reason_that_is_kept(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await granted(open_house, clerk)
    form = (await open_house.portal.cases.by_number(number)).form  # type: ignore[union-attr]
    page = await clerk.get(f"/results/{number}")
    assert str(form["applicant_id_number"]) not in page.text
    assert (await clerk.submit(page, page.form(action="/unmask"), {"reason": "看"})).status == 422
    shown = await clerk.submit(page, page.form(action="/unmask"), {"reason": "上门核对身份"})
    assert str(form["applicant_id_number"]) in shown.text
    (look,) = await open_house.portal.disclosures.of_case(number, most=5)
    assert (look.sub, look.reason) == ("demo-clerk", "上门核对身份")


async def test_the_case_and_the_citizen_are_told_who_has_the_result(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await granted(open_house, clerk)
    page = await clerk.get(f"/cases/{number}")
    assert "回流与联动" in page.text
    assert "低收入人口动态监测和精准帮扶平台" in page.text
    assert "国务院令第649号" in page.text
    case = await open_house.portal.cases.by_number(number)
    assert case is not None
    citizen = open_house.visitor()
    form = await citizen.get("/status")
    told = await citizen.submit(form, form.form(action="/status"), {"number": number, "code": case.query_code})
    assert "办理结果已同步给：乡镇（街道）和村（社区）" in told.text
    # Nothing has left for the platform yet, so nobody says that it has it.
    assert "低收入人口动态监测和精准帮扶平台" not in told.text


async def test_what_nobody_can_send_is_handed_over_at_the_desk(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await granted(open_house, clerk)
    desk = await clerk.get("/desk")
    assert "移交结果" in desk.text
    tasks = [view.task for view in await open_house.portal.desk.tasks(CLERK)]
    task = next(t for t in tasks if t.reason is DeskReason.HAND_OVER and t.delivery.case_number.startswith(number))
    page = await clerk.get(f"/desk/{task.id}")
    assert page.url.endswith(f"/desk/notices/{task.id}")
    assert "县级民政部门" in page.text or "社会救助业务信息系统" in page.text
    missing = await clerk.submit(page, page.form(action="/desk/notices"), button=("action", "done"))
    assert missing.status == 422
    await clerk.submit(page, page.form(action="/desk/notices"), {"number": "HZ-7"}, button=("action", "done"))
    assert "HZ-7" in (await clerk.get(f"/cases/{number}")).text
    other = await open_house.person("clerk-b")
    assert (await other.get(f"/desk/notices/{task.id}")).status == 404


def death(house: House, event_id: str = "D1") -> Announcement:
    items = {"deceased.name": "测试辛", "deceased.id_number": "990101190203011230"}
    return Announcement(
        kind="death",
        system="mz-monitor",
        event_id=event_id,
        items=items,
        region=CENTRE_A.region,
        received_at=house.now(),
    )


async def test_a_death_waits_for_a_person_of_the_township(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    assert await open_house.portal.happenings.announced(death(open_house))
    page = await clerk.get("/events")
    assert "死亡信息触发停发" in page.text
    assert "测试辛" not in page.text
    (event,) = await open_house.portal.notices.events(CENTRE_A.region, "open")
    page = await clerk.get(f"/events/{event.number}")
    assert "养老服务与尊老金发放系统" in page.text
    assert (await clerk.submit(page, page.form(action="/events"), button=("action", "undo"))).status == 422
    reason = {"reason": "同名误报，本人健在"}
    undone = await clerk.submit(page, page.form(action="/events"), reason, button=("action", "undo"))
    assert "已撤销" in undone.text
    again = await clerk.submit(page, page.form(action="/events"), reason, button=("action", "undo"))
    assert again.status == 409
    other = await open_house.person("clerk-b")
    assert (await other.get(f"/events/{event.number}")).status == 404


async def test_a_death_announced_in_no_township_is_its_countys_with_a_clock(open_house: House) -> None:
    county = replace(death(open_house), region=CENTRE_A.region[:6])
    assert await open_house.portal.happenings.announced(county)
    clerk, manager = await open_house.person("clerk"), await open_house.person("manager2")
    (event,) = await open_house.portal.notices.events(CENTRE_A.region[:6], "open")
    assert event.number not in (await clerk.get("/events")).text
    assert (await clerk.get(f"/events/{event.number}")).status == 404
    page = await manager.get("/events")
    assert f"/events/{event.number}" in page.text
    assert CENTRE_A.region[:6] in page.text
    assert "已超期" not in page.text
    open_house.later += timedelta(days=14)
    manager = await open_house.person("manager2")
    assert "已超期" in (await manager.get("/events")).text
    assert f"/events/{event.number}" not in (await manager.get("/events?kind=F2-age-eighty")).text
    left = [view.task for view in await open_house.portal.desk.tasks(MANAGER)]
    assert {task.region for task in left} <= {CENTRE_A.region[:6]}
    page = await manager.get(f"/events/{event.number}")
    decided = await manager.submit(
        page, page.form(action="/events"), {"reason": "已向家属核实"}, button=("action", "confirm")
    )
    assert "已确认" in decided.text


async def test_a_visit_opens_an_application_that_is_filled_with_what_is_known(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    number = await granted(open_house, clerk)
    result = await open_house.portal.notices.result(number)
    assert result is not None
    fanout = open_house.portal.flows.fanouts["F2-age-eighty"]
    happening = Happening(
        fanout=fanout,
        source="scan:test",
        items={"person.name": result.name, "person.id_number": result.id_number},
        region=result.region,
        unit=result.unit,
        happened_at=open_house.now() + timedelta(seconds=1),
    )
    assert await open_house.portal.notices.happen([happening], at=open_house.now())
    (task,) = [v.task for v in await open_house.portal.desk.tasks(CLERK) if v.task.reason is DeskReason.VISIT]
    page = await clerk.get(f"/desk/notices/{task.id}")
    assert "上门走访" in page.text
    draft = await clerk.submit(page, page.form(action="/desk/notices"), button=("action", "apply"))
    assert "/drafts/" in draft.url
    assert result.id_number in draft.text or result.id_number in (await clerk.get(draft.url)).text
    assert not [v for v in await open_house.portal.desk.tasks(CLERK) if v.task.reason is DeskReason.VISIT]


async def visited(house: House) -> str:
    """Have somebody to be visited; return the task's address."""
    happening = Happening(
        fanout=house.portal.flows.fanouts["F2-age-eighty"],
        source="scan:test",
        items={"person.name": "测试辛", "person.id_number": "990101190203011230"},
        region=CENTRE_A.region,
        unit=CENTRE_A.id,
        happened_at=house.now(),
    )
    assert await house.portal.notices.happen([happening], at=house.now())
    (task,) = [v.task for v in await house.portal.desk.tasks(CLERK)]
    return f"/desk/notices/{task.id}"


async def test_applying_twice_at_a_visit_opens_one_draft(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    page = await clerk.get(await visited(open_house))
    both = [await clerk.submit(page, page.form(action="/desk/notices"), button=("action", "apply")) for _ in range(2)]
    assert both[0].url == both[1].url
    assert "/drafts/" in both[0].url
    assert (await clerk.get("/cases?state=drafts")).text.count("/drafts/") == 1


async def test_who_applies_at_a_visit_a_colleague_has_closed_is_told_and_gets_no_draft(open_house: House) -> None:
    clerk, colleague = await open_house.person("clerk"), await open_house.person("clerk2")
    address = await visited(open_house)
    page, theirs = await clerk.get(address), await colleague.get(address)
    await colleague.submit(
        theirs, theirs.form(action="/desk/notices"), {"note": "不愿申请"}, button=("action", "given_up")
    )
    late = await clerk.submit(page, page.form(action="/desk/notices"), button=("action", "apply"))
    assert late.status == 409
    assert "/drafts/" not in (await clerk.get("/cases?state=drafts")).text


async def test_the_owner_sees_who_receives_what_and_a_clerk_does_not(open_house: House) -> None:
    owner = await open_house.person("owner")
    page = await owner.get("/reflux")
    assert page.status == 200
    assert "县级残联" in page.text
    assert "本平台不提供" in page.text
    clerk = await open_house.person("clerk")
    assert (await clerk.get("/reflux")).status == 403


async def test_a_visit_whose_matter_is_not_offered_any_more_stays_on_the_desk(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    happening = Happening(
        fanout=open_house.portal.flows.fanouts["F2-age-eighty"],
        source="scan:test",
        items={"person.name": "测试辛", "person.id_number": "990101190203011230"},
        region=CENTRE_A.region,
        unit=CENTRE_A.id,
        happened_at=open_house.now(),
    )
    assert await open_house.portal.notices.happen([happening], at=open_house.now())
    (task,) = [v.task for v in await open_house.portal.desk.tasks(CLERK)]
    page = await clerk.get(f"/desk/notices/{task.id}")
    offered = open_house.portal.library.matters
    assert isinstance(offered, dict)
    left_out = offered.pop(task.matter_id)
    try:
        refused = await clerk.submit(page, page.form(action="/desk/notices"), button=("action", "apply"))
    finally:
        offered[task.matter_id] = left_out
    assert refused.status == 403
    assert [v.task.id for v in await open_house.portal.desk.tasks(CLERK)] == [task.id]


async def test_what_belongs_to_no_unit_is_on_the_desk_of_its_township(open_house: House) -> None:
    """Of somebody announced in a township whose units took in no case yet."""
    clerk, other = await open_house.person("clerk"), await open_house.person("clerk-b")
    happening = Happening(
        fanout=open_house.portal.flows.fanouts["F2-age-eighty"],
        source="scan:test",
        items={"person.name": "测试辛", "person.id_number": "990101190203011230"},
        region=CENTRE_A.region,
        unit="",
        happened_at=open_house.now(),
    )
    assert await open_house.portal.notices.happen([happening], at=open_house.now())
    (task,) = [v.task for v in await open_house.portal.desk.tasks(CLERK)]
    assert f"/desk/{task.id}" in (await clerk.get("/desk")).text
    assert f"/desk/{task.id}" not in (await other.get("/desk")).text
    assert (await other.get(f"/desk/notices/{task.id}")).status == 404
    page = await clerk.get(f"/desk/notices/{task.id}")
    note = {"note": "本人不愿申请"}
    await clerk.submit(page, page.form(action="/desk/notices"), note, button=("action", "given_up"))
    assert not await open_house.portal.desk.tasks(CLERK)
