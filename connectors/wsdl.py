"""What a spec says of its SOAP service, held against our copy of the department's WSDL when the spec is loaded."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from lxml import etree

from connectors.errors import SpecProblem
from connectors.expression import ExpressionRefused, parse
from connectors.filters import FilterRefused
from connectors.mapping import ObjectOf
from connectors.paths import ANSWER_ROOTS
from connectors.predicates import PredicateRefused, parse_predicate
from connectors.spec_soap import SoapSpec
from connectors.system import Request, System
from connectors.transports.xml_reading import XmlRefused, decoded, local, parsed
from connectors.yaml_source import YamlSource

Contracts = Callable[[str], bytes | None]
"""Gives our copy of a WSDL by its name; None when there is none."""
Calls = Mapping[str, Sequence[str]]
"""The arguments of each call, in the order of the contract."""


def problems_of(system: System, source: YamlSource, contracts: Contracts) -> list[SpecProblem]:
    """Return what does not hold between the spec, our copy of the WSDL it names, and what it sends."""
    soap = system.spec.soap
    if soap is None:
        return []
    problems = [source.problem(place, expected) for place, expected in _log_in_problems(soap)]
    if soap.wsdl.file is None:
        return problems
    place = ("soap", "wsdl")
    content = contracts(soap.wsdl.file)
    if content is None:
        return [*problems, source.problem((*place, "file"), f"there is no wsdl/{soap.wsdl.file} beside the spec")]
    try:
        calls = calls_of(content)
    except XmlRefused:
        return [*problems, source.problem((*place, "file"), "not a WSDL that can be read")]
    found = hashlib.sha256(content).hexdigest()
    if found != soap.wsdl.sha256:
        changed = f"the contract changed: read it, mend the spec, then pin {found}"
        problems.append(source.problem((*place, "sha256"), changed))
    problems += [source.problem(where, expected) for where, expected in _call_problems(system, soap, calls)]
    return problems


def calls_of(content: bytes) -> Calls:
    """Return the calls of a document/literal WSDL 1.1 with what their request elements hold.

    Raises:
        XmlRefused: it is no such document.
    """
    root = parsed(decoded(content, "", otherwise="utf-8"))
    elements = {
        str(e.get("name")): [str(inner.get("name")) for inner in _below(e, "element")]
        for schema in _below(root, "schema")
        for e in schema
        if isinstance(e.tag, str) and local(e.tag) == "element"
    }
    operations = [
        str(operation.get("name")) for port in _below(root, "portType") for operation in _below(port, "operation")
    ]
    if not operations:
        raise XmlRefused("not_xml")
    return {name: elements.get(name, []) for name in operations}


def _below(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (e for e in element.iterdescendants() if isinstance(e.tag, str) and local(e.tag) == name)


def _call_problems(system: System, soap: SoapSpec, calls: Calls) -> Iterator[tuple[tuple[str, ...], str]]:
    for place, request in _requests(system):
        if request.call not in calls:
            yield (*place, "call"), f"the WSDL has no call {request.call!r}: there are {', '.join(calls)}"
            continue
        arguments = request.envelope if request.envelope is not None else request.body
        if not isinstance(arguments, ObjectOf):
            continue
        for name in arguments.members:
            if name not in calls[request.call]:
                yield place, f"{request.call} has no argument {name!r}: there are {', '.join(calls[request.call])}"
    if soap.log_in is not None and soap.log_in.call not in calls:
        yield ("soap", "log_in", "call"), f"the WSDL has no call {soap.log_in.call!r}: there are {', '.join(calls)}"


def _requests(system: System) -> Iterator[tuple[tuple[str, ...], Request]]:
    for name, operation in system.operations.items():
        if operation.request is not None:
            yield ("operations", name, "request"), operation.request
    if system.withdraw is not None and system.withdraw.request is not None:
        yield ("withdraw", "request"), system.withdraw.request
    if system.probe is not None:
        yield ("probe", "request"), system.probe.request
    if system.poll is not None:
        yield ("poll", "request"), system.poll.request
    if system.upload is not None and system.upload.operation.request is not None:
        yield ("attachments", "upload", "request"), system.upload.operation.request


def _log_in_problems(soap: SoapSpec) -> Iterator[tuple[tuple[str, ...], str]]:
    if soap.log_in is None:
        return
    checks = (
        ("succeeded", partial(parse_predicate, soap.log_in.succeeded)),
        ("expired", partial(parse_predicate, soap.log_in.expired)),
        ("session", partial(parse, soap.log_in.session, roots=ANSWER_ROOTS, tables={})),
    )
    for key, check in checks:
        try:
            check()
        except (ExpressionRefused, FilterRefused, PredicateRefused) as refused:
            yield ("soap", "log_in", key), str(refused)
