"""Guides as the API shows them: the 12 elements unchanged, the form as JSON Schema, and what can be said of each material."""

from typing import Any

from matters.elements import Duration, Material, Situation
from matters.guide import Matter
from matters.json_schema import json_schema
from matters.material import is_required, kinds_allowed


def summary(matter: Matter) -> dict[str, Any]:
    """Return what a list needs; shape `MatterSummary`."""
    promised = matter.guide.time_limits.promised
    return {
        "id": matter.id,
        "number": matter.number,
        "name": matter.name,
        "name_en": matter.name_en,
        "department": matter.department.model_dump(),
        "handling_type": matter.guide.basic_info.handling_type.model_dump(),
        "situations": [_situation(matter, each) for each in matter.guide.situations],
        "promised": {"value": promised.value, "unit": promised.unit},
        "version": matter.guide.basic_info.version,
    }


def whole(matter: Matter) -> dict[str, Any]:
    """Return everything about a matter; shape `Matter`."""
    return {
        **summary(matter),
        "guide": matter.document()["guide"],
        "form": json_schema(matter),
        "materials": [_material(matter, each) for each in matter.guide.materials],
    }


def _situation(matter: Matter, situation: Situation) -> dict[str, Any]:
    return {
        "id": situation.id,
        "name": situation.name,
        "name_en": situation.name_en,
        "condition": situation.condition,
        "promised": _duration(matter.promised(situation.id)),
    }


def _material(matter: Matter, material: Material) -> dict[str, Any]:
    return {
        "id": material.id,
        "name": material.name,
        "name_en": material.name_en,
        "required": is_required(material),
        "situations": list(material.situations),
        "forms": [kind.value for kind in kinds_allowed(matter, material)],
        "original_copies": material.original_copies,
        "duplicate_copies": material.duplicate_copies,
        "exemption": material.exemption.model_dump(),
        "acceptance_standard": material.acceptance_standard,
    }


def _duration(duration: Duration) -> dict[str, Any]:
    return {"value": duration.value, "unit": duration.unit}
