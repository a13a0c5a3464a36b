"""Sessions and parked input in the state store."""

from datetime import UTC, datetime, timedelta

import pytest

from config.state import StateStore
from portal.guards import local_path
from portal.parked import LARGEST_BYTES, MOST_PER_BROWSER, Parked
from portal.people import Person
from portal.sessions import AT_MOST, Cookies, Sessions

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PERSON = Person.from_claims(
    {"sub": "s-1", "name": "王晓芸", "roles": ["clerk", "unheard-of"], "unit": "u", "region": "320105007"}
)


async def test_a_session_is_found_by_its_id_and_by_nothing_kept(state_store: StateStore) -> None:
    sessions = Sessions(state_store, lambda: NOW)
    sid = await sessions.begin(PERSON, id_token="t")
    found = await sessions.find(sid)
    assert found is not None
    assert found.person == PERSON
    assert await sessions.find("another") is None
    assert await state_store.get(f"portal_session:{sid}") is None


async def test_a_session_ends_at_most_ten_hours_after_it_began(state_store: StateStore) -> None:
    clock = [NOW]
    sessions = Sessions(state_store, lambda: clock[0])
    sid = await sessions.begin(PERSON, id_token="t")
    clock[0] = NOW + AT_MOST
    assert await sessions.find(sid) is None


async def test_a_session_that_was_ended_opens_nothing(state_store: StateStore) -> None:
    sessions = Sessions(state_store, lambda: NOW)
    sid = await sessions.begin(PERSON, id_token="t")
    await sessions.end(sid)
    assert await sessions.find(sid) is None


async def test_only_the_sessions_own_form_token_is_accepted(state_store: StateStore) -> None:
    sessions = Sessions(state_store, lambda: NOW)
    session = await sessions.find(await sessions.begin(PERSON, id_token="t"))
    other = await sessions.find(await sessions.begin(PERSON, id_token="t"))
    assert session is not None
    assert other is not None
    assert session.accepts(session.csrf_token)
    assert not session.accepts(other.csrf_token)
    assert not session.accepts("")


def test_roles_nobody_knows_grant_nothing() -> None:
    assert {role.value for role in PERSON.actor.roles} == {"clerk"}


def test_cookies_carry_the_host_prefix_under_https_only() -> None:
    assert Cookies(https=True).session == "__Host-portal_sid"
    assert Cookies(https=False).session == "onewindow_portal"


async def test_parked_input_is_given_back_once_to_the_same_browser(state_store: StateStore) -> None:
    parked = Parked(state_store)
    pairs = [("applicant_name", "张三"), ("csrf_token", "x")]
    assert await parked.keep(browser="b", place="/drafts/d/form/s", pairs=pairs)
    assert await parked.take(browser="other", place="/drafts/d/form/s") is None
    assert await parked.take(browser="b", place="/drafts/d/form/s") == [("applicant_name", "张三")]
    assert await parked.take(browser="b", place="/drafts/d/form/s") is None


async def test_too_much_is_not_parked(state_store: StateStore) -> None:
    parked = Parked(state_store)
    assert not await parked.keep(browser="b", place="p", pairs=[("x", "a" * LARGEST_BYTES)])
    kept = [await parked.keep(browser="c", place="p", pairs=[("x", "a")]) for _ in range(MOST_PER_BROWSER + 1)]
    assert kept == [True] * MOST_PER_BROWSER + [False]


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("/cases?state=open", "/cases?state=open"),
        (None, "/"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\nb", "/"),
        ("cases", "/"),
        ("/" + "a" * 600, "/"),
    ],
)
def test_a_way_back_stays_on_this_site(asked: str | None, leads: str) -> None:
    assert local_path(asked) == leads


def test_the_lifetimes_are_what_the_docs_say() -> None:
    assert timedelta(hours=10) == AT_MOST
