"""Account lists, imports, invitations and recoveries at the counter, on SQLite and PostgreSQL; two takers at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from config.storage.memory_state import MemoryStateStore
from idp.protocol.account import Account
from idp.protocol.account_ports import AccountQuery, Invited, Standing
from idp.protocol.audit import AuditEvent, AuditKind, AuditUnavailable
from idp.protocol.counter_recovery import CounterRecovery
from idp.protocol.invitation import Invitation, hash_token, make, token_of
from idp.storage.account_directory import SqlAccountDirectory
from idp.storage.accounts import SqlAccountStore
from idp.storage.announce import Announcer
from idp.storage.audit import AuditChain, SqlAudit
from idp.storage.counter_recoveries import SqlCounterRecoveryStore, SqlFactorReset
from idp.storage.invitations import SqlInvitationStore
from idp.storage.sweeping import SqlExpiredGrants
from idp.storage.tables import grants, invitations, metadata, recovery_codes, refresh_tokens, totp
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
KEY = b"i" * 32
CHAIN = AuditChain(b"k" * 32)


def account(n: int = 1, **given: object) -> Account:
    wanted: dict[str, object] = {
        "sub": f"s-{n}", "username": f"Clerk{n:03}", "name": f"王晓{n}", "unit": f"u-{n % 2}",
        "unit_name": f"第{n % 2}中心", "region": "320105007", "roles": frozenset({"clerk"}), "locale": "zh-Hans",
        "disabled": False, "valid_from": AT,
    }  # fmt: skip
    return Account(**wanted | given)  # type: ignore[arg-type]


def invitation(person: Account, n: int = 1, **given: object) -> Invitation:
    wanted: dict[str, object] = {"invitation_id": f"i-{n}", "sub": person.sub, "batch": "", "by": "s-admin", "at": AT}
    return make(KEY, **wanted | given)  # type: ignore[arg-type]


def invited(n: int) -> Invited:
    person = account(n)
    event = AuditEvent(kind=AuditKind.ACCOUNT_IMPORTED, sub=person.sub, by="s-admin", at=AT)
    return Invited(account=person, invitation=invitation(person, n, batch="b-1"), event=event)


def recovery(n: int = 1, **given: object) -> CounterRecovery:
    wanted: dict[str, object] = {
        "id": f"r-{n}", "sub": "s-1", "started_by": "s-a", "started_at": AT, "first_hash": "f" * 64,
        "expires_at": AT + timedelta(minutes=15),
    }  # fmt: skip
    return CounterRecovery(**wanted | given)  # type: ignore[arg-type]


@pytest.fixture
async def made(engine: AsyncEngine) -> AsyncEngine:
    await with_tables(engine, metadata)
    return engine


def announcer() -> Announcer:
    return Announcer(MemoryStateStore())


async def keep(engine: AsyncEngine, *people: Account, password_hash: str = "h") -> None:  # noqa: S107 - a stand-in
    store = SqlAccountStore(engine, announcer(), CHAIN)
    for person in people:
        await store.save(person, password_hash=password_hash, at=AT)


async def kinds(engine: AsyncEngine) -> list[str]:
    return [row.kind for row in await SqlAudit(engine, CHAIN).rows(after=0, at_most=100)]


async def test_a_list_is_bound_to_a_region_and_paged(made: AsyncEngine) -> None:
    await keep(made, *(account(n) for n in range(7)), account(90, region="320206003"), account(91, region="32"))
    directory = SqlAccountDirectory(made, CHAIN)
    page = await directory.search(AccountQuery(region="3201", page=2, at_most=3))
    assert ([one.account.username for one in page.listed], page.total) == (["Clerk003", "Clerk004", "Clerk005"], 7)
    assert (await directory.search(AccountQuery(region="32"))).total == 9
    assert (await directory.search(AccountQuery(region="33"))).total == 0
    assert await directory.units("3201") == (("u-0", "第0中心", "320105007"), ("u-1", "第1中心", "320105007"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"text": "clerk002"}, ["s-2"]),
        ({"text": "王晓1"}, ["s-1"]),
        ({"text": "第0"}, ["s-2", "s-4"]),
        ({"text": "u-1"}, ["s-1", "s-3"]),
        ({"text": "100%"}, []),
        ({"role": "manager"}, ["s-3"]),
        ({"standing": Standing.DISABLED}, ["s-4"]),
        ({"standing": Standing.ACTIVE}, ["s-1", "s-2", "s-3"]),
    ],
)
async def test_a_list_is_searched_and_filtered(made: AsyncEngine, query: dict[str, str], found: list[str]) -> None:
    people = [account(n) for n in (1, 2)]
    people += [account(3, roles=frozenset({"clerk", "manager"})), account(4, disabled=True)]
    await keep(made, *people)
    page = await SqlAccountDirectory(made, CHAIN).search(AccountQuery(region="32", **query))  # type: ignore[arg-type]
    assert [one.account.sub for one in page.listed] == found


async def test_an_import_inserts_each_user_name_once(made: AsyncEngine) -> None:
    directory = SqlAccountDirectory(made, CHAIN)
    await keep(made, account(2))
    again = replace(invited(3), account=account(3, sub="s-other", username="clerk001"))
    assert await directory.import_batch([invited(1), invited(2), again], at=AT) == {"s-1"}
    assert await directory.import_batch([invited(1)], at=AT) == frozenset()
    one = await directory.one("s-1")
    assert one is not None
    assert one.standing is Standing.INVITED
    assert await directory.taken(["clerk001", "clerk002", "clerk003"]) == {"clerk001", "clerk002"}
    assert await kinds(made) == ["account_imported"]


async def test_two_imports_at_once_make_each_account_once(made: AsyncEngine) -> None:
    directory = SqlAccountDirectory(made, CHAIN)
    both = [
        [replace(one, account=replace(one.account, sub=f"{side}-{n}")) for n, one in enumerate(map(invited, range(30)))]
        for side in ("a", "b")
    ]
    both[1] = [replace(one, invitation=invitation(one.account, 100 + n)) for n, one in enumerate(both[1])]
    first, second = await asyncio.gather(*(directory.import_batch(some, at=AT) for some in both))
    assert len(first) + len(second) == 30
    assert len(await kinds(made)) == 30


async def test_an_import_that_can_not_be_audited_leaves_nothing(made: AsyncEngine) -> None:
    async with made.begin() as connection:
        await connection.execute(text("DROP TABLE idp_audit"))
    with pytest.raises(AuditUnavailable):
        await SqlAccountDirectory(made, CHAIN).import_batch([invited(1)], at=AT)
    async with made.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(invitations))).scalar() == 0
    assert await SqlAccountDirectory(made, CHAIN).one("s-1") is None


async def test_an_invitation_is_redeemed_once_by_one_of_two(made: AsyncEngine) -> None:
    await keep(made, account(1), password_hash="")
    store = SqlInvitationStore(made, announcer(), CHAIN)
    assert await store.issue(invitation(account(1)), audited=())
    token = hash_token(token_of(KEY, "i-1", "s-1"))
    assert await store.get(token, at=AT) == account(1)
    later = AT + timedelta(minutes=1)
    taken = await asyncio.gather(*(store.redeem(token, password_hash=f"h{n}", at=later) for n in range(4)))
    assert sum(one is not None for one in taken) == 1
    assert await store.get(token, at=later) is None
    assert await kinds(made) == ["invitation_used", "password_changed"]
    assert (await SqlAccountStore(made, announcer(), CHAIN).get("s-1")) == account(1, valid_from=later)


async def test_an_invitation_ends_with_time_a_newer_one_a_password_or_the_account(made: AsyncEngine) -> None:
    await keep(made, account(1), password_hash="")
    store = SqlInvitationStore(made, announcer(), CHAIN)
    first, second = invitation(account(1), 1), invitation(account(1), 2)
    await store.issue(first, audited=())
    assert await store.get(first.token_hash, at=AT + timedelta(days=14)) is None
    await store.issue(second, audited=())
    assert await store.get(first.token_hash, at=AT) is None
    await keep(made, account(1, disabled=True), password_hash="")
    assert await store.get(second.token_hash, at=AT) is None
    assert await store.redeem(second.token_hash, password_hash="h", at=AT) is None
    await keep(made, account(1))
    assert await store.redeem(second.token_hash, password_hash="other", at=AT) is None
    assert not await store.issue(invitation(account(1), 3), audited=())


async def test_the_links_of_an_import_are_for_the_importer_only(made: AsyncEngine) -> None:
    await SqlAccountDirectory(made, CHAIN).import_batch([invited(1), invited(2)], at=AT)
    store = SqlInvitationStore(made, announcer(), CHAIN)
    found = await store.of_batch("b-1", "s-admin", at=AT, after="", at_most=10)
    assert [(person.sub, one.id) for person, one in found] == [("s-1", "i-1"), ("s-2", "i-2")]
    rest = await store.of_batch("b-1", "s-admin", at=AT, after="clerk001", at_most=10)
    assert [person.sub for person, _ in rest] == ["s-2"]
    assert len(await store.of_batch("b-1", "s-admin", at=AT, after="", at_most=1)) == 1
    assert await store.of_batch("b-1", "s-other", at=AT, after="", at_most=10) == ()


async def test_a_recovery_is_approved_by_one_other_person_once(made: AsyncEngine) -> None:
    """S39."""
    await keep(made, account(1))
    store = SqlCounterRecoveryStore(made, announcer(), CHAIN)
    await store.start(recovery(), audited=())
    assert await store.approved_for("s-1", at=AT) is None

    async def approve(by: str) -> bool:
        return await store.approve(
            "r-1", by=by, second_hash="e" * 64, expires_at=AT + timedelta(minutes=20), at=AT, audited=()
        )

    assert not await approve("s-a")  # who started it
    assert not await approve("s-1")  # the person himself
    assert sorted(await asyncio.gather(*(approve(f"s-b{n}") for n in range(4)))) == [False, False, False, True]
    approved = await store.approved_for("s-1", at=AT)
    assert approved is not None
    assert approved.second_hash == "e" * 64
    assert await store.approved_for("s-1", at=AT + timedelta(minutes=20)) is None
    assert [one.id for one, _ in await store.waiting("3201", at=AT, at_most=10)] == ["r-1"]
    assert await store.waiting("3202", at=AT, at_most=10) == ()


async def test_using_a_recovery_sets_the_password_and_ends_every_factor_once(made: AsyncEngine) -> None:
    await keep(made, account(1))
    async with made.begin() as connection:
        await connection.execute(insert(totp).values(sub="s-1", sealed=b"x", last_step=1, created_at=AT))
        await connection.execute(insert(recovery_codes).values(sub="s-1", code_hash="h", created_at=AT))
    store = SqlCounterRecoveryStore(made, announcer(), CHAIN)
    await store.start(recovery(), audited=())
    assert not await store.use("r-1", password_hash="new", at=AT, audited=())  # not approved
    await store.approve("r-1", by="s-b", second_hash="e", expires_at=AT + timedelta(minutes=15), at=AT, audited=())
    event = AuditEvent(kind=AuditKind.RECOVERY_USED, sub="s-1", at=AT)
    used = await asyncio.gather(*(store.use("r-1", password_hash="new", at=AT, audited=(event,)) for _ in range(3)))
    assert sorted(used) == [False, False, True]
    assert await kinds(made) == ["recovery_used"]
    found = await SqlAccountStore(made, announcer(), CHAIN).by_username("clerk001")
    assert found is not None
    assert found[1] == "new"
    async with made.connect() as connection:
        assert (await connection.execute(select(totp))).all() == []
        assert (await connection.execute(select(recovery_codes))).all() == []


async def test_a_newer_recovery_cancels_the_one_before(made: AsyncEngine) -> None:
    await keep(made, account(1))
    store = SqlCounterRecoveryStore(made, announcer(), CHAIN)
    await store.start(recovery(1), audited=())
    await store.start(recovery(2, started_at=AT + timedelta(minutes=1)), audited=())
    assert [one.id for one, _ in await store.waiting("32", at=AT, at_most=10)] == ["r-2"]
    assert await store.cancel("r-2", at=AT, audited=())
    assert not await store.cancel("r-2", at=AT, audited=())


async def test_resetting_factors_removes_all_of_one_person(made: AsyncEngine) -> None:
    async with made.begin() as connection:
        for sub in ("s-1", "s-2"):
            await connection.execute(insert(totp).values(sub=sub, sealed=b"x", last_step=1, created_at=AT))
    assert await SqlFactorReset(made, CHAIN).remove_all("s-1", audited=()) == 1
    async with made.connect() as connection:
        assert (await connection.execute(select(totp.c.sub))).scalars().all() == ["s-2"]


async def test_what_has_expired_is_deleted_a_bounded_number_a_time(made: AsyncEngine) -> None:
    await keep(made, *(account(n) for n in range(5)), password_hash="")
    store = SqlInvitationStore(made, announcer(), CHAIN)
    for n in range(5):
        await store.issue(invitation(account(n), n), audited=())
    long_after = AT + timedelta(days=15)
    assert [await store.forget_old(long_after, at_most=3) for _ in range(3)] == [3, 2, 0]
    recoveries = SqlCounterRecoveryStore(made, announcer(), CHAIN)
    await recoveries.start(recovery(), audited=())
    assert await recoveries.forget_old(AT, at_most=10) == 0
    assert await recoveries.forget_old(long_after, at_most=10) == 1


async def test_refresh_tokens_and_their_grants_go_when_they_have_expired(made: AsyncEngine) -> None:
    grant = {
        "sub": "s", "client_id": "c", "scope": [], "sid": "x", "auth_time": AT, "acr": "a", "amr": [],
        "userinfo_claims": [], "id_token_claims": [], "created_at": AT,
    }  # fmt: skip
    async with made.begin() as connection:
        await connection.execute(insert(grants), [grant | {"gid": gid} for gid in ("g-old", "g-new")])
        tokens = [
            {"token_hash": name, "gid": gid, "issued_at": AT, "expires_at": AT + timedelta(days=days)}
            for name, gid, days in (("t1", "g-old", 1), ("t2", "g-old", 2), ("t3", "g-new", 9))
        ]
        await connection.execute(insert(refresh_tokens), tokens)
    expired = SqlExpiredGrants(made)
    at = AT + timedelta(days=3)
    assert await expired.forget_grants(at, at_most=10) == 0
    assert [await expired.forget_tokens(at, at_most=1) for _ in range(3)] == [1, 1, 0]
    assert await expired.forget_grants(at, at_most=10) == 1
    async with made.connect() as connection:
        assert (await connection.execute(select(grants.c.gid))).scalars().all() == ["g-new"]
