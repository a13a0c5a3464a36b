"""A matter file as typed objects: the guide with its 12 elements, the form, and the target system.

What pydantic made of a file is written back unchanged by `Matter.document()`; nothing is lost or added.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict

from matters.declared import Declared, parse, read_yaml
from matters.elements import (
    AcceptanceCriteria,
    BasicInfo,
    Channels,
    Duration,
    Fees,
    LegalBasis,
    Material,
    Process,
    Question,
    Result,
    Situation,
    Supervision,
    TimeLimits,
)
from matters.errors import DeclaredDataInvalid, UnknownSituation
from matters.form_fields import Form, FormField


class Department(Declared):
    id: str
    name: str
    name_en: str


class ServiceGuide(Declared):
    """The 12 elements, in the order they are printed."""

    basic_info: BasicInfo
    legal_basis: tuple[LegalBasis, ...]
    acceptance_criteria: AcceptanceCriteria
    situations: tuple[Situation, ...]
    time_limits: TimeLimits
    process: Process
    fees: Fees
    materials: tuple[Material, ...]
    result: Result
    channels: Channels
    supervision: Supervision
    faq: tuple[Question, ...]


ELEMENTS = tuple(ServiceGuide.model_fields)


class Target(Declared):
    """Where a case goes; `idempotency` names in words the parts of the receiver's duplicate key."""

    department: str
    system: str
    operation: str
    mode: Literal["sync", "async"]
    result_via: Literal["sync", "poll", "callback", "table", "file", "message"]
    idempotency: str
    receipt: str
    note: str


class Provenance(Declared):
    kind: str
    note: str
    legal_confidence: str


class Matter(Declared):
    """A matter (事项) with everything that is declared about it."""

    # cached_property on a frozen model keeps its value beside the fields, never in a dump
    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    schema_version: Literal[1]
    id: str
    seq: int
    tier: Literal["province_unified", "local_extension"]
    name: str
    name_en: str
    department: Department
    guide: ServiceGuide
    form: Form
    target: Target
    provenance: Provenance

    @cached_property
    def number(self) -> str:
        """The number people say: `04`, `E01`."""
        return self.id.split("-", 1)[0]

    @cached_property
    def short_code(self) -> str:
        """Department and number as they stand in case numbers: item code JSGP-MZ-004 gives MZ004."""
        return "".join(self.guide.basic_info.item_code.split("-")[1:])

    @cached_property
    def fields_by_key(self) -> Mapping[str, FormField]:
        return {field.key: field for field in self.form.all_fields()}

    @cached_property
    def materials_by_id(self) -> Mapping[str, Material]:
        return {material.id: material for material in self.guide.materials}

    def situation(self, situation_id: str) -> Situation:
        """Return the situation.

        Raises:
            UnknownSituation: the guide has none of that id.
        """
        for situation in self.guide.situations:
            if situation.id == situation_id:
                return situation
        raise UnknownSituation(f"{self.id}: {situation_id[:40]!r}")

    def promised(self, situation_id: str) -> Duration:
        """Return what is promised in a situation: its own limit where it has one, else the matter's."""
        promised = self.guide.time_limits.promised
        return self.situation(situation_id).promised_override or Duration(value=promised.value, unit=promised.unit)

    def document(self) -> dict[str, Any]:
        """Return the matter as JSON-compatible data, equal to the file it was read from."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def parse_matter(document: Mapping[str, Any], source: Path | str) -> Matter:
    """Return one matter.

    Raises:
        DeclaredDataInvalid: one line a place.
    """
    return parse(Matter, document, source)


def load_matters(*directories: Path, but: Collection[str] = ()) -> tuple[Matter, ...]:
    """Return the matters of all `*.yaml` files, in the order of directories and file names; files of ids in `but`
    are not read.

    Raises:
        DeclaredDataInvalid: with every file that does not hold, not only the first.
    """
    matters: dict[str, Matter] = {}
    problems: list[str] = []
    for path in _files(directories):
        if path.stem in but:
            continue
        try:
            matter = parse_matter(read_yaml(path), path)
        except DeclaredDataInvalid as error:
            problems += error.lines
            continue
        if matter.id != path.stem:
            problems.append(f"{path}: id: expected {path.stem!r}, the file's name")
        if matters.setdefault(matter.id, matter) is not matter:
            problems.append(f"{path}: id: {matter.id!r} is declared twice")
    if problems:
        raise DeclaredDataInvalid(problems)
    return tuple(matters.values())


def _files(directories: Iterable[Path]) -> list[Path]:
    return [path for directory in directories for path in sorted(directory.glob("*.yaml"))]
