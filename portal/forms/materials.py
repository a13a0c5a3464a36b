"""Materials of a draft as a page shows and posts them: a kind of proof each, counts, a reference, files.

Posted names: `kind.<id>`, `originals.<id>`, `duplicates.<id>`, `reference.<id>`, `file.<id>` (several), and
`shown.<id>` for every material on the page. A material without a kind has no proof yet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from matters.elements import Material
from matters.form import FieldError
from matters.guide import Matter
from matters.material import MOST_FILES, FileRef, MaterialProof, ProofKind, asked_for, is_required, kinds_allowed
from matters.ports import Draft
from matters.receipt import PROOF_NAMES
from portal.forms.view import Choice, control_id
from portal.library import local
from portal.words import _, gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """One uploaded file."""

    sha256: str
    name: str = field(repr=False)
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialView:
    """One material with how it is proven so far."""

    key: str
    id: str
    name: str
    need: str
    required: bool
    standard: str
    notes: str
    kinds: tuple[Choice, ...]
    may_paper: bool
    may_file: bool
    exemption: str
    originals: str
    duplicates: str
    reference: str
    files: tuple[FileView, ...]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialLine:
    """One material in a sentence, for the review."""

    name: str
    how: str


def material_views(matter: Matter, draft: Draft, errors: Iterable[FieldError]) -> tuple[MaterialView, ...]:
    """Return the materials of the draft's situation, in the order of the guide."""
    texts = {error.path: error.text(gettext) for error in errors}
    proofs = {proof.material: proof for proof in draft.materials}
    return tuple(
        _view(matter, material, proofs.get(material.id), texts.get(f"materials/{material.id}", ""))
        for material in asked_for(matter, draft.situation)
    )


def _view(matter: Matter, material: Material, proof: MaterialProof | None, error: str) -> MaterialView:
    kinds = kinds_allowed(matter, material)
    html_id = control_id(f"materials/{material.id}")
    return MaterialView(
        key=material.id,
        id=html_id,
        name=local(material),
        need=material.need.label,
        required=is_required(material),
        standard=material.acceptance_standard,
        notes=material.fill_notes or "",
        kinds=tuple(
            Choice(
                id=f"{html_id}-{kind.value}",
                code=kind.value,
                label=_(PROOF_NAMES[kind]),
                chosen=proof is not None and proof.kind is kind,
            )
            for kind in kinds
        ),
        may_paper=ProofKind.PAPER in kinds,
        may_file=ProofKind.FILE in kinds,
        exemption=(material.exemption.reference or material.exemption.label) if ProofKind.EXEMPT in kinds else "",
        originals=str(proof.originals if proof else material.original_copies),
        duplicates=str(proof.duplicates if proof else material.duplicate_copies),
        reference=(proof.reference or "") if proof else "",
        files=tuple(
            FileView(sha256=file.sha256, name=file.name, size=size_text(file.size_bytes))
            for file in (proof.files if proof else ())
        ),
        error=error,
    )


def proofs_posted(
    matter: Matter,
    draft: Draft,
    texts: Mapping[str, str],
    uploads: Mapping[str, tuple[FileRef, ...]],
    *,
    at: datetime,
) -> tuple[MaterialProof, ...]:
    """Return the draft's proofs after a post; what was not on the page stays as it was."""
    before = {proof.material: proof for proof in draft.materials}
    kept: list[MaterialProof] = []
    for material in asked_for(matter, draft.situation):
        old = before.pop(material.id, None)
        if f"shown.{material.id}" not in texts:
            proof = old
        else:
            proof = _posted(material, old, texts, uploads.get(material.id, ()), at=at)
        if proof is not None:
            kept.append(proof)
    return tuple(kept)


def _posted(
    material: Material,
    old: MaterialProof | None,
    texts: Mapping[str, str],
    new_files: tuple[FileRef, ...],
    *,
    at: datetime,
) -> MaterialProof | None:
    chosen = texts.get(f"kind.{material.id}", "")
    files = _joined(old.files if old else (), new_files)
    # Choosing a file says how it is proven, also without touching the choice above it.
    kind = ProofKind.FILE if new_files else (ProofKind(chosen) if chosen in set(ProofKind) else None)
    if kind is None:
        return replace(old, files=files) if old and files else None
    is_exempt = kind is ProofKind.EXEMPT
    was_exempt = old is not None and old.kind is ProofKind.EXEMPT
    return MaterialProof(
        material=material.id,
        kind=kind,
        files=files,
        originals=_count(texts.get(f"originals.{material.id}", "")) if kind is ProofKind.PAPER else 0,
        duplicates=_count(texts.get(f"duplicates.{material.id}", "")) if kind is ProofKind.PAPER else 0,
        source=material.exemption.reference if is_exempt else None,
        reference=(texts.get(f"reference.{material.id}", "").strip()[:60] or None) if is_exempt else None,
        at=(old.at if was_exempt and old else at) if is_exempt else None,
    )


def without_file(proofs: Iterable[MaterialProof], material: str, sha256: str) -> tuple[MaterialProof, ...]:
    """Return the proofs without one file."""
    return tuple(
        replace(p, files=tuple(f for f in p.files if f.sha256 != sha256)) if p.material == material else p
        for p in proofs
    )


def material_lines(matter: Matter, proofs: Iterable[MaterialProof]) -> tuple[MaterialLine, ...]:
    """Return each proven material and how."""
    return tuple(
        MaterialLine(name=local(matter.materials_by_id[proof.material]), how=how_text(proof))
        for proof in proofs
        if proof.material in matter.materials_by_id
    )


def how_text(proof: MaterialProof) -> str:
    """Return how a material is proven, in words."""
    kind = _(PROOF_NAMES[proof.kind])
    match proof.kind:
        case ProofKind.PAPER:
            return _("{kind}，原件{originals}份，复印件{duplicates}份").format(
                kind=kind, originals=proof.originals, duplicates=proof.duplicates
            )
        case ProofKind.FILE:
            return "、".join((kind, *(file.name for file in proof.files)))
        case ProofKind.EXEMPT:
            return " · ".join(part for part in (kind, proof.source, proof.reference) if part)
        case ProofKind.DEFERRED:
            return kind


def size_text(size_bytes: int) -> str:
    """Return 820 KB or 1.4 MB."""
    return f"{size_bytes / 1_048_576:.1f} MB" if size_bytes >= 1_048_576 else f"{max(1, size_bytes // 1024)} KB"


def left_out(draft: Draft, uploads: Mapping[str, tuple[FileRef, ...]]) -> tuple[str, ...]:
    """Return the materials that got more files than one may have; those beyond are not kept."""
    before = {proof.material: proof.files for proof in draft.materials}
    return tuple(id_ for id_, new in uploads.items() if len(_all(before.get(id_, ()), new)) > MOST_FILES)


def _joined(old: tuple[FileRef, ...], new: tuple[FileRef, ...]) -> tuple[FileRef, ...]:
    return _all(old, new)[:MOST_FILES]


def _all(old: tuple[FileRef, ...], new: tuple[FileRef, ...]) -> tuple[FileRef, ...]:
    seen = {file.sha256 for file in old}
    return (*old, *(file for file in new if file.sha256 not in seen))


def _count(text: str) -> int:
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 2 else 0
