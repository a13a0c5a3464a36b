"""Shared data items (config/data_items.yaml): authority, mask, sensitivity and reuse age of what fields are filled from."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from matters.declared import Declared, parse, read_yaml
from matters.errors import DeclaredDataInvalid
from matters.form_fields import FieldType
from matters.masking import MaskRule


class DataItem(Declared):
    """`reuse_max_age_days` is null for what holds until it changes; `authority` is the body whose word counts (数源)."""

    id: str
    label: str
    label_en: str
    type: FieldType
    authority: str
    mask: MaskRule
    sensitivity: Literal["general", "personal", "sensitive"]
    reuse_max_age_days: int | None
    codelist: str | None


class DataItems(Declared):
    """The whole dictionary. `mask_rules` say in words what `matters.masking` does."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    schema_version: Literal[1]
    mask_rules: Mapping[MaskRule, str]
    codelists: Mapping[str, tuple[str, ...]]
    items: tuple[DataItem, ...]

    @cached_property
    def by_id(self) -> Mapping[str, DataItem]:
        return {item.id: item for item in self.items}


def load_data_items(path: Path) -> DataItems:
    """Return the dictionary.

    Raises:
        DeclaredDataInvalid: naming file and place; also for ids declared twice and unknown code lists.
    """
    items = parse(DataItems, read_yaml(path), path)
    problems = [
        f"{path}: items: {item.id}: is declared twice" for item in items.items if items.by_id[item.id] is not item
    ]
    for item in items.items:
        if item.codelist is not None and item.codelist not in items.codelists:
            problems.append(f"{path}: items: {item.id}: codelist: {item.codelist!r} is not one of codelists")
    if problems:
        raise DeclaredDataInvalid(problems)
    return items
