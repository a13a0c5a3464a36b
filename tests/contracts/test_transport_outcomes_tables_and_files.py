"""The nine outcomes over `exchange_table` and `file_batch`, against real databases and real SFTP servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.engine import CantTell, Found, NotFound
from connectors.errors import MappingRefused
from connectors.outcomes import OutcomeClass
from connectors.storage.batches import SqlBatches
from connectors.transport_ports import Errand
from connectors.transports.files.lines import sm3
from demo.mz_benefit.tables import OUT_BIZ, metadata
from tests.doubles.cutting_line import CuttingLine, cutting_line
from tests.doubles.front_databases import KINDS, FrontDatabase, front_database
from tests.doubles.tables_and_files import Side, key_of, number_of, side
from tests.servers.mariadb import MariaDB
from tests.servers.postgres import Postgres
from tests.servers.sshd import Sshd, host_key_of_a_stranger

MATTER, SITUATION = "06-disability-subsidies", "living"
CARD = "17-social-security-card"


@dataclass(slots=True)
class Tables:
    front: FrontDatabase
    side: Side

    def errand(self, seed: int = 1) -> Errand:
        return self.side.errand(MATTER, SITUATION, seed=seed)


@asynccontextmanager
async def tables(front: FrontDatabase, directory: Path, line: str = "", **more: Any) -> AsyncIterator[Tables]:
    section = front.changes(**more.pop("exchange_table", {}))
    changes = {"exchange_table": section, **more}
    async with side("mz-benefit", directory, line or front.line, changes=changes) as ours:
        if front.password:
            (directory / "secrets" / "mz-benefit.database").write_text(front.password, "utf-8")
        yield Tables(front=front, side=ours)


@pytest.fixture(params=KINDS)
async def front(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FrontDatabase]:
    async with front_database(
        request.param,
        tmp_path,
        metadata,
        postgres=request.getfixturevalue("postgres") if request.param == "postgresql" else None,
        mariadb=request.getfixturevalue("mariadb") if request.param == "mariadb" else None,
    ) as database:
        yield database


async def test_a_row_is_written_once_and_counts_as_accepted_then_as_a_duplicate(
    front: FrontDatabase, tmp_path: Path
) -> None:
    async with tables(front, tmp_path) as here:
        errand = here.errand()
        assert isinstance(await here.side.transport.probe(errand), NotFound)
        first, second = [await here.side.transport.send(errand) for _ in range(2)]
        assert (first.kind, second.kind) == (OutcomeClass.ACCEPTED, OutcomeClass.DUPLICATE)
        assert first.department_number == second.department_number == key_of(errand)
        found = await here.side.transport.probe(errand)
        assert isinstance(found, Found)
        assert found.outcome.status == "submitted"
        (row,) = await front.rows(OUT_BIZ)
        assert (row["ROW_GUID"], row["STATUS"], row["CD_OPERATION"]) == (key_of(errand), "0", "I")


async def test_what_a_spec_calls_pending_is_pending(front: FrontDatabase, tmp_path: Path) -> None:
    outcomes = [{"when": "body.result == 'written'", "class": "pending"}]
    async with tables(front, tmp_path, outcomes=outcomes) as here:
        assert (await here.side.transport.send(here.errand())).kind is OutcomeClass.PENDING


async def test_other_content_under_our_key_is_not_written_again_but_given_to_a_person(
    front: FrontDatabase, tmp_path: Path
) -> None:
    async with tables(front, tmp_path) as here:
        errand = here.errand()
        await here.side.transport.send(errand)
        changed = here.side.with_form(errand, applicant_address="另一处地址")
        outcome = await here.side.transport.send(changed)
        assert outcome.kind is OutcomeClass.INVALID
        assert "XJZDZ" in outcome.message
        assert isinstance(await here.side.transport.probe(changed), CantTell)
        assert len(await front.rows(OUT_BIZ)) == 1


async def test_a_row_taken_by_the_department_is_the_same_row_still(front: FrontDatabase, tmp_path: Path) -> None:
    async with tables(front, tmp_path) as here:
        errand = here.errand()
        await here.side.transport.send(errand)
        await front.change(OUT_BIZ, "ROW_GUID", key_of(errand), STATUS="1")
        assert (await here.side.transport.send(errand)).kind is OutcomeClass.DUPLICATE


async def test_a_withdrawal_holds_while_the_row_waits_and_is_refused_once_it_is_taken(
    front: FrontDatabase, tmp_path: Path
) -> None:
    async with tables(front, tmp_path) as here:
        waiting, taken = here.errand(), here.errand(seed=2)
        for errand in (waiting, taken):
            await here.side.transport.send(errand)
        await front.change(OUT_BIZ, "ROW_GUID", key_of(taken), STATUS="1")
        assert (await here.side.transport.send(here.side.withdrawal(waiting))).kind is OutcomeClass.ACCEPTED
        assert (await here.side.transport.send(here.side.withdrawal(taken))).kind is OutcomeClass.REFUSED
        rows = await front.rows(OUT_BIZ)
        assert sorted(row["CD_OPERATION"] for row in rows) == ["D", "I", "I"]


async def test_a_column_the_table_cuts_or_refuses_is_found_and_nothing_is_left_there(
    front: FrontDatabase, tmp_path: Path
) -> None:
    narrow = {
        # MariaDB without strict mode cuts it without a word, as MySQL 5.7 does; PostgreSQL says no; a trigger may cut too.
        "mariadb": "ALTER TABLE `OUT_BIZ` MODIFY `XJZDZ` VARCHAR(4)",
        "postgresql": 'ALTER TABLE "OUT_BIZ" ALTER COLUMN "XJZDZ" TYPE VARCHAR(4)',
        "sqlite": 'CREATE TRIGGER cuts AFTER INSERT ON "OUT_BIZ" BEGIN UPDATE "OUT_BIZ" SET XJZDZ = substr(XJZDZ, 1, 4); END',
    }
    await front.sql(narrow[front.kind])
    async with tables(front, tmp_path) as here:
        outcome = await here.side.transport.send(here.errand())
        assert outcome.kind is OutcomeClass.INVALID
        assert outcome.error == ("unfit" if front.kind == "postgresql" else "shortened")
        assert await front.rows(OUT_BIZ) == []


async def test_a_text_too_long_or_not_in_the_charset_is_refused_before_anything_is_written(
    front: FrontDatabase, tmp_path: Path
) -> None:
    async with tables(front, tmp_path, exchange_table={"charset": "gbk"}) as here:
        for changed in ({"bank_name": "银" * 81}, {"bank_name": "𬍛银行"}):
            with pytest.raises(MappingRefused, match="KHYH"):
                await here.side.transport.send(here.side.with_form(here.errand(), **changed))
        assert await front.rows(OUT_BIZ) == []


async def test_a_database_that_does_not_know_us_is_an_auth_fault(front: FrontDatabase, tmp_path: Path) -> None:
    async with tables(front, tmp_path) as here:
        if front.kind == "sqlite":
            await front.sql('ALTER TABLE "OUT_BIZ" RENAME TO "SOMETHING_ELSE"')
        elif front.kind == "mariadb":
            (tmp_path / "secrets" / "mz-benefit.database").write_text("not this one", "utf-8")
        else:
            await front.sql('ALTER TABLE "OUT_BIZ" RENAME TO "SOMETHING_ELSE"')
        errand = here.errand()
        outcome = await here.side.transport.send(errand)
        assert outcome.kind is OutcomeClass.AUTH
        answer = await here.side.transport.probe(errand)
        assert isinstance(answer, CantTell)
        assert answer.outcome.kind is OutcomeClass.TRANSIENT


async def test_a_changed_password_is_believed_without_a_restart(tmp_path: Path, mariadb: MariaDB) -> None:
    async with front_database("mariadb", tmp_path, metadata, mariadb=mariadb) as front, tables(front, tmp_path) as here:
        secret = tmp_path / "secrets" / "mz-benefit.database"
        secret.write_text("an old one", "utf-8")
        assert (await here.side.transport.send(here.errand())).kind is OutcomeClass.AUTH
        secret.write_text(front.password + "\n", "utf-8")
        assert (await here.side.transport.send(here.errand())).kind is OutcomeClass.ACCEPTED


async def test_too_many_connections_are_throttled(tmp_path: Path, mariadb: MariaDB) -> None:
    async with front_database("mariadb", tmp_path, metadata, mariadb=mariadb) as front, tables(front, tmp_path) as here:
        mariadb.sql(f"ALTER USER '{front.user}'@'%' WITH MAX_USER_CONNECTIONS 1")
        await front.engine.dispose()
        async with front.engine.connect():
            assert (await here.side.transport.send(here.errand())).kind is OutcomeClass.THROTTLED


async def test_a_locked_table_and_a_server_that_is_away_are_transient(front: FrontDatabase, tmp_path: Path) -> None:
    impatient = {"statement_timeout_seconds": 1.0}
    async with tables(front, tmp_path, exchange_table=impatient) as here:
        errand = here.errand()
        async with front.engine.connect() as connection:
            # Somebody else is writing the same row and does not finish.
            await connection.execute(OUT_BIZ.insert().values(ROW_GUID=key_of(errand), STATUS="0"))
            outcome = await here.side.transport.send(errand)
            await connection.rollback()
        assert outcome.kind is OutcomeClass.TRANSIENT
        assert (await here.side.transport.send(errand)).kind is OutcomeClass.ACCEPTED
    if front.kind != "sqlite":
        nowhere = front.line.partition("://")[0] + "://127.0.0.1:9/there"
        async with tables(front, tmp_path, line=nowhere) as here:
            outcome = await here.side.transport.send(here.errand())
            assert (outcome.kind, outcome.error) == (OutcomeClass.TRANSIENT, "connect")


@asynccontextmanager
async def cut(front: FrontDatabase, postgres: Postgres | None) -> AsyncIterator[tuple[CuttingLine, str]]:
    """Give a line to `front` that can be cut, and its address."""

    async def dial() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if postgres is not None:
            return await asyncio.open_unix_connection(str(postgres.directory / ".s.PGSQL.5432"))
        return await asyncio.open_connection("127.0.0.1", int(front.line.rpartition(":")[2].partition("/")[0]))

    async with cutting_line(dial) as line:
        scheme, database = front.line.partition("://")[0], front.line.rpartition("/")[2].partition("?")[0]
        if postgres is not None:
            database = front.line.partition("?")[0].rpartition("/")[2]
        yield line, f"{scheme}://127.0.0.1:{line.port}/{database}"


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("before", [False, True])
async def test_a_connection_cut_at_the_commit_is_unknown_and_the_probe_finds_out(
    kind: str, before: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgres = request.getfixturevalue("postgres") if kind == "postgresql" else None
    mariadb = request.getfixturevalue("mariadb") if kind == "mariadb" else None
    async with (
        front_database(kind, tmp_path, metadata, postgres=postgres, mariadb=mariadb) as front,
        cut(front, postgres) as (line, address),
        tables(front, tmp_path, line=address) as here,
    ):
        errand = here.errand()
        # Connected before the line is told where to break: MariaDB's driver sends a COMMIT of its own while connecting.
        assert isinstance(await here.side.transport.probe(errand), NotFound)
        line.cut_at, line.before_server = b"COMMIT", before
        outcome = await here.side.transport.send(errand)
        assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "connection_lost")
        assert line.cuts == 1
        line.cut_at = b""
        answer = await here.side.transport.probe(errand)
        assert isinstance(answer, NotFound if before else Found)
        again = await here.side.transport.send(errand)
        assert again.kind is (OutcomeClass.ACCEPTED if before else OutcomeClass.DUPLICATE)
        assert len(await front.rows(OUT_BIZ)) == 1


@dataclass(slots=True)
class Files:
    sshd: Sshd
    side: Side
    root: Path

    def errand(self, seed: int = 2) -> Errand:
        return self.side.errand(CARD, "first", seed=seed, applicant_name="贾宝玉")

    def names(self) -> list[str]:
        return sorted(each.name for each in (self.root / "in").iterdir())

    @property
    def batches(self) -> SqlBatches:
        return SqlBatches(self.side.engine)


@asynccontextmanager
async def files(sshd: Sshd, directory: Path, *, line: str = "", **more: Any) -> AsyncIterator[Files]:
    root = sshd.root / directory.name
    for folder in ("in", "out"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    section = {"user": sshd.user, "window_seconds": 0.05, **more}
    address = line or f"{sshd.line}{directory.name}"
    async with side("rs-card", directory, address, changes={"file_batch": section}) as ours:
        (directory / "secrets" / "rs-card.sftp-key").write_bytes(sshd.client_key)
        (directory / "secrets" / "rs-card.sftp-host-key").write_bytes(sshd.host_key)
        yield Files(sshd=sshd, side=ours, root=root)


async def test_deliveries_sent_together_share_a_file_and_each_hears_its_place(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path) as here:
        errands = [here.errand(seed) for seed in (2, 3, 5)]
        outcomes = await asyncio.gather(*(here.side.transport.send(errand) for errand in errands))
        assert {outcome.kind for outcome in outcomes} == {OutcomeClass.ACCEPTED}
        assert {outcome.department_number for outcome in outcomes} == {f"ZK_20260318_01-000{n}" for n in (1, 2, 3)}
        assert here.names() == ["ZK_20260318_01.ok", "ZK_20260318_01.txt"]
        content = (here.root / "in" / "ZK_20260318_01.txt").read_bytes()
        assert content.count(b"\r\n") == content.count(b"\n") == 3
        assert content.decode("gbk").startswith("0001|")
        assert (await here.side.transport.send(errands[0])).kind is OutcomeClass.DUPLICATE
        assert isinstance(await here.side.transport.probe(errands[1]), Found)
        assert isinstance(await here.side.transport.probe(here.errand(7)), NotFound)


async def test_a_file_that_is_placed_may_be_pending(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path) as here:
        rule = here.side.system.operation("BKKP").outcomes[0]
        operation = replace(here.side.system.operation("BKKP"), outcomes=(replace(rule, kind=OutcomeClass.PENDING),))
        outcome = await here.side.transport.send(replace(here.errand(), operation=operation))
        assert outcome.kind is OutcomeClass.PENDING


async def test_a_busy_days_cases_leave_in_one_file_and_its_receipt_tells_each(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path, most_rows=150, window_seconds=20) as here:
        errands = [numbered(here.errand(2), n) for n in range(300)]
        outcomes = await asyncio.gather(*(here.side.transport.send(errand) for errand in errands))
        assert {outcome.kind for outcome in outcomes} == {OutcomeClass.ACCEPTED}
        assert [name for name in here.names() if name.endswith(".txt")] == ["ZK_20260318_01.txt", "ZK_20260318_02.txt"]
        last = (here.root / "in" / "ZK_20260318_01.txt").read_bytes().decode("gbk").splitlines()[-1]
        assert last.startswith("0150|")
        lines = "".join(f"{n:04d}|00|制卡成功|\r\n" for n in range(1, 151)).encode("gbk")
        (here.root / "out" / "HZ_20260319_01.txt").write_bytes(lines)
        marker = f"HZ_20260319_01.txt|{sm3(lines)}|{len(lines)}|150|ZK_20260318_01.txt\r\n"
        (here.root / "out" / "HZ_20260319_01.ok").write_text(marker, encoding="ascii")
        events = await here.side.fetch()
        assert {event.our_number for event in events} == {number_of(errand) for errand in errands[:150]}
        (waiting,) = await here.batches.unanswered("rs-card")
        assert waiting.number == 2


def numbered(errand: Errand, n: int) -> Errand:
    """Return the same application as another case."""
    case, delivery = errand.values["case"], errand.values["delivery"]
    assert isinstance(case, dict)
    assert isinstance(delivery, dict)
    changed = {
        "case": {**case, "number": f"320105007-260318-RS001-{n:06d}"},
        "delivery": {**delivery, "key": f"key-{n}"},
    }
    return replace(errand, values={**errand.values, **changed})


async def test_other_content_of_a_delivery_already_in_a_file_goes_to_a_person(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path) as here:
        errand = here.errand()
        await here.side.transport.send(errand)
        outcome = await here.side.transport.send(here.side.with_form(errand, applicant_name="林冲"))
        assert outcome.kind is OutcomeClass.INVALID


async def test_a_number_whose_file_could_not_be_placed_is_placed_later_with_the_same_content(
    sshd: Sshd, tmp_path: Path
) -> None:
    async with files(sshd, tmp_path) as here:
        first, second = here.errand(2), here.errand(3)
        (here.root / "in").rename(here.root / "away")
        outcome = await here.side.transport.send(first)
        assert outcome.kind is OutcomeClass.AUTH  # a folder that is not there: the owner has to look
        assert (await here.side.transport.send(second)).kind is OutcomeClass.AUTH
        (here.root / "away").rename(here.root / "in")
        later = await here.side.transport.send(second)
        assert later.department_number == "ZK_20260318_02-0001"
        assert (await here.side.transport.send(first)).department_number == "ZK_20260318_01-0001"
        assert here.names() == [f"ZK_20260318_{n}.{end}" for n in ("01", "02") for end in ("ok", "txt")]


async def test_a_file_of_ours_with_other_content_is_never_overwritten(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path) as here:
        (here.root / "in" / "ZK_20260318_01.ok").write_bytes(b"ZK_20260318_01.txt|00|1|1\r\n")
        outcome = await here.side.transport.send(here.errand())
        assert (outcome.kind, outcome.error) == (OutcomeClass.INVALID, "clash")
        assert here.names() == ["ZK_20260318_01.ok"]


@pytest.mark.parametrize(
    ("field", "value"), [("applicant_name", "测|试"), ("applicant_name", "𫝀"), ("applicant_name", "测" * 51)]
)
async def test_a_value_that_would_break_the_line_is_refused_before_a_number_is_taken(
    sshd: Sshd, tmp_path: Path, field: str, value: str
) -> None:
    async with files(sshd, tmp_path) as here:
        with pytest.raises(MappingRefused, match="XM"):
            await here.side.transport.send(here.side.with_form(here.errand(), **{field: value}))
        assert here.names() == []
        assert await here.batches.unplaced("rs-card") == []


async def test_a_server_with_another_key_gets_no_byte(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path) as here:
        (tmp_path / "secrets" / "rs-card.sftp-host-key").write_bytes(host_key_of_a_stranger())
        outcome = await here.side.transport.send(here.errand())
        assert (outcome.kind, outcome.error) == (OutcomeClass.AUTH, "stranger")
        assert here.names() == []


async def test_a_server_that_does_not_know_our_key_is_an_auth_fault(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path, user="nobody-of-that-name") as here:
        outcome = await here.side.transport.send(here.errand())
        assert (outcome.kind, outcome.error) == (OutcomeClass.AUTH, "denied")


async def test_no_server_is_transient_and_the_number_is_kept(sshd: Sshd, tmp_path: Path) -> None:
    async with files(sshd, tmp_path, line="sftp://127.0.0.1:9/") as here:
        outcome = await here.side.transport.send(here.errand())
        assert (outcome.kind, outcome.error) == (OutcomeClass.TRANSIENT, "connect")
        (batch,) = await here.batches.unplaced("rs-card")
        assert batch.label == "20260318_01"


async def test_a_connection_lost_at_the_marker_is_unknown_and_the_probe_looks_at_the_file(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncssh

    renames = asyncssh.SFTPClient.posix_rename

    async def rename_and_lose(self: asyncssh.SFTPClient, old: Any, new: Any) -> None:
        await renames(self, old, new)
        if str(new).endswith(".ok"):
            raise asyncssh.SFTPConnectionLost("the answer never came")

    async with files(sshd, tmp_path) as here:
        errand = here.errand()
        monkeypatch.setattr(asyncssh.SFTPClient, "posix_rename", rename_and_lose)
        outcome = await here.side.transport.send(errand)
        assert (outcome.kind, outcome.error) == (OutcomeClass.UNKNOWN, "connection_lost")
        monkeypatch.undo()
        answer = await here.side.transport.probe(errand)
        assert isinstance(answer, Found)
        assert answer.outcome.department_number == "ZK_20260318_01-0001"
        assert (await here.side.transport.send(errand)).kind is OutcomeClass.DUPLICATE
        assert here.names() == ["ZK_20260318_01.ok", "ZK_20260318_01.txt"]
