"""Windows that bring papers to cases, each of other content, and never give one up; what is then on the disk and in the database."""

import asyncio
import hashlib
import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic, sleep, time
from typing import Final

import httpx2
from sqlalchemy import select

from config.storage.sql import create_engine, readonly
from matters.storage.tables import materials
from tests.faults.windows import GIVES_UP_AFTER_SECONDS, Windows

MATTER: Final = "05-elder-respect-allowance"
FILES_OF_A_CASE: Final = 5
_BYTES: Final = 300_000
_ENDED_MEANWHILE: Final = 409
"""The department was quicker than the window: a case that is over takes no more papers."""


@dataclass(slots=True)
class Brought:
    """`kept` is (case number, sha256) of each upload that was answered with a success, `kept_at` when."""

    kept: list[tuple[str, str]] = field(default_factory=list)
    kept_at: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unclear: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Uploads:
    """One window: takes a case in, brings its papers, goes on to the next; `close()` lets it finish the paper in hand."""

    windows: Windows
    material: str
    seeds: "count[int]"
    brought: Brought = field(default_factory=Brought)
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        with httpx2.Client(timeout=20, trust_env=False) as http:
            while not self._closing.is_set():
                before = len(self.windows.promised.numbers)
                self.windows.take_one(http, MATTER)
                for _, number in self.windows.promised.numbers[before:]:
                    for _ in range(FILES_OF_A_CASE):
                        if not self._closing.is_set():
                            self._bring(http, number, paper(next(self.seeds)))

    def _bring(self, http: httpx2.Client, number: str, content: bytes) -> None:
        address = f"{self.windows.api_url}/{number}/materials/{self.material}"
        began, brought = monotonic(), self.brought
        while monotonic() - began < GIVES_UP_AFTER_SECONDS:
            try:
                headers = {**self.windows.proof(http), "content-type": "application/pdf"}
                answer = http.put(address, content=content, headers=headers)
            except httpx2.TransportError:
                sleep(0.2)
                continue
            brought.statuses[answer.status_code] += 1
            if answer.status_code in (200, 201):
                brought.kept.append((number, hashlib.sha256(content).hexdigest()))
                brought.kept_at.append(time())
                return
            if answer.status_code == _ENDED_MEANWHILE:
                return
            if answer.status_code == 401:
                http.headers.pop("authorization", None)
            elif answer.status_code != 503 or "retry-after" not in answer.headers:
                brought.unclear.append(f"{answer.status_code} {answer.text[:200]}")
            sleep(0.2)


def paper(seed: int) -> bytes:
    """Return a PDF unlike any of another seed."""
    return b"%PDF-1.7\n%" + random.Random(seed).randbytes(_BYTES).replace(b"\n", b" ") + b"\ntrailer\n<<>>\n%%EOF\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`half` are files whose content is not what their name says, `missing` rows that name a file which is not there."""

    lost: list[str]
    half: list[str]
    missing: list[str]


def kept(brought: Brought, directory: Path, database_url: str) -> Kept:
    """Hold what windows were told against the files in `directory` and the rows that name them."""
    whole, half = set(), []
    for path in (path for path in directory.rglob("*") if path.is_file()):
        is_whole = hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        whole.add(path.name) if is_whole else half.append(path.name)
    named = asyncio.run(_named(database_url))
    lost = [
        f"{number} {sha256[:12]}"
        for number, sha256 in brought.kept
        if sha256 not in whole or sha256 not in named.get(number, ())
    ]
    missing = [f"{number} {sha256[:12]}" for number, mine in named.items() for sha256 in mine if sha256 not in whole]
    return Kept(lost=lost, half=half, missing=missing)


async def _named(database_url: str) -> Mapping[str, set[str]]:
    engine = create_engine(database_url)
    try:
        async with readonly(engine).connect() as connection:
            rows = await connection.execute(select(materials.c.number, materials.c.files))
            found: dict[str, set[str]] = {}
            for row in rows:
                found.setdefault(row.number, set()).update(file["sha256"] for file in row.files)
            return found
    finally:
        await engine.dispose()
