"""From mapped fields to the bytes of a form: application/x-www-form-urlencoded in the department's character set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

from connectors.errors import MappingRefused
from connectors.spec_form_post import FormPostSpec
from connectors.transport_ports import FilePart


def filled(fields: Mapping[str, object], hidden: Mapping[str, str], spec: FormPostSpec) -> bytes:
    """Return the form's bytes: hidden fields as they came, ours over them, the button last; a list repeats its field.

    Raises:
        MappingRefused: a value is no single one, or holds a character the department has no way to write.
    """
    pairs = _pairs(fields, hidden, spec)
    return "&".join(f"{_encoded(name, name, spec)}={_encoded(name, text, spec)}" for name, text in pairs).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A form's bytes and what they are."""

    content: bytes
    content_type: str


def filled_with_files(
    fields: Mapping[str, object],
    hidden: Mapping[str, str],
    spec: FormPostSpec,
    *,
    file_field: str,
    files: Sequence[FilePart],
    boundary: str,
) -> Posted:
    """Return the form with its files as multipart/form-data (RFC 7578), in the department's character set as browsers do.

    Copies every file: call it in a thread.

    Raises:
        MappingRefused: as `filled`.
    """
    parts = [
        _part(f'name="{_name(name)}"', "", _in_charset(name, text, spec), boundary)
        for name, text in _pairs(fields, hidden, spec)
    ]
    for file in files:
        named = f'name="{file_field}"; filename="{_name(file.name)}"'
        parts.append(_part(named, file.media_type, file.content, boundary, spec.charset))
    content = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    return Posted(content=content, content_type=f"multipart/form-data; boundary={boundary}")


def _part(named: str, media_type: str, content: bytes, boundary: str, charset: str = "utf-8") -> bytes:
    kind = f"content-type: {media_type}\r\n" if media_type else ""
    head = f"--{boundary}\r\ncontent-disposition: form-data; {named}\r\n{kind}\r\n"
    return head.encode(charset, "xmlcharrefreplace") + content + b"\r\n"


def _name(name: str) -> str:
    """Return a name as it stands in quotes: those that would end it are percent-encoded."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _pairs(fields: Mapping[str, object], hidden: Mapping[str, str], spec: FormPostSpec) -> list[tuple[str, str]]:
    values: dict[str, object] = {**hidden, **fields, **spec.button}
    return [(name, _text(name, item)) for name, value in values.items() for item in _items(value)]


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _text(name: str, value: object) -> str:
    if isinstance(value, dict | list):
        raise MappingRefused(name, "expected a single value or a list of them")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _encoded(name: str, text: str, spec: FormPostSpec) -> str:
    """Return `text` percent-encoded."""
    return quote_plus(_in_charset(name, text, spec))


def _in_charset(name: str, text: str, spec: FormPostSpec) -> bytes:
    """Return the bytes of `text`. A character would become a question mark silently; we say so instead."""
    try:
        return text.encode(spec.charset)
    except UnicodeEncodeError:
        raise MappingRefused(name, f"a character is not in {spec.charset}: characters(table) has none for it") from None
