"""Materials: which proofs the guide takes, and files that are what their names say."""

import base64
import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matters.errors import FILE_REASONS, FileRefused
from matters.guide import Matter
from matters.material import FileRef, MaterialProof, ProofKind, check_file, check_materials, deferred, kinds_allowed

MatterOf = Callable[[str], Matter]
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
JPG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + b"\x10" * 64 + bytes.fromhex("ffd9")
FILE = FileRef(sha256="ab" * 32, name="a.pdf", media_type="application/pdf", size_bytes=9)


def found(each: Matter, situation: str, *proofs: MaterialProof) -> set[tuple[str, str]]:
    return {(error.path.removeprefix("materials/"), error.code) for error in check_materials(each, situation, proofs)}


def full(each: Matter, situation: str) -> dict[str, MaterialProof]:
    asked = [material for material in each.guide.materials if material.applies_to(situation)]
    return {m.id: MaterialProof(material=m.id, kind=kinds_allowed(each, m)[0], files=(FILE,)) for m in asked}


def test_nothing_handed_in_names_every_required_material(matter: MatterOf) -> None:
    assert len(found(matter("04"), "emergency")) == 8
    message = check_materials(matter("04"), "emergency", ())[0].text()
    assert "临时救助申请书" in message


def test_only_what_the_tolerance_names_may_follow_later(matter: MatterOf) -> None:
    proofs = full(matter("04"), "emergency")
    later = {**proofs, "income_proof": MaterialProof(material="income_proof", kind=ProofKind.DEFERRED)}
    assert found(matter("04"), "emergency", *later.values()) == set()
    assert [m.id for m in deferred(matter("04"), later.values())] == ["income_proof"]
    wrong = {**proofs, "id_card": MaterialProof(material="id_card", kind=ProofKind.DEFERRED)}
    assert found(matter("04"), "emergency", *wrong.values()) == {("id_card", "deferred_not_allowed")}


def test_a_material_marked_deferrable_without_tolerance_is_asked_for(matter: MatterOf) -> None:
    proofs = {
        **full(matter("02"), "standard"),
        "income_proof": MaterialProof(material="income_proof", kind=ProofKind.DEFERRED),
    }
    assert found(matter("02"), "standard", *proofs.values()) == {("income_proof", "deferred_not_allowed")}


def test_what_cannot_be_exempted_is_not(matter: MatterOf) -> None:
    proofs = full(matter("04"), "emergency")
    proofs["check_authorization"] = MaterialProof(material="check_authorization", kind=ProofKind.EXEMPT)
    assert found(matter("04"), "emergency", *proofs.values()) == {("check_authorization", "exempt_not_allowed")}


def test_a_file_needs_its_content_unless_it_may_follow(matter: MatterOf) -> None:
    proofs = full(matter("04"), "emergency")
    proofs["bank_card"] = MaterialProof(material="bank_card", kind=ProofKind.FILE)
    assert found(matter("04"), "emergency", *proofs.values()) == {("bank_card", "file_missing")}
    assert check_materials(matter("04"), "emergency", proofs.values(), files_may_follow=True) == ()


def test_unknown_and_repeated_materials_are_named(matter: MatterOf) -> None:
    proofs = [*full(matter("04"), "emergency").values()]
    extra = [MaterialProof(material="x" * 500, kind=ProofKind.PAPER), proofs[0]]
    problems = check_materials(matter("04"), "emergency", [*proofs, *extra])
    assert {error.code for error in problems} == {"unknown_material", "duplicate"}
    assert max(len(error.path) for error in problems) < 80


def test_a_material_of_another_situation_is_not_asked_for(matter: MatterOf) -> None:
    each = matter("19")
    own = {material.id for material in each.guide.materials if not material.applies_to("resident")}
    assert own
    proof = MaterialProof(material=own.pop(), kind=ProofKind.EXEMPT)
    assert ("unknown_material") in {code for _, code in found(each, "resident", proof)}


def test_a_flood_of_materials_is_answered_briefly(matter: MatterOf) -> None:
    flood = [MaterialProof(material=str(n), kind=ProofKind.PAPER) for n in range(10_000)]
    assert len(check_materials(matter("04"), "emergency", flood)) < 50


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("收入证明.pdf", PDF, "application/pdf"),
        ("IMG_001.JPG", JPG, "image/jpeg"),
        ("a.b.jpeg", JPG, "image/jpeg"),
        ("scan.png", PNG, "image/png"),
    ],
)
def test_documents_and_pictures_are_taken(name: str, content: bytes, media_type: str) -> None:
    file = check_file(name, content)
    assert (file.name, file.media_type, file.size_bytes) == (name, media_type, len(content))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pdf", b"", "empty"),
        ("a.pdf", PDF + b"0" * 10 * 1024 * 1024, "too_large"),
        ("a.exe", PDF, "name"),
        ("pdf", PDF, "name"),
        (".pdf", PDF, "name"),
        ("a.pdf.", PDF, "name"),
        ("", PDF, "name"),
        ("a.pdf", PNG, "kind_differs"),
        ("a.png", JPG, "kind_differs"),
        ("a.pdf", b"MZ\x90\x00" + PDF, "kind_unknown"),
        ("a.pdf", b"<html><script>", "kind_unknown"),
        ("a.pdf", b"GIF89a", "kind_unknown"),
        ("a.pdf", b"PK\x03\x04", "kind_unknown"),
        ("a.jpg", b"\xff\xd8", "kind_unknown"),
    ],
)
def test_other_files_are_refused_with_the_reason(name: str, content: bytes, reason: str) -> None:
    with pytest.raises(FileRefused) as refused:
        check_file(name, content)
    assert refused.value.reason == reason
    assert refused.value.sentence == FILE_REASONS[reason]


@pytest.mark.parametrize(
    ("name", "kept"), [("../../etc/证明.pdf", "证明.pdf"), ("C:\\x\\a.pdf", "a.pdf"), ("a\x00b\n.pdf", "ab.pdf")]
)
def test_a_name_is_only_a_name(name: str, kept: str) -> None:
    assert check_file(name, PDF).name == kept


@settings(max_examples=200)
@given(name=st.text(max_size=40), content=st.binary(max_size=200))
def test_any_bytes_under_any_name_are_taken_or_refused(name: str, content: bytes) -> None:
    # Anything but FileRefused would fail the test by itself.
    with contextlib.suppress(FileRefused):
        assert check_file(name, content).size_bytes == len(content)
