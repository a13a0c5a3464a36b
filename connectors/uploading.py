"""Files handed over before the case that names them: one at a time, as they were handed in, at most once a while.

A reference is kept in the state store under the delivery and the file's hash. It may be lost there: the file is then
handed over once more, which makes no second case, for it is the case that is taken in and not its files.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import anyio

from config import logs
from config.state import StateStore, StateStoreUnavailable
from connectors.attachments import STORE_AWAY, Row, Rows, not_taken, objection, rows_of, stopped_by
from connectors.extracting import extract
from connectors.outcomes import Outcome, OutcomeClass
from connectors.pace import Pace
from connectors.system import Upload
from connectors.transport_ports import Answers, Errand
from matters.material import FileRef
from matters.ports import MaterialFiles

log = logs.get(__name__)
AT_ONCE: Final = 2
"""Files in memory in one process, whatever waits: one of ten megabytes takes some sixty while it is written out."""


class Uploads:
    """Hands the files of cases over; `files` gives the store they lie in."""

    def __init__(self, files: Callable[[], MaterialFiles], state: StateStore) -> None:
        self._files = files
        self._state = state
        self._room = anyio.CapacityLimiter(AT_ONCE)

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
        async with self._room:
            try:
                content = await self._files().get(_file(row))
            except FileNotFoundError:
                log.warning("attachment_missing", delivery=errand.delivery_id, sha256=row["sha256"])
                return not_taken(row, "在材料库中找不到了，没有发送；请重新上传后受理，或由人工送交")
            except OSError as error:
                log.warning("materials_away", delivery=errand.delivery_id, error=type(error).__name__)
                return Outcome(kind=OutcomeClass.TRANSIENT, error=STORE_AWAY)
            text = await anyio.to_thread.run_sync(_as_handed_in, content, str(row["sha256"]))
            if text is None:
                log.warning("attachment_differs", delivery=errand.delivery_id, sha256=row["sha256"])
                return not_taken(row, "与受理时的内容不同，没有发送；请重新上传后受理，或由人工送交")
            values: Mapping[str, object] = {**errand.values, "file": {**row, "content": text}}
            answer = await transport.answer(replace(errand, operation=upload.operation, values=values))
        variables = answer.variables()
        reference = extract(upload.reference, variables) if not answer.error and upload.taken.holds(variables) else ""
        log.info(
            "attachment_sent",
            system=errand.system.id,
            delivery=errand.delivery_id,
            bytes=len(content),
            taken=bool(reference),
            error=answer.error,
            http_status=answer.http_status,
        )
        return reference or stopped_by(errand.system, upload, row, answer)

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


def _as_handed_in(content: bytes, sha256: str) -> str | None:
    """Return the content in base64; None when it is not what was handed in."""
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    return base64.b64encode(content).decode()
