"""Files handed over before the case that names them: one at a time, as they were handed in, at most once a while.

A reference is kept in the state store under the delivery and the file's hash. It may be lost there: the file is then
handed over once more, which makes no second case, for it is the case that is taken in and not its files.
"""

import base64
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

import anyio

from config import logs
from config.state import StateStore, StateStoreUnavailable
from connectors.attachments import (
    STORE_AWAY,
    Row,
    Rows,
    not_taken,
    objection,
    reads_file_content,
    rows_of,
    stopped_by,
)
from connectors.extracting import extract
from connectors.outcomes import Answer, Outcome, OutcomeClass
from connectors.pace import Pace
from connectors.system import Upload
from connectors.transport_ports import Answers, Errand, FilePart, FilesStopped, KeepsUnread, PutsFiles
from matters.material import FileRef
from matters.ports import MaterialFiles

log = logs.get(__name__)
AT_ONCE: Final = 2
"""Cases of one department whose files are in memory in one process; a file of ten megabytes takes some sixty while it is
written out. Each department has its own room: one that hangs keeps no other from its files.
"""


class Uploads:
    """Hands the files of cases over; `files` gives the store they lie in."""

    def __init__(self, files: Callable[[], MaterialFiles], state: StateStore) -> None:
        self._files = files
        self._state = state
        self._rooms: defaultdict[str, anyio.CapacityLimiter] = defaultdict(lambda: anyio.CapacityLimiter(AT_ONCE))

    async def hand_over(
        self, errand: Errand, rows: Rows, transport: Answers, pace: Pace, nonce: Callable[[], str]
    ) -> Rows | Outcome:
        """Return the rows with their references, or what stopped it: of the case itself nothing has left.

        Every file is an exchange of its own and has a `nonce` of its own.

        Raises:
            MappingRefused, SecretMissing: a file can't be put into their form; nothing of it was sent.
        """
        system, upload = errand.system, errand.system.upload
        if upload is None:
            return rows
        if (stopped := objection(system, rows)) is not None:
            return stopped
        named: list[Row] = []
        for position, row in enumerate(rows, 1):
            reference = await self._kept(errand, row)
            if not reference:
                own = replace(errand, values={**errand.values, "nonce": nonce()})
                one = await self._one(own, upload, {**row, "position": position}, transport, pace)
                if isinstance(one, Outcome):
                    return one
                reference = one
                await self._keep(errand, upload, row, reference)
            named.append({**row, "ref": reference})
        return named

    async def forget(self, errand: Errand) -> None:
        """Forget the references of a case they could not read: they may know these files no longer."""
        keys = [_key(errand, row) for row in rows_of(errand.values)]
        try:
            await self._state.forget(*keys)
        except StateStoreUnavailable:
            log.warning("references_not_forgotten", system=errand.system.id, delivery=errand.delivery_id)

    async def _one(self, errand: Errand, upload: Upload, row: Row, transport: Answers, pace: Pace) -> str | Outcome:
        await pace.turn()
        async with self._rooms[errand.system.id]:
            content = await self._content(errand, row)
            if isinstance(content, Outcome):
                return content
            reference, answer = await exchanged(errand, upload, row, content, transport)
        log.info(
            "attachment_sent",
            system=errand.system.id,
            delivery=errand.delivery_id,
            bytes=len(content),
            taken=bool(reference),
            error=answer.error,
            http_status=answer.http_status,
        )
        if reference:
            return reference
        stopped = stopped_by(errand.system, upload, row, answer)
        if stopped.rule is None and isinstance(transport, KeepsUnread):
            await transport.not_understood(errand, answer)
        return stopped

    async def _content(self, errand: Errand, row: Row) -> bytes | Outcome:
        """Return a file's bytes, or why they are not what was handed in."""
        try:
            content = await self._files().get(_file(row))
        except FileNotFoundError:
            log.warning("attachment_missing", delivery=errand.delivery_id, sha256=row["sha256"])
            return not_taken(row, "在材料库中找不到了，没有发送；请重新上传后受理，或由人工送交")
        except OSError as error:
            log.warning("materials_away", delivery=errand.delivery_id, error=type(error).__name__)
            return Outcome(kind=OutcomeClass.TRANSIENT, error=STORE_AWAY)
        if not await anyio.to_thread.run_sync(_is_as_handed_in, content, str(row["sha256"])):
            log.warning("attachment_differs", delivery=errand.delivery_id, sha256=row["sha256"])
            return not_taken(row, "与受理时的内容不同，没有发送；请重新上传后受理，或由人工送交")
        return content

    @asynccontextmanager
    async def opened(self, errand: Errand, rows: Rows) -> AsyncIterator[Sequence[FilePart]]:
        """Have the files in memory while the block runs.

        Raises:
            FilesStopped: one can't be had as it was handed in.
        """
        async with self._rooms[errand.system.id]:
            parts: list[FilePart] = []
            for row in rows:
                content = await self._content(errand, row)
                if isinstance(content, Outcome):
                    raise FilesStopped(content)
                parts.append(FilePart(name=str(row["name"]), media_type=str(row["media_type"]), content=content))
            yield parts

    async def _kept(self, errand: Errand, row: Row) -> str:
        try:
            kept = await self._state.get(_key(errand, row))
        except StateStoreUnavailable:
            return ""
        return kept.decode() if kept is not None else ""

    async def _keep(self, errand: Errand, upload: Upload, row: Row, reference: str) -> None:
        if not upload.keep_seconds:
            return
        try:
            await self._state.put(_key(errand, row), reference.encode(), timedelta(seconds=upload.keep_seconds))
        except StateStoreUnavailable:
            log.warning("reference_not_kept", system=errand.system.id, delivery=errand.delivery_id)


def _key(errand: Errand, row: Row) -> str:
    return f"attachment:{errand.delivery_id}:{row['sha256']}"


def _file(row: Row) -> FileRef:
    return FileRef(
        sha256=str(row["sha256"]),
        name=str(row["name"]),
        media_type=str(row["media_type"]),
        size_bytes=int(str(row["bytes"])),
    )


def _is_as_handed_in(content: bytes, sha256: str) -> bool:
    return hashlib.sha256(content).hexdigest() == sha256


async def exchanged(errand: Errand, upload: Upload, row: Row, content: bytes, transport: Answers) -> tuple[str, Answer]:
    """Hand one file over; return what they call it, empty when they did not take it, and their last answer.

    Raises:
        MappingRefused, SecretMissing: it can't be put into their form.
    """
    in_message = reads_file_content(upload.operation)
    text = (await anyio.to_thread.run_sync(base64.b64encode, content)).decode() if in_message else ""
    values: Mapping[str, object] = {**errand.values, "file": {**row, "content": text}}
    answer = await transport.answer(replace(errand, operation=upload.operation, values=values))
    announced = answer.variables()
    if answer.error or not upload.taken.holds(announced):
        return "", answer
    if upload.put is not None and isinstance(transport, PutsFiles):
        path = extract(upload.put.path, announced)
        answer = await transport.put_file(path, content, str(row["media_type"]))
        if answer.error or not upload.put.stored.holds(answer.variables()):
            return "", answer
    return extract(upload.reference, announced), answer
