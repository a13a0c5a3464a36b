"""Windows that take in one application every so often, and when each was accepted: by the window's clock and by the log."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from time import monotonic, sleep, time

import httpx2
import yaml

from tests.servers.matters import application_for
from tests.servers.parts import Parts


@dataclass(slots=True)
class PacedWindow:
    """`asked` is when the application was sent, by the number it got; `refused` counts what was not accepted."""

    parts: Parts
    matter: str
    seeds: "count[int]"
    every_seconds: float
    asked: dict[str, float] = field(default_factory=dict)
    refused: int = 0

    def take_in(self, *, seconds: float) -> None:
        """Take in for so long, at even moments as far as the answers allow."""
        client = self.parts.installation.client("demo-api")
        issuer = self.parts.address("idp" if self.parts.is_full else "whole")
        with httpx2.Client(timeout=60, trust_env=False) as http:
            token = http.post(
                f"{issuer}/idp/token",
                data={"grant_type": "client_credentials", "scope": " ".join(client["scopes"])},
                auth=(client["client_id"], client["client_secret"]),
            ).raise_for_status()
            http.headers["authorization"] = f"Bearer {token.json()['access_token']}"
            began, turn = monotonic(), 0
            while (passed := monotonic() - began) < seconds:
                if (wait := turn * self.every_seconds - passed) > 0:
                    sleep(wait)
                self._submit(http, next(self.seeds))
                turn += 1

    def _submit(self, http: httpx2.Client, seed: int) -> None:
        body = application_for(self.matter, seed=seed).as_json()
        at = time()
        answer = http.post(
            f"{self.parts.address('web')}/api/v1/cases", json=body, headers={"idempotency-key": f"{self.matter}-{seed}"}
        )
        if answer.status_code == 201:
            self.asked[answer.json()["number"]] = at
        else:
            self.refused += 1


def all_take_in(*windows: PacedWindow, seconds: float) -> None:
    """Let the windows work beside each other."""
    threads = [threading.Thread(target=window.take_in, kwargs={"seconds": seconds}) for window in windows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def prepare(parts: Parts, departments: Mapping[str, str]) -> Path:
    """Start OneWindow anew with these departments' addresses, so that its log tells each acceptance; return the log."""
    file = Path(parts.environment["ONEWINDOW_ENDPOINTS_FILE"])
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text("utf-8")), **departments}), "utf-8")
    parts.environment = {**parts.environment, "ONEWINDOW_LOG_LEVEL": "info", "ONEWINDOW_LOG_FORMAT": "json"}
    for name in ("web", "worker") if parts.is_full else ("whole",):
        parts.kill(name)
    parts.wait_until_ready()
    return parts.log("web" if parts.is_full else "whole")


def accepted_at(log: Path) -> dict[str, float]:
    """Return when each case was accepted, by its number: written right after the commit."""
    return dict(_accepted(log))


def _accepted(log: Path) -> Iterator[tuple[str, float]]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if '"case_accepted"' in line:
                event = json.loads(line)
                yield event["case"], datetime.fromisoformat(event["timestamp"]).timestamp()
