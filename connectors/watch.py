"""The look for what people should know of: sums are brought up to date, limits and certificates looked at, incidents
opened and closed. Every worker runs it; each turn is taken by one of them, whoever comes first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, Protocol

from config import logs
from config.clock import SHANGHAI, Clock
from connectors import certificates, limits
from connectors.alerting import Alerting
from connectors.availability import HolidayOn
from connectors.certificates import Sighting
from connectors.conditions import WATCHED, Seen, conditions, superseded
from connectors.expiry import Expiry, expiries
from connectors.health import Health, SystemStanding
from connectors.incidents import Condition
from connectors.ports import Notes
from connectors.secret_names import secrets_in_service
from connectors.secrets_dir import Secrets

log = logs.get(__name__)
EVERY_SECONDS: Final = 15.0
CERTIFICATES_FROM: Final = time(2)
"""Beijing time from which the day's handshakes are made."""
_TURN: Final = "watch"
_NOBODY: Final = ""
_COMPARED_WITHIN: Final = timedelta(days=30)


class Sums(Protocol):
    """`connectors.storage.usage.SqlUsage`."""

    async def roll(self, systems: Sequence[str], at: datetime) -> None: ...


class Promises(Protocol):
    """`connectors.storage.limits.SqlLimits`."""

    async def at_risk(self, before: Mapping[str, date]) -> Mapping[str, tuple[int, date]]: ...


class Unanswered(Protocol):
    """`connectors.storage.reconciliations.SqlReconciliations`."""

    async def to_ask(self, *, since: datetime) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """`endpoints` gives the departments' addresses as they stand; `offset` is how far their clock runs ahead."""

    health: Health
    alerting: Alerting
    sums: Sums
    promises: Promises
    reconciliations: Unanswered
    notes: Notes
    secrets: Secrets
    endpoints: Mapping[str, str]
    holiday_on: HolidayOn
    offset: timedelta
    clock: Clock

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                if await self.take_turn():
                    await self.look()
            except Exception:
                # What was missed is seen at the next look.
                log.exception("watch_fault")
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Look once."""
        at = self.clock()
        systems = [standing.system.id for standing in await self.health.all(at)]
        await self.sums.roll(systems, at)
        await self._see_certificates(at)
        standings = await self._see_limits(await self.health.all(at), at)
        await self._tell(await self._found(standings, at), at)
        await self.alerting.settle(at)

    async def take_turn(self) -> bool:
        """Tell whether it is time to look and nobody else does; the turn is then ours."""
        note, at = await self.notes.read(_NOBODY, _TURN), self.clock()
        if note.text and at - datetime.fromisoformat(note.text) < timedelta(seconds=EVERY_SECONDS * 0.9):
            return False
        return await self.notes.write(_NOBODY, _TURN, at.isoformat(), expected=note.version, at=at)

    async def _see_certificates(self, at: datetime) -> None:
        there = at.astimezone(SHANGHAI)
        last = await self.notes.read(_NOBODY, certificates.NOTE)
        today = there.date().isoformat()
        if last.text == today or (last.text and there.time() < CERTIFICATES_FROM):
            return
        addresses = {name: address for name, address in self.endpoints.items() if "." not in name}
        for system, sighting in (await certificates.see(addresses, at)).items():
            await self._keep(system, certificates.NOTE, await self._with_last_known(system, sighting), at)
        await self._keep(_NOBODY, certificates.NOTE, today, at)

    async def _with_last_known(self, system: str, sighting: Sighting) -> str:
        """Keep the end that was seen before, when a server is away tonight."""
        if sighting.not_after is None:
            before = certificates.read_sighting((await self.notes.read(system, certificates.NOTE)).text)
            sighting = replace(sighting, not_after=before.not_after if before else None)
        return certificates.write_sighting(sighting)

    async def _see_limits(self, standings: Sequence[SystemStanding], at: datetime) -> list[SystemStanding]:
        ends = {each.system.id: self._worked_off_at(each, at) for each in standings if each.waiting}
        days = {system: (end + self.offset).astimezone(SHANGHAI).date() for system, end in ends.items()}
        risks = await self.promises.at_risk(days)
        seen = []
        for standing in standings:
            id_, before = standing.system.id, standing.health.limits
            risk = risks.get(id_)
            now = limits.Limits(count=risk[0], soonest_on=risk[1], clears_at=ends[id_]) if risk else None
            if now != before:
                await self._keep(id_, limits.NOTE, limits.write_limits(now), at)
            seen.append(replace(standing, health=replace(standing.health, limits=now)))
        return seen

    def _worked_off_at(self, standing: SystemStanding, at: datetime) -> datetime:
        health = standing.health
        waits_since = health.oldest_waiting_at or at
        is_silent = (
            standing.stands != "closed"
            and standing.stands != "maintenance"
            and not health.hour.delivered
            and at - waits_since > timedelta(hours=1)
        )
        per_hour = health.hour.delivered or health.day.delivered / 24
        end = limits.clears_at(
            standing.system.spec.availability,
            begins_at=max(standing.opens_at or at, at) + self.offset,
            waiting=standing.waiting,
            per_hour=per_hour,
            is_silent=is_silent,
            holiday_on=self.holiday_on,
        )
        return end.replace(second=0, microsecond=0) - self.offset

    async def _found(self, standings: Sequence[SystemStanding], at: datetime) -> list[Condition]:
        to_ask = await self.reconciliations.to_ask(since=at - _COMPARED_WITHIN)
        # Files are read in a thread: the directory may be a mounted volume.
        secrets = await asyncio.to_thread(self._expiries, standings)
        return [
            condition
            for standing in standings
            for condition in conditions(
                Seen(
                    standing=standing,
                    secrets=secrets[standing.system.id],
                    to_ask=to_ask.get(standing.system.id, 0),
                ),
                at=at,
                offset=self.offset,
                holiday_on=self.holiday_on,
            )
        ]

    def _expiries(self, standings: Sequence[SystemStanding]) -> Mapping[str, list[Expiry]]:
        return {each.system.id: expiries(list(secrets_in_service(each.system)), self.secrets) for each in standings}

    async def _tell(self, found: Sequence[Condition], at: datetime) -> None:
        standing = {each.key: each for each in await self.alerting.standing()}
        wanted = {each.key for each in found}
        for condition in found:
            kept = standing.get(condition.key)
            is_told = kept is not None and kept.cleared_at is None and (kept.count, kept.detail) == (
                condition.count, condition.detail,
            )  # fmt: skip
            if not is_told:
                key = condition.key
                await self.alerting.open(
                    key.system, key.kind, subject=key.subject, count=condition.count, detail=condition.detail, at=at
                )
        for key, incident in standing.items():
            if key.kind not in WATCHED or key in wanted:
                continue
            if superseded(key, wanted):
                await self.alerting.supersede(key, at=at)
            elif incident.cleared_at is None:
                await self.alerting.close(key.system, key.kind, subject=key.subject, at=at)

    async def _keep(self, system: str, name: str, text: str, at: datetime) -> None:
        note = await self.notes.read(system, name)
        if note.text != text:
            await self.notes.write(system, name, text, expected=note.version, at=at)
