"""The one table: a row per employee, written by OneWindow, answered in RET_CODE, GRZH and RET_MSG."""

from sqlalchemy import Column, DateTime, MetaData, Numeric, String, Table
from sqlalchemy.dialects import sqlite

metadata = MetaData()
# SQLite keeps no decimal numbers: as text they stay what they are.
_MONEY = Numeric(18, 2).with_variant(sqlite.TEXT(), "sqlite")
_SHARE = Numeric(18, 1).with_variant(sqlite.TEXT(), "sqlite")

T_WB_KH = Table(
    "T_WB_KH",
    metadata,
    Column("ID", String(32), primary_key=True),
    Column("WBBH", String(50), index=True),
    Column("PCH", String(30)),
    Column("CJSJ", DateTime),
    Column("DWZH", String(30)),
    Column("DWMC", String(200)),
    Column("TYXYDM", String(18)),
    Column("YWLX", String(1)),
    Column("ZGXM", String(100)),
    Column("SFZHM", String(18)),
    Column("JCJS", _MONEY),
    Column("DWBL", _SHARE),
    Column("GRBL", _SHARE),
    Column("QSY", String(6)),
    Column("FJML", String(500)),
    Column("STATUS", String(1), index=True),
    Column("RET_CODE", String(2)),
    Column("RET_MSG", String(200)),
    Column("GRZH", String(20)),
    Column("HZSJ", DateTime, index=True),
)
