"""Events that make something follow (联动): announced, found by the daily scan, confirmed or undone by a person."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol

from config import logs
from config.clock import SHANGHAI
from config.state import StateStore
from connectors.errors import NotPermitted
from connectors.fanout import Announcement, Event, Happening, announced
from connectors.fanout_spec import Fanout, Fanouts, Scan
from connectors.notices import NoticeBook
from connectors.ports import Notes
from connectors.reflux import ResultRecord
from connectors.waking import wake
from matters.policy import Actor, may_decide_event

log = logs.get(__name__)
SCAN_NOTE: Final = "daily-scan"
SCAN_HOUR: Final = 3
AT_ONCE: Final = 200


class People(Protocol):
    """Who is known from results that flowed back."""

    async def place_of_person(self, region: str, person_key: str) -> tuple[str, str]:
        """Return the region that answers for somebody announced in `region`, and the unit that knows them, else "".

        A township's code stands as it is. For any other, the township of the person's own latest result; else the
        county, city or province the code begins with; "" when it is none of ours. The unit is the one that last took in
        a case of the person, else of the township.
        """

    async def reaching(
        self, born: tuple[date, date], *, without: str, fanout: str, after: str, most: int
    ) -> Sequence[ResultRecord]:
        """Return one result of each person born in that span who has none of matter `without` and no event yet."""

    def key_of(self, id_number: str) -> str:
        """Return the keyed hash a person is known by."""


class Happenings:
    """The use cases of events. `notes` remembers the day that was scanned last, for all workers."""

    def __init__(
        self,
        *,
        fanouts: Fanouts,
        book: NoticeBook,
        people: People,
        notes: Notes,
        state: StateStore,
        due_on: Callable[[datetime], datetime],
    ) -> None:
        self._due_on = due_on
        self._fanouts = fanouts
        self._book = book
        self._people = people
        self._notes = notes
        self._state = state

    def key_of(self, id_number: str) -> str:
        """Return the keyed hash a person is known by."""
        return self._people.key_of(id_number)

    def due_at(self, event: Event) -> datetime | None:
        """Return until when a person has to decide on an open event, by the clock of desk tasks; None for any other."""
        return self._due_on(event.happened_at) if event.state == "open" else None

    async def announced(self, announcement: Announcement) -> bool:
        """Let follow what a system announced; True when something new happened by it."""
        found = []
        for each in announced(announcement, self._fanouts):
            region, unit = await self._people.place_of_person(each.region, self._people.key_of(each.id_number))
            found.append(replace(each, region=region, unit=unit))
        new = await self._book.happen(found, at=announcement.received_at) if found else ()
        log.info("announcement", system=announcement.system, kind=announcement.kind, new=len(new))
        await self._wake(new)
        return bool(new)

    async def decide(
        self, number: str, step: Literal["undo", "confirm"], *, actor: Actor, reason: str, at: datetime
    ) -> bool:
        """Confirm an event, or undo it with everything that followed; False when somebody decided before.

        Raises:
            NotPermitted: not an event of the actor's region.
        """
        event = await self._book.event(number)
        if event is None or not may_decide_event(actor, event.region):
            raise NotPermitted(actor.sub)
        is_first = await self._book.decide(number, step, by=actor.name, reason=reason, at=at)
        if is_first:
            log.info("event_decided", number=number, step=step, sub=actor.sub)
            await self._wake([number])
        return is_first

    async def scan(self, at: datetime) -> int:
        """Look once a day who reaches an age; return how many were found. Whoever writes the note first does it."""
        there = at.astimezone(SHANGHAI)
        if there.hour < SCAN_HOUR:
            return 0
        today, note = there.date(), await self._notes.read("onewindow", SCAN_NOTE)
        if note.text >= today.isoformat():
            return 0
        found = 0
        for fanout in self._fanouts.values():
            if fanout.scan is not None:
                found += await self._scan(fanout, fanout.scan, today, at)
        # Written after the work: a scan that died is done again, and an event happens once however often it is found.
        await self._notes.write("onewindow", SCAN_NOTE, today.isoformat(), expected=note.version, at=at)
        log.info("daily_scan", day=today.isoformat(), found=found)
        return found

    async def _scan(self, fanout: Fanout, scan: Scan, today: date, at: datetime) -> int:
        after, found = "", 0
        while True:
            people = await self._people.reaching(
                span(scan, today), without=scan.without, fanout=fanout.id, after=after, most=AT_ONCE
            )
            if not people:
                return found
            found += len(await self._book.happen([_reaches(fanout, each, at) for each in people], at=at))
            after = self._people.key_of(people[-1].id_number)

    async def _wake(self, numbers: Sequence[str]) -> None:
        """Wake the lanes of whoever is told; a lost wake-up costs a second."""
        systems = {d.system for n in numbers for notice in await self._book.of_event(n) for d in notice.deliveries}
        await wake(self._state, *sorted(systems))


def span(scan: Scan, today: date) -> tuple[date, date]:
    """Return the first and the last birthday of those who reach the age from today on within the days named.

    Who was born on 29 February reaches it on 1 March of a common year.
    """
    last = today + timedelta(days=scan.within_days)
    return _born(today, scan.age), _born(last, scan.age)


def _born(day: date, age: int) -> date:
    try:
        return day.replace(year=day.year - age)
    except ValueError:
        return date(day.year - age, 3, 1)


def _reaches(fanout: Fanout, result: ResultRecord, at: datetime) -> Happening:
    number = result.id_number
    name = next((v for k, v in result.items.items() if k.endswith(".name") and isinstance(v, str)), result.name)
    return Happening(
        fanout=fanout,
        source=f"scan:{at.astimezone(SHANGHAI):%Y-%m-%d}:{result.case_number}",
        items={f"{fanout.person}.name": name, f"{fanout.person}.id_number": number},
        region=result.region,
        unit=result.unit,
        happened_at=at,
    )
