"""What devices ask for and what clients are invited with, in both kinds of store: two takers at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from idp.protocol.client import Client
from idp.protocol.client_invitation import ClientInvitation
from idp.protocol.device_grant import GRANT_TYPE, allowed, begin, denied
from idp.protocol.session import Session
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain
from idp.storage.client_invitations import SqlClientInvitationStore
from idp.storage.clients import SqlClientStore
from idp.storage.device_requests import StateDeviceRequestStore
from idp.storage.tables import metadata
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KIOSK = Client(client_id="kiosk", grant_types=(GRANT_TYPE,))
ASKED = begin(KIOSK, ("openid", "profile"), resource=("https://api.example",), asked_from="10.9.8.7", at=AT)
SESSION = Session(
    sid="sid", secret_hash="h", sub="s", started_at=AT, auth_time=AT, used_at=AT, acr="a", amr=("pwd",), clients=()
)
INVITATION = ClientInvitation(
    invitation_id="i-1", token_hash="t" * 64, name="试点县", scope=("openid", "profile"),
    grant_types=("authorization_code",), redirect_hosts=("*.example",), profile="fapi2", allowed_roles=("clerk",),
    uses=3, expires_at=AT + MINUTE, created_at=AT,
)  # fmt: skip


async def test_a_devices_request_comes_back_by_both_codes(state_store: StateStore) -> None:
    store = StateDeviceRequestStore(state_store)
    assert await store.keep("d", "u", ASKED, MINUTE)
    assert await store.device_of("u") == "d"
    assert await store.get("d") == ASKED
    decided = allowed(ASKED, SESSION, at=AT)
    assert await store.change("d", ASKED, decided, MINUTE)
    assert await store.get("d") == decided


async def test_a_user_code_belongs_to_one_device_until_it_is_closed(state_store: StateStore) -> None:
    store = StateDeviceRequestStore(state_store)
    kept = await asyncio.gather(*(store.keep(f"d{n}", "u", ASKED, MINUTE) for n in range(5)))
    assert sorted(kept) == [False] * 4 + [True]
    await store.close("u")
    assert await store.device_of("u") is None
    assert await store.keep("d9", "u", ASKED, MINUTE)


async def test_of_two_who_decide_one_is_heard(state_store: StateStore) -> None:
    store = StateDeviceRequestStore(state_store)
    await store.keep("d", "u", ASKED, MINUTE)
    answers = [allowed(ASKED, SESSION, at=AT), denied(ASKED), replace(ASKED, next_poll_at=AT + MINUTE)]
    heard = await asyncio.gather(*(store.change("d", ASKED, answer, MINUTE) for answer in answers))
    assert sorted(heard) == [False, False, True]


async def test_a_devices_grant_is_taken_once(state_store: StateStore) -> None:
    store = StateDeviceRequestStore(state_store)
    await store.keep("d", "u", ASKED, MINUTE)
    taken = await asyncio.gather(*(store.take("d") for _ in range(20)))
    assert [request for request in taken if request is not None] == [ASKED]


@pytest.fixture
async def invitations(engine: AsyncEngine) -> SqlClientInvitationStore:
    await with_tables(engine, metadata)
    store = SqlClientInvitationStore(engine)
    await store.add(INVITATION)
    return store


async def test_an_invitation_comes_back_by_its_token_and_by_its_id(invitations: SqlClientInvitationStore) -> None:
    assert await invitations.by_token("t" * 64) == INVITATION
    assert await invitations.get("i-1") == INVITATION
    assert await invitations.by_token("x" * 64) is None
    assert await invitations.get("i-2") is None


async def test_only_as_many_uses_are_spent_as_there_are(invitations: SqlClientInvitationStore) -> None:
    spent = await asyncio.gather(*(invitations.use("i-1", at=AT) for _ in range(10)))
    assert sorted(spent) == [False] * 7 + [True] * 3
    kept = await invitations.get("i-1")
    assert kept is not None
    assert kept.uses == 0


async def test_an_expired_or_unknown_invitation_is_not_spent(invitations: SqlClientInvitationStore) -> None:
    assert not await invitations.use("i-1", at=AT + MINUTE)
    assert not await invitations.use("i-2", at=AT)


async def test_a_token_belongs_to_one_invitation(invitations: SqlClientInvitationStore) -> None:
    with pytest.raises(IntegrityError):
        await invitations.add(replace(INVITATION, invitation_id="i-2"))


async def test_a_withdrawn_invitation_is_listed_and_has_no_use_left(invitations: SqlClientInvitationStore) -> None:
    later = replace(INVITATION, invitation_id="i-2", token_hash="u" * 64, created_at=AT + MINUTE)
    await invitations.add(later)
    assert await invitations.withdraw("i-1")
    assert not await invitations.withdraw("i-1")
    assert not await invitations.withdraw("i-3")
    assert await invitations.all() == (later, replace(INVITATION, uses=0))
    assert not await invitations.use("i-1", at=AT)


async def test_an_old_invitation_is_forgotten_unless_a_client_stays_under_it(
    engine: AsyncEngine, invitations: SqlClientInvitationStore, state_store: StateStore
) -> None:
    store = SqlClientStore(engine, Announcer(state_store), AuditChain(b"k" * 32))
    await store.save(Client(client_id="its-own", invitation_id="i-1"), at=AT)
    await invitations.add(replace(INVITATION, invitation_id="i-2", token_hash="u" * 64))
    await invitations.add(replace(INVITATION, invitation_id="i-3", token_hash="v" * 64, expires_at=AT + 3 * MINUTE))
    assert await invitations.forget_old(AT + 2 * MINUTE, at_most=10) == 1
    assert {kept.invitation_id for kept in await invitations.all()} == {"i-1", "i-3"}


async def test_of_two_changes_with_one_registration_token_one_counts(
    engine: AsyncEngine, invitations: SqlClientInvitationStore, state_store: StateStore
) -> None:
    """RFC 7592 §2.2: the token is replaced with the metadata."""
    store = SqlClientStore(engine, Announcer(state_store), AuditChain(b"k" * 32))
    client = Client(client_id="its-own", registration_access_token_hash="before")
    await store.save(client, at=AT)
    changes = [replace(client, client_name=f"n{n}", registration_access_token_hash=f"after-{n}") for n in range(5)]
    counted = await asyncio.gather(*(store.save_by_token(each, token_hash="before", at=AT) for each in changes))
    assert sorted(counted) == [False] * 4 + [True]
    assert await store.get("its-own") == changes[counted.index(True)]
    assert not await store.save_by_token(replace(client, client_id="nobody"), token_hash="before", at=AT)


async def test_a_client_stopped_while_its_own_change_was_checked_stays_stopped(
    engine: AsyncEngine, invitations: SqlClientInvitationStore, state_store: StateStore
) -> None:
    store = SqlClientStore(engine, Announcer(state_store), AuditChain(b"k" * 32))
    client = Client(client_id="its-own", registration_access_token_hash="before")
    await store.save(replace(client, disabled=True), at=AT)
    assert not await store.save_by_token(replace(client, client_name="n"), token_hash="before", at=AT)
    kept = await store.get("its-own")
    assert kept is not None
    assert kept.disabled
