"""A clerk takes in an application page by page, without JavaScript, from sign-in to the receipt."""

import asyncio

import pytest

from tests.doubles.clerk_house import House, Visitor, guides, problems
from tests.servers.visitor import Page

EVERY = [(matter.id, situation.id) for matter in guides() for situation in matter.guide.situations]
ELDER = "05-elder-respect-allowance"


async def reviewed(clerk: Visitor, matter_id: str = ELDER, *, seed: int = 1, **other: object) -> Page:
    matter = next(m for m in guides() if m.id == matter_id)
    return await clerk.fill_in(matter, matter.guide.situations[0].id, seed=seed, **other)


async def test_every_matter_can_be_taken_in_to_its_receipt(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    for seed, (matter_id, situation) in enumerate(EVERY):
        matter = next(m for m in guides() if m.id == matter_id)
        review = await clerk.fill_in(matter, situation, seed=seed)
        assert not problems(review), (matter_id, situation, problems(review))
        receipt = await clerk.submit(review, review.form(action="/submit"))
        assert receipt.url.endswith("/receipt"), (matter_id, receipt.url, receipt.status)
        number = receipt.url.split("/")[-2]
        case = await open_house.portal.cases.by_number(number)
        assert case is not None
        assert case.query_code in receipt.text
        assert f"number={number}" not in receipt.url


async def test_a_second_click_on_submit_leads_to_the_same_case(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    review = await reviewed(clerk)
    form = review.form(action="/submit")
    first = await clerk.submit(review, form)
    second = await clerk.submit(review, form)
    assert first.url.endswith("/receipt")
    assert second.url == first.url


async def test_two_clicks_at_once_make_one_case(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    review = await reviewed(clerk)
    form = review.form(action="/submit")
    pages = await asyncio.gather(*(clerk.submit(review, form) for _ in range(4)))
    assert {page.url for page in pages} == {pages[0].url}
    assert pages[0].url.endswith("/receipt")
    listed = await clerk.get("/cases")
    assert listed.text.count("/cases/320105007-") == 1


async def test_the_same_person_cannot_apply_twice_for_the_same_matter(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    first = await reviewed(clerk)
    receipt = await clerk.submit(first, first.form(action="/submit"))
    again = await reviewed(clerk)
    refused = await clerk.submit(again, again.form(action="/submit"))
    assert refused.status == 409
    assert receipt.url.split("/")[-2] in refused.text


async def test_a_draft_is_gone_from_the_list_once_submitted(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    review = await reviewed(clerk)
    assert "/drafts/" in (await clerk.get("/cases?state=drafts")).text
    await clerk.submit(review, review.form(action="/submit"))
    assert "/drafts/" not in (await clerk.get("/cases?state=drafts")).text


@pytest.mark.parametrize(
    "path", ["/matters/no-such-matter", "/drafts/no-such-draft", "/cases/320105007-261122-MZ005-999999"]
)
async def test_what_is_not_there_says_where_to_look(open_house: House, path: str) -> None:
    clerk = await open_house.person("clerk")
    page = await clerk.get(path)
    assert page.status in (404, 410)
    assert "Traceback" not in page.text
    assert 'href="/"' in page.text
