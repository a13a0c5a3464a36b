"""The provider's state records, in memory and in Redis: two takers at once, and nothing readable opens a door."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from config.state import StateStore
from idp.protocol.authorization_code import AuthorizationCode
from idp.protocol.interaction import Interaction
from idp.protocol.pushed_request import PushedRequest
from idp.protocol.session import Ending, Session
from idp.protocol.throttle import Bound
from idp.storage.state_records import (
    StateAttempts,
    StateAuthorizationCodeStore,
    StateInteractionStore,
    StateParkedRequestStore,
    StatePushedRequestStore,
    StateRevokedGrants,
    StateSessionStore,
)

AT = datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CODE = AuthorizationCode(
    client_id="tile", redirect_uri="https://a.example/cb", scope=("openid",), sub="s", sid="sid", nonce=None,
    code_challenge="c", auth_time=AT, acr="a", amr=("pwd",), id_token_claims=(), userinfo_claims=("name",), issued_at=AT,
)  # fmt: skip
SESSION = Session(
    sid="sid", secret_hash="h", sub="s", started_at=AT, auth_time=AT, used_at=AT, acr="a", amr=("pwd",), clients=("x",)
)


async def test_a_code_is_taken_once(state_store: StateStore) -> None:
    codes = StateAuthorizationCodeStore(state_store)
    await codes.keep("h", CODE, MINUTE)
    taken = await asyncio.gather(*(codes.take("h") for _ in range(20)))
    assert [code for code in taken if code is not None] == [CODE]


async def test_a_session_comes_back_is_listed_and_forgotten(state_store: StateStore) -> None:
    sessions = StateSessionStore(state_store)
    await sessions.put(SESSION, MINUTE)
    assert await sessions.get("sid") == SESSION
    assert await sessions.of_account("s") == (SESSION,)
    assert await sessions.due(SESSION.over_at - MINUTE, SESSION.over_at) == ("sid",)
    await sessions.forget(SESSION)
    assert await sessions.get("sid") is None
    assert await sessions.of_account("s") == ()
    assert await sessions.due(SESSION.over_at - MINUTE, SESSION.over_at) == ()


async def test_of_several_who_end_a_session_one_does(state_store: StateStore) -> None:
    sessions = StateSessionStore(state_store)
    await sessions.put(SESSION, MINUTE)
    endings = [replace(SESSION, ended_by=str(n), ending=Ending.SIGNED_OUT) for n in range(5)]
    ended = await asyncio.gather(*(sessions.change(SESSION, ending, MINUTE) for ending in endings))
    assert sorted(ended) == [False] * 4 + [True]
    assert await sessions.of_account("s") == ()


async def test_of_two_changes_of_a_session_one_is_told_to_look_again(state_store: StateStore) -> None:
    sessions = StateSessionStore(state_store)
    await sessions.put(SESSION, MINUTE)
    others = [
        Session(**{name: getattr(SESSION, name) for name in SESSION.__slots__} | {"clients": ("x", name)})
        for name in ("y", "z")
    ]
    changed = await asyncio.gather(*(sessions.change(SESSION, other, MINUTE) for other in others))
    assert sorted(changed) == [False, True]


async def test_an_interaction_and_a_parked_request_are_taken_once(state_store: StateStore) -> None:
    interactions, parked = StateInteractionStore(state_store), StateParkedRequestStore(state_store)
    interaction = Interaction(parameters={"scope": "openid"}, browser_hash="b")
    await interactions.put("i", interaction, MINUTE)
    await parked.put("p", {"a": "b"}, MINUTE)
    assert await interactions.get("i") == interaction
    assert await interactions.take("i") == interaction
    assert await interactions.take("i") is None
    assert await parked.take("p") == {"a": "b"}
    assert await parked.take("p") is None


async def test_a_pushed_request_is_read_often_and_taken_once(state_store: StateStore) -> None:
    pushed = StatePushedRequestStore(state_store)
    kept = PushedRequest(client_id="tile", parameters={"scope": "openid", "state": "错"}, expires_at=AT)
    await pushed.keep("h", kept, MINUTE)
    assert [await pushed.get("h") for _ in range(2)] == [kept, kept]
    taken = await asyncio.gather(*(pushed.take("h") for _ in range(20)))
    assert [one for one in taken if one is not None] == [kept]
    assert await pushed.get("h") is None


async def test_revoked_grants_and_replay_markers_are_remembered(state_store: StateStore) -> None:
    revoked, attempts = StateRevokedGrants(state_store), StateAttempts(state_store)
    assert not await revoked.has("g")
    await revoked.add("g", MINUTE)
    assert await revoked.has("g")
    first = await asyncio.gather(*(attempts.first_use("assertion", "jti", MINUTE) for _ in range(10)))
    assert sorted(first) == [False] * 9 + [True]


async def test_attempts_are_counted_together_and_forgotten(state_store: StateStore) -> None:
    attempts, bound = StateAttempts(state_store), Bound(key="attempts:x", attempts=5, within=MINUTE)
    hits = await asyncio.gather(*(attempts.count(bound) for _ in range(30)))
    assert sorted(hits) == list(range(1, 31))
    await attempts.forget(bound)
    assert await attempts.count(bound) == 1
