"""The published matters of one moment, ready to be looked up: made once, replaced as a whole when a guide is published."""

from collections.abc import Iterable, Mapping

from matters.errors import UnknownMatter
from matters.guide import Matter
from matters.search import MatterIndex


class Catalogue:
    """Safe to share between requests; it never changes."""

    def __init__(self, matters: Iterable[Matter]) -> None:
        self.matters: tuple[Matter, ...] = tuple(matters)
        self._by_id: Mapping[str, Matter] = {matter.id: matter for matter in self.matters}
        self.index = MatterIndex(self.matters)

    def matter(self, matter_id: str) -> Matter:
        """Return the matter.

        Raises:
            UnknownMatter: none of that id is published.
        """
        matter = self._by_id.get(matter_id)
        if matter is None:
            raise UnknownMatter(matter_id[:60])
        return matter

    def of_system(self, system_id: str) -> tuple[Matter, ...]:
        """Return the matters whose cases go to a system."""
        return tuple(matter for matter in self.matters if matter.target.system == system_id)
