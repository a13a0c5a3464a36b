"""Between rows and the trade's own values: one function each way, no rule in any of them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from matters.case import OPEN, Case, CaseEvent, CaseStatus, Evidence, Pause
from matters.elements import Duration
from matters.material import FileRef, MaterialProof, ProofKind

Row = Mapping[str, Any]


def case_row(case: Case) -> dict[str, Any]:
    """Return the row of a case."""
    return {
        "number": case.number,
        "query_code": case.query_code,
        "matter_id": case.matter_id,
        "matter_name": case.matter_name,
        "guide_version": case.guide_version,
        "situation": case.situation,
        "form": dict(case.form),
        "applicant_name": case.applicant_name,
        "unit": case.unit,
        "region": case.region,
        "county": case.region[:6],
        "city": case.region[:4],
        "province": case.region[:2],
        "responsible_region": case.responsible_region,
        "taken_in_by": case.taken_in_by,
        "origin": case.origin,
        "received_at": case.received_at,
        "promised_value": case.promised.value,
        "promised_unit": case.promised.unit,
        "promised_on": case.promised_on,
        "subject_key": case.subject_key,
        **changing_row(case),
    }


def changing_row(case: Case) -> dict[str, Any]:
    """Return the part of a case's row that events change."""
    return {
        "status": case.status.value,
        "is_open": case.status in OPEN,
        "accepted_at": case.accepted_at,
        "closed_at": case.closed_at,
        "pauses": [_pause_document(pause) for pause in case.pauses],
        "revision": case.revision,
    }


def _pause_document(pause: Pause) -> dict[str, Any]:
    until = pause.until.isoformat() if pause.until else None
    return {"since": pause.since.isoformat(), "until": until, "reason": pause.reason, "basis": pause.basis}


def _pause(document: Row) -> Pause:
    until = date.fromisoformat(document["until"]) if document["until"] else None
    return Pause(
        since=date.fromisoformat(document["since"]), until=until, reason=document["reason"], basis=document["basis"]
    )


def case_of(row: Row) -> Case:
    """Return the case of a row."""
    return Case(
        number=row["number"],
        query_code=row["query_code"],
        matter_id=row["matter_id"],
        matter_name=row["matter_name"],
        guide_version=row["guide_version"],
        situation=row["situation"],
        status=CaseStatus(row["status"]),
        form=row["form"],
        applicant_name=row["applicant_name"],
        unit=row["unit"],
        region=row["region"],
        responsible_region=row["responsible_region"],
        taken_in_by=row["taken_in_by"],
        origin=row["origin"],
        received_at=row["received_at"],
        accepted_at=row["accepted_at"],
        closed_at=row["closed_at"],
        promised=Duration(value=row["promised_value"], unit=row["promised_unit"]),
        promised_on=row["promised_on"],
        pauses=tuple(_pause(document) for document in row["pauses"]),
        subject_key=row["subject_key"],
        revision=row["revision"],
    )


def event_row(number: str, event: CaseEvent) -> dict[str, Any]:
    """Return the row of an event of case `number`."""
    evidence = event.evidence
    return {
        "number": number,
        "seq": event.seq,
        "at": event.at,
        "status": event.status.value,
        "previous": event.previous.value if event.previous else None,
        "by": event.by,
        "evidence": None
        if evidence is None
        else {"source": evidence.source, "who": evidence.who, "number": evidence.number, "note": evidence.note},
        "note": event.note,
    }


def event_of(row: Row) -> CaseEvent:
    """Return the event of a row."""
    return CaseEvent(
        seq=row["seq"],
        at=row["at"],
        status=CaseStatus(row["status"]),
        previous=CaseStatus(row["previous"]) if row["previous"] else None,
        by=row["by"],
        evidence=Evidence(**row["evidence"]) if row["evidence"] else None,
        note=row["note"],
    )


def proof_row(number: str, position: int, proof: MaterialProof) -> dict[str, Any]:
    """Return the row of a material's proof; `position` keeps the order they were given in."""
    return {
        "number": number,
        "material": proof.material,
        "position": position,
        "kind": proof.kind.value,
        "originals": proof.originals,
        "duplicates": proof.duplicates,
        "source": proof.source,
        "reference": proof.reference,
        "at": proof.at,
        "files": [file_document(file) for file in proof.files],
    }


def proof_of(row: Row) -> MaterialProof:
    """Return the proof of a row."""
    return MaterialProof(
        material=row["material"],
        kind=ProofKind(row["kind"]),
        files=tuple(FileRef(**file) for file in row["files"]),
        originals=row["originals"],
        duplicates=row["duplicates"],
        source=row["source"],
        reference=row["reference"],
        at=row["at"],
    )


def file_document(file: FileRef) -> dict[str, Any]:
    """Return a file's reference as JSON."""
    return {"sha256": file.sha256, "name": file.name, "media_type": file.media_type, "size_bytes": file.size_bytes}


def proof_document(proof: MaterialProof) -> dict[str, Any]:
    """Return a proof as JSON, as drafts keep it."""
    row = proof_row("", 0, proof)
    del row["number"], row["position"]
    return {**row, "at": proof.at.isoformat() if proof.at else None}


def proof_of_document(document: Row) -> MaterialProof:
    """Return the proof of a draft's JSON."""
    at = datetime.fromisoformat(document["at"]) if document["at"] else None
    return proof_of({**document, "at": at})
