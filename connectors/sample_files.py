"""Files for examples: an example names a file that nobody has, so that a trial hands over a small one in its place."""

import hashlib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from secrets import token_hex
from typing import Final

from connectors.attachments import Row, names_files, rows_of
from connectors.outcomes import Answer
from connectors.transport_ports import Answers, Errand, FilePart
from connectors.uploading import exchanged

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
        content = SAMPLES[str(row["media_type"])]
        own = replace(errand, values={**errand.values, "nonce": token_hex(16)})
        reference, answer = await exchanged(own, upload, _sample(row, content, position), content, channel)
        if not reference:
            return answer
        rows.append({**row, "ref": reference})
    return replace(errand, values={**errand.values, "attachments": rows})


def with_sample_parts(errand: Errand) -> Errand:
    """Return the errand with small files for those its message names, where they go with the message itself."""
    spec = errand.system.spec.attachments
    rows = rows_of(errand.values)
    if spec is None or spec.form_field is None or not rows or not names_files(errand.operation):
        return errand
    kinds = [(str(row["name"]), str(row["media_type"])) for row in rows]
    parts = [FilePart(name=name, media_type=kind, content=SAMPLES[kind]) for name, kind in kinds]
    return replace(errand, files=lambda: nullcontext(parts))


def _sample(row: Row, content: bytes, position: int) -> Row:
    digest = hashlib.sha256(content).hexdigest()
    return {**row, "position": position, "bytes": len(content), "sha256": digest}
