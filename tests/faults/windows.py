"""Windows that take applications in over the API and never give one up: the same key again until there is an answer."""

import threading
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from time import monotonic, sleep, time
from typing import Any

import httpx2

from tests.servers.matters import application_for, system_of

GIVES_UP_AFTER_SECONDS = 90.0
_ANSWER_WITHIN_SECONDS = 15.0
_REFUSED_FOR_GOOD = frozenset({400, 409, 413, 415, 422})


@dataclass(slots=True)
class Promised:
    """What the windows were told. `numbers` are `(system, number)` of every 201 they saw, `waits` how long each took."""

    numbers: list[tuple[str, str]] = field(default_factory=list)
    accepted_at: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unclear: list[str] = field(default_factory=list)
    """Answers that were neither a 201, nor a refusal with a reason, nor a 503 that says to come again."""
    given_up: int = 0
    broken_lines: int = 0


@dataclass(slots=True)
class Windows:
    """So many windows at once; `close()` lets each finish the application in its hands."""

    api_url: str
    token_url: str
    client_id: str
    client_secret: str
    scope: str
    matters: Sequence[str]
    seeds: "count[int]"
    promised: Promised = field(default_factory=Promised)
    _closing: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def open(self, how_many: int) -> None:
        for _ in range(how_many):
            thread = threading.Thread(target=self._work)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        with httpx2.Client(timeout=_ANSWER_WITHIN_SECONDS, trust_env=False) as http:
            while not self._closing.is_set():
                seed = next(self.seeds)
                matter = self.matters[seed % len(self.matters)]
                self._submit(http, matter, application_for(matter, seed=seed).as_json())

    def take_one(self, http: httpx2.Client, matter: str) -> None:
        """Take one application in, with the line of whoever asks."""
        self._submit(http, matter, application_for(matter, seed=next(self.seeds)).as_json())

    def _submit(self, http: httpx2.Client, matter: str, body: Any) -> None:
        key, began = str(uuid.uuid4()), monotonic()
        while monotonic() - began < GIVES_UP_AFTER_SECONDS:
            try:
                answer = http.post(self.api_url, json=body, headers={**self.proof(http), "idempotency-key": key})
            except httpx2.TransportError:
                self.promised.broken_lines += 1
                sleep(0.2)
                continue
            self.promised.statuses[answer.status_code] += 1
            if answer.status_code == 201:
                self.promised.numbers.append((system_of(matter), answer.json()["number"]))
                self.promised.accepted_at.append(time())
                self.promised.waits.append(monotonic() - began)
                return
            if answer.status_code in _REFUSED_FOR_GOOD:
                self.promised.unclear.append(f"{answer.status_code} {answer.text[:200]}")
                return
            if answer.status_code == 401:
                http.headers.pop("authorization", None)
            elif answer.status_code != 503 or "retry-after" not in answer.headers:
                self.promised.unclear.append(f"{answer.status_code} {answer.text[:200]}")
            sleep(0.2)
        self.promised.given_up += 1

    def proof(self, http: httpx2.Client) -> dict[str, str]:
        """Return the access token, fetched when there is none; a provider that is away is a broken line like any."""
        if "authorization" not in http.headers:
            answer = http.post(
                self.token_url,
                data={"grant_type": "client_credentials", "scope": self.scope},
                auth=(self.client_id, self.client_secret),
            )
            if answer.status_code != 200:
                raise httpx2.ConnectError(f"no token: {answer.status_code}")
            http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return {}
