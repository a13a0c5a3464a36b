"""Whether the time of a refused sign-in tells why it was refused (security test S19).

1,000 samples of each kind in turns, with a password hash made cheap: the true one takes 45 ms and would hide whatever
else differs. The area under the curve is the chance that a sample of the one kind took longer than one of the other
(Mann-Whitney): 0.5 tells nothing, 1.0 everything.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Final

import uvloop
from argon2 import PasswordHasher

from config import logs
from config.storage.memory_state import MemoryStateStore
from config.storage.sql import create_engine
from idp import accounts
from idp.passwords import Passwords
from idp.protocol.client import Client, hash_secret
from idp.protocol.client_authentication import PresentedCredentials, verify_credentials
from idp.protocol.errors import InvalidClient
from idp.protocol.throttle import Bound
from idp.sign_in import SignIn
from tests.bench.table import show
from tests.doubles.idp_site import PASSWORD, Site, open_site

SEPARABLE_FROM: Final = 0.6
_SAMPLES: Final = 1000
_SECRET: Final = "Yw3sT8mZq1vKx5nB7cR2pL9dF4hJ6gUa"
Try = Callable[[], Awaitable[object]]


class _Uncounted:
    """Attempts that are never too many: the bound is another test's subject."""

    async def count(self, bound: Bound) -> int:
        return 0

    async def forget(self, bound: Bound) -> None:
        return None

    async def first_use(self, kind: str, value: str, ttl: object) -> bool:
        return True


def measure() -> bool:
    """Print the table; tell whether nothing can be told apart."""
    logs.configure(level="error", form="json")
    with tempfile.TemporaryDirectory() as directory:
        seconds = uvloop.run(_sampled(Path(directory)))
    base_user, base_secret = seconds["wrong password"], seconds["wrong secret"]
    rows, good = [], True
    for name, samples in seconds.items():
        against = base_secret if "secret" in name or "client" in name else base_user
        auc = area_under_curve(samples, against)
        good = good and abs(auc - 0.5) < SEPARABLE_FROM - 0.5
        rows.append((name, f"{median(samples) * 1e6:.0f}", f"{auc:.3f}"))
    show(
        f"Refused sign-ins, {_SAMPLES} samples each; separable from {SEPARABLE_FROM}",
        ("why", "median µs", "AUC against the wrong one"),
        rows,
    )
    return good


def area_under_curve(some: Sequence[float], others: Sequence[float]) -> float:
    """Return how often a value of `some` is the greater one, ties counted half (Mann-Whitney U / n·m)."""
    ranked = sorted([(value, 0) for value in some] + [(value, 1) for value in others])
    ranks, start = 0.0, 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        middle = (start + 1 + end) / 2
        ranks += middle * sum(1 for _, kind in ranked[start:end] if kind == 0)
        start = end
    return (ranks - len(some) * (len(some) + 1) / 2) / (len(some) * len(others))


async def _sampled(directory: Path) -> dict[str, list[float]]:
    engine = create_engine(f"sqlite+aiosqlite:///{directory / 'timing.db'}")
    async with open_site(engine, MemoryStateStore()) as site:
        tries = await _tries(site)
        seconds: dict[str, list[float]] = {name: [] for name in tries}
        order, drawn = list(tries), Random(19)
        for _ in range(_SAMPLES):
            drawn.shuffle(order)
            for name in order:
                began = perf_counter()
                await tries[name]()
                seconds[name].append(perf_counter() - began)
                await asyncio.sleep(0)
    await engine.dispose()
    return seconds


async def _tries(site: Site) -> dict[str, Try]:
    cheap = Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    sign_in: SignIn = replace(site.idp.sign_in, attempts=_Uncounted(), passwords=cheap)
    own = replace(site, idp=replace(site.idp, passwords=cheap))
    await own.account("clerk")
    await own.account("stopped")
    await accounts.disable(site.idp.account_store, "stopped", at=site.clock())
    client = Client(client_id="known", client_secret_hash=hash_secret(_SECRET))

    def person(username: str, password: str) -> Try:
        return lambda: sign_in.with_password(username, password, address="10.0.0.1", known_browser=None)

    async def secret(presented: str, known: Client | None) -> None:
        credentials = PresentedCredentials(
            method="client_secret_basic", client_id="known" if known else "unknown", client_secret=presented
        )
        try:
            verify_credentials(credentials, known)
        except InvalidClient:
            return
        raise RuntimeError("a wrong secret was taken")

    return {
        "wrong password": person("clerk", "wrong-password"),
        "wrong user": person("nobody", "wrong-password"),
        "stopped account, right password": person("stopped", PASSWORD),
        "wrong secret": lambda: secret("x" * len(_SECRET), client),
        "wrong secret in its last character": lambda: secret(_SECRET[:-1] + "x", client),
        "unknown client": lambda: secret("x" * len(_SECRET), None),
    }
