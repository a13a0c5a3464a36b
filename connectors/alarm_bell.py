"""Rings the alarms of one system: kept in a note, so that all workers and the owner's list see the same."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from config import logs
from config.clock import Clock
from connectors.alarms import NOTE, Alarm, AlarmKind, read_alarms, write_alarms
from connectors.ports import Notes

log = logs.get(__name__)


class AlarmBell:
    """The alarms of one system, kept for all workers."""

    def __init__(self, system: str, notes: Notes, clock: Clock) -> None:
        self._system = system
        self._notes = notes
        self._clock = clock

    async def set(self, kind: AlarmKind, *, count: int, oldest_at: datetime | None = None, detail: str = "") -> None:
        """Open the alarm, bring it up to date, or close it with a `count` of 0.

        Another worker may write at the same time; what it found is as true as what we did, and the next look mends it.
        """
        note, at = await self._notes.read(self._system, NOTE), self._clock()
        alarms = {alarm.kind: alarm for alarm in read_alarms(note.text)}
        before = alarms.pop(kind, None)
        if count:
            since = before.since if before else at
            alarms[kind] = Alarm(kind=kind, since=since, count=count, oldest_at=oldest_at, detail=detail)
        if alarms.get(kind) == before:
            return
        is_written = await self._notes.write(self._system, NOTE, write_alarms(alarms), expected=note.version, at=at)
        if is_written and (before is None or not count):
            log.warning(
                "alarm_opened" if count else "alarm_closed", system=self._system, kind=kind, count=count, detail=detail
            )


def not_ready_bell(notes: Notes, clock: Clock) -> Callable[[str, str], Awaitable[None]]:
    """Return what rings for a system whose transport can't be made, with why; an empty text silences it."""

    async def ring(system: str, why: str) -> None:
        await AlarmBell(system, notes, clock).set("not_ready", count=1 if why else 0, detail=why)

    return ring
