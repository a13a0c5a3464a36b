"""From a mapped payload to an XML document: keys are elements, lists repeat their element, `@name` is an attribute.

{"rows": {"row": [{"@n": 1, "aac002": "…"}]}}  →  <rows><row n="1"><aac002>…</aac002></row></rows>
"""

from collections.abc import Mapping

from lxml import etree

from connectors.errors import MappingRefused


def document(root: str, payload: Mapping[str, object], *, charset: str) -> str:
    """Return the document as text, with an XML declaration that names `charset`.

    Raises:
        MappingRefused: a name or a value can't stand in XML, or `charset` lacks a character.
    """
    text = etree.tostring(element(root, payload, ""), encoding="unicode")
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        raise MappingRefused(root, f"a character is not in {charset}") from None
    return f'<?xml version="1.0" encoding="{charset}"?>{text}'


def element(name: str, value: object, target: str) -> etree._Element:
    """Return `value` as an element; `target` is the place refusals name."""
    try:
        made = etree.Element(name)
        if not isinstance(value, Mapping):
            made.text = text_of(value, target)
            return made
        for key, inner in value.items():
            place = f"{target}.{key}" if target else key
            if key.startswith("@"):
                made.set(key[1:], text_of(inner, place))
                continue
            for item in inner if isinstance(inner, list) else [inner]:
                made.append(element(key, item, place))
    except ValueError:  # lxml's word for a name or a character XML does not have
        raise MappingRefused(target or name, "XML has no such name or character") from None
    return made


def text_of(value: object, target: str) -> str:
    """Return a single value as XML writes it; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise MappingRefused(target, "expected a single value")
    return str(value)
