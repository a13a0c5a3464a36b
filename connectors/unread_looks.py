"""Looking at answers nobody could make sense of: for who runs systems, masked, and only of cases in their own region."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.errors import NotPermitted
from connectors.ledger import Submission
from connectors.redaction import Redactor, together
from connectors.unread import Unread, UnreadShelf
from matters.policy import Actor, may_run_systems

MOST_CASES: Final = 100
"""Looked at for what to mask, where an answer is about many cases."""
Redacting = Callable[[Submission], Redactor]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadLook:
    """One answer with its text masked."""

    unread: Unread
    text: str


class Unreads:
    """What the owner's pages ask."""

    def __init__(self, shelf: UnreadShelf) -> None:
        self._shelf = shelf

    async def of_system(self, system: str, *, actor: Actor) -> Sequence[Unread]:
        """Return what is kept of a system and concerns nobody outside the actor's region, the latest first.

        Raises:
            NotPermitted: the actor runs no systems.
        """
        if not may_run_systems(actor):
            raise NotPermitted(actor.sub)
        found = await self._shelf.of_system(system)
        regions = await self._shelf.regions({each.delivery_id for each in found if each.delivery_id})
        return [each for each in found if _is_theirs(each, regions.get(each.delivery_id, ""), actor)]

    async def look(self, system: str, digest: str, *, actor: Actor, redacting: Redacting) -> UnreadLook | None:
        """Return one of them, masked; None when there is none, or none of the actor's.

        Raises:
            NotPermitted: the actor runs no systems.
        """
        if not may_run_systems(actor):
            raise NotPermitted(actor.sub)
        found = await self._shelf.find(system, digest)
        if found is None:
            return None
        region = (
            (await self._shelf.regions([found.delivery_id])).get(found.delivery_id, "") if found.delivery_id else ""
        )
        if not _is_theirs(found, region, actor):
            return None
        return UnreadLook(unread=found, text=(await self._redactor(found, redacting)).verbatim(found.text))

    async def _redactor(self, unread: Unread, redacting: Redacting) -> Redactor:
        if unread.delivery_id:
            submission = await self._shelf.submission_of(unread.delivery_id)
            about = [submission] if submission is not None else []
        else:
            about = list(await self._shelf.latest(unread.system, most=MOST_CASES))
        return together(redacting(each) for each in about)


def _is_theirs(unread: Unread, region: str, actor: Actor) -> bool:
    """Tell whether an answer is to a case of the actor's region, or about none alone."""
    return not unread.delivery_id or (bool(region) and region.startswith(actor.region))
