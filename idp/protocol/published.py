"""What is published for everyone: bytes and their entity tag made once, when the document is (RFC 9110 §8.8.3)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A document as it is sent; `etag` is the quoted tag of exactly these bytes."""

    body: bytes
    etag: str


def publish(document: Mapping[str, object]) -> Published:
    """Return the document as compact JSON with its tag."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Published(body, f'"{hashlib.sha256(body).hexdigest()[:24]}"')
