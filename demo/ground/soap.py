"""The department's side of SOAP: calls read, answers and Faults written. Nothing here is shared with OneWindow."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree
from starlette.responses import Response

SOAP_1_1: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2: Final = "http://www.w3.org/2003/05/soap-envelope"
SKEW: Final = timedelta(minutes=5)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CHARSET = re.compile(r"charset=\"?([\w.-]+)", re.IGNORECASE)


class NotSoap(Exception):
    """The request is no SOAP message this service reads."""


@dataclass(frozen=True, slots=True)
class Call:
    """`arguments` are texts; `token` is the UsernameToken's parts, empty without one."""

    name: str
    arguments: Mapping[str, str]
    token: Mapping[str, str]


def read_call(raw: bytes, content_type: str) -> Call:
    """Return the call in a message.

    Raises:
        NotSoap: it is none.
    """
    named = _CHARSET.search(content_type)
    try:
        root = parse(raw.decode(named[1] if named else "utf-8"))
    except (UnicodeDecodeError, LookupError, etree.XMLSyntaxError, ValueError) as error:
        raise NotSoap(type(error).__name__) from None
    body = next((child for child in root if name_of(child) == "Body"), None)
    call = next(iter(body), None) if body is not None else None
    if call is None:
        raise NotSoap("no body")
    token = {
        name_of(e): e.text or "" for e in root.iter() if name_of(e) in ("Username", "Password", "Nonce", "Created")
    }
    return Call(name_of(call), {name_of(child): child.text or "" for child in call}, token)


def parse(text: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    return etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser)


def name_of(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def as_object(element: etree._Element) -> dict[str, object]:
    """Return an element's children by name: a text, an object, or a list where a name comes more than once."""
    held: dict[str, object] = dict(element.attrib)
    for child in element:
        name, value = name_of(child), as_object(child) if len(child) or child.attrib else (child.text or "")
        if name not in held:
            held[name] = value
        elif isinstance(before := held[name], list):
            before.append(value)
        else:
            held[name] = [before, value]
    return held


def rows_of(payload: Mapping[str, object], outer: str, inner: str) -> list[Mapping[str, object]]:
    """Return the rows of a list, whether it holds none, one or many."""
    held = payload.get(outer)
    found = held.get(inner) if isinstance(held, Mapping) else None
    return [row for row in (found if isinstance(found, list) else [found]) if isinstance(row, Mapping)]


def to_xml(name: str, value: object) -> etree._Element:
    """Return `value` as an element; `@n` is an attribute, a list repeats its element."""
    made = etree.Element(name)
    if not isinstance(value, Mapping):
        made.text = str(value)
        return made
    for key, inner in value.items():
        if key.startswith("@"):
            made.set(key[1:], str(inner))
            continue
        for item in inner if isinstance(inner, list) else [inner]:
            made.append(to_xml(key, item))
    return made


def token_holds(token: Mapping[str, str], *, username: str, password: bytes, at: datetime) -> bool:
    """Tell whether a UsernameToken with a password digest proves who calls; spending its nonce is the caller's."""
    try:
        nonce = base64.b64decode(token.get("Nonce", ""), validate=True)
        created = datetime.strptime(token.get("Created", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    digest = hashlib.sha1(nonce + token["Created"].encode() + password, usedforsecurity=False).digest()
    right = hmac.compare_digest(base64.b64encode(digest).decode(), token.get("Password", ""))
    return right and bool(nonce) and token.get("Username") == username and abs(at - created) <= SKEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one service writes: version, namespace, the element its payload stands in, and its character set."""

    soap: str
    namespace: str
    result: str
    charset: str = "GB18030"

    def answer(self, call: str, root: str, payload: Mapping[str, object]) -> Response:
        """Return HTTP 200 with `payload` as an XML text inside the answer, whatever it says."""
        inner = etree.tostring(to_xml(root, payload), encoding="unicode")
        envelope = etree.Element(f"{{{self.soap}}}Envelope", nsmap={"soap": self.soap})
        body = etree.SubElement(envelope, f"{{{self.soap}}}Body")
        answer = etree.SubElement(body, f"{{{self.namespace}}}{call}Response")
        result = etree.SubElement(answer, f"{{{self.namespace}}}{self.result}")
        result.text = etree.CDATA(f'<?xml version="1.0" encoding="{self.charset}"?>{inner}')
        return self._sent(envelope, 200)

    def fault(self, code: str, reason: str, *, http_status: int = 500) -> Response:
        """Return a Fault; `code` may carry a prefix, as in wsse:FailedAuthentication."""
        envelope = etree.Element(f"{{{self.soap}}}Envelope", nsmap={"soap": self.soap})
        fault = etree.SubElement(etree.SubElement(envelope, f"{{{self.soap}}}Body"), f"{{{self.soap}}}Fault")
        if self.soap == SOAP_1_1:
            etree.SubElement(fault, "faultcode").text = code
            etree.SubElement(fault, "faultstring").text = reason
        else:
            value = etree.SubElement(etree.SubElement(fault, f"{{{self.soap}}}Code"), f"{{{self.soap}}}Value")
            value.text = code
            text = etree.SubElement(etree.SubElement(fault, f"{{{self.soap}}}Reason"), f"{{{self.soap}}}Text")
            text.set("{http://www.w3.org/XML/1998/namespace}lang", "zh")
            text.text = reason
        return self._sent(envelope, http_status)

    def _sent(self, envelope: etree._Element, http_status: int) -> Response:
        text = f'<?xml version="1.0" encoding="{self.charset}"?>{etree.tostring(envelope, encoding="unicode")}'
        kind = "text/xml" if self.soap == SOAP_1_1 else "application/soap+xml"
        return Response(
            text.encode(self.charset),
            status_code=http_status,
            headers={"content-type": f"{kind}; charset={self.charset}"},
        )
