"""A clerk takes in an application page by page, without JavaScript, from sign-in to the receipt."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Backend
from tests.doubles.clerk_house import House, guides, house, problems

EVERY = [(matter.id, situation.id) for matter in guides() for situation in matter.guide.situations]


@pytest.fixture
async def open_house(backend: Backend, tmp_path: Path) -> AsyncIterator[House]:
    async with house(backend.engine, backend.state, tmp_path) as opened:
        yield opened


async def test_every_matter_can_be_taken_in_to_its_receipt(open_house: House) -> None:
    clerk = await open_house.person("clerk")
    for seed, (matter_id, situation) in enumerate(EVERY):
        matter = next(m for m in guides() if m.id == matter_id)
        review = await clerk.fill_in(matter, situation, seed=seed)
        assert "/review" in review.url, (matter_id, situation, review.url, problems(review))
        assert not problems(review), (matter_id, situation, problems(review))
        receipt = await clerk.submit(review, review.form(action="/submit"))
        assert receipt.url.endswith("/receipt"), (matter_id, receipt.url, receipt.status, receipt.text[:3000])
        number = receipt.url.split("/")[-2]
        case = await open_house.portal.cases.by_number(number)
        assert case is not None
        assert case.query_code in receipt.text
        assert case.query_code not in receipt.url
