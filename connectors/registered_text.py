"""The text of a version: as it is kept, compiled, compared. Pure."""

import hashlib
from dataclasses import replace
from datetime import datetime

from connectors.comparing import compare_documents, compare_flows
from connectors.errors import SpecRefused
from connectors.readiness import Readiness
from connectors.registration import NEVER_APPROVED, Origin, Registration, RegistrationState, Written
from connectors.registry_ports import Differences
from connectors.spec import parse_system
from connectors.yaml_source import parse


def as_written(
    system: str, text: str, contract: bytes | None, *, writers: tuple[str, ...], origin: Origin, at: datetime
) -> Written:
    """Return `text` as a draft that is not kept yet: its version is 0."""
    registration = Registration(
        system=system,
        version=0,
        state=RegistrationState.DRAFT,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        origin=origin,
        writers=writers,
        created_at=at,
        state_at=at,
    )
    return Written(registration=registration, text=text, contract=contract)


def contract_of(text: str) -> tuple[str, str]:
    """Return name and hash of the WSDL a text names; empty where it names none or can't be read."""
    if "wsdl" not in text:  # of fourteen systems two speak SOAP, and reading one takes 20 ms
        return "", ""
    try:
        document = parse(text, "spec").document
    except SpecRefused:
        return "", ""
    soap = document.get("soap") if isinstance(document, dict) else None
    wsdl = soap.get("wsdl") if isinstance(soap, dict) else None
    if not isinstance(wsdl, dict) or not isinstance(wsdl.get("file"), str):
        return "", ""
    return wsdl["file"], str(wsdl.get("sha256", ""))


def differences(old: Written, new: Written) -> Differences:
    before, after = compiled(old), compiled(new)
    try:
        places = compare_documents(parse(old.text, name_of(old)).document, parse(new.text, name_of(new)).document)
    except SpecRefused as refused:
        return Differences(problems=refused.problems)
    flows = compare_flows(before.system, after.system) if before.system and after.system else ()
    return Differences(flows=flows, places=places, problems=(*before.problems, *after.problems))


def compiled(written: Written) -> Readiness:
    """Return the compiled spec, or its problems."""
    system = written.registration.system
    try:
        return Readiness(
            system=parse_system(written.text, name=name_of(written), system=system, contract=written.contract)
        )
    except SpecRefused as refused:
        return Readiness(problems=refused.problems)


def name_of(written: Written) -> str:
    """Return how a version is called in problems, where a file's name would stand."""
    registration = written.registration
    return f"{registration.system}@{registration.version}" if registration.version else f"{registration.system}.yaml"


def with_parent(written: Written, parent: Written | None) -> Written:
    """Return a draft that goes on from `parent`; a text nobody approved is still the work of those who wrote it."""
    if parent is None:
        return written
    draft, before = written.registration, parent.registration
    writers = (*before.writers, *draft.writers) if before.state in NEVER_APPROVED else draft.writers
    return replace(
        written,
        registration=replace(draft, from_version=before.version, writers=tuple(dict.fromkeys(writers))),
    )


def saved_again(before: Written, fresh: Written) -> Written:
    old, new = before.registration, fresh.registration
    writers = tuple(dict.fromkeys((*old.writers, *new.writers)))
    return replace(fresh, registration=replace(old, sha256=new.sha256, writers=writers, state_at=new.state_at))
