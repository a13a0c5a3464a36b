"""The published guides and the department systems in memory: what home, search, guide pages and intake read.

Guides change rarely and are read on every page, so they are held here whole and replaced whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.system import System
from matters.data_items import DataItems
from matters.guide import Department, Matter
from matters.masking import MaskRule
from portal import words
from portal.words import marked

ORDER = ("mz", "rs", "yb", "wj", "tax", "scjg", "gjj")
_SHORT = {
    "mz": marked("民政"),
    "rs": marked("人社"),
    "yb": marked("医保"),
    "wj": marked("卫健"),
    "tax": marked("税务"),
    "scjg": marked("市场监管"),
    "gjj": marked("公积金"),
}
_ICONS = {
    "mz": "heart-handshake",
    "rs": "briefcase",
    "yb": "medical-cross",
    "wj": "baby-carriage",
    "tax": "receipt-tax",
    "scjg": "tools-kitchen-2",
    "gjj": "home-dollar",
}
_SYSTEM_ICONS = {
    "mz-elder": "old",
    "mz-benefit": "disabled",
    "rs-resident-pension": "coin",
    "rs-employee-insurance": "users",
    "rs-card": "credit-card-pay",
    "yb-core": "heartbeat",
    "wj-reward": "gift",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What belongs to one department, for lists and tiles."""

    id: str
    short: str
    icon: str
    name: str
    matters: tuple[Matter, ...] = ()
    systems: tuple[System, ...] = ()


class Library:
    """Guides and systems by id and by department."""

    def __init__(self, matters: Sequence[Matter], systems: Mapping[str, System], data_items: DataItems) -> None:
        self.matters: Mapping[str, Matter] = {matter.id: matter for matter in matters}
        self.systems = systems
        self._data_items = data_items
        self.mask_rules: Mapping[str, MaskRule] = {item.id: item.mask for item in data_items.items}
        self._departments: Mapping[str, Department] = {m.department.id: m.department for m in matters}

    def groups(self, matters: Sequence[Matter] | None = None) -> tuple[Group, ...]:
        """Return the departments with their systems and matters (all, or those given, in their order)."""
        chosen = tuple(self.matters.values()) if matters is None else tuple(matters)
        return tuple(
            Group(
                id=department,
                short=words.gettext(_SHORT.get(department, department)),
                icon=department_icon(department),
                name=local(self._departments[department]) if department in self._departments else department,
                matters=tuple(m for m in chosen if m.department.id == department),
                systems=tuple(s for s in self.systems.values() if s.is_served and s.spec.department == department),
            )
            for department in self._known()
        )

    def _known(self) -> tuple[str, ...]:
        found = {*self._departments, *(s.spec.department for s in self.systems.values())}
        return (*(d for d in ORDER if d in found), *sorted(found.difference(ORDER)))

    def item_names(self, ids: Sequence[str]) -> list[str]:
        """Return the labels of shared data items in the language of this request."""
        known = self._data_items.by_id
        return [local(known[item], "label") if item in known else item for item in ids]

    def matter_name(self, matter_id: str, otherwise: str = "") -> str:
        """Return a matter's name in the language of this request; one no longer published keeps what is known of it."""
        return local(self.matters[matter_id]) if matter_id in self.matters else otherwise or matter_id

    def is_by_hand(self, matter: Matter, region: str) -> bool:
        """Tell whether a person brings the cases of `matter` from `region` to its department."""
        system = self.systems.get(matter.target.system)
        return system is None or system.is_by_hand(matter.target.operation, region)

    def system_name(self, system: str) -> str:
        """Return a system's name in the language of this request; an unknown one keeps its id."""
        return local(self.systems[system]) if system in self.systems else system


def department_icon(department: str) -> str:
    """Return the icon of a department's matters."""
    return _ICONS.get(department, "building-community")


def system_icon(system: System) -> str:
    """Return the icon of a system's tile."""
    return _SYSTEM_ICONS.get(system.id, department_icon(system.spec.department))


def local(thing: Any, attribute: str = "name") -> str:
    """Return `thing.name_en` to who reads English and `thing.name` to everyone else; for `label` and `title` too."""
    if words.language() == "en":
        english = getattr(thing, f"{attribute}_en", None)
        if english:
            return str(english)
    return str(getattr(thing, attribute))
