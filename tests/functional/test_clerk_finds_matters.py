"""Home, search, the guide pages, and the tiles."""

import pytest

from matters.guide import ELEMENTS
from tests.doubles.clerk_house import House, guides, systems

FOUND = [
    ("临时救助", "04-temporary-assistance"),
    ("linshijiuzhu", "04-temporary-assistance"),
    ("lsjz", "04-temporary-assistance"),
    ("04", "04-temporary-assistance"),
    ("MZ004", "04-temporary-assistance"),
    ("社保卡", "17-social-security-card"),
    ("E01", "E01-food-business-licence"),
]


async def test_home_shows_every_tile_for_clerks_and_every_matter(one: House) -> None:
    clerk = await one.person("clerk")
    home = await clerk.get("/")
    assert home.status == 200
    for system in systems().values():
        is_for_clerks = not system.spec.sso.roles or "clerk" in system.spec.sso.roles
        assert (system.name in home.text) is is_for_clerks, system.id
    for matter in guides():
        assert f"/matters/{matter.id}" in home.text
        assert matter.name in home.text


@pytest.mark.parametrize(("query", "matter"), FOUND)
async def test_a_matter_is_found_by_what_people_type(one: House, query: str, matter: str) -> None:
    clerk = await one.person("clerk")
    page = await clerk.get(f"/matters?q={query}")
    assert page.url.endswith(f"/matters/{matter}") or f"/matters/{matter}" in page.text.split("matter-list-found")[1]


async def test_htmx_gets_the_results_alone_and_caches_are_told(one: House) -> None:
    clerk = await one.person("clerk")
    page = await clerk.get("/matters?q=救助", **{"hx-request": "true"})
    assert page.text.lstrip().startswith('<div id="matter-results">')
    assert "HX-Request" in page.headers["vary"]


async def test_nothing_found_says_so_and_shows_a_way_on(one: House) -> None:
    clerk = await one.person("clerk")
    page = await clerk.get("/matters?q=火箭发射<script>")
    assert page.status == 200
    assert "没有找到" in page.text
    assert "<script>" not in page.text.split("</head>")[1]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_every_guide_shows_its_12_elements_in_order(one: House, language: str) -> None:
    clerk = await one.person("clerk", language=language)
    for matter in guides():
        page = await clerk.get(f"/matters/{matter.id}")
        assert page.status == 200, matter.id
        places = [page.text.index(f'<section class="panel element" id="{element}"') for element in ELEMENTS]
        assert places == sorted(places), matter.id
        for material in matter.guide.materials:
            assert material.acceptance_standard in page.text.replace("&lt;", "<").replace("&#34;", '"'), material.id
        for question in matter.guide.faq:
            assert question.question in page.text


async def test_a_tile_opens_at_the_systems_own_way_in(one: House) -> None:
    clerk = await one.person("clerk")
    clerk.http.follow_redirects = False
    answer = await clerk.http.get("/open/mz-elder")
    assert answer.status_code == 303
    assert answer.headers["location"] == "http://127.0.0.1:9" + systems()["mz-elder"].spec.sso.path


async def test_a_tile_is_refused_to_who_has_none_of_its_roles(one: House) -> None:
    approver = await one.person("approver")
    page = await approver.get("/open/mz-elder")
    assert page.status == 403
    assert "mz-elder" not in page.url or "127.0.0.1:9/" not in page.url


@pytest.mark.parametrize("path", ["/", "/matters", "/matters/04-temporary-assistance", "/cases", "/desk"])
async def test_pages_carry_the_strict_policy_and_no_inline_script_or_style(one: House, path: str) -> None:
    clerk = await one.person("clerk")
    page = await clerk.get(path)
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert " style=" not in page.text
    assert "<style" not in page.text
    assert " onclick=" not in page.text
