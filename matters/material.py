"""Materials (材料): how each is proven, which may follow later, and whether a file is what its name says."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import puremagic

from matters.elements import Material
from matters.errors import FileRefused
from matters.form_errors import FieldError
from matters.guide import Matter
from matters.messages import N_

LARGEST_FILE_BYTES = 10 * 1024 * 1024
LONGEST_NAME = 200
MOST_FILES = 10
"""Of one material."""

_REQUIRED, _LATER = "1", "3"
_PAPER_ONLY, _ELECTRONIC_ONLY = "1", "2"

MEDIA_TYPES: Mapping[str, str] = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".pdf": "application/pdf",
}


class ProofKind(StrEnum):
    PAPER = "paper"  # handed in at the window
    FILE = "file"  # uploaded
    EXEMPT = "exempt"  # 免提交: read from e-licence or data sharing, generated, or replaced by a commitment
    DEFERRED = "deferred"  # 容缺后补: follows by the date the guide gives


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A kept file: `sha256` in hex is where its content lies, `name` what the person called it."""

    sha256: str
    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialProof:
    """How one material of a case is proven.

    An exemption keeps its receipt, not "not required": `source` (from where), `at` and `reference` (their number or
    hash). `originals` and `duplicates` count sheets taken in.
    """

    material: str
    kind: ProofKind
    files: tuple[FileRef, ...] = ()
    originals: int = 0
    duplicates: int = 0
    source: str | None = None
    reference: str | None = None
    at: datetime | None = None


def asked_for(matter: Matter, situation: str) -> tuple[Material, ...]:
    """Return the materials of a situation, in the order of the guide."""
    return tuple(material for material in matter.guide.materials if material.applies_to(situation))


def is_required(material: Material) -> bool:
    """Tell whether the case needs a proof of the material, be it a deferred one."""
    return material.need.code in (_REQUIRED, _LATER)


def may_defer(matter: Matter, material: Material) -> bool:
    """Tell whether the guide lets the material follow later: its tolerance names it."""
    tolerance = matter.guide.acceptance_criteria.tolerance
    return tolerance.allowed and material.id in tolerance.materials


def kinds_allowed(matter: Matter, material: Material) -> tuple[ProofKind, ...]:
    """Return the kinds of proof the guide takes, the easiest for the citizen first."""
    kinds = {
        ProofKind.EXEMPT: material.exemption.method != "none",
        ProofKind.FILE: material.format.code != _PAPER_ONLY,
        ProofKind.PAPER: material.format.code != _ELECTRONIC_ONLY,
        ProofKind.DEFERRED: may_defer(matter, material),
    }
    return tuple(kind for kind, is_allowed in kinds.items() if is_allowed)


def check_materials(
    matter: Matter, situation: str, materials: Iterable[MaterialProof], *, files_may_follow: bool = False
) -> tuple[FieldError, ...]:
    """Return what is wrong with the proofs, each at `materials/<id>`.

    With `files_may_follow` (the API, where bytes come in calls of their own) a `file` needs no file yet.
    """
    given = tuple(materials)
    asked = {material.id: material for material in asked_for(matter, situation)}
    problems: list[FieldError] = []
    seen: set[str] = set()
    for proof in given[: len(matter.guide.materials) * 2]:
        if proof.material in seen:
            problems.append(_error(proof.material, "duplicate", N_("“{material}”重复了，请只保留一项"), asked))
        seen.add(proof.material)
        problems += _check_proof(matter, asked, proof, files_may_follow=files_may_follow)
    for material in asked.values():
        if is_required(material) and material.id not in seen:
            message = N_("还缺“{material}”，请收取、上传或按指南免提交后再提交")
            problems.append(_error(material.id, "required", message, asked))
    return tuple(problems)


def _check_proof(
    matter: Matter, asked: Mapping[str, Material], proof: MaterialProof, *, files_may_follow: bool
) -> Iterator[FieldError]:
    material = asked.get(proof.material)
    if material is None:
        message = N_("本事项的这个情形不需要“{material}”，请删除")
        yield _error(proof.material, "unknown_material", message, asked)
    elif proof.kind not in kinds_allowed(matter, material):
        yield _error(material.id, f"{proof.kind.value}_not_allowed", _NOT_ALLOWED[proof.kind], asked)
    elif proof.kind is ProofKind.FILE and not proof.files and not files_may_follow:
        yield _error(
            material.id, "file_missing", N_("请上传“{material}”的文件（JPG、PNG 或 PDF，不超过 10 MB）"), asked
        )


_NOT_ALLOWED: Mapping[ProofKind, str] = {
    ProofKind.PAPER: N_("“{material}”只收电子件，请上传文件"),
    ProofKind.FILE: N_("“{material}”只收纸质件，请在窗口收取"),
    ProofKind.EXEMPT: N_("“{material}”不能免提交，请收取或上传"),
    ProofKind.DEFERRED: N_("“{material}”不能容缺后补，请收取或上传"),
}


def _error(material_id: str, code: str, message: str, asked: Mapping[str, Material]) -> FieldError:
    short = material_id[:60]
    material = asked.get(material_id)
    params = {
        "material": material.name if material else short,
        "material_en": material.name_en if material else short,
    }
    return FieldError(path=f"materials/{short}", code=code, message=message, params=params)


def deferred(matter: Matter, materials: Iterable[MaterialProof]) -> tuple[Material, ...]:
    """Return the materials that follow later: the open debt of the case."""
    ids = {proof.material for proof in materials if proof.kind is ProofKind.DEFERRED}
    return tuple(material for material in matter.guide.materials if material.id in ids)


def check_file(name: str, content: bytes) -> FileRef:
    """Return the file's reference when it is a JPEG, PNG or PDF, as its name says, of at most 10 MB.

    Hashes the whole content: call it in a thread.

    Raises:
        FileRefused: with the reason.
    """
    if not content:
        raise FileRefused("empty")
    if len(content) > LARGEST_FILE_BYTES:
        raise FileRefused("too_large")
    short = _plain_name(name)
    dot = short.rfind(".")
    expected = MEDIA_TYPES.get(short[dot:].lower()) if dot > 0 else None
    if expected is None:
        raise FileRefused("name")
    actual = _media_type(content)
    if actual is None:
        raise FileRefused("kind_unknown")
    if actual != expected:
        raise FileRefused("kind_differs")
    return FileRef(sha256=hashlib.sha256(content).hexdigest(), name=short, media_type=actual, size_bytes=len(content))


def _plain_name(name: str) -> str:
    """Return the last part of a path, without control characters: a browser may send either kind of slash."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(character for character in last if character.isprintable()).strip()
    return plain[-LONGEST_NAME:]


_HEAD_BYTES = 4096


def _media_type(content: bytes) -> str | None:
    """Return the type the first bytes show; the signature must stand at the very start."""
    try:
        found = {match.mime_type for match in puremagic.magic_string(content[:_HEAD_BYTES])}
    except (puremagic.PureError, ValueError):
        return None
    starts = {
        "image/jpeg": content.startswith(b"\xff\xd8\xff"),
        "image/png": content.startswith(b"\x89PNG\r\n\x1a\n"),
        "application/pdf": content.startswith(b"%PDF-"),
    }
    return next((kind for kind, is_start in starts.items() if is_start and kind in found), None)
