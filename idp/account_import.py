"""Importing accounts from a table: read in a thread, looked through first, written batch by batch.

Nothing is imported twice: a user name that exists is left as it is, so the same file may be given again after a fault
or an interruption, and only what was missing comes in. Nobody gets a password: each account gets an invitation.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_urlsafe
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread

from idp.protocol import account_csv
from idp.protocol.account import Account, fold_username
from idp.protocol.account_csv import Person, Sheet
from idp.protocol.account_ports import AccountDirectory, Invited
from idp.protocol.audit import AuditEvent, AuditKind, Detail
from idp.protocol.invitation import make

T = TypeVar("T")
BATCH: Final = 80  # one commit; for as long as its rows are put together no request is answered
_READ_AT_ONCE: Final = 1  # a file of eight megabytes becomes about forty in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an import would do."""

    sheet: Sheet
    existing: frozenset[str]  # folded user names that are there already

    @property
    def fresh(self) -> tuple[Person, ...]:
        """Who would come in."""
        return tuple(person for person in self.sheet.people if fold_username(person.username) not in self.existing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an import is."""

    done: int
    total: int
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountImport:
    """The use case over the directory."""

    directory: AccountDirectory
    invitation_key: bytes = field(repr=False)
    reading: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_READ_AT_ONCE))

    async def preview(self, content: bytes, *, region: str) -> Preview:
        """Read the file and tell what an import would do; nothing is changed."""
        sheet = await to_thread.run_sync(
            lambda: account_csv.read(content, region=region), limiter=self.reading
        )  # fmt: skip
        existing: set[str] = set()
        for names in _batches([fold_username(person.username) for person in sheet.people], 1000):
            existing |= await self.directory.taken(names)
        return Preview(sheet=sheet, existing=frozenset(existing))

    async def run(self, people: Sequence[Person], *, batch: str, by: str, at: datetime) -> AsyncIterator[Progress]:
        """Import people and yield how far it is after each batch.

        Raises:
            AuditUnavailable: this batch and those after it are not imported; those before are.
        """
        created = 0
        for number, some in enumerate(_batches(people, BATCH), start=1):
            invited = [self._invited(person, batch=batch, by=by, at=at) for person in some]
            created += len(await self.directory.import_batch(invited, at=at))
            yield Progress(done=min(number * BATCH, len(people)), total=len(people), created=created)

    def _invited(self, person: Person, *, batch: str, by: str, at: datetime) -> Invited:
        account = Account(
            sub=token_urlsafe(16), username=person.username, name=person.name, unit=person.unit,
            unit_name=person.unit_name, region=person.region, roles=frozenset(person.roles), locale="zh-Hans",
            disabled=False, valid_from=at,
        )  # fmt: skip
        invitation = make(
            self.invitation_key, invitation_id=token_urlsafe(16), sub=account.sub, batch=batch, by=by, at=at
        )  # fmt: skip
        detail: Detail = {"source": batch, "row": person.line, "roles": sorted(person.roles)}
        event = AuditEvent(kind=AuditKind.ACCOUNT_IMPORTED, sub=account.sub, by=by, detail=detail, at=at)
        return Invited(account=account, invitation=invitation, event=event)


def links_table(lines: Iterable[tuple[str, str, str, str]]) -> bytes:
    """Return the table of invitation links: user name, name, unit, link."""
    return account_csv.write(("用户名", "姓名", "单位名称", "邀请链接"), iter(lines))


def _batches(everything: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(everything), size):
        yield everything[start : start + size]
