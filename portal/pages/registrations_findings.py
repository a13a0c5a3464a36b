"""What a version changes, whether every field is fed, whether its examples hold: the steps between writing and approval."""

from collections.abc import Sequence
from dataclasses import dataclass

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.comparing import FlowChange, PlaceChange
from connectors.coverage import Coverage, coverage
from connectors.registration import Registration
from matters.form_fields import FormField
from matters.guide import Matter
from portal.example_view import ExampleView, example_views
from portal.guards import signed_in
from portal.pages.systems_view import OUTCOMES
from portal.people import Person
from portal.registering import CHANGES, COVERAGE, EXAMPLES, Registering, load, plainly
from portal.registration_words import CHANGE_TONES, FED, STATES, StateWord
from portal.registration_words import CHANGES as CHANGE_WORDS
from portal.spec_editor import ToldProblem, editor
from portal.state import portal_of

_LONGEST_SHOWN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlace:
    """One changed place of the written spec, as it was and as it is."""

    path: str
    change: str
    tone: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFlow:
    """One field of the department's that is fed otherwise."""

    flow: FlowChange
    change: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage:
    """Context of pages/registration_changes.html. `against` is None when there is nothing to compare with."""

    it: Registering
    against: Registration | None
    others: tuple[tuple[Registration, StateWord], ...]
    flows: tuple[ShownFlow, ...]
    places: tuple[ShownPlace, ...]
    is_comparable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredMatter:
    """One guide: how the department's mandatory fields are fed, and which fields of the form go nowhere."""

    matter: Matter
    coverage: Coverage
    unsent: tuple[FormField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePage:
    """Context of pages/registration_coverage.html. `by_hand` are operations guides name and the spec does not have."""

    it: Registering
    problems: tuple[ToldProblem, ...]
    matters: tuple[CoveredMatter, ...]
    by_hand: tuple[str, ...]
    words: dict[str, StateWord]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplesPage:
    """Context of pages/registration_examples.html."""

    it: Registering
    problems: tuple[ToldProblem, ...]
    examples: tuple[ExampleView, ...]
    without_example: tuple[str, ...]
    outcomes: dict[str, str]


async def changes(request: Request, person: Person) -> Response:
    """Compare the version with the one in force, or with any other: first the data that leaves, then every place."""
    portal, it = portal_of(request), await load(request, person, CHANGES)
    others = [each for each in it.versions.versions if each.version != it.registration.version]
    against = _against(it, others, request.query_params.get("against", ""))
    flows: Sequence[FlowChange] = ()
    places: Sequence[PlaceChange] = ()
    is_comparable = True
    if against is not None:
        found = await portal.registry.differences(
            it.registration.system, against.version, it.registration.version, person.actor
        )
        flows, places, is_comparable = found.flows, found.places, not found.problems
    context = ChangesPage(
        it=it,
        against=against,
        others=tuple((each, STATES[each.state]) for each in others),
        flows=tuple(ShownFlow(flow=f, change=CHANGE_WORDS[f.change], tone=CHANGE_TONES[f.change]) for f in flows),
        places=tuple(_place(place) for place in places),
        is_comparable=is_comparable,
    )
    return portal.renderer.page(request, "pages/registration_changes.html", context)


async def covered(request: Request, person: Person) -> Response:
    """Show how every mandatory field is fed, guide by guide."""
    portal, it = portal_of(request), await load(request, person, COVERAGE)
    system = it.readiness.system
    matters = portal.library.matters
    found = coverage(system, matters.values()) if system is not None else ()
    context = CoveragePage(
        it=it,
        problems=editor(it.written.text, it.readiness.problems).problems,
        matters=tuple(
            CoveredMatter(
                matter=matters[each.matter],
                coverage=each,
                unsent=tuple(matters[each.matter].fields_by_key[key] for key in each.unsent),
            )
            for each in found
        ),
        by_hand=it.readiness.by_hand,
        words={fed.value: word for fed, word in FED.items()},
    )
    return portal.renderer.page(request, "pages/registration_coverage.html", context)


async def examples(request: Request, person: Person) -> Response:
    """Run every agreed example and show what was expected and what was seen."""
    portal, it = portal_of(request), await load(request, person, EXAMPLES)
    context = ExamplesPage(
        it=it,
        problems=editor(it.written.text, it.readiness.problems).problems,
        examples=example_views(it.readiness.system) if it.readiness.system is not None else (),
        without_example=it.readiness.without_example,
        outcomes=OUTCOMES,
    )
    return portal.renderer.page(request, "pages/registration_examples.html", context)


def _against(it: Registering, others: Sequence[Registration], asked: str) -> Registration | None:
    """Return the version asked for; else the one in force, the one it was made from, or the newest other."""
    by_version = {str(each.version): each for each in others}
    in_force = it.versions.in_force
    candidates = (asked, str(in_force.version if in_force else ""), str(it.registration.from_version))
    chosen = next((by_version[each] for each in candidates if each in by_version), None)
    older = (each for each in others if each.version < it.registration.version)
    return chosen or next(older, None)


def _place(place: PlaceChange) -> ShownPlace:
    return ShownPlace(
        path=place.path,
        change=CHANGE_WORDS[place.change],
        tone=CHANGE_TONES[place.change],
        before=_written(place.before) if place.change != "added" else "",
        after=_written(place.after) if place.change != "removed" else "",
    )


def _written(value: object) -> str:
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)
    text = text.removesuffix("...\n").strip()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} …"


_ADDRESS = "/registrations/{system}/{version:int}"

routes: list[BaseRoute] = [
    Route(f"{_ADDRESS}/changes", signed_in(plainly(changes)), name="registration_changes"),
    Route(f"{_ADDRESS}/coverage", signed_in(plainly(covered)), name="registration_coverage"),
    Route(f"{_ADDRESS}/examples", signed_in(plainly(examples)), name="registration_examples"),
]
