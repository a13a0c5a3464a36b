"""What follows from a decision is read and written over the commit's own connection: a pool of one is enough."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from config.storage.sql import create_engine
from connectors.flows import read_flows
from connectors.reflux import Moved
from connectors.storage.notice_tables import results
from connectors.storage.opening_noticing import open_noticing
from connectors.storage.tables import metadata as connectors_tables
from matters.case import Case, CaseStatus, Evidence, move
from matters.elements import Duration
from matters.storage.guides import SqlGuideStore
from matters.storage.tables import metadata as matters_tables
from tests.doubles.house import ROOT, matters
from tests.doubles.prepared import with_tables

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DIBAO = "01-minimum-living-guarantee"


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine with one connection, over a database that knows the guides."""
    wide = create_engine(database_url)
    await with_tables(wide, matters_tables, connectors_tables)
    await SqlGuideStore(wide).seed([matters()[DIBAO]], at=AT)
    await wide.dispose()
    engine = create_async_engine(database_url, pool_size=1, max_overflow=0, pool_timeout=3)
    yield engine
    await engine.dispose()


def decided() -> Moved:
    guide = matters()[DIBAO]
    case = Case(
        number="320105007-261123-MZ001-000001",
        query_code="ABCDEFGH",
        matter_id=DIBAO,
        matter_name=guide.name,
        guide_version=1,
        situation=guide.guide.situations[0].id,
        status=CaseStatus.SUBMITTED,
        form={"applicant_name": "测试甲", "applicant_id_number": "99010119020301123X"},
        applicant_name="测试甲",
        unit="320105007-bmfw",
        region="320105007",
        responsible_region="320105007",
        taken_in_by="王晓芸",
        received_at=AT,
        accepted_at=AT,
        promised=Duration(value=25, unit="working_day"),
    )
    evidence = Evidence(source="mz-assist", who="民政", number="SHJZ1")
    after, event = move(case, CaseStatus.COMPLETED_APPROVED, at=AT, by="mz-assist", evidence=evidence)
    return Moved(case=after, event=event, facts={})


async def test_an_older_guide_is_read_in_the_commit_that_moves_the_case(narrow: AsyncEngine) -> None:
    noticing = open_noticing(
        flows=read_flows(Path(ROOT / "config")),
        systems={},
        guide=lambda _: None,  # superseded meanwhile: only the database has the version the case was accepted under
        secret=b"s",
        due_on=lambda at: at,
    )
    async with narrow.begin() as connection:
        await noticing.follow(connection, [decided()], at=AT)
        assert (await connection.execute(select(func.count()).select_from(results))).scalar_one() == 1
