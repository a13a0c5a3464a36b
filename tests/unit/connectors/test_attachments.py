"""What a spec may say of files, which operations hand them over, and what an upload's answer means for its case."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from config.storage.memory_state import MemoryStateStore
from connectors.attachments import names_files, objection, rows_of, stopped_by
from connectors.dry_run import dry_run, values_of_submission
from connectors.engine import ProbeAnswer
from connectors.errors import SpecRefused
from connectors.ledger import DeliveryState, InboundEvent, Submission
from connectors.mending import advise
from connectors.outcomes import Answer, Outcome, OutcomeClass
from connectors.redaction import Redactor
from connectors.system import System
from connectors.transport_ports import Errand
from connectors.uploading import Uploads
from matters.material import FileRef
from tests.doubles.house import make_system
from tests.unit.connectors.test_attempts_under_a_lease import deliverer, leased
from tests.unit.connectors.test_delivery_engine import AT

UPLOAD = {
    "request": {"path": "/files", "body": {"name": "file.name", "data": "file.content"}},
    "taken": "body.code == 0",
}
ATTACHMENTS: dict[str, Any] = {
    "most_bytes": 1000,
    "types": ["jpg", "pdf"],
    "upload": {**UPLOAD, "reference": "body.data.fileId"},
}
NAMING = {"$each": "attachments", "$as": {"id": "row.ref", "name": "row.name", "size": "row.bytes"}}
OPERATIONS = {
    "ZLJ_APPLY": {"mode": "async", "request": {"path": "/cases", "body": {"no": "case.number", "files": NAMING}}},
    "YLFW_BT": {"mode": "sync", "request": {"path": "/cases", "body": {"no": "case.number"}}},
}


@dataclass(frozen=True)
class Stored:
    """A store with one file."""

    content: bytes

    async def get(self, file: FileRef) -> bytes:
        return self.content

    async def put(self, name: str, content: bytes) -> FileRef:
        raise NotImplementedError


class Silent:
    """A department that does not answer."""

    async def answer(self, errand: Errand) -> Answer:
        return Answer(error="timeout")

    async def send(self, errand: Errand) -> Outcome:
        raise AssertionError("the case left without its files")

    async def probe(self, errand: Errand) -> ProbeAnswer:
        raise NotImplementedError

    async def poll(self, errand: Errand) -> InboundEvent | None:
        raise NotImplementedError

    async def aclose(self) -> None:
        return None


ROW = {
    "material": "id_card", "material_name": "身份证", "name": "证.pdf", "media_type": "application/pdf", "bytes": 1000,
    "sha256": "0" * 64,
}  # fmt: skip


def system(directory: Path, **changed: Any) -> System:
    return make_system(directory, {"attachments": {**ATTACHMENTS, **changed}, "operations": OPERATIONS})


def test_files_go_where_the_message_names_them(tmp_path: Path) -> None:
    here = system(tmp_path)
    assert {name for name, each in here.operations.items() if names_files(each)} == {"ZLJ_APPLY"}


def test_a_case_frozen_before_files_were_named_has_none() -> None:
    assert rows_of({"materials": [{"id": "id_card", "files": ["证.pdf"]}]}) == []


@pytest.mark.parametrize(
    ("changed", "expected", "path"),
    [
        ({"types": ["docx"]}, "Input should be 'jpg', 'png' or 'pdf'", "attachments.types.0"),
        ({"types": []}, "at least 1 item", "attachments.types"),
        ({"most_bytes": 10**9}, "less than or equal to", "attachments.most_bytes"),
        ({"upload": {**UPLOAD, "reference": "answer.id"}}, "answer", "attachments.upload.reference"),
        ({"upload": {**UPLOAD, "reference": "body.id", "request": {"body": {"x": "file.path"}}}}, "path", "body.x"),
        ({"kinds": ["jpg"]}, "there is no such key here", "attachments.kinds"),
    ],
)
def test_what_does_not_hold_is_told_with_its_place(
    tmp_path: Path, changed: dict[str, Any], expected: str, path: str
) -> None:
    with pytest.raises(SpecRefused) as refused:
        system(tmp_path, **changed)
    problem = refused.value.problems[0]
    assert expected in problem.expected
    assert path in problem.path
    assert problem.line > 1


@pytest.mark.parametrize(
    "changes",
    [
        {"attachments": ATTACHMENTS},
        {"attachments": ATTACHMENTS, "operations": OPERATIONS, "transport": "manual"},
        {"attachments": {**ATTACHMENTS, "form_field": "fuFJ"}, "operations": OPERATIONS},
        {"attachments": {"most_bytes": 1, "types": ["pdf"]}, "operations": OPERATIONS},
    ],
)
def test_a_section_that_would_do_nothing_is_refused_in_words(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(SpecRefused) as refused:
        make_system(tmp_path, changes)
    problem = next(each for each in refused.value.problems if each.path == "attachments")
    advice = advise(problem, None)
    assert "attachments" in advice.expected or "附件" in advice.expected
    assert advice.mend


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, ""),
        ({"bytes": 1001}, "超过"),
        ({"media_type": "image/png"}, "只收JPG、PDF"),
    ],
)
def test_what_they_do_not_take_is_told_before_it_is_sent(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    stopped = objection(system(tmp_path), [ROW, {**ROW, **changed}])
    if not told:
        assert stopped is None
        return
    assert stopped is not None
    assert (stopped.kind, stopped.error) == (OutcomeClass.INVALID, "attachment")
    assert told in stopped.message
    assert "身份证" in stopped.message


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(http_status=503), OutcomeClass.TRANSIENT),
        (Answer(http_status=429, headers={"retry-after": "7"}), OutcomeClass.THROTTLED),
        (Answer(http_status=401), OutcomeClass.AUTH),
        (Answer(http_status=400, body={"msg": "x"}), OutcomeClass.INVALID),
        (Answer(http_status=422, body={"msg": "x"}), OutcomeClass.INVALID),
        (Answer(http_status=202), OutcomeClass.INVALID),
        (Answer(http_status=418), OutcomeClass.TRANSIENT),
        (Answer(error="timeout"), OutcomeClass.TRANSIENT),
        (Answer(error="connection_lost"), OutcomeClass.TRANSIENT),
        (Answer(error="connect"), OutcomeClass.TRANSIENT),
        (Answer(http_status=200, error="charset"), OutcomeClass.TRANSIENT),
    ],
)
def test_an_upload_that_fails_is_no_doubt_about_the_case(tmp_path: Path, answer: Answer, kind: OutcomeClass) -> None:
    here = system(tmp_path)
    assert here.upload is not None
    stopped = stopped_by(here, here.upload, ROW, answer)
    assert stopped.kind is kind
    assert stopped.retry_after_seconds == (7.0 if kind is OutcomeClass.THROTTLED else None)
    assert stopped.error == answer.error


@pytest.mark.parametrize(
    ("state", "after"),
    [(DeliveryState.SENDING, DeliveryState.WAIT), (DeliveryState.PROBING, DeliveryState.UNKNOWN)],
)
async def test_a_case_in_doubt_stays_in_doubt_when_its_files_are_not_handed_over_again(
    tmp_path: Path, state: DeliveryState, after: DeliveryState
) -> None:
    """They dedupe, so it is sent again without asking; what was sent before may be there."""

    async def never(_errand: Errand) -> Outcome:
        raise AssertionError("the case left without its files")

    one, ledger = deliverer(tmp_path, never)
    here = system(tmp_path)
    again = replace(here.operations["ZLJ_APPLY"], resend_unknown="dedupe")
    here = replace(here, operations={**here.operations, "ZLJ_APPLY": again})
    files = Stored(b"x" * 1000)
    ground = replace(one.ground, uploads=Uploads(lambda: files, MemoryStateStore()))
    one = replace(one, system=here, transport=Silent(), ground=ground)
    lease = leased(state)
    content = {"case": {"number": "1"}, "attachments": [{**ROW, "sha256": hashlib.sha256(files.content).hexdigest()}]}
    await one.deliver(replace(lease, submission=replace(lease.submission, content=content)))
    assert [result.state for result in ledger.results] == [after]


def test_a_dry_run_shows_names_and_sizes_and_no_bytes(tmp_path: Path) -> None:
    here = system(tmp_path)
    content = {"case": {"number": "1"}, "attachments": [ROW]}
    submission = Submission(id="s", case_number="1", created_at=AT, content=content, sha256="")
    operation = here.operations["ZLJ_APPLY"]
    shown = dry_run(here, operation, values_of_submission(here, operation, submission, at=AT), Redactor())
    assert shown.body == {"no": "1", "files": [{"id": "（上传后由部门给出）", "name": "证.pdf", "size": 1000}]}
