"""The specs an installation is shipped with (`config/systems/`), taken into the registry. Pure but for reading files.

At the first start each becomes version 1, live. A file that an upgrade changed becomes the next version: live at once
where the version in force was shipped too and nobody has one of their own on the way; a draft otherwise, for the owner
to compare with what they made of it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from connectors.errors import SpecRefused
from connectors.registered_text import as_written, contract_of, name_of
from connectors.registration import OPEN, Registration, RegistrationState, Written
from connectors.spec import installed_contracts, load_systems
from connectors.unknown_fields import unknown_fields
from connectors.yaml_source import parse
from matters.guide import Matter

FIRST_REASON = "随安装提供 / shipped with the installation"
UPGRADE_REASON = "随升级提供 / shipped with an upgrade"


class Shipping(StrEnum):
    """What becomes of a shipped file."""

    LIVE = "live"
    DRAFT = "draft"
    KNOWN = "known"  # it is in the registry as it is


def shipped(directory: Path, *, at: datetime) -> tuple[Written, ...]:
    """Return every spec of `directory`, not kept yet, in the order of the file names.

    Raises:
        SpecRefused: with every problem of every file.
    """
    contracts, found = installed_contracts(directory), []
    for system in load_systems(directory):
        text = (directory / f"{system}.yaml").read_text(encoding="utf-8")
        named, _ = contract_of(text)
        contract = contracts(named) if named else None
        found.append(as_written(system, text, contract, writers=(), origin="shipped", at=at))
    return tuple(found)


def refuse_unknown_fields(
    files: Sequence[Written], known: Sequence[Registration], matters: Callable[[], Sequence[Matter]]
) -> None:
    """Return when every new file reads only form fields of the guides that name it; without a new one none is read.

    Raises:
        SpecRefused: with every place that reads a field none of them has.
    """
    of_system: dict[str, list[Registration]] = {}
    for each in known:
        of_system.setdefault(each.system, []).append(each)
    new = [w for w in files if shipping(of_system.get(_id(w), ()), w.registration.sha256) is not Shipping.KNOWN]
    guides = matters() if new else ()
    problems = [
        problem
        for written in new
        for problem in unknown_fields(parse(written.text, name_of(written)), _id(written), guides, named_only=True)
    ]
    if problems:
        raise SpecRefused(problems)


def _id(written: Written) -> str:
    return written.registration.system


def shipping(known: Sequence[Registration], sha256: str) -> Shipping:
    """Return what becomes of a file with this hash, for the versions its system has, the newest first."""
    if not known:
        return Shipping.LIVE
    last_shipped = next((each for each in known if each.origin == "shipped"), None)
    live = next((each for each in known if each.state is RegistrationState.LIVE), None)
    if sha256 in {each.sha256 for each in (last_shipped, live) if each is not None}:
        return Shipping.KNOWN
    own = any(each.origin == "person" and each.state in OPEN for each in known)
    return Shipping.LIVE if live is not None and live.origin == "shipped" and not own else Shipping.DRAFT
