"""SOAP messages, document/literal: SOAP 1.1 (W3C Note 8 May 2000) and SOAP 1.2 Part 1 (W3C Recommendation 27 April 2007)."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from lxml import etree

from connectors.errors import MappingRefused
from connectors.transports.xml_reading import XmlRefused, as_value, local
from connectors.transports.xml_writing import document, text_of

Version = Literal["1.1", "1.2"]
NAMESPACES: Final[Mapping[Version, str]] = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_SECURITY: Final = f"{_WSS}-wssecurity-secext-1.0.xsd"
_UTILITY: Final = f"{_WSS}-wssecurity-utility-1.0.xsd"
_DIGEST: Final = f"{_WSS}-username-token-profile-1.0#PasswordDigest"
_BASE64: Final = f"{_WSS}-soap-message-security-1.0#Base64Binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsernameToken:
    """UsernameToken Profile 1.1.1 §3.1; `nonce` is used once, `created` is now."""

    username: str
    password: bytes
    nonce: bytes
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. An argument that is an object is a document of its own, written as CDATA."""

    version: Version
    namespace: str
    name: str
    arguments: Mapping[str, object]
    payload_root: str
    payload_charset: str
    token: UsernameToken | None = None


def written(call: Call, *, charset: str) -> bytes:
    """Return the message's bytes.

    Raises:
        MappingRefused: a value can't stand in XML, or the character set lacks it.
    """
    soap = NAMESPACES[call.version]
    envelope = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap, "biz": call.namespace})
    if call.token is not None:
        _add_token(etree.SubElement(envelope, f"{{{soap}}}Header"), soap, call.token)
    body = etree.SubElement(envelope, f"{{{soap}}}Body")
    operation = etree.SubElement(body, f"{{{call.namespace}}}{call.name}")
    for name, value in call.arguments.items():
        _add_argument(operation, call, name, value)
    text = etree.tostring(envelope, encoding="unicode")
    try:
        return f'<?xml version="1.0" encoding="{charset}"?>{text}'.encode(charset)
    except UnicodeEncodeError:
        raise MappingRefused(call.name, f"a character is not in {charset}") from None


def _add_argument(operation: etree._Element, call: Call, name: str, value: object) -> None:
    try:
        argument = etree.SubElement(operation, f"{{{call.namespace}}}{name}")
        if isinstance(value, Mapping):
            # A serialised document has every > of its texts escaped, so it never holds the end of the section.
            argument.text = etree.CDATA(document(call.payload_root, value, charset=call.payload_charset))
        else:
            argument.text = text_of(value, name)
    except ValueError:
        raise MappingRefused(name, "XML has no such name or character") from None


def _add_token(header: etree._Element, soap: str, token: UsernameToken) -> None:
    created = token.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    security = etree.SubElement(header, f"{{{_SECURITY}}}Security", nsmap={"wsse": _SECURITY, "wsu": _UTILITY})
    security.set(f"{{{soap}}}mustUnderstand", "1")
    inside = etree.SubElement(security, f"{{{_SECURITY}}}UsernameToken")
    etree.SubElement(inside, f"{{{_SECURITY}}}Username").text = token.username
    password = etree.SubElement(inside, f"{{{_SECURITY}}}Password", Type=_DIGEST)
    password.text = password_digest(token.nonce, created, token.password)
    nonce = etree.SubElement(inside, f"{{{_SECURITY}}}Nonce", EncodingType=_BASE64)
    nonce.text = base64.b64encode(token.nonce).decode()
    etree.SubElement(inside, f"{{{_UTILITY}}}Created").text = created


def password_digest(nonce: bytes, created: str, password: bytes) -> str:
    """Return Password_Digest = Base64(SHA-1(nonce + created + password)), as the profile has it."""
    digest = hashlib.sha1(nonce + created.encode() + password, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an envelope held: the answer's element, or the Fault as `{code, subcode, reason, detail}`."""

    element: etree._Element | None = None
    fault: Mapping[str, object] | None = None


def read(envelope: etree._Element) -> Said:
    """Return what the body of `envelope` holds.

    Raises:
        XmlRefused: this is no SOAP message.
    """
    if local(envelope.tag) != "Envelope" or etree.QName(envelope).namespace not in NAMESPACES.values():
        raise XmlRefused("not_xml")
    body = next((child for child in envelope if isinstance(child.tag, str) and local(child.tag) == "Body"), None)
    first = next((child for child in body if isinstance(child.tag, str)), None) if body is not None else None
    if first is None:
        raise XmlRefused("not_xml")
    return Said(fault=_fault(first)) if local(first.tag) == "Fault" else Said(element=first)


def _fault(element: etree._Element) -> Mapping[str, object]:
    """Return a Fault of either version in the same words (1.1 §4.4, 1.2 §5.4); codes lose their prefix."""
    held = as_value(element)
    parts = held if isinstance(held, dict) else {}
    code = parts.get("Code")
    value, subcode = (code.get("Value", ""), code.get("Subcode")) if isinstance(code, dict) else ("", None)
    inner = subcode.get("Value", "") if isinstance(subcode, dict) else ""
    reason = parts.get("Reason")
    text = reason.get("Text", "") if isinstance(reason, dict) else ""
    if isinstance(text, list):
        text = text[0]
    if isinstance(text, dict):
        text = text.get("text", "")
    return {
        "code": _unprefixed(parts.get("faultcode") or value),
        "subcode": _unprefixed(inner),
        "reason": str(parts.get("faultstring") or text),
        "detail": parts.get("detail") or parts.get("Detail") or {},
    }


def _unprefixed(code: object) -> str:
    return str(code).rpartition(":")[2].strip()
