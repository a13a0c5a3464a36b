"""A department's XML, read safely: no DTD, no entities of its own, no network, bounded in size and depth.

Elements become keys, repeated ones lists, attributes keys beside them; an element with text only is that text. An element
that has both attributes and text keeps its text under `text`. Names lose their namespace.
"""

import re
from collections.abc import Collection
from typing import Final

from lxml import etree

DEEPEST: Final = 40
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml\b[^>]*?\?>")
_ENCODING = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_KNOWN: Final = frozenset({"utf-8", "utf8", "gb18030", "gbk", "gb2312", "us-ascii", "ascii"})


class XmlRefused(Exception):
    """`error` is a word of `connectors.outcomes.ERRORS`: charset or not_xml."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def decoded(content: bytes, content_type: str, *, otherwise: str) -> str:
    """Return the text of an answer: the character set is what the header says, else the declaration, else `otherwise`.

    Raises:
        XmlRefused: the bytes are not in it, or nobody here knows it.
    """
    declared = _ENCODING.match(content[:200])
    named = _CHARSET.search(content_type)
    charset = (named[1] if named else declared[1].decode() if declared else otherwise).lower()
    # What calls itself GB2312 or GBK is written with the whole of GB18030, which has both inside.
    charset = "gb18030" if charset in ("gbk", "gb2312") else charset
    if charset not in _KNOWN:
        raise XmlRefused("charset")
    try:
        return content.decode(charset)
    except UnicodeDecodeError:
        raise XmlRefused("charset") from None


def parsed(text: str) -> etree._Element:
    """Return the root element of `text`.

    Raises:
        XmlRefused: not XML, a DTD, or nested beyond `DEEPEST`.
    """
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        # The declaration speaks of bytes that have been decoded already.
        root = etree.fromstring(_DECLARATION.sub("", text, count=1).encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise XmlRefused("not_xml") from None
    if root.getroottree().docinfo.internalDTD is not None or _depth(root) > DEEPEST:
        raise XmlRefused("not_xml")
    return root


def _depth(root: etree._Element) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def as_value(element: etree._Element, *, lists: Collection[str] = (), place: str = "") -> object:
    """Return what an element holds; `lists` are places that are lists even when they hold one (`rows.row`)."""
    held: dict[str, object] = {local(name): str(value) for name, value in element.attrib.items()}
    children = [child for child in element if isinstance(child.tag, str)]
    text = (element.text or "").strip() if children else (element.text or "")
    if not children:
        return text if not held else {**held, "text": text} if text.strip() else held
    for child in children:
        name = local(child.tag)
        where = f"{place}.{name}" if place else name
        value = as_value(child, lists=lists, place=where)
        if name not in held:
            held[name] = [value] if where in lists else value
        elif isinstance(before := held[name], list):
            before.append(value)
        else:
            held[name] = [before, value]
    return held


def local(name: str | bytes) -> str:
    """Return a name without its namespace."""
    return str(etree.QName(name).localname)
