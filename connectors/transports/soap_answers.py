"""A SOAP answer as outcome rules read it: `body` is the payload inside, `envelope` the element or Fault around it."""

from dataclasses import replace

from connectors.outcomes import Answer
from connectors.spec_soap import SoapSpec
from connectors.transports.exchange import Raw
from connectors.transports.soap_envelope import read
from connectors.transports.xml_reading import XmlRefused, as_value, decoded, parsed


def answer_of(raw: Raw, spec: SoapSpec, *, charset: str) -> Answer:
    """Return `raw` read; what can't be read is an answer with `error` set (charset, not_xml)."""
    if raw.error:
        return raw.answer()
    try:
        text = decoded(raw.content, raw.headers.get("content-type", ""), otherwise=charset)
        said = read(parsed(text))
        if said.element is None:
            return replace(raw.answer(), envelope={"fault": said.fault})
        envelope = as_value(said.element)
        inside = envelope.get(spec.result) if isinstance(envelope, dict) else None
        body = None if not isinstance(inside, str) else as_value(parsed(inside.strip()), lists=spec.lists)
    except XmlRefused as refused:
        return raw.answer(refused.error)
    return replace(raw.answer(), body=body, envelope=envelope)
