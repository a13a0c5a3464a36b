"""The frozen copy of a case, and the values a mapping reads from it at the moment of an attempt.

The copy is JSON and never changes: what the department gets after ten days is what the applicant signed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.ledger import Delivery, Submission
from connectors.signing.base import sorted_json
from matters.case import Case
from matters.duplicates import applicant_name
from matters.guide import Matter
from matters.material import MaterialProof
from matters.policy import Actor

# Whoever the case is for, whatever the form calls them: the first prefix the form has a name or a number for.
_PREFIXES = ("applicant", "claimant", "guardian", "mother", "enterprise", "legal_rep")


def freeze(
    case: Case, matter: Matter, materials: Sequence[MaterialProof], actor: Actor, *, unit_name: str, due_on: str
) -> dict[str, object]:
    """Return everything a mapping may read that does not change any more."""
    return {
        "form": dict(case.form),
        "case": {
            "number": case.number,
            "matter": case.matter_id,
            "matter_name": case.matter_name,
            "matter_code": matter.short_code,
            "situation": case.situation,
            "situation_name": matter.situation(case.situation).name,
            "guide_version": case.guide_version,
            "received_at": case.received_at.isoformat(),
            "accepted_at": (case.accepted_at or case.received_at).isoformat(),
            "due_on": due_on,
            "region": case.region,
            "unit": case.unit,
            "unit_name": unit_name,
        },
        "applicant": _applicant(case.form),
        "clerk": {"name": actor.name, "sub": actor.sub, "unit": actor.unit, "unit_name": unit_name},
        "materials": [_material(proof, matter) for proof in materials],
        "attachments": [row for proof in materials for row in _attachments(proof, matter)],
    }


def _applicant(form: Mapping[str, object]) -> dict[str, object]:
    prefix = next((p for p in _PREFIXES if form.get(f"{p}_id_number") or form.get(f"{p}_uscc")), _PREFIXES[0])
    is_body = bool(form.get(f"{prefix}_uscc"))
    return {
        "name": form.get(f"{prefix}_name") or applicant_name(form),
        "id_number": form.get(f"{prefix}_uscc") or form.get(f"{prefix}_id_number"),
        "id_type": "uscc" if is_body else "111",  # GA/T 2000.156: 111 is the resident identity card
        "phone": form.get(f"{prefix}_phone") or form.get("contact_phone"),
        "address": form.get(f"{prefix}_address"),
        "region": form.get(f"{prefix}_hukou_region"),
        "kind": "body" if is_body else "person",
    }


def _material(proof: MaterialProof, matter: Matter) -> dict[str, object]:
    return {
        "id": proof.material,
        "name": _name_of(proof, matter),
        "kind": proof.kind.value,
        "copies": proof.originals + proof.duplicates,
        "files": [file.name for file in proof.files],
        "file_count": len(proof.files),
    }


def _attachments(proof: MaterialProof, matter: Matter) -> list[dict[str, object]]:
    """Return the files of a material: by their hash, what leaves later is what was handed in now."""
    return [
        {
            "material": proof.material,
            "material_name": _name_of(proof, matter),
            "name": file.name,
            "media_type": file.media_type,
            "bytes": file.size_bytes,
            "sha256": file.sha256,
        }
        for file in proof.files
    ]


def _name_of(proof: MaterialProof, matter: Matter) -> str:
    declared = matter.materials_by_id.get(proof.material)
    return declared.name if declared else proof.material


def sha256_of(content: Mapping[str, object]) -> str:
    """Return the hash of a frozen copy over its canonical bytes."""
    return hashlib.sha256(sorted_json(content).encode()).hexdigest()


def values_for(
    submission: Submission, delivery: Delivery, *, at: datetime, nonce: str, callback_url: str, reason: str = ""
) -> dict[str, object]:
    """Return what a mapping reads for one attempt."""
    return {
        **submission.content,
        "delivery": {
            "id": delivery.id,
            "key": delivery.key,
            "serial": delivery.serial,
            "attempt": delivery.attempts,
            "created_at": delivery.created_at.isoformat(),
        },
        "department": {"number": delivery.department_number or submission.content.get("department_number", "")},
        "operation": delivery.operation,
        "reason": reason or submission.content.get("reason", ""),
        "callback_url": callback_url,
        "now": at,
        "nonce": nonce,
    }
