"""The owner's page of answers nobody understood: as they came, masked, and only of their own region."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.redaction import Redactor
from connectors.storage.unread import SqlUnreadBook
from connectors.unread import Unread
from matters.policy import Actor, Role
from tests.doubles.clerk_house import House
from tests.doubles.house import CLERK, application
from tests.doubles.stopped import NOBODY_KNOWS, stopped

ADDRESS = "/systems/mz-elder/answers"
ELDER = "05-elder-respect-allowance"


@pytest.fixture
def book(embedded: AsyncEngine) -> SqlUnreadBook:
    return SqlUnreadBook(embedded)


async def test_an_owner_sees_an_answer_as_it_came_with_everything_personal_masked(
    one: House, book: SqlUnreadBook
) -> None:
    applied = application(ELDER, seed=1)
    lease = await stopped(one.connectors, applied, NOBODY_KNOWS, by=CLERK, key="k1", at=one.now())
    name, number = str(applied.form["applicant_name"]), str(applied.form["applicant_id_number"])
    said = f"<html>ORA-00001 {name} {number} <script>alert(1)</script>"
    await keep(one, book, said, delivery=lease.delivery.id)
    owner = await one.person("owner")
    listed = await owner.get(ADDRESS)
    assert "不是完整的 JSON" in listed.text
    assert "发送办件的应答" in listed.text
    shown = await owner.get(f"{ADDRESS}/{(await book.of_system('mz-elder'))[0].digest}")
    assert "ORA-00001" in shown.text
    assert name not in shown.text
    assert number not in shown.text
    assert "<script>alert(1)" not in shown.text


async def test_an_answer_about_many_cases_is_masked_for_each(one: House, book: SqlUnreadBook) -> None:
    names = []
    for seed in (1, 2):
        applied = application(ELDER, seed=seed)
        await stopped(one.connectors, applied, NOBODY_KNOWS, by=CLERK, key=f"k{seed}", at=one.now())
        names.append(str(applied.form["applicant_name"]))
    await keep(one, book, f"0001|{names[0]}|9\n0002|{names[1]}|9", delivery="")
    owner = await one.person("owner")
    shown = await owner.get(f"{ADDRESS}/{(await book.of_system('mz-elder'))[0].digest}")
    assert "0001|" in shown.text
    assert not any(name in shown.text for name in names)


async def test_without_any_it_says_so_and_one_that_made_room_is_told(one: House) -> None:
    owner = await one.person("owner")
    assert "没有读不懂的应答" in (await owner.get(ADDRESS)).text
    gone = await owner.get(f"{ADDRESS}/{'0' * 64}")
    assert (gone.status, "已让位给新的" in gone.text) == (404, True)


@pytest.mark.parametrize("who", ["clerk", "manager"])
async def test_nobody_else_sees_them(one: House, who: str) -> None:
    visitor = await one.person(who)
    assert (await visitor.get(ADDRESS)).status == 403
    assert (await visitor.get(f"{ADDRESS}/{'0' * 64}")).status == 403


@pytest.mark.parametrize(("region", "sees"), [("32", True), ("3301", False)])
async def test_an_answer_to_a_case_is_shown_in_its_region_only(
    one: House, book: SqlUnreadBook, region: str, sees: bool
) -> None:
    lease = await stopped(one.connectors, application(ELDER, seed=1), NOBODY_KNOWS, by=CLERK, key="k1", at=one.now())
    await keep(one, book, "x", delivery=lease.delivery.id)
    owner = Actor(sub="owner-1", name="周主管", roles=frozenset({Role.OWNER}), unit="", region=region)
    unreads = one.portal.unreads
    assert bool(await unreads.of_system("mz-elder", actor=owner)) is sees
    digest = (await book.of_system("mz-elder"))[0].digest
    found = await unreads.look("mz-elder", digest, actor=owner, redacting=lambda _submission: Redactor())
    assert (found is not None) is sees


async def keep(one: House, book: SqlUnreadBook, text: str, *, delivery: str) -> None:
    at = one.now()
    await book.keep(
        Unread(
            system="mz-elder", where="send", error="not_json", text=text, http_status=200, delivery_id=delivery,
            first_at=at, last_at=at,
        )
    )  # fmt: skip
