"""What every kind of proof offers: sign what we send, open what comes back, check what a department sends by itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from connectors.errors import EnvelopeRefused
from connectors.rendering import Rendered, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What goes on the wire. `target` is path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message with its proof taken off. `envelope` is the outer document where the body was sealed inside."""

    body: object
    envelope: object = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A department's call as it arrived; header names in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes


class Signer(Protocol):
    """One kind of proof with its secrets."""

    def sign(self, rendered: Rendered, *, at: datetime, nonce: str) -> Signed:
        """Return the request with its proof.

        Raises:
            SecretMissing: the deployment lacks a secret the spec names.
        """

    def open(self, content: bytes, charset: str) -> Opened:
        """Return an answer's content.

        Raises:
            EnvelopeRefused: not JSON (`not_json`), wrong characters (`charset`), broken seal or signature (`envelope`).
        """

    def verify(self, incoming: Incoming, charset: str) -> Opened:
        """Return a callback's content when its proof holds; the time window is the caller's to check.

        Raises:
            EnvelopeRefused: `signature` when it does not hold, `shape` when it is not even formed as agreed.
        """


def target_of(path: str, query: Mapping[str, str]) -> str:
    """Return path and query as they go on the request line."""
    return f"{path}?{urlencode(query)}" if query else path


def plain(rendered: Rendered, headers: Mapping[str, str] | None = None) -> Signed:
    """Return `rendered` as it is, with `headers` added."""
    content = b"" if rendered.body is None else to_json(rendered.body)
    own = {"content-type": "application/json; charset=utf-8"} if content else {}
    return Signed(
        method=rendered.method,
        target=target_of(rendered.path, rendered.query),
        headers={"accept": "application/json", **own, **rendered.headers, **(headers or {})},
        content=content,
    )


def read_json(content: bytes, charset: str) -> object:
    """Return the JSON value in `content`; None when there is none at all.

    Raises:
        EnvelopeRefused: `charset` or `not_json`.
    """
    if not content.strip():
        return None
    try:
        text = content.decode(charset)
    except (UnicodeDecodeError, LookupError):
        raise EnvelopeRefused("charset") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise EnvelopeRefused("not_json") from None


def read_object(content: bytes, charset: str) -> dict[str, object]:
    """Return the JSON object in `content`.

    Raises:
        EnvelopeRefused: `shape`, or as `read_json`.
    """
    document = read_json(content, charset)
    if not isinstance(document, dict):
        raise EnvelopeRefused("shape")
    return document


def sorted_json(value: object) -> str:
    """Return JSON with all keys sorted and no blanks.

    Raises:
        EnvelopeRefused: `shape`, nested so deeply that it could just be read.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    except RecursionError:
        raise EnvelopeRefused("shape") from None


def sorted_params(fields: Mapping[str, object]) -> str:
    """Return `k=v&k=v`, sorted by key, empty ones left out, objects and lists as sorted JSON."""
    return "&".join(f"{key}={_param(fields[key])}" for key in sorted(fields) if fields[key] not in (None, "", [], {}))


def _param(value: object) -> str:
    return value if isinstance(value, str) else sorted_json(value)


def timestamp(at: datetime, unit: str) -> str:
    """Return the Unix time of `at` as text, in seconds or milliseconds."""
    return str(int(at.timestamp() * 1000) if unit == "milliseconds" else int(at.timestamp()))


def read_timestamp(text: object, unit: str) -> datetime:
    """Return the moment of a Unix time in seconds or milliseconds.

    Raises:
        EnvelopeRefused: `shape`.
    """
    try:
        seconds = int(str(text)) / (1000 if unit == "milliseconds" else 1)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        raise EnvelopeRefused("shape") from None
