"""Files for examples: an example names a file that nobody has, so that a trial hands over a small one in its place."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from secrets import token_hex
from typing import Final

from connectors.attachments import Row, names_files, rows_of
from connectors.extracting import extract
from connectors.outcomes import Answer
from connectors.transport_ports import Answers, Errand

SAMPLES: Final[Mapping[str, bytes]] = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "application/pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
}


async def with_samples(errand: Errand, channel: Answers) -> Errand | Answer:
    """Return the errand naming files the department was just given, or its answer where it did not take one.

    Raises:
        MappingRefused, SecretMissing: nothing was sent.
    """
    upload = errand.system.upload
    if upload is None or not names_files(errand.operation):
        return errand
    rows: list[Row] = []
    for position, row in enumerate(rows_of(errand.values), 1):
        file = _sample(row, position)
        asked = replace(
            errand, operation=upload.operation, values={**errand.values, "nonce": token_hex(16), "file": file}
        )
        answer = await channel.answer(asked)
        if answer.error or not upload.taken.holds(answer.variables()):
            return answer
        rows.append({**row, "ref": extract(upload.reference, answer.variables())})
    return replace(errand, values={**errand.values, "attachments": rows})


def _sample(row: Row, position: int) -> Row:
    content = SAMPLES[str(row["media_type"])]
    return {
        **row,
        "position": position,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": base64.b64encode(content).decode(),
    }
