"""From mapped fields to the bytes of a form: application/x-www-form-urlencoded in the department's character set."""

from collections.abc import Mapping
from urllib.parse import quote_plus

from connectors.errors import MappingRefused
from connectors.spec_form_post import FormPostSpec


def filled(fields: Mapping[str, object], hidden: Mapping[str, str], spec: FormPostSpec) -> bytes:
    """Return the form's bytes: hidden fields as they came, ours over them, the button last; a list repeats its field.

    Raises:
        MappingRefused: a value is no single one, or holds a character the department has no way to write.
    """
    values: dict[str, object] = {**hidden, **fields, **spec.button}
    pairs = [(name, _text(name, item)) for name, value in values.items() for item in _items(value)]
    return "&".join(f"{_encoded(name, name, spec)}={_encoded(name, text, spec)}" for name, text in pairs).encode()


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _text(name: str, value: object) -> str:
    if isinstance(value, dict | list):
        raise MappingRefused(name, "expected a single value or a list of them")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _encoded(name: str, text: str, spec: FormPostSpec) -> str:
    """Return `text` percent-encoded. A character would become a question mark silently; we say so instead."""
    try:
        return quote_plus(text.encode(spec.charset))
    except UnicodeEncodeError:
        raise MappingRefused(name, f"a character is not in {spec.charset}: characters(table) has none for it") from None
