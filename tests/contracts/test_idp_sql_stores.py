"""The provider's SQL stores, on SQLite and PostgreSQL: what they keep, and two takers at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from idp import keys as key_use
from idp.protocol.account import Account
from idp.protocol.account_ports import UsernameTaken
from idp.protocol.client import Client
from idp.protocol.contact import Address, Contact
from idp.protocol.refresh_token import Grant
from idp.storage.accounts import SqlAccountStore
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain
from idp.storage.caches import Caches
from idp.storage.clients import SqlClientStore
from idp.storage.consents import SqlConsentStore
from idp.storage.keys import SqlKeyStore
from idp.storage.refresh_tokens import SqlRefreshTokenStore
from idp.storage.sealing import Seal, SealBroken, derive
from idp.storage.tables import keys as keys_table
from idp.storage.tables import metadata
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=UTC)
CHAIN = AuditChain(b"k" * 32)
ACCOUNT = Account(
    sub="s-1", username="Clerk", name="王晓芸", unit="u", unit_name="中心", region="320105007",
    roles=frozenset({"clerk", "editor"}), locale="zh-Hans", disabled=False, valid_from=AT,
)  # fmt: skip
GRANT = Grant(
    gid="g-1", sub="s-1", client_id="tile", scope=("openid", "offline_access"), sid="sid", auth_time=AT,
    acr="a", amr=("pwd",), userinfo_claims=("name",), id_token_claims=(), created_at=AT,
    resource=("https://a.example/",),
)  # fmt: skip


@pytest.fixture
async def made(engine: AsyncEngine) -> AsyncEngine:
    await with_tables(engine, metadata)
    return engine


def _announcer() -> Announcer:
    return Announcer(MemoryStateStore())


async def test_an_account_comes_back_as_it_was_kept(made: AsyncEngine) -> None:
    store = SqlAccountStore(made, _announcer(), CHAIN)
    await store.save(ACCOUNT, password_hash="h", at=AT)
    assert await store.get("s-1") == ACCOUNT
    assert await store.by_username("  cLERK ") == (ACCOUNT, "h")
    assert await store.get("nobody") is None


async def test_how_a_person_is_reached_comes_back_as_it_was_kept(made: AsyncEngine) -> None:
    store = SqlAccountStore(made, _announcer(), CHAIN)
    contact = Contact(email="a@example.org", email_verified=True, address=Address(locality="南京市"))
    await store.save(replace(ACCOUNT, contact=contact), password_hash="h", at=AT)
    kept = await store.get("s-1")
    assert kept is not None
    assert kept.contact == contact


async def test_saving_without_a_password_keeps_the_old_one(made: AsyncEngine) -> None:
    store = SqlAccountStore(made, _announcer(), CHAIN)
    await store.save(ACCOUNT, password_hash="h", at=AT)
    await store.save(replace(ACCOUNT, disabled=True), password_hash=None, at=AT)
    found = await store.by_username("clerk")
    assert found is not None
    assert (found[0].disabled, found[1]) == (True, "h")


async def test_a_username_belongs_to_one_account_whatever_its_case(made: AsyncEngine) -> None:
    store = SqlAccountStore(made, _announcer(), CHAIN)
    await store.save(ACCOUNT, password_hash="", at=AT)
    with pytest.raises(UsernameTaken):
        await store.save(replace(ACCOUNT, sub="s-2", username="CLERK"), password_hash="", at=AT)


async def test_a_client_comes_back_as_it_was_kept(made: AsyncEngine) -> None:
    store = SqlClientStore(made, _announcer(), CHAIN)
    client = Client(
        client_id="tile", client_name="系统", client_secret_hash="h" * 64, redirect_uris=("https://a.example/cb",),
        allowed_roles=frozenset({"clerk"}), jwks=({"kty": "EC", "crv": "P-256"},), pkce="pkce_or_nonce",
    )  # fmt: skip
    await store.save(client, at=AT)
    await store.save(replace(client, client_name="新名"), at=AT)
    assert await store.get("tile") == replace(client, client_name="新名")
    assert await store.all() == (replace(client, client_name="新名"),)


async def test_private_keys_are_sealed_at_rest(made: AsyncEngine) -> None:
    store = SqlKeyStore(made, _announcer(), Seal(derive("secret one", "keys")), CHAIN)
    kept = await key_use.ensure(store, at=AT)
    assert {(key.alg, key.state) for key in kept} == {
        ("ES256", "current"), ("ES256", "next"), ("RS256", "current"), ("RS256", "next"),
    }  # fmt: skip
    async with made.connect() as connection:
        rows = (await connection.execute(select(keys_table.c.sealed))).scalars().all()
    assert not any(b'"d"' in bytes(sealed) for sealed in rows)
    with pytest.raises(SealBroken):
        await SqlKeyStore(made, _announcer(), Seal(derive("secret two", "keys")), CHAIN).load()


async def test_a_key_is_opened_once_and_its_seal_looked_at_whenever_the_row_changed(made: AsyncEngine) -> None:
    store = SqlKeyStore(made, _announcer(), Seal(derive("secret", "keys")), CHAIN)
    first = await key_use.ensure(store, at=AT)
    again = await store.load()
    assert again == first
    assert all(one.key is other.key for one, other in zip(first, again, strict=True))
    rows = keys_table.c.kid, keys_table.c.sealed
    async with made.begin() as connection:
        (kid, sealed), (other_kid, other_sealed) = (
            await connection.execute(select(*rows).where(keys_table.c.alg == "RS256"))
        ).all()
        for name, swapped in ((kid, other_sealed), (other_kid, sealed)):
            await connection.execute(keys_table.update().where(keys_table.c.kid == name).values(sealed=swapped))
    with pytest.raises(SealBroken):
        await store.load()


async def test_the_ring_is_the_same_until_the_keys_are_others(made: AsyncEngine) -> None:
    state = MemoryStateStore()
    store = SqlKeyStore(made, Announcer(state), Seal(derive("secret", "keys")), CHAIN)
    await key_use.ensure(store, at=AT)
    caches = Caches(
        clients=SqlClientStore(made, _announcer(), CHAIN), accounts=SqlAccountStore(made, _announcer(), CHAIN), keys=store,
        consents=SqlConsentStore(made, _announcer()), refresh_tokens=SqlRefreshTokenStore(made, _announcer()), state=state,
    )  # fmt: skip
    ring = await caches.rings.get("")
    caches.clear()
    assert await caches.rings.get("") is ring
    await key_use.rotate(store, "RS256", at=AT)
    caches.clear()
    fresh = await caches.rings.get("")
    assert fresh is not ring
    token = fresh.sign({"a": 1}, alg="RS256", typ="JWT")
    assert fresh.verify(token, typ="JWT") == {"a": 1}


async def test_two_processes_starting_at_once_agree_on_the_keys(made: AsyncEngine) -> None:
    seal = Seal(derive("secret", "keys"))
    stores = [SqlKeyStore(made, _announcer(), seal, CHAIN) for _ in range(2)]
    await asyncio.gather(*(key_use.ensure(store, at=AT) for store in stores))
    first, second = [await store.load() for store in stores]
    assert [key.kid for key in first] == [key.kid for key in second]
    assert len(first) == 4


async def test_rotation_moves_every_key_one_place_on(made: AsyncEngine) -> None:
    store = SqlKeyStore(made, _announcer(), Seal(derive("secret", "keys")), CHAIN)
    before = {key.state: key.kid for key in await key_use.ensure(store, at=AT) if key.alg == "ES256"}
    after = {key.state: key.kid for key in await key_use.rotate(store, "ES256", at=AT) if key.alg == "ES256"}
    assert (after["previous"], after["current"]) == (before["current"], before["next"])
    assert after["next"] not in before.values()


async def test_a_key_stays_published_for_a_day_after_it_stopped_signing(made: AsyncEngine) -> None:
    store = SqlKeyStore(made, _announcer(), Seal(derive("secret", "keys")), CHAIN)
    first = {key.state: key.kid for key in await key_use.ensure(store, at=AT) if key.alg == "ES256"}["current"]
    await key_use.rotate(store, "ES256", at=AT)
    soon = await key_use.rotate(store, "ES256", at=AT + timedelta(hours=1))
    assert [key.state for key in soon if key.alg == "ES256"].count("previous") == 2
    assert first in {key.kid for key in soon}
    late = await key_use.rotate(store, "ES256", at=AT + key_use.KEPT_AFTER + timedelta(hours=2))
    assert [key.state for key in late if key.alg == "ES256"].count("previous") == 1
    assert first not in {key.kid for key in late}


async def test_of_two_who_rotate_at_once_one_does(made: AsyncEngine) -> None:
    stores = [SqlKeyStore(made, _announcer(), Seal(derive("secret", "keys")), CHAIN) for _ in range(2)]
    current = {key.state: key.kid for key in await key_use.ensure(stores[0], at=AT) if key.alg == "ES256"}["current"]
    fresh = [await key_use.generate("ES256", "next") for _ in stores]
    done = await asyncio.gather(
        *(
            store.rotate(key, replaced=current, forget_before=AT, at=AT)
            for store, key in zip(stores, fresh, strict=True)
        )
    )
    assert sorted(done) == [False, True]
    assert len([key for key in await stores[0].load() if key.alg == "ES256"]) == 3


async def test_the_schedule_rotates_what_signed_for_long_enough(made: AsyncEngine) -> None:
    store = SqlKeyStore(made, _announcer(), Seal(derive("secret", "keys")), CHAIN)
    every = timedelta(days=90)
    await key_use.ensure(store, at=AT)
    assert await key_use.rotate_due(store, every, at=AT + every - timedelta(seconds=1)) == ()
    assert await key_use.rotate_due(store, every, at=AT + every) == ("ES256", "RS256")
    assert await key_use.rotate_due(store, every, at=AT + every) == ()


async def test_a_key_that_is_hardly_published_does_not_sign_by_schedule(made: AsyncEngine) -> None:
    store = SqlKeyStore(made, _announcer(), Seal(derive("secret", "keys")), CHAIN)
    await key_use.ensure(store, at=AT)
    hourly = timedelta(minutes=10)
    assert await key_use.rotate_due(store, hourly, at=AT + timedelta(minutes=59)) == ()
    assert await key_use.rotate_due(store, hourly, at=AT + key_use.PUBLISHED_BEFORE) == ("ES256", "RS256")


async def test_only_a_previous_key_is_retired(made: AsyncEngine) -> None:
    store = SqlKeyStore(made, _announcer(), Seal(derive("secret", "keys")), CHAIN)
    kept = {key.state: key.kid for key in await key_use.ensure(store, at=AT) if key.alg == "ES256"}
    for kid in (kept["current"], kept["next"], "unknown"):
        with pytest.raises(key_use.KeyRefused):
            await key_use.retire(store, kid, at=AT)
    await key_use.rotate(store, "ES256", at=AT)
    await key_use.retire(store, kept["current"], at=AT)
    assert kept["current"] not in {key.kid for key in await store.load()}


async def test_keys_move_to_another_secret(made: AsyncEngine) -> None:
    old, new = derive("secret one", "keys"), derive("secret two", "keys")
    before = await key_use.ensure(SqlKeyStore(made, _announcer(), Seal(old), CHAIN), at=AT)
    both = SqlKeyStore(made, _announcer(), Seal(new, old), CHAIN)
    assert [key.kid for key in await both.load()] == [key.kid for key in before]
    assert await both.reseal() == 4
    assert len(await SqlKeyStore(made, _announcer(), Seal(new), CHAIN).load()) == 4
    with pytest.raises(SealBroken):
        await SqlKeyStore(made, _announcer(), Seal(old), CHAIN).load()


async def test_a_refresh_token_comes_back_with_its_grant(made: AsyncEngine) -> None:
    store = SqlRefreshTokenStore(made, _announcer())
    await store.open(GRANT, "h-1", expires_at=AT + timedelta(days=30))
    found = await store.find("h-1")
    assert found is not None
    assert (found.grant, found.replaced_at, found.successor_replaced) == (GRANT, None, False)
    assert await store.find("h-2") is None


async def test_of_two_replacements_at_once_one_wins(made: AsyncEngine) -> None:
    store = SqlRefreshTokenStore(made, _announcer())
    await store.open(GRANT, "h-1", expires_at=AT + timedelta(days=30))
    until = AT + timedelta(days=30)
    won = await asyncio.gather(*(store.replace("h-1", "h-2", at=AT, expires_at=until) for _ in range(8)))
    assert sorted(won) == [False] * 7 + [True]
    old, new = await store.find("h-1"), await store.find("h-2")
    assert old is not None
    assert new is not None
    assert (old.replaced_at, old.successor_replaced, new.replaced_at) == (AT, False, None)
    assert await store.replace("h-2", "h-3", at=AT, expires_at=until)
    old = await store.find("h-1")
    assert old is not None
    assert old.successor_replaced


async def test_revoking_a_grant_reaches_all_its_tokens_and_keeps_the_first_moment(made: AsyncEngine) -> None:
    store = SqlRefreshTokenStore(made, _announcer())
    await store.open(GRANT, "h-1", expires_at=AT + timedelta(days=30))
    await store.replace("h-1", "h-2", at=AT, expires_at=AT + timedelta(days=30))
    await store.revoke("g-1", at=AT)
    await store.revoke("g-1", at=AT + timedelta(hours=1))
    await store.revoke("unknown", at=AT)
    for token_hash in ("h-1", "h-2"):
        found = await store.find(token_hash)
        assert found is not None
        assert found.grant.revoked_at == AT
    assert await store.grant("g-1") == replace(GRANT, revoked_at=AT)


async def test_consent_grows_and_is_the_clients_alone(made: AsyncEngine) -> None:
    store = SqlConsentStore(made, _announcer())
    await store.add("s-1", "tile", frozenset({"openid"}), at=AT)
    await store.add("s-1", "tile", frozenset({"profile"}), at=AT)
    assert await store.get("s-1", "tile") == {"openid", "profile"}
    assert await store.get("s-1", "other") == frozenset()
