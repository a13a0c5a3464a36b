"""From the body of `POST /api/v1/cases` to what the intake takes, and from what it refuses to problem details.

No rule of the trade is here: only which part of the body a rule speaks about.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from connectors.intake import Application
from matters.form_errors import FieldError
from matters.guide import Matter
from matters.material import MaterialProof, ProofKind
from portal.api.application_body import ApplicationBody, MaterialStatement
from portal.api.problem_types import INVALID_APPLICATION
from portal.api.refusals import FieldRefusal, Refused, Sentence, pointer
from portal.words import marked as _

_MOST_ERRORS = 200
_SITUATION_CODES = frozenset({"unknown_situation"})


def application_of(body: ApplicationBody, matter: Matter | None, *, at: datetime) -> Application:
    """Return what the intake takes; a matter's only situation need not be named.

    Raises:
        Refused: INVALID_APPLICATION, there is no such matter, or which situation is meant can't be told.
    """
    if matter is None:
        raise _refused(
            "/matter", "unknown", _("没有这个事项。请从 /api/v1/matters 中选取，编号形如 04-temporary-assistance。")
        )
    return Application(
        matter_id=matter.id,
        situation=_situation(body, matter),
        form=body.form,
        materials=tuple(_proof(said, matter, at) for said in body.materials),
        origin="api",
        files_may_follow=True,
    )


def refusal_of(errors: Iterable[FieldError], body: ApplicationBody) -> Refused:
    """Return the intake's errors, each at its place in the body."""
    said_at = {said.material: said.at for said in body.materials}
    return Refused(
        INVALID_APPLICATION,
        errors=[
            FieldRefusal(
                pointer=_pointer(error, said_at),
                code=error.code,
                sentence=Sentence(message=error.message, params=error.params),
            )
            for error in list(errors)[:_MOST_ERRORS]
        ],
    )


def _pointer(error: FieldError, said_at: Mapping[str, str]) -> str:
    if error.code in _SITUATION_CODES:
        return "/situation"
    parts = error.path.split("/")
    if parts[0] == "materials" and len(parts) == 2:
        return said_at.get(parts[1], pointer(*parts))
    return pointer("form", *parts)


def _situation(body: ApplicationBody, matter: Matter) -> str:
    inside = body.form.get("situation")
    named = body.situation or (inside if isinstance(inside, str) else "")
    situations = matter.guide.situations
    if not named and len(situations) == 1:
        return situations[0].id
    if named not in {each.id for each in situations}:
        choices = "、".join(f"{each.id}（{each.name}）" for each in situations)
        choices_en = ", ".join(f"{each.id} ({each.name_en})" for each in situations)
        message = _("请选择办理情形 situation，可选：{choices}。")
        code = "unknown" if named else "required"
        raise _refused("/situation", code, message, choices=choices, choices_en=choices_en)
    return named


def _proof(said: MaterialStatement, matter: Matter, at: datetime) -> MaterialProof:
    declared = matter.materials_by_id.get(said.material)
    kind = ProofKind(said.form)
    if declared is None:
        return MaterialProof(material=said.material, kind=kind)
    is_paper = kind is ProofKind.PAPER
    is_exempt = kind is ProofKind.EXEMPT
    return MaterialProof(
        material=said.material,
        kind=kind,
        originals=_count(said.originals, declared.original_copies if is_paper else 0),
        duplicates=_count(said.copies, declared.duplicate_copies if is_paper else 0),
        source=declared.exemption.label if is_exempt else None,
        reference=declared.exemption.reference if is_exempt else None,
        at=at if is_exempt else None,
    )


def _count(said: int | None, otherwise: int) -> int:
    return otherwise if said is None else said


def _refused(at: str, code: str, message: str, **params: object) -> Refused:
    sentence = Sentence(message=message, params=params)
    return Refused(INVALID_APPLICATION, errors=(FieldRefusal(pointer=at, code=code, sentence=sentence),))
