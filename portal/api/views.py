"""Cases as the API shows them. Personal data is masked: the form stays where it is."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from config.language import Catalogue
from connectors.ledger import Delivery
from matters.case import CaseEvent
from matters.citizen_words import STATUS_NAMES
from matters.masking import mask_name
from matters.ports import CaseSummary
from portal.api.case_record import CaseRecord
from portal.api.citizen_view import DELIVERY_TEXT, WINDOW, CitizenView, StepView, citizen_view
from portal.api.state import ApiState


def view_of(api: ApiState, record: CaseRecord) -> CitizenView:
    """Return what the applicant may read about a case."""
    case = record.case
    return citizen_view(
        case,
        record.events,
        record.deliveries,
        matter_name_en=api.guides.name(case.matter_id, case.matter_name).en,
        systems={each: api.system_name(each) for each in api.systems},
        due_on=record.due_on,
    )


def case_line(api: ApiState, case: CaseSummary, catalogue: Catalogue) -> dict[str, Any]:
    """Return one entry of `CaseList`; `due_on` is what was promised."""
    return {
        "number": case.number,
        "matter": _matter(api, case.matter_id, case.matter_name),
        "situation": case.situation,
        "status": case.status.value,
        "status_text": catalogue.gettext(STATUS_NAMES[case.status]),
        "applicant": mask_name(case.applicant_name),
        "received_at": _moment(case.received_at),
        "due_on": _day(case.promised_on),
    }


def case_whole(api: ApiState, record: CaseRecord, catalogue: Catalogue) -> dict[str, Any]:
    """Return a case with events and deliveries; shape `Case`."""
    case = record.case
    return {
        "number": case.number,
        "matter": _matter(api, case.matter_id, case.matter_name),
        "situation": case.situation,
        "status": case.status.value,
        "status_text": catalogue.gettext(STATUS_NAMES[case.status]),
        "applicant": mask_name(case.applicant_name),
        "received_at": _moment(case.received_at),
        "due_on": _day(record.due_on),
        "guide_version": case.guide_version,
        "accepted_at": _moment(case.accepted_at),
        "closed_at": _moment(case.closed_at),
        "events": [_event(each, catalogue) for each in record.events],
        "deliveries": deliveries(api, record.deliveries, catalogue),
    }


def _matter(api: ApiState, matter_id: str, name: str) -> dict[str, str]:
    named = api.guides.name(matter_id, name)
    return {"id": matter_id, "name": named.zh, "name_en": named.en}


def deliveries(api: ApiState, ledger: Iterable[Delivery], catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return how far each department is; `department_number` is their own."""
    return [
        {
            "system": each.system,
            "system_name": api.system_name(each.system).read(catalogue.language),
            "state": each.state.value,
            "text": catalogue.gettext(DELIVERY_TEXT[each.state]),
            "department_number": each.department_number or None,
        }
        for each in ledger
    ]


def status(view: CitizenView, catalogue: Catalogue) -> dict[str, Any]:
    """Return the citizen's view; shape `Status`."""
    language = catalogue.language
    return {
        "number": view.number,
        "matter": view.matter.read(language),
        "applicant": view.applicant,
        "word": catalogue.gettext(view.word),
        "next_step": catalogue.gettext(view.next_step),
        "due_on": _day(view.due_on),
        "received_at": _moment(view.received_at),
        "steps": [
            {
                "text": catalogue.gettext(step.text),
                "state": step.state,
                "at": _moment(step.at),
                "evidence": evidence_text(step, catalogue.gettext, language),
            }
            for step in view.steps
        ],
        "deliveries": [
            {
                "system_name": each.system.read(language),
                "text": catalogue.gettext(each.text),
                "department_number": each.number,
            }
            for each in view.deliveries
        ],
    }


def evidence_text(step: StepView, gettext: Callable[[str], str], language: str) -> str | None:
    """Return who showed that the step happened and the number they gave; None for a step nobody has shown."""
    who = step.who.read(language) if step.who else gettext(WINDOW) if step.by_window else ""
    return " ".join(part for part in (who, step.number) if part) or None


def _event(event: CaseEvent, catalogue: Catalogue) -> dict[str, Any]:
    evidence = event.evidence
    return {
        "seq": event.seq,
        "at": _moment(event.at),
        "status": event.status.value,
        "text": catalogue.gettext(STATUS_NAMES[event.status]),
        "evidence": None
        if evidence is None
        else {
            "source": evidence.source,
            "who": evidence.who,
            "number": evidence.number,
            "note": evidence.note,
        },
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
