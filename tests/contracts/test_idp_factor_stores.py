"""Stores of second factors, on both databases and both state stores: what they keep, and two takers at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from config.state import StateStore
from config.storage.memory_state import MemoryStateStore
from idp.protocol.account import Account
from idp.protocol.audit import AuditEvent, AuditKind
from idp.protocol.factors import Factors
from idp.protocol.passkey import Passkey
from idp.storage.accounts import SqlAccountStore
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain, SqlAudit
from idp.storage.factor_state import StateChallengeStore, StateEnrolmentStore
from idp.storage.factors import SqlFactorStore, SqlRecoveryCodeStore, SqlTotpStore
from idp.storage.passkeys import SqlPasskeyStore
from idp.storage.sealing import Seal, SealBroken, derive
from idp.storage.tables import metadata
from idp.storage.tables import totp as totp_table
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CHAIN = AuditChain(b"k" * 32)
SEAL = Seal(derive("secret", "codes"))
PASSKEY = Passkey(
    credential_id=b"\x01" * 64, sub="s-1", name="窗口电脑", public_key=b"\xa5", sign_count=3,
    transports=("internal", "hybrid"), backed_up=True, created_at=AT,
)  # fmt: skip
ACCOUNT = Account(
    sub="s-1", username="clerk", name="王", unit="u", unit_name="中心", region="32", roles=frozenset(),
    locale="zh-Hans", disabled=False, valid_from=AT, real_name_level=3,
)  # fmt: skip


@pytest.fixture
async def made(engine: AsyncEngine) -> AsyncEngine:
    await with_tables(engine, metadata)
    return engine


def _event(kind: AuditKind = AuditKind.FACTOR_ADDED) -> AuditEvent:
    return AuditEvent(kind=kind, sub="s-1", at=AT)


async def _audited(engine: AsyncEngine) -> list[str]:
    return [row.kind for row in await SqlAudit(engine, CHAIN).listed(sub="s-1", since=AT, after=0, at_most=50)]


async def test_a_key_comes_back_and_is_sealed_at_rest(made: AsyncEngine) -> None:
    store = SqlTotpStore(made, SEAL, CHAIN)
    assert await store.secret("s-1") is None
    await store.put("s-1", "SECRETKEY", step=10, at=AT)
    assert await store.secret("s-1") == "SECRETKEY"
    async with made.connect() as connection:
        sealed = bytes((await connection.execute(select(totp_table.c.sealed))).scalar_one())
    assert b"SECRETKEY" not in sealed
    with pytest.raises(SealBroken):
        await SqlTotpStore(made, Seal(derive("other", "codes")), CHAIN).secret("s-1")


async def test_of_eight_uses_of_one_step_at_once_one_counts(made: AsyncEngine) -> None:
    """RFC 6238 §5.2."""
    store = SqlTotpStore(made, SEAL, CHAIN)
    await store.put("s-1", "K", step=10, at=AT)
    assert sorted(await asyncio.gather(*(store.use_step("s-1", 11) for _ in range(8)))) == [False] * 7 + [True]
    assert not await store.use_step("s-1", 10)
    assert not await store.use_step("s-2", 99)
    assert await store.use_step("s-1", 12)


async def test_a_key_that_is_replaced_keeps_the_step_that_confirmed_it_used(made: AsyncEngine) -> None:
    store = SqlTotpStore(made, SEAL, CHAIN)
    await store.put("s-1", "OLD", step=10, at=AT)
    await store.put("s-1", "NEW", step=20, at=AT)
    assert await store.secret("s-1") == "NEW"
    assert not await store.use_step("s-1", 20)


async def test_a_removed_key_is_gone_and_told_once(made: AsyncEngine) -> None:
    store = SqlTotpStore(made, SEAL, CHAIN)
    await store.put("s-1", "K", step=10, at=AT, audited=(_event(),))
    removed = [await store.remove("s-1", audited=(_event(AuditKind.FACTOR_REMOVED),)) for _ in range(2)]
    assert removed == [True, False]
    assert await _audited(made) == ["factor_added", "factor_removed"]


async def test_of_eight_uses_of_one_recovery_code_at_once_one_counts(made: AsyncEngine) -> None:
    store = SqlRecoveryCodeStore(made, CHAIN)
    await store.put("s-1", ("a", "b"), at=AT)
    event = _event(AuditKind.RECOVERY_CODE_USED)
    won = await asyncio.gather(*(store.use("s-1", "a", at=AT, audited=(event,)) for _ in range(8)))
    assert sorted(won) == [False] * 7 + [True]
    assert not await store.use("s-2", "b", at=AT)
    assert (await SqlFactorStore(made).of("s-1")).recovery_codes == 1
    assert await _audited(made) == ["recovery_code_used"]


async def test_new_recovery_codes_end_all_before(made: AsyncEngine) -> None:
    store = SqlRecoveryCodeStore(made, CHAIN)
    await store.put("s-1", ("a", "b"), at=AT)
    await store.put("s-1", ("c",), at=AT + timedelta(hours=1))
    assert not await store.use("s-1", "b", at=AT)
    assert await store.made_at("s-1") == AT + timedelta(hours=1)
    await store.put("s-1", (), at=AT)
    assert await store.made_at("s-1") is None


async def test_a_passkey_comes_back_as_it_was_kept(made: AsyncEngine) -> None:
    store = SqlPasskeyStore(made, CHAIN)
    assert await store.add(PASSKEY, at_most=10)
    assert await store.get(PASSKEY.credential_id) == PASSKEY
    assert await store.of("s-1") == (PASSKEY,)
    assert await store.get(b"other") is None
    assert await store.of("s-2") == ()


async def test_one_passkey_belongs_to_one_person_and_is_kept_once(made: AsyncEngine) -> None:
    store = SqlPasskeyStore(made, CHAIN)
    assert await store.add(PASSKEY, at_most=10)
    assert not await store.add(replace(PASSKEY, sub="s-2"), at_most=10)
    assert (await store.of("s-1"), await store.of("s-2")) == ((PASSKEY,), ())


async def test_nobody_gets_more_passkeys_than_allowed_however_many_come_at_once(made: AsyncEngine) -> None:
    await SqlAccountStore(made, Announcer(MemoryStateStore()), CHAIN).save(ACCOUNT, password_hash="", at=AT)
    store = SqlPasskeyStore(made, CHAIN)
    several = [replace(PASSKEY, credential_id=bytes([number]) * 32) for number in range(6)]
    added = await asyncio.gather(*(store.add(each, at_most=3) for each in several))
    assert sorted(added) == [False] * 3 + [True] * 3


async def test_of_eight_answers_of_one_count_at_once_one_counts(made: AsyncEngine) -> None:
    """WebAuthn §7.2 step 21."""
    store = SqlPasskeyStore(made, CHAIN)
    await store.add(PASSKEY, at_most=10)
    assert sorted(await asyncio.gather(*(store.use(PASSKEY, 4, at=AT) for _ in range(8)))) == [False] * 7 + [True]
    again = await store.get(PASSKEY.credential_id)
    assert again == replace(PASSKEY, sign_count=4, used_at=AT)


async def test_only_its_owner_removes_a_passkey(made: AsyncEngine) -> None:
    store = SqlPasskeyStore(made, CHAIN)
    await store.add(PASSKEY, at_most=10, audited=(_event(),))
    event = _event(AuditKind.FACTOR_REMOVED)
    assert not await store.remove("s-2", PASSKEY.credential_id, audited=(event,))
    assert await store.remove("s-1", PASSKEY.credential_id, audited=(event,))
    assert await store.of("s-1") == ()
    assert await _audited(made) == ["factor_added", "factor_removed"]


async def test_what_is_set_up_is_seen_at_a_glance(made: AsyncEngine) -> None:
    factors = SqlFactorStore(made)
    assert await factors.of("s-1") == Factors()
    await SqlTotpStore(made, SEAL, CHAIN).put("s-1", "K", step=1, at=AT)
    await SqlPasskeyStore(made, CHAIN).add(PASSKEY, at_most=10)
    await SqlRecoveryCodeStore(made, CHAIN).put("s-1", ("a", "b", "c"), at=AT)
    assert await factors.of("s-1") == Factors(totp=True, passkeys=1, recovery_codes=3)
    assert await factors.of("s-2") == Factors()


async def test_the_level_of_papers_is_kept_with_the_account(made: AsyncEngine) -> None:
    store = SqlAccountStore(made, Announcer(MemoryStateStore()), CHAIN)
    await store.save(ACCOUNT, password_hash="", at=AT)
    assert await store.get("s-1") == ACCOUNT


async def test_a_challenge_is_taken_once_and_only_for_what_it_was_made(state_store: StateStore) -> None:
    """WebAuthn §13.4.3; S32."""
    store = StateChallengeStore(state_store)
    await store.put(b"c" * 32, "sign-in browser-1", timedelta(minutes=10))
    assert not await store.take(b"c" * 32, "sign-in browser-2")
    assert not await store.take(b"c" * 32, "register browser-1")
    taken = await asyncio.gather(*(store.take(b"c" * 32, "sign-in browser-1") for _ in range(8)))
    assert sorted(taken) == [False] * 7 + [True]


async def test_a_key_waiting_for_its_first_code_is_sealed_and_taken_once(state_store: StateStore) -> None:
    store = StateEnrolmentStore(state_store, SEAL)
    await store.put("sid-1", "SECRETKEY", timedelta(minutes=15))
    assert await store.get("sid-1") == "SECRETKEY"
    assert await store.get("sid-2") is None
    taken = await asyncio.gather(*(store.take("sid-1") for _ in range(4)))
    assert sorted(each or "" for each in taken) == ["", "", "", "SECRETKEY"]
