"""/registrations: systems on their way into service, and each system's versions with who did what, when and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.registration import Registration, RegistrationState, Step
from connectors.registry_ports import SystemVersions
from matters.policy import may_approve_connector, may_run_systems
from portal.guards import checked_form, signed_in
from portal.people import Person
from portal.refusals import NotHere
from portal.registering import name_of, plainly
from portal.registration_words import FIRST, STATES, STEPS, STOPPED_TRIAL, StateWord
from portal.state import PortalState, portal_of
from portal.words import _

S = RegistrationState


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One version in a list. `waits_for_me`: this person may approve it or send it back."""

    registration: Registration
    word: StateWord
    waits_for_me: bool

    @property
    def href(self) -> str:
        return f"/registrations/{self.registration.system}/{self.registration.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLine:
    """One system of the list: what is in force, and what is on its way."""

    id: str
    name: str
    in_force: VersionLine | None
    open: tuple[VersionLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationsPage:
    """Context of pages/registrations.html. `lines` has systems with something on its way first."""

    lines: tuple[SystemLine, ...]
    waiting: tuple[VersionLine, ...]
    may_write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step of the history. `text` is a marked msgid; `who` is empty for what the installation brought."""

    version: int
    text: str
    who: str
    at: datetime
    reason: str
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemVersionsPage:
    """Context of pages/registration_versions.html."""

    system: str
    name: str
    versions: tuple[VersionLine, ...]
    history: tuple[StepLine, ...]
    may_write: bool
    goes_on: Registration | None


async def registrations(request: Request, person: Person) -> Response:
    """List every system with what is in force and what is on its way; what waits for this person comes first."""
    portal = portal_of(request)
    systems = await portal.registry.systems(person.actor)
    lines = [_system_line(each, person, portal) for each in systems]
    context = RegistrationsPage(
        lines=tuple(sorted(lines, key=lambda line: not line.open)),
        waiting=tuple(version for line in lines for version in line.open if version.waits_for_me),
        may_write=may_run_systems(person.actor),
    )
    return portal.renderer.page(request, "pages/registrations.html", context)


async def versions(request: Request, person: Person) -> Response:
    """Show a system's versions and every step of them."""
    portal, system = portal_of(request), request.path_params["system"]
    found = await portal.registry.system(system, person.actor)
    newest = await portal.registry.written(system, found.versions[0].version, person.actor)
    context = SystemVersionsPage(
        system=system,
        name=name_of(newest, portal),
        versions=tuple(_version_line(each, person) for each in found.versions),
        history=history(await portal.registry.steps(system, person.actor)),
        may_write=may_run_systems(person.actor),
        goes_on=found.in_force or found.versions[0],
    )
    return portal.renderer.page(request, "pages/registration_versions.html", context)


async def go_on_from(request: Request, person: Person) -> Response:
    """Make the text of a version the draft of a new one."""
    form = await checked_form(request)
    portal, system = portal_of(request), request.path_params["system"]
    version = _version(str(form.get("from", "")))
    before = await portal.registry.written(system, version, person.actor)
    saved = await portal.registry.register(
        system, before.text, actor=person.actor, at=portal.clock(), from_version=version, contract=before.contract
    )
    return RedirectResponse(f"/registrations/{system}/{saved.registration.version}/text", status_code=303)


async def newest_step(portal: PortalState, system: str, version: int, person: Person) -> Step | None:
    """Return the last step of a version."""
    steps = await portal.registry.steps(system, person.actor, version)
    return steps[-1] if steps else None


def history(steps: Sequence[Step]) -> tuple[StepLine, ...]:
    """Return the steps as they are shown, the newest first."""
    return tuple(
        StepLine(
            version=step.version,
            text=_text(step),
            who=step.by.name if step.by.sub else "",
            at=step.at,
            reason=step.reason,
            regions=step.regions,
        )
        for step in reversed(steps)
    )


def _text(step: Step) -> str:
    if step.from_state is None:
        return FIRST if step.to_state is S.DRAFT else STEPS[step.to_state]
    if step.from_state is S.CANARY and step.to_state is S.APPROVED:
        return STOPPED_TRIAL
    return STEPS[step.to_state]


def _version_line(registration: Registration, person: Person) -> VersionLine:
    return VersionLine(
        registration=registration,
        word=STATES[registration.state],
        waits_for_me=registration.state is S.TESTED and may_approve_connector(person.actor, registration.hands),
    )


def _system_line(system: SystemVersions, person: Person, portal: PortalState) -> SystemLine:
    return SystemLine(
        id=system.system,
        name=portal.library.system_name(system.system),
        in_force=_version_line(system.in_force, person) if system.in_force else None,
        open=tuple(_version_line(each, person) for each in system.open),
    )


def _version(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise NotHere(_("没有这个版本，请从系统列表重新进入"))
    return int(text)


routes: list[BaseRoute] = [
    Route("/registrations", signed_in(plainly(registrations)), name="registrations"),
    Route("/registrations/{system}", signed_in(plainly(versions)), methods=["GET"], name="registration_versions"),
    Route("/registrations/{system}", signed_in(plainly(go_on_from)), methods=["POST"]),
]
