"""The two tables, as the department's database administrator made them. Texts longer than a column are cut without a word
where the server allows it (MySQL without strict mode).
"""

from typing import Final

from sqlalchemy import Column, DateTime, MetaData, String, Table

metadata = MetaData()
_WIDTHS: Final = {
    "ROW_GUID": 36, "CD_BATCH": 20, "CD_OPERATION": 1, "YWLX": 20, "WBBH": 50, "XZQH": 12, "XM": 256, "SFZHM": 88,
    "XB": 1, "CSRQ": 10, "LXDH": 88, "HJDQ": 12, "XJZDZ": 1200, "BTLX": 1, "CJRZH": 88, "CJLB": 1, "CJDJ": 1, "DSRSF": 2,
    "GSHLF": 1, "JXZK": 1, "FQQX": 2, "MQQX": 2, "FQSFZH": 88, "MQSFZH": 88, "JHRXM": 50, "JHRSFZH": 88, "JHRDH": 88,
    "JHRGX": 2, "KHXM": 50, "KHYH": 80, "YHZH": 88, "DBRXM": 50, "DBRSFZH": 88, "DBRDH": 88, "DBRGX": 1, "CLQD": 500,
    "CHYY": 200, "SWRQ": 10, "GZZT": 10, "FLYJ": 200, "STATUS": 1, "ERR_MSG": 200,
}  # fmt: skip

OUT_BIZ = Table(
    "OUT_BIZ",
    metadata,
    *(
        Column(name, String(width), primary_key=name == "ROW_GUID", index=name in ("WBBH", "STATUS"))
        for name, width in _WIDTHS.items()
    ),
    Column("CD_TIME", DateTime),
)
IN_RESULT = Table(
    "IN_RESULT",
    metadata,
    Column("HZ_LSH", String(30), primary_key=True),
    Column("BATCH_ID", String(20)),
    Column("ROW_GUID", String(36), index=True),
    Column("HZ_CODE", String(2)),
    Column("HZ_MSG", String(200)),
    Column("HZ_TIME", DateTime, index=True),
    Column("BTJE", String(12)),
    Column("QFYF", String(6)),
    Column("READ_FLAG", String(1), server_default="0"),
)
SEALED: Final = frozenset(
    {"SFZHM", "LXDH", "CJRZH", "FQSFZH", "MQSFZH", "JHRSFZH", "JHRDH", "YHZH", "DBRSFZH", "DBRDH"}
)
"""Columns that must arrive as SM4 ciphertext; of children name and address too."""
SEALED_OF_CHILDREN: Final = SEALED | {"XM", "XJZDZ"}
