"""A program that speaks to OneWindow's API, the way an integrating system would."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, Self

import httpx2

from tests.servers.installation import Installation

Json = dict[str, Any]
SETTLED = frozenset({"confirmed", "pending_result", "refused", "desk"})
"""States in which a delivery is known to be at the department, refused by it, or on a person's desk."""


class NotSettled(Exception):
    """A delivery was still on its way when the patience ended; the message is the case as last seen."""


@dataclass(slots=True)
class ApiCaller:
    """Holds an access token got by client_credentials; one connection, calls one after another."""

    base_url: str
    http: httpx2.Client

    @classmethod
    def of(cls, installation: Installation) -> Self:
        """Get a token for the demo's API client from the endpoint that discovery names."""
        http = httpx2.Client(timeout=30)
        issuer, client = installation.facts["issuer"], installation.client("demo-api")
        discovery = http.get(f"{issuer}/.well-known/openid-configuration").raise_for_status().json()
        answer = http.post(
            discovery["token_endpoint"],
            data={"grant_type": "client_credentials", "scope": " ".join(client["scopes"])},
            auth=(client["client_id"], client["client_secret"]),
        ).raise_for_status()
        http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return cls(installation.base_url, http)

    def get(self, path: str, **params: str) -> httpx2.Response:
        return self.http.get(f"{self.base_url}/api/v1{path}", params=params)

    def submit(self, body: Mapping[str, object], *, key: str = "") -> httpx2.Response:
        """Send one application; each call has an idempotency key of its own unless `key` is given."""
        headers = {"idempotency-key": key or str(uuid.uuid4())}
        return self.http.post(f"{self.base_url}/api/v1/cases", json=body, headers=headers)

    def case(self, number: str) -> Json:
        case: Json = self.get(f"/cases/{number}").raise_for_status().json()
        return case

    def settled(self, number: str, *, within_seconds: float = 180) -> Json:
        """Return the case once each of its deliveries is at the department, refused, or on a desk."""
        until = monotonic() + within_seconds
        while True:
            case = self.case(number)
            if case["deliveries"] and all(delivery["state"] in SETTLED for delivery in case["deliveries"]):
                return case
            if monotonic() > until:
                raise NotSettled(f"{number}: {case['status']}, {case['deliveries']}")
            sleep(0.2)

    def numbered(self, number: str, system: str, *, within_seconds: float = 60) -> str:
        """Return the department's own number once it has told it: over a queue it comes after the arrival; else empty."""
        until = monotonic() + within_seconds
        while monotonic() < until:
            deliveries = self.case(number)["deliveries"]
            if told := next((each["department_number"] for each in deliveries if each["system"] == system), ""):
                return str(told)
            sleep(0.2)
        return ""

    def close(self) -> None:
        self.http.close()


def received(installation: Installation, system: str, number: str = "") -> list[Json]:
    """Ask the department itself what it has of a case, or of all cases."""
    asked = {"number": number} if number else {}
    answer = httpx2.get(installation.system(system)["received_url"], params=asked, timeout=30)
    found: list[Json] = answer.raise_for_status().json()
    return found


def arrived(installation: Installation, system: str, number: str, *, within_seconds: float = 90) -> list[Json]:
    """Return what the department has of a case once it has anything; tables and files are asked to be scanned now."""
    until = monotonic() + within_seconds
    httpx2.post(f"{installation.system(system)['base_url']}/scan", timeout=30).raise_for_status()
    while not (found := received(installation, system, number)) and monotonic() < until:
        sleep(0.2)
    return found
