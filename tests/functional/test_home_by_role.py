"""What home offers to those who do not sit at the window."""

import pytest

from tests.doubles.clerk_house import House


@pytest.mark.parametrize("role", ["owner", "admin", "manager"])
async def test_home_leads_to_the_systems_whoever_answers_for_them(one: House, role: str) -> None:
    person = await one.person(role)
    assert "系统运行情况" in (await person.get("/")).text


@pytest.mark.parametrize("role", ["owner", "editor"])
async def test_nobody_is_shown_a_wall_of_tiles_they_may_not_open(one: House, role: str) -> None:
    home = await (await one.person(role)).get("/")
    assert "无权限" not in home.text
    assert not [link for link in home.links if "/open/" in link]
    assert [link for link in home.links if "/matters/" in link]


async def test_a_managers_list_is_called_what_it_is(one: House) -> None:
    cases = await (await one.person("manager")).get("/cases")
    assert "本区域办件" in cases.text
    assert "我的办件" not in cases.text
    assert "暂存" not in cases.text


@pytest.mark.parametrize(
    ("role", "page"), [("admin", "/idp/admin/accounts"), ("manager", "/idp/admin/recoveries"), ("clerk", None)]
)
async def test_home_leads_to_the_accounts_at_the_provider(one: House, role: str, page: str | None) -> None:
    home = await (await one.person(role)).get("/")
    assert [link for link in home.links if "/admin/" in link] == (
        [link for link in home.links if page and link.endswith(page)]
    )
    assert (page is None) == (not [link for link in home.links if "/admin/" in link])
