"""Complete, valid applications made from a matter file: what a test person would bring to the window.

The matter comes as the plain YAML mapping of `config/matters/`, so this knows the guide only as any outside program would:
as `GET /api/v1/matters/{id}` or the file shows it. The same seed gives the same application.
"""

import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from demo.form_filler import Form, MatterFile, fields, is_platforms, is_visible, make_form
from demo.form_values import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What `POST /api/v1/cases` takes; `as_json` is its body."""

    matter: str
    situation: str
    form: Form
    materials: dict[str, str]

    def as_json(self) -> dict[str, object]:
        """Return the request body."""
        return {
            "matter": self.matter,
            "situation": self.situation,
            "form": self.form,
            "materials": self.materials,
        }


def make_application(matter: MatterFile, situation: str, *, seed: int, at: date) -> Application:
    """Return a valid application for one situation of a matter, with ages and dates right on the day `at`."""
    rng = random.Random(f"{matter['id']}/{situation}/{seed}")
    return Application(
        matter=matter["id"],
        situation=situation,
        form=make_form(matter, situation, rng=rng, at=at),
        materials=make_materials(matter, situation, rng=rng),
    )


def situations(matter: MatterFile) -> tuple[str, ...]:
    """Return the ids of a matter's situations in the guide's order."""
    return tuple(s["id"] for s in matter["guide"]["situations"])


def required_keys(matter: MatterFile, situation: str, form: Form) -> tuple[str, ...]:
    """Return the paths whose absence makes `form` incomplete: `applicant_name`, `employees/0/phone`.

    Left out are fields the platform fills itself (derived, read-only, with a default) and lists that may be empty.
    A field required by age counts where the form has it: `make_form` fills it for minors only.
    """
    return tuple(_required_paths(matter, situation, form))


def without(form: Form, path: str) -> Form:
    """Return a copy of `form` that lacks what stands at `path`."""
    shorter = copy.deepcopy(form)
    *parents, last = path.split("/")
    place: Any = shorter
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place[step]
    del place[last]
    return shorter


def make_materials(matter: MatterFile, situation: str, *, rng: random.Random) -> dict[str, str]:
    """Return how each needed material is proven: `paper` at the window or `exempt` as the guide allows."""
    return {
        material["id"]: _proof(material, rng)
        for material in matter["guide"]["materials"]
        if _is_asked(material, situation) and (material["need"]["code"] != "2" or rng.random() < 0.3)
    }


def _is_asked(material: Mapping[str, Any], situation: str) -> bool:
    return "all" in material["situations"] or situation in material["situations"]


def _proof(material: Mapping[str, Any], rng: random.Random) -> str:
    takes_paper = material["format"]["code"] in {"1", "3"}
    exemptible = material["exemption"]["method"] != "none"
    if takes_paper and (not exemptible or rng.random() < 0.4):
        return "paper"
    return "exempt" if exemptible else "file"


def _required_paths(matter: MatterFile, situation: str, form: Form) -> Iterator[str]:
    for field in fields(matter):
        if not is_visible(field, situation, form) or not _must_be_given(field, form):
            continue
        if field["constraints"].get("min_items") != 0:
            yield field["key"]
        for index, _row in enumerate(form.get(field["key"], ())) if field["columns"] else ():
            yield from (f"{field['key']}/{index}/{c['key']}" for c in field["columns"] if c["required"])


def _must_be_given(field: Field, form: Form) -> bool:
    if is_platforms(field) or "default" in field["constraints"]:
        return False
    return field["required"] or ("required_if_age" in field["constraints"] and field["key"] in form)
