"""Rules between the parts of a spec: a probe that is promised must be there, an async operation needs a way to its result."""

from typing import Final

from connectors.attachments import names_files
from connectors.checks_pages import check_pages
from connectors.checks_tables_and_files import check_tables_and_files
from connectors.compiling_texts import Note
from connectors.spec_models import PollSpec, SystemSpec
from connectors.system import System

_SECTIONS: Final = ("soap", "exchange_table", "file_batch", "message_queue", "form_post")
"""Transports with a section of their own, named as they are."""


def check_between_parts(spec: SystemSpec, system: System, note: Note) -> None:
    """Note whatever does not fit together."""
    _check_operations(system, note)
    _check_transport(spec, system, note)
    _check_attachments(spec, system, note)
    check_tables_and_files(spec, system, note)
    if spec.poll is not None:
        _check_poll(spec.poll, spec.transport, note)
    if spec.form_post is not None:
        check_pages(spec.form_post, system, note)
    callback = spec.callback
    if callback is not None and callback.auth.kind == "sm2_body" and callback.sent_at is None:
        note(("callback",), "sm2_body signs no time of its own: expected sent_at, for the time window")
    _check_names_of_operations(spec, system, note)


def _check_operations(system: System, note: Note) -> None:
    for name, operation in system.operations.items():
        place = ("operations", name)
        if operation.manual:
            continue
        if not operation.outcomes:
            note((*place, "outcomes"), "expected outcome rules, here or for the whole system")
        if operation.resend_unknown == "probe" and system.probe is None:
            note(place, "resend_unknown is probe: expected a probe section")
        if operation.mode == "async" and not (system.poll or system.callback or system.results):
            note(place, "an async operation needs a poll, a callback or a results section to hear its result")


def _check_poll(poll: PollSpec, transport: str, note: Note) -> None:
    if (poll.rows is None) != (poll.our_number is None):
        note(("poll",), "expected rows and our_number together: where the answer's rows are, and whose each is")
    if poll.at_once > 1 and poll.rows is None:
        note(("poll", "at_once"), "expected rows: only a question about many cases is asked of several at once")
    if poll.rows is not None and transport not in ("rest_json", "soap"):
        note(("poll", "rows"), "one question about many cases is asked by rest_json and soap only")


def _check_transport(spec: SystemSpec, system: System, note: Note) -> None:
    if spec.transport == "manual" and any(not o.manual for o in system.operations.values()):
        note(("transport",), "manual sends nothing: operations of it have no request")
    for kind in _SECTIONS:
        section = getattr(spec, kind)
        if section is None and spec.transport == kind:
            note((kind,), f"transport {kind}: expected a section of this name")
        if section is not None and spec.transport != kind:
            note((kind,), f"this section stands with transport: {kind} only")


def _check_attachments(spec: SystemSpec, system: System, note: Note) -> None:
    if spec.attachments is None:
        return
    upload, is_form = spec.attachments.upload, spec.transport == "form_post"
    if spec.transport not in ("rest_json", "soap", "form_post"):
        note(("attachments",), "files are handed over by rest_json, soap and form_post only")
    elif is_form == (upload is not None) or is_form == (spec.attachments.form_field is None):
        note(("attachments",), "expected upload with rest_json and soap, form_field with form_post")
    if upload is not None and upload.put is not None and spec.transport != "rest_json":
        note(("attachments", "upload", "put"), "this section stands with transport: rest_json only")
    if not any(map(names_files, system.operations.values())):
        note(("attachments",), "no operation reads attachments: expected one that names the files")
    if upload is not None and not (upload.outcomes or spec.outcomes):
        note(("attachments", "upload", "outcomes"), "expected outcome rules, here or for the whole system")


def _check_names_of_operations(spec: SystemSpec, system: System, note: Note) -> None:
    for n, example in enumerate(spec.examples):
        if example.operation not in system.operations:
            note(("examples", str(n), "operation"), f"there is no operation {example.operation!r}")
    closed = {name for window in spec.availability.maintenance for name in window.operations}
    for name in sorted(closed - set(system.operations)):
        note(("availability", "maintenance"), f"unknown operation {name!r}")
