"""The body of `POST /api/v1/cases` as typed parts: its shape only, the rules of the trade come after.

`materials` may be written as it comes easiest: `["id_card"]`, `[{"id": "id_card", "form": "paper", "copies": 1}]`,
`{"id_card": "paper"}` or `{"id_card": {"form": "exempt"}}`; absent means that nothing was handed in.
Everything wrong with the shape is told at once, each with its JSON Pointer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.api.problem_types import INVALID_APPLICATION
from portal.api.refusals import FieldRefusal, Refused, Sentence, pointer
from portal.words import marked as _

MATERIAL_FORMS = ("paper", "file", "exempt", "deferred")
_NAMES = frozenset({"matter", "situation", "form", "materials"})
_STATEMENT_NAMES = frozenset({"id", "material", "form", "originals", "copies"})
_COPIES_AT_MOST = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialStatement:
    """What is said of one material; `at` points to where it was said, counts are None where nothing was said."""

    material: str
    form: str = "paper"
    originals: int | None = None
    copies: int | None = None
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationBody:
    """What the caller wrote; nothing of it is known to hold yet. `situation` is empty when it was left out."""

    matter: str
    situation: str
    form: Mapping[str, Any] = field(repr=False)
    materials: tuple[MaterialStatement, ...]


def read_application(body: Mapping[str, Any]) -> ApplicationBody:
    """Return the parts of the body.

    Raises:
        Refused: INVALID_APPLICATION, every part that has the wrong shape named.
    """
    errors = [
        _error(pointer(name), "unknown", _("没有“{name}”这一项，请删去。"), name=name)
        for name in body
        if name not in _NAMES
    ]
    matter, situation = body.get("matter"), body.get("situation")
    form, materials = body.get("form"), body.get("materials")
    if not isinstance(matter, str) or not matter:
        errors.append(
            _error("/matter", "required", _("请给出事项编号，例如 04-temporary-assistance，见 /api/v1/matters。"))
        )
    if situation is not None and not isinstance(situation, str):
        errors.append(_error("/situation", "type", _("办理情形应是文字，见事项的 situations。")))
    if not isinstance(form, dict):
        errors.append(_error("/form", "required" if form is None else "type", _("请把填写的内容放在 form 对象里。")))
    statements = list(_statements(materials, errors))
    errors.extend(_repeated(statements))
    if errors:
        raise Refused(INVALID_APPLICATION, errors=errors)
    return ApplicationBody(matter=str(matter), situation=situation or "", form=form or {}, materials=tuple(statements))


def _statements(given: object, errors: list[FieldRefusal]) -> Iterator[MaterialStatement]:
    if given is None:
        return
    if isinstance(given, list):
        for position, said in enumerate(given):
            at = pointer("materials", position)
            if isinstance(said, str):
                yield MaterialStatement(material=said, at=at)
            elif isinstance(said, dict) and isinstance(name := said.get("id", said.get("material")), str):
                yield from _one(name, said, at, errors)
            else:
                errors.append(_error(at, "type", _("这里应是材料编号，或带 id 的对象。")))
    elif isinstance(given, dict):
        for name, said in given.items():
            at = pointer("materials", name)
            yield from _one(name, {"form": said} if isinstance(said, str) else said, at, errors)
    else:
        errors.append(_error("/materials", "type", _("材料应是列表，或以材料编号为键的对象。")))


def _one(material: str, said: object, at: str, errors: list[FieldRefusal]) -> Iterator[MaterialStatement]:
    if not isinstance(said, dict):
        errors.append(_error(at, "type", _("这里应写 paper、file、exempt、deferred 之一，或带 form 的对象。")))
        return
    wrong = [
        _error(at + pointer(name), "unknown", _("没有“{name}”这一项，请删去。"), name=name)
        for name in said
        if name not in _STATEMENT_NAMES
    ]
    form = said.get("form", "paper")
    if form not in MATERIAL_FORMS:
        wrong.append(_error(at, "form", _("材料的形式应是 paper、file、exempt、deferred 之一。")))
    for name in ("originals", "copies"):
        if not _is_count(said.get(name, 0)):
            wrong.append(_error(f"{at}/{name}", "range", _("份数应是 0 到 99 之间的整数。")))
    errors.extend(wrong)
    if not wrong:
        yield MaterialStatement(
            material=material, form=form, originals=said.get("originals"), copies=said.get("copies"), at=at
        )


def _repeated(statements: list[MaterialStatement]) -> Iterator[FieldRefusal]:
    seen: set[str] = set()
    for statement in statements:
        if statement.material in seen:
            yield _error(statement.at, "repeated", _("这份材料已在前面说明过，请只保留一处。"))
        seen.add(statement.material)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _COPIES_AT_MOST


def _error(at: str, code: str, message: str, **params: object) -> FieldRefusal:
    return FieldRefusal(pointer=at, code=code, sentence=Sentence(message=message, params=params))
