"""Cases, their events and materials on SQL.

Functions that write take the caller's connection: a case, its first events and its deliveries are one commit. A
cursor of a list is `<microseconds since 1970>.<case number>`.
"""

import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, insert, not_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from config.paging import Page, page_of, place_of
from config.storage.keyset import older
from config.storage.sql import readonly
from matters.case import OPEN, Case, CaseEvent, CaseStatus
from matters.errors import CaseConflict, CaseUnknown
from matters.material import FileRef, MaterialProof, ProofKind
from matters.numbering import QUERY_CODE_LENGTH, normal_number, normal_query_code
from matters.ports import CaseSummary, Scope
from matters.storage import rows
from matters.storage.tables import ONE_OPEN_CASE, cases, events, materials, sequences

LARGEST_PAGE = 200
_SCOPE_OF_DIGITS = {2: cases.c.province, 4: cases.c.city, 6: cases.c.county}
_SUMMARY = tuple(
    cases.c[name]
    for name in (
        "number", "matter_id", "matter_name", "situation", "status", "applicant_name",
        "unit", "region", "taken_in_by", "received_at", "promised_on",
    )
)  # fmt: skip


async def next_sequence(connection: AsyncConnection, *, region: str, day: date, short_code: str) -> int:
    """Return the next sequence number of a region, day and matter; one statement, so two writers never share one.

    A transaction that is rolled back may leave a gap or give its number to the next; neither matters.
    """
    scope = f"{region}-{day:%y%m%d}-{short_code}"
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    first = dialect.insert(sequences).values(scope=scope, last=1)
    statement = first.on_conflict_do_update(
        index_elements=[sequences.c.scope], set_={"last": sequences.c.last + 1}
    ).returning(sequences.c.last)
    return int((await connection.execute(statement)).scalar_one())


async def add_case(
    connection: AsyncConnection, case: Case, happened: Sequence[CaseEvent], proofs: Iterable[MaterialProof] = ()
) -> None:
    """Keep a new case with its first events and its materials; three statements, however many there are."""
    await connection.execute(insert(cases).values(rows.case_row(case)))
    if happened:
        await connection.execute(insert(events), [rows.event_row(case.number, event) for event in happened])
    if proven := [rows.proof_row(case.number, place, proof) for place, proof in enumerate(proofs)]:
        await connection.execute(insert(materials), proven)


async def append_event(connection: AsyncConnection, case: Case, event: CaseEvent) -> None:
    """Keep the case as `event` left it; `case` and `event` are what `case.move`, `remark` or `report` gave.

    Raises:
        CaseConflict: somebody else's event came first; read the case again and decide anew.
    """
    read = and_(cases.c.number == case.number, cases.c.revision == event.seq - 1)
    if event.previous is not None:
        read = and_(read, cases.c.status == event.previous.value)
    changed = await connection.execute(update(cases).where(read).values(rows.changing_row(case)))
    if changed.rowcount != 1:
        raise CaseConflict(f"{case.number}: expected revision {event.seq - 1}")
    await connection.execute(insert(events).values(rows.event_row(case.number, event)))


async def lock_cases(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, Case]:
    """Return the cases by number, theirs alone to change until the caller's transaction ends."""
    # In one order everywhere, so that two who want the same ones wait for each other and never in a circle.
    query = select(cases).where(cases.c.number.in_(sorted(set(numbers)))).order_by(cases.c.number).with_for_update()
    return {row["number"]: rows.case_of(dict(row)) for row in (await connection.execute(query)).mappings()}


async def append_events(connection: AsyncConnection, moved: Sequence[tuple[Case, Sequence[CaseEvent]]]) -> None:
    """Keep cases of `lock_cases` as their events left them; two statements, however many there are."""
    changes = [{"_number": case.number, **rows.changing_row(case)} for case, told in moved if told]
    if not changes:
        return
    columns: dict[str, Any] = {name: bindparam(name) for name in changes[0] if name != "_number"}
    await connection.execute(update(cases).where(cases.c.number == bindparam("_number")).values(columns), changes)
    await connection.execute(
        insert(events), [rows.event_row(case.number, event) for case, told in moved for event in told]
    )


async def load_case(connection: AsyncConnection, number: str) -> Case | None:
    """Return the case inside the caller's transaction, None when there is none."""
    row = (await connection.execute(select(cases).where(cases.c.number == number))).mappings().one_or_none()
    return None if row is None else rows.case_of(dict(row))


async def find_open_case(connection: AsyncConnection, subject_key: str) -> str | None:
    """Return the number of the open case with that key inside the caller's transaction."""
    query = select(cases.c.number).where(cases.c.subject_key == subject_key, cases.c.is_open).limit(1)
    number: str | None = (await connection.execute(query)).scalar()
    return number


