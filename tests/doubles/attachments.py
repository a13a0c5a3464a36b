"""Cases with uploaded files, from the window to the department's own copy of the bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from connectors.desk_ports import DeliveryView
from connectors.ledger import DeliveryState
from connectors.system import System
from demo.ground.attachments import TakenFile, files_of
from matters.material import MaterialProof, ProofKind
from matters.storage.material_files import ObjectMaterialFiles, open_store
from tests.doubles.house import application
from tests.doubles.town import Town, eventually, impatient

MEGABYTE = 1024 * 1024
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 700 + b"\n%%EOF\n"
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x7f" * 90_000 + b"\xff\xd9"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    + b"\0" * 40
)
Files = Mapping[str, bytes]
"""Contents by name."""


def quick(system: System) -> System:
    """Return the system asked for results, and tried again, at once."""
    delivery = system.spec.delivery
    soon = delivery.retry.model_copy(update={"first_seconds": 0.1, "most_seconds": 0.3})
    spec = system.spec.model_copy(update={"delivery": delivery.model_copy(update={"retry": soon})})
    probe = replace(system.probe, settle_seconds=0.2) if system.probe else None
    return replace(impatient(system), spec=spec, probe=probe)


async def take_in(
    town: Town, directory: Path, files: Files, *, matter: str, situation: str, material: str, seed: int = 1
) -> str:
    """Upload files for one material at the window, hand the case in and return its number."""
    store = ObjectMaterialFiles(open_store((directory / "var" / "materials").as_uri()))
    kept = tuple([await store.put(name, content) for name, content in files.items()])
    made = application(matter, seed=seed, situation=situation)
    proofs = [each for each in made.materials if each.material != material]
    proof = MaterialProof(material=material, kind=ProofKind.FILE, files=kept)
    return await town.take_in(replace(made, materials=(*proofs, proof)), f"files-{matter}-{seed}")


async def view_of(town: Town, number: str) -> DeliveryView:
    (view,) = await town.connectors.deliveries.of_case(number)
    return view


async def until_state(town: Town, number: str, *states: DeliveryState) -> DeliveryView:
    """Wait until the case's delivery is in one of these states."""

    async def is_there() -> bool:
        return (await view_of(town, number)).delivery.state in states

    await eventually(is_there)
    return await view_of(town, number)


async def sent(town: Town, number: str) -> DeliveryView:
    """Wait until the department has the case."""
    return await until_state(town, number, DeliveryState.PENDING_RESULT, DeliveryState.CONFIRMED)


async def there(town: Town, number: str) -> list[TakenFile]:
    """Return what the department itself keeps of a case's files."""
    (department,) = town.departments.values()
    return await files_of(department.context.store, number)


def hashes(files: Files) -> list[tuple[str, str]]:
    return [(name, hashlib.sha256(content).hexdigest()) for name, content in files.items()]


def named(taken: list[TakenFile]) -> list[tuple[str, str]]:
    return [(each.name, each.sha256) for each in taken]
