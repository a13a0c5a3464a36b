"""The files of a case on their way to a department: which, whether it takes them, what stops them. Pure.

A frozen case names every file by its hash, so what leaves after ten days is what was handed in. A mapping reads them
as `attachments`, a row per file:

    material, material_name   what it proves
    name                      what the person called it
    media_type, bytes, sha256 what it is
    ref                       what the department calls it, once it was handed over
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connectors.mapping import Flow
from connectors.outcomes import DELIVERED, Answer, Outcome, OutcomeClass, classify
from connectors.spec_models import AttachmentsSpec
from connectors.system import Operation, System, Upload
from matters.material import MEDIA_TYPES

Row = Mapping[str, object]
Rows = Sequence[Row]
NOT_TAKEN: Final = "attachment"
"""`error` where a file is not as they take it, or not as it was handed in: a person mends it, nothing was sent."""
STORE_AWAY: Final = "store"
"""`error` where our own store of files does not answer."""
NOT_YET: Final = "（上传后由部门给出）"
"""Stands for a reference where nothing is sent."""
_MEGABYTE: Final = 1024 * 1024
_THEIRS: Final = frozenset({OutcomeClass.INVALID, OutcomeClass.AUTH, OutcomeClass.THROTTLED, OutcomeClass.TRANSIENT})


def rows_of(content: Mapping[str, object]) -> Rows:
    """Return the rows of a frozen case; one frozen before files were named has none."""
    rows = content.get("attachments")
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def names_files(operation: Operation) -> bool:
    """Tell whether an operation's message names the files of the case."""
    request = operation.request
    return request is not None and request.body is not None and any(map(_reads_files, request.body.flows("")))


def reads_file_content(operation: Operation) -> bool:
    """Tell whether the message of an upload holds the bytes themselves."""
    request = operation.request
    flows = request.body.flows("") if request is not None and request.body is not None else iter(())
    return any("file.content" in flow.sources for flow in flows)


def _reads_files(flow: Flow) -> bool:
    return any(path.split(".")[0] == "attachments" for path in (*flow.sources, *flow.when))


def objection(system: System, rows: Rows) -> Outcome | None:
    """Return why these files can't go, the first of all; None when they take each of them."""
    spec = system.spec.attachments
    if spec is None:
        return None
    stopped = next((not_taken(row, why) for row in rows for why in _whys(system.name, spec, row)), None)
    total = sum(size for row in rows if isinstance(size := row["bytes"], int))
    if stopped is None and spec.form_field is not None and total > spec.most_total_bytes:
        told = f"附件合计{_size(total)}，超过{system.name}一次{_size(spec.most_total_bytes)}的上限，没有发送；请压缩后重新受理，或由人工送交"
        return Outcome(kind=OutcomeClass.INVALID, error=NOT_TAKEN, message=told)
    return stopped


def not_taken(row: Row, why: str) -> Outcome:
    """Return the outcome of a file a person has to see to."""
    return Outcome(kind=OutcomeClass.INVALID, error=NOT_TAKEN, message=f"{_called(row)}{why}")


def _called(row: Row) -> str:
    return f"材料“{row['material_name']}”的文件“{row['name']}”"


def _whys(system: str, spec: AttachmentsSpec, row: Row) -> Iterator[str]:
    if row["media_type"] not in {MEDIA_TYPES[f".{each}"] for each in spec.types}:
        taken = "、".join(each.upper() for each in spec.types)
        yield f"不是{system}接收的格式（只收{taken}），没有发送；请换成这种格式重新受理，或由人工送交"
    size = row["bytes"]
    if isinstance(size, int) and size > spec.most_bytes:
        yield f"有{_size(size)}，超过{system}单个附件{_size(spec.most_bytes)}的上限，没有发送；请压缩后重新受理，或由人工送交"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / _MEGABYTE:.4g} MB"


def stopped_by(system: System, upload: Upload, row: Row, answer: Answer) -> Outcome:
    """Return what an answer that is no reference means for the case, which has not left: never a doubt about it."""
    read = classify(upload.operation.outcomes, system.spec.statuses, answer)
    # Taken without a reference, or refused: the same file will fare no better, a person looks at it.
    hopeless = read.kind is OutcomeClass.REFUSED or read.kind in DELIVERED
    kind = read.kind if read.kind in _THEIRS else OutcomeClass.INVALID if hopeless else OutcomeClass.TRANSIENT
    said = f"：{read.message}" if read.message else ""
    return Outcome(
        kind=kind,
        message=f"{_called(row)}没有传到{system.name}{said}",
        retry_after_seconds=read.retry_after_seconds,
        rule=read.rule,
        http_status=read.http_status,
        error=read.error,
    )
