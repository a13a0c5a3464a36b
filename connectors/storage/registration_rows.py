"""Between rows and the words of the registry."""

from typing import Any

from sqlalchemy import RowMapping

from connectors.registration import LONGEST_REASON, Person, Registration, RegistrationState, Step


def saved(kept: Registration, before: RegistrationState | None, *, by: Person, reason: str) -> Step:
    return Step(
        system=kept.system,
        version=kept.version,
        from_state=before,
        to_state=kept.state,
        by=by,
        reason=reason.strip()[:LONGEST_REASON],
        sha256=kept.sha256,
        regions=kept.regions,
        at=kept.state_at,
    )


def values(of: Registration) -> dict[str, Any]:
    return {
        "state": of.state.value,
        "sha256": of.sha256,
        "origin": of.origin,
        "from_version": of.from_version,
        "writers": list(of.writers),
        "tested_by": of.tested_by,
        "regions": list(of.regions),
        "created_at": of.created_at,
        "state_at": of.state_at,
    }


def registration(row: RowMapping) -> Registration:
    return Registration(
        system=row["system"],
        version=row["version"],
        state=RegistrationState(row["state"]),
        sha256=row["sha256"],
        origin=row["origin"],
        from_version=row["from_version"],
        writers=tuple(row["writers"]),
        tested_by=row["tested_by"],
        regions=tuple(row["regions"]),
        created_at=row["created_at"],
        state_at=row["state_at"],
    )


def step(row: RowMapping) -> Step:
    return Step(
        system=row["system"],
        version=row["version"],
        number=row["number"],
        from_state=RegistrationState(row["from_state"]) if row["from_state"] else None,
        to_state=RegistrationState(row["to_state"]),
        by=Person(sub=row["by"], name=row["who"]),
        reason=row["reason"],
        sha256=row["sha256"],
        regions=tuple(row["regions"]),
        at=row["at"],
    )
