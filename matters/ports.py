"""What the trade needs kept; `matters.storage` implements these ports on SQL and on object storage.

A case is written together with its deliveries, so its writing functions take the caller's connection and live in
`matters.storage.cases` (`add_case`, `append_event`, `next_sequence`); ports here read, or write alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from config.paging import Page
from matters.case import Case, CaseEvent, CaseStatus
from matters.disclosure import Disclosure
from matters.guide import Matter
from matters.guide_version import GuideStatus, GuideVersion
from matters.material import FileRef, MaterialProof


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSummary:
    """One line of a case list; whoever shows it masks the name."""

    number: str
    matter_id: str
    matter_name: str
    situation: str
    status: CaseStatus
    applicant_name: str = field(repr=False)
    unit: str
    region: str
    taken_in_by: str
    received_at: datetime
    promised_on: date | None
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose cases a list shows: one unit's, or those of a region by its code's beginning (2, 4, 6 or 9 digits)."""

    unit: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An application a clerk goes on writing. `values` are as typed; `owner` is the clerk's sub."""

    id: str
    owner: str
    unit: str
    matter_id: str
    guide_version: int
    situation: str
    values: dict[str, Any] = field(repr=False)
    materials: tuple[MaterialProof, ...] = field(default=(), repr=False)
    revision: int = 1
    created_at: datetime
    updated_at: datetime


class GuideStore(Protocol):
    async def published(self) -> tuple[Matter, ...]:
        """Return the published version of every matter, in the order of their ids, extensions last."""

    async def versions(self, matter_id: str) -> tuple[GuideVersion, ...]:
        """Return all versions of a matter, the newest first, without their bodies."""

    async def load(self, matter_id: str, version: int) -> Matter:
        """Return one version, whatever its state; a case is shown by the one it was accepted under.

        Raises:
            UnknownMatter: there is none.
        """

    async def known(self) -> frozenset[str]:
        """Return the ids of all matters kept, in whatever version."""

    async def seed(self, matters: Sequence[Matter], *, at: datetime) -> int:
        """Publish each matter that has no version yet as version 1; return how many were added."""

    async def save(self, matter: Matter, *, version: int | None, by: str, at: datetime) -> int:
        """Keep a draft: a new version for None, else the draft of that number; return the number.

        Raises:
            GuideImmutable: that version is no draft.
        """

    async def move(self, matter_id: str, version: int, to: GuideStatus, *, by: str, at: datetime) -> None:
        """Move a version on; publishing supersedes the one published before, in one transaction.

        Raises:
            UnknownMatter: there is none.
            IllegalTransition: it may not go there from where it is.
        """


class CaseStore(Protocol):
    async def by_number(self, number: str) -> Case | None:
        """Return the case, None when there is none."""

    async def by_query_code(self, number: str, query_code: str) -> Case | None:
        """Return the case when the code is its own; a wrong code takes as long as an unknown number."""

    async def open_case_of(self, subject_key: str) -> str | None:
        """Return the number of the case in flight with that key, None when there is none."""

    async def events(self, number: str) -> tuple[CaseEvent, ...]:
        """Return all events of a case, in order."""

    async def materials(self, number: str) -> tuple[MaterialProof, ...]:
        """Return how each material of a case is proven."""

    async def page(
        self, scope: Scope, *, after: str | None = None, limit: int = 50, is_open: bool | None = None
    ) -> Page[CaseSummary]:
        """Return a page of cases in a scope, newest first; only open or only closed ones where asked."""

    async def add_file(self, number: str, material: str, file: FileRef, *, at: datetime) -> MaterialProof:
        """Add a kept file to a material of a case; the same content twice is kept once.

        Raises:
            CaseUnknown: there is no such case.
        """


class DraftStore(Protocol):
    async def create(self, draft: Draft) -> None:
        """Keep a new draft."""

    async def load(self, draft_id: str, owner: str) -> Draft:
        """Return the draft.

        Raises:
            DraftUnknown: there is none of that owner.
        """

    async def save(self, draft: Draft) -> Draft:
        """Keep `draft` if it is what was read (its revision), and return it with the next revision.

        Raises:
            DraftConflict: it was saved elsewhere since.
            DraftUnknown: it is gone.
        """

    async def of_owner(self, owner: str, *, after: str | None = None, most: int = 50) -> Page[Draft]:
        """Return a page of an owner's drafts, the last changed first."""

    async def delete(self, draft_id: str, owner: str) -> None:
        """Forget the draft; an unknown one is no error."""


class MaterialFiles(Protocol):
    async def put(self, name: str, content: bytes) -> FileRef:
        """Check and keep a file; it is safe on disk when this returns. The same content is kept once.

        Raises:
            FileRefused: with the reason.
            OSError: there is no room, or the store is away; nothing was kept.
        """

    async def get(self, file: FileRef) -> bytes:
        """Return a file's content.

        Raises:
            FileNotFoundError: it is not there.
        """


class DisclosureStore(Protocol):
    """Looks at personal data in full; only ever added to."""

    async def add(self, disclosure: Disclosure) -> None:
        """Keep it; whoever shows the data does so only after this returned."""

    async def of_case(self, number: str, *, most: int, after: str | None = None) -> Page[Disclosure]:
        """Return a page of the looks at one case, the newest first."""