def is_second_open_case(error: IntegrityError) -> bool:
    """Tell whether a commit was refused because the same subject has an open case already."""
    # PostgreSQL names the index, SQLite the column it stands on.
    return any(name in str(error.orig) for name in (ONE_OPEN_CASE, "matters_cases.subject_key"))


class SqlCaseStore:
    """`matters.ports.CaseStore` on SQLite and PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def by_number(self, number: str) -> Case | None:
        async with self._reading.connect() as connection:
            return await load_case(connection, normal_number(number))

    async def by_query_code(self, number: str, query_code: str) -> Case | None:
        case = await self.by_number(number)
        # Compared against something of the same length when there is no case, so that time tells nothing.
        kept = case.query_code if case is not None else "0" * QUERY_CODE_LENGTH
        is_right = hmac.compare_digest(kept.encode(), normal_query_code(query_code).encode())
        return case if is_right and case is not None else None

    async def open_case_of(self, subject_key: str) -> str | None:
        async with self._reading.connect() as connection:
            return await find_open_case(connection, subject_key)

    async def events(self, number: str) -> tuple[CaseEvent, ...]:
        query = select(events).where(events.c.number == number).order_by(events.c.seq)
        async with self._reading.connect() as connection:
            found = (await connection.execute(query)).mappings().all()
        return tuple(rows.event_of(dict(row)) for row in found)

    async def materials(self, number: str) -> tuple[MaterialProof, ...]:
        query = select(materials).where(materials.c.number == number).order_by(materials.c.position)
        async with self._reading.connect() as connection:
            found = (await connection.execute(query)).mappings().all()
        return tuple(rows.proof_of(dict(row)) for row in found)

    async def page(
        self, scope: Scope, *, after: str | None = None, limit: int = 50, is_open: bool | None = None
    ) -> Page[CaseSummary]:
        size = max(1, min(limit, LARGEST_PAGE))
        query = _in_scope(scope)
        if query is None:
            return Page(items=())
        if is_open is not None:
            # Written as the partial indexes are, so that both databases see that they fit.
            query = query.where(cases.c.is_open if is_open else not_(cases.c.is_open))
        if (place := place_of(after)) is not None:
            query = query.where(older(cases.c.received_at, cases.c.number, place))
        query = query.order_by(cases.c.received_at.desc(), cases.c.number.desc()).limit(size + 1)
        async with self._reading.connect() as connection:
            found = (await connection.execute(query)).mappings().all()
        return page_of(found, size, lambda row: _summary(dict(row)), lambda row: (row["received_at"], row["number"]))

    async def add_file(self, number: str, material: str, file: FileRef, *, at: datetime) -> MaterialProof:
        async with self._engine.begin() as connection:
            if await load_case(connection, number) is None:
                raise CaseUnknown(number)
            return await add_file(connection, number, material, file, at=at)


async def add_file(
    connection: AsyncConnection, number: str, material: str, file: FileRef, *, at: datetime
) -> MaterialProof:
    """Add a file to a material's proof, which becomes one of kind `file`; the same content is kept once."""
    one = and_(materials.c.number == number, materials.c.material == material)
    row = (await connection.execute(select(materials).where(one).with_for_update())).mappings().one_or_none()
    if row is None:
        proof = MaterialProof(material=material, kind=ProofKind.FILE, files=(file,), at=at)
        try:
            async with connection.begin_nested():
                await connection.execute(insert(materials).values(rows.proof_row(number, 1_000, proof)))
        except IntegrityError:
            return await add_file(connection, number, material, file, at=at)
        return proof
    before = rows.proof_of(dict(row))
    files = before.files if file.sha256 in {kept.sha256 for kept in before.files} else (*before.files, file)
    after = MaterialProof(
        material=material, kind=ProofKind.FILE, files=files, originals=before.originals,
        duplicates=before.duplicates, source=before.source, reference=before.reference, at=at,
    )  # fmt: skip
    await connection.execute(update(materials).where(one).values(rows.proof_row(number, row["position"], after)))
    return after


def _in_scope(scope: Scope) -> Select[Any] | None:
    query = select(*_SUMMARY)
    if scope.unit is not None:
        return query.where(cases.c.unit == scope.unit)
    if not scope.region:
        return None
    column = _SCOPE_OF_DIGITS.get(len(scope.region), cases.c.region)
    return query.where(column == scope.region)


def _summary(row: dict[str, Any]) -> CaseSummary:
    status = CaseStatus(row.pop("status"))
    return CaseSummary(**row, status=status, is_open=status in OPEN)
