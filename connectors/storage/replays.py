"""`connectors.replaying.ReplayStore` in SQL: an act, all it sends anew and what it leaves out, is one commit."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from config.paging import Page, page_of, place_of
from config.storage.keyset import older
from config.storage.sql import readonly
from connectors.ledger import Attempt, DeliveryState
from connectors.replay import (
    MOST_AT_ONCE,
    Act,
    Candidate,
    Choice,
    KeptAct,
    LeftOut,
    Renewed,
    Verdict,
    Way,
)
from connectors.storage import rows
from connectors.storage.of_cases import lock_deliveries
from connectors.storage.renewing import renew
from connectors.storage.replay_candidates import chosen, gather, named
from connectors.storage.replay_tables import replayed, replays
from connectors.storage.tables import attempts, deliveries


class SqlReplayStore:
    """Replays and what they replace."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = readonly(engine)

    async def count(self, choice: Choice) -> int:
        wanted = select(func.count()).select_from(deliveries).where(chosen(choice))
        async with self._reading.connect() as connection:
            return int((await connection.execute(wanted)).scalar_one())

    async def candidates(self, choice: Choice, *, most: int = MOST_AT_ONCE) -> Sequence[Candidate]:
        wanted = select(deliveries).where(chosen(choice)).order_by(deliveries.c.updated_at, deliveries.c.id).limit(most)
        async with self._reading.connect() as connection:
            return await gather(connection, wanted)

    async def named(self, system: str, delivery_ids: Collection[str]) -> Sequence[Candidate]:
        async with self._reading.connect() as connection:
            return await gather(connection, named(system, delivery_ids))

    async def attempts(self, delivery_id: str, *, most: int = 20) -> Sequence[Attempt]:
        wanted = (
            select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.number.desc()).limit(most)
        )
        async with self._reading.connect() as connection:
            return [rows.attempt(row) for row in (await connection.execute(wanted)).mappings()]

    async def append(
        self, act: Act, delivery_ids: Collection[str], decide: Callable[[Candidate], Verdict]
    ) -> KeptAct | None:
        async with self._engine.begin() as connection:
            is_new = await connection.execute(
                rows.insert_new(connection, replays).values(
                    id=act.id, system=act.system, by=act.by, who=act.who, reason=act.reason, at=act.at, appended=0,
                    left_out=[],
                )
            )  # fmt: skip
            if is_new.rowcount != 1:
                return None
            wanted = named(act.system, delivery_ids)
            # Decided under the locks: what was settled, withdrawn or replayed since the preview is left out. All of a
            # case is locked: two owners who renew two deliveries of it append one behind the other.
            found = await connection.execute(wanted.with_only_columns(deliveries.c.case_number))
            await lock_deliveries(connection, found.scalars().all())
            decided = [(each, decide(each)) for each in await gather(connection, wanted)]
            renewed = await renew(connection, act, decided)
            left_out = [(c.delivery.case_number, v.left_out) for c, v in decided if v.left_out is not None]
            await connection.execute(
                update(replays)
                .where(replays.c.id == act.id)
                .values(appended=len(renewed), left_out=[[number, why.value] for number, why in left_out])
            )
            return KeptAct(act=act, renewed=renewed, left_out=left_out)

    async def act(self, system: str, act_id: str) -> KeptAct | None:
        async with self._reading.connect() as connection:
            kept = await connection.execute(select(replays).where(replays.c.id == act_id, replays.c.system == system))
            row = kept.mappings().first()
            if row is None:
                return None
            found = await connection.execute(
                select(replayed.c.delivery_id, replayed.c.was_state, replayed.c.way, *deliveries.c)
                .join(deliveries, deliveries.c.id == replayed.c.new_id)
                .where(replayed.c.replay_id == act_id)
                .order_by(deliveries.c.case_number)
            )
            return KeptAct(
                act=_act(row),
                renewed=[
                    Renewed(
                        delivery=rows.delivery(each),
                        before_id=each["delivery_id"],
                        before_state=DeliveryState(each["was_state"]),
                        way=Way(each["way"]),
                    )
                    for each in found.mappings()
                ],
                left_out=[(number, LeftOut(why)) for number, why in row["left_out"]],
            )

    async def acts(self, system: str, *, most: int, after: str | None = None) -> Page[tuple[Act, int]]:
        wanted = select(replays).where(replays.c.system == system)
        if (place := place_of(after)) is not None:
            wanted = wanted.where(older(replays.c.at, replays.c.id, place))
        wanted = wanted.order_by(replays.c.at.desc(), replays.c.id.desc()).limit(most + 1)
        async with self._reading.connect() as connection:
            found = (await connection.execute(wanted)).mappings().all()
        return page_of(found, most, lambda row: (_act(row), row["appended"]), lambda row: (row["at"], row["id"]))


def _act(row: Any) -> Act:
    return Act(
        id=row["id"], system=row["system"], by=row["by"], who=row["who"], reason=row["reason"], at=row["at"],
    )  # fmt: skip
