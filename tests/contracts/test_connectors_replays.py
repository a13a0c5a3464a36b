"""Replay on both databases: what may be sent anew, appended in one commit, the old kept; never twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from connectors.app import open_replays
from connectors.errors import NotPermitted
from connectors.ledger import DeliveryState, InboundEvent, Lease, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.redaction import Redactor
from connectors.registered_text import as_written
from connectors.replay import Act, Choice, Group, KeptAct, LeftOut, Way
from connectors.replaying import Preview
from connectors.storage.shipping import ship
from connectors.storage.tables import deliveries, desk_tasks
from matters.case import CaseStatus
from matters.policy import Actor, Role
from matters.storage.cases import SqlCaseStore
from tests.doubles.house import CLERK, ELDER, MONDAY, House, application, make_house, make_system
from tests.doubles.stopped import GAVE_UP, LEASE, NOBODY_KNOWS, REFUSED, UNREADABLE, stopped

OWNER = Actor(sub="owner-1", name="周主管", roles=frozenset({Role.OWNER}), unit="", region="32")
LATER = MONDAY + timedelta(hours=1)

NOT_LET_IN = Result(
    state=DeliveryState.HELD,
    outcome=Outcome(kind=OutcomeClass.AUTH),
    counts=False,
    hold_reason="auth",
    next_attempt_at=MONDAY + timedelta(days=1),
)


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    house = await make_house(engine, MemoryStateStore(), tmp_path)
    yield house
    await house.connectors.aclose()


async def ended(house: House, result: Result, *, key: str = "k1", seed: int = 1) -> Lease:
    """Deliver a case that comes to `result`; return the lease it was done under."""
    return await stopped(house.connectors, application(ELDER, seed=seed), result, by=CLERK, key=key, at=MONDAY)


async def preview(house: House, *groups: Group, actor: Actor = OWNER) -> Preview:
    choice = Choice(system="mz-elder", groups=frozenset(groups or ("invalid", "refused", "desk", "auth")))
    return await house.connectors.replays.preview(choice, actor=actor, redacting=lambda _: Redactor(), at=LATER)


def act(id_: str = "") -> Act:
    return Act(id=id_ or str(uuid4()), system="mz-elder", by=OWNER.sub, who=OWNER.name, reason="字段长度已改", at=LATER)


async def replay(house: House, *leases: Lease, id_: str = "") -> KeptAct:
    return await house.connectors.replays.replay(act(id_), [each.delivery.id for each in leases], actor=OWNER)


async def of_case(house: House, lease: Lease) -> Sequence[tuple[DeliveryState, int]]:
    views = await house.connectors.deliveries.of_case(lease.delivery.case_number)
    return [(view.delivery.state, len(view.attempts)) for view in views]


@pytest.mark.parametrize(
    ("result", "group", "way", "state"),
    [
        (UNREADABLE, "invalid", Way.NEW_KEY, DeliveryState.QUEUED),
        (REFUSED, "refused", Way.NEW_KEY, DeliveryState.QUEUED),
        (GAVE_UP, "desk", Way.SAME_KEY, DeliveryState.QUEUED),
        (NOT_LET_IN, "auth", Way.SAME_KEY, DeliveryState.QUEUED),
        (NOBODY_KNOWS, "desk", Way.LOOK_UP, DeliveryState.UNKNOWN),
    ],
    ids=["unreadable", "refused", "gave up", "not let in", "nobody knows"],
)
async def test_the_old_stays_and_a_new_one_is_appended(
    house: House, result: Result, group: Group, way: Way, state: DeliveryState
) -> None:
    lease = await ended(house, result)
    seen = await preview(house, group)
    assert [(line.candidate.delivery.id, line.verdict.way) for line in seen.lines] == [(lease.delivery.id, way)]
    kept = await replay(house, lease)
    (renewed,) = kept.renewed
    assert (renewed.way, renewed.before_id, renewed.before_state) == (way, lease.delivery.id, result.state)
    assert await of_case(house, lease) == [(DeliveryState.REPLAYED, 1), (state, 0)]
    assert (renewed.delivery.key == lease.delivery.key) is (way is not Way.NEW_KEY)
    assert (await preview(house)).count == 0


async def test_the_old_ones_words_and_attempts_are_as_they_were(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    (before,) = await house.connectors.deliveries.of_case(lease.delivery.case_number)
    await replay(house, lease)
    after = (await house.connectors.deliveries.of_case(lease.delivery.case_number))[0]
    assert after.attempts == before.attempts
    assert replace(after.delivery, state=before.delivery.state, updated_at=before.delivery.updated_at) == (
        before.delivery
    )


async def test_an_unknown_one_is_claimed_to_be_looked_up_not_sent(house: House) -> None:
    lease = await ended(house, NOBODY_KNOWS)
    await replay(house, lease)
    (again,) = await house.connectors.ledger.claim(system="mz-elder", owner="w2", at=LATER, lease=LEASE, most=5)
    assert again.delivery.state is DeliveryState.PROBING
    assert again.last_sent_at == MONDAY
    assert again.delivery.key == lease.delivery.key


async def test_what_cannot_be_looked_up_and_is_not_deduped_stays_on_the_desk(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    house = await make_house(engine, MemoryStateStore(), tmp_path, changes={"delivery": {"resend_unknown": "never"}})
    lease = await ended(house, NOBODY_KNOWS)
    (line,) = (await preview(house)).lines
    assert line.verdict.left_out is LeftOut.ASK
    kept = await replay(house, lease)
    assert (kept.renewed, list(kept.left_out)) == ([], [(lease.delivery.case_number, LeftOut.ASK)])
    assert await of_case(house, lease) == [(DeliveryState.DESK, 1)]
    await house.connectors.aclose()


async def test_its_desk_task_is_closed_as_replayed_by_the_owner(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    await replay(house, lease)
    async with house.engine.connect() as connection:
        found = await connection.execute(select(desk_tasks.c.closed_at, desk_tasks.c.closed_by, desk_tasks.c.result))
        assert [tuple(row) for row in found] == [(LATER, "owner-1", "replayed")]


async def test_a_second_click_adds_nothing_and_tells_the_same(house: House) -> None:
    lease, id_ = await ended(house, UNREADABLE), str(uuid4())
    first, second = await asyncio.gather(replay(house, lease, id_=id_), replay(house, lease, id_=id_))
    assert [each.delivery.id for each in first.renewed] == [each.delivery.id for each in second.renewed]
    assert len(await of_case(house, lease)) == 2


async def test_of_two_owners_at_once_one_replays(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    both = await asyncio.gather(replay(house, lease), replay(house, lease))
    assert sorted(len(each.renewed) for each in both) == [0, 1]
    assert [list(each.left_out) for each in both if not each.renewed] == [
        [(lease.delivery.case_number, LeftOut.CHANGED)]
    ]


async def test_two_owners_who_renew_two_deliveries_of_a_case_at_once_append_one_behind_the_other(house: House) -> None:
    lease = await ended(house, REFUSED)
    async with house.engine.begin() as connection:
        found = await connection.execute(select(deliveries).where(deliveries.c.id == lease.delivery.id))
        other = {**found.mappings().one(), "id": str(uuid4()), "key": str(uuid4()), "position": 2}
        await connection.execute(deliveries.insert().values(other))
    both = await asyncio.gather(
        replay(house, lease), house.connectors.replays.replay(act(), [other["id"]], actor=OWNER)
    )
    assert [why for each in both for _, why in each.left_out] in ([], [LeftOut.LATER_WAITS])
    assert sum(len(each.renewed) for each in both) + sum(len(each.left_out) for each in both) == 2
    positions = [view.delivery.position for view in await house.connectors.deliveries.of_case(other["case_number"])]
    assert positions == list(range(1, len(positions) + 1))


async def test_what_a_clerk_sent_again_meanwhile_is_left_out(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    (view,) = await house.connectors.desk.tasks(CLERK)
    await house.connectors.desk.send_again(view.task.id, actor=CLERK, at=LATER)
    kept = await replay(house, lease)
    assert [why for _, why in kept.left_out] == [LeftOut.CHANGED]
    assert await of_case(house, lease) == [(DeliveryState.QUEUED, 1)]


async def test_a_withdrawn_case_is_not_sent_anew(house: House) -> None:
    lease = await ended(house, NOBODY_KNOWS)
    await house.connectors.intake.withdraw(lease.delivery.case_number, actor=CLERK, reason="不办了", at=LATER)
    kept = await replay(house, lease)
    assert [why for _, why in kept.left_out] == [LeftOut.CASE_OVER]


async def test_a_department_that_may_have_it_is_told_of_a_withdrawal_before_the_new_one_went_out(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    house = await make_house(engine, MemoryStateStore(), tmp_path, changes={"delivery": {"resend_unknown": "dedupe"}})
    lease = await ended(house, NOBODY_KNOWS)
    ((way,),) = [[each.way for each in (await replay(house, lease)).renewed]]
    assert way is Way.SAME_KEY
    await house.connectors.intake.withdraw(lease.delivery.case_number, actor=CLERK, reason="不办了", at=LATER)
    views = await house.connectors.deliveries.of_case(lease.delivery.case_number)
    assert [(view.delivery.kind, view.delivery.state) for view in views] == [
        ("submit", DeliveryState.REPLAYED),
        ("submit", DeliveryState.QUEUED),  # their answer says whether they have it
        ("withdraw", DeliveryState.QUEUED),
    ]
    await house.connectors.aclose()


async def test_a_case_withdrawn_while_it_is_replayed_does_not_go_out(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    number = lease.delivery.case_number
    async with house.engine.begin() as connection:
        mine = select(deliveries.c.id).where(deliveries.c.case_number == number).with_for_update()
        await connection.execute(mine)
        # Both wait for the row, the replay first: the withdrawal began to look before there was a new delivery.
        first = asyncio.create_task(replay(house, lease))
        await asyncio.sleep(0.3)
        second = asyncio.create_task(house.connectors.intake.withdraw(number, actor=CLERK, reason="不办了", at=LATER))
        await asyncio.sleep(0.3)
    await asyncio.gather(first, second)
    assert DeliveryState.QUEUED not in [state for state, _ in await of_case(house, lease)]


async def test_who_applied_again_after_a_refusal_is_not_sent_twice(house: House) -> None:
    lease = await ended(house, REFUSED)
    await house.accept(key="k2", seed=1, at=LATER)
    (line,) = (await preview(house, "refused")).lines
    assert line.verdict.left_out is LeftOut.APPLIED_AGAIN
    assert (await replay(house, lease)).renewed == []


async def test_a_case_replayed_twice_keeps_its_order(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    await replay(house, lease)
    (again,) = await house.connectors.ledger.claim(system="mz-elder", owner="w", at=LATER, lease=LEASE, most=5)
    await house.connectors.ledger.begin(again, kind="send", at=LATER)
    await house.connectors.ledger.settle(again, UNREADABLE, at=LATER, duration_ms=1)
    await replay(house, again)
    states = [state for state, _ in await of_case(house, lease)]
    assert states == [DeliveryState.REPLAYED, DeliveryState.REPLAYED, DeliveryState.QUEUED]


async def test_the_departments_report_goes_to_the_new_one(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    await replay(house, lease)
    (again,) = await house.connectors.ledger.claim(system="mz-elder", owner="w", at=LATER, lease=LEASE, most=5)
    await house.connectors.ledger.begin(again, kind="send", at=LATER)
    taken = Outcome(kind=OutcomeClass.ACCEPTED, department_number="D-1")
    result = Result(state=DeliveryState.PENDING_RESULT, outcome=taken, reports=("submitted",))
    await house.connectors.ledger.settle(again, result, at=LATER, duration_ms=1)
    event = InboundEvent(
        system="mz-elder", event_id="e1", source="callback", our_number=lease.delivery.case_number,
        department_number="D-1", status="30", received_at=LATER,
    )  # fmt: skip
    assert await house.connectors.ledger.receive(event, at=LATER)
    assert [state for state, _ in await of_case(house, lease)] == [DeliveryState.REPLAYED, DeliveryState.CONFIRMED]
    case = await SqlCaseStore(house.engine).by_number(lease.delivery.case_number)
    assert case is not None
    assert case.status is CaseStatus.COMPLETED_APPROVED


async def test_the_audit_says_who_and_why_and_what_became_of_it(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    kept = await replay(house, lease)
    found = await house.connectors.replays.act("mz-elder", kept.act.id, actor=OWNER)
    assert found is not None
    assert (found.act.by, found.act.who, found.act.reason) == ("owner-1", "周主管", "字段长度已改")
    assert [each.delivery.state for each in found.renewed] == [DeliveryState.QUEUED]
    assert [(each.id, count) for each, count in await house.connectors.replays.acts("mz-elder", actor=OWNER)] == [
        (kept.act.id, 1)
    ]


async def test_what_was_confirmed_is_never_offered_nor_taken(house: House) -> None:
    taken = Result(
        state=DeliveryState.CONFIRMED,
        outcome=Outcome(kind=OutcomeClass.ACCEPTED, department_number="D-1"),
        reports=("submitted", "completed_approved"),
    )
    lease = await ended(house, taken)
    assert (await preview(house)).count == 0
    assert [why for _, why in (await replay(house, lease)).left_out] == [LeftOut.CHANGED]
    assert await of_case(house, lease) == [(DeliveryState.CONFIRMED, 1)]


async def test_nobody_but_who_runs_systems_may(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    with pytest.raises(NotPermitted):
        await preview(house, actor=CLERK)
    with pytest.raises(NotPermitted):
        await house.connectors.replays.replay(act(), [lease.delivery.id], actor=CLERK)


async def test_cases_of_another_region_are_neither_shown_nor_sent(house: House) -> None:
    lease = await ended(house, UNREADABLE)
    elsewhere = replace(OWNER, region="3301")
    assert (await preview(house, actor=elsewhere)).count == 0
    id_ = lease.delivery.id
    replays = house.connectors.replays
    assert await replays.look("mz-elder", id_, actor=elsewhere, redacting=lambda _: Redactor(), at=LATER) is None
    assert (await replays.replay(act(), [id_], actor=elsewhere)).renewed == []
    assert await of_case(house, lease) == [(DeliveryState.INVALID, 1)]
    assert (await preview(house, actor=replace(OWNER, region="320105"))).count == 1


async def test_many_are_counted_and_appended_in_one_act(house: House) -> None:
    leases = [await ended(house, UNREADABLE, key=f"k{n}", seed=n) for n in range(12)]
    assert (await preview(house)).count == 12
    kept = await replay(house, *leases)
    assert len(kept.renewed) == 12
    async with house.engine.connect() as connection:
        states = [row[0] for row in await connection.execute(select(deliveries.c.state))]
    assert sorted(states) == ["queued"] * 12 + ["replayed"] * 12


async def test_what_today_s_version_fills_otherwise_than_the_one_it_was_tried_under_is_named(
    house: House, tmp_path: Path
) -> None:
    text = (tmp_path / "mz-elder.yaml").read_text("utf-8")
    before = MONDAY - timedelta(days=1)
    await ship(house.engine, [as_written("mz-elder", text, None, writers=(), origin="shipped", at=before)])
    lease = await ended(house, UNREADABLE)
    request = {
        "path": "/cases",
        "headers": {"idempotency-key": "delivery.key"},
        "body": {"outCaseNo": "case.number", "name": "form.applicant_name | text(2)", "sex": "form.applicant_gender"},
    }
    changed = make_system(tmp_path, {"operations": {"ZLJ_APPLY": {"mode": "async", "request": request}}})
    replays = open_replays(house.engine, MemoryStateStore(), {"mz-elder": changed})
    found = await replays.preview(Choice(system="mz-elder"), actor=OWNER, redacting=lambda _: Redactor(), at=LATER)
    (line,) = found.lines
    assert line.candidate.delivery.id == lease.delivery.id
    assert set(line.changed or ()) == {"body.idNumber", "body.serial", "body.sex", "body.name"} - (
        {"body.name"} if len(str(lease.submission.content["form"]["applicant_name"])) <= 2 else set()  # type: ignore[index]
    )
    look = await replays.look("mz-elder", lease.delivery.id, actor=OWNER, redacting=lambda _: Redactor(), at=LATER)
    assert look is not None
    assert look.before is not None
    assert {change.path for change in look.changes} == set(line.changed or ())


async def test_what_todays_version_cannot_fill_is_left_out_with_the_field(house: House, tmp_path: Path) -> None:
    await ended(house, UNREADABLE)
    request = {"path": "/cases", "body": {"photo": "form.no_such_field"}, "required": ["photo"]}
    changed = make_system(tmp_path, {"operations": {"ZLJ_APPLY": {"mode": "async", "request": request}}})
    replays = open_replays(house.engine, MemoryStateStore(), {"mz-elder": changed})
    found = await replays.preview(Choice(system="mz-elder"), actor=OWNER, redacting=lambda _: Redactor(), at=LATER)
    (line,) = found.lines
    assert (line.verdict.left_out, line.verdict.detail.split("：")[0]) == (LeftOut.UNFIT, "photo")
