"""A version of a spec as the owner's pages work with it: read, checked, with its steps; refusals in plain words."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Final

import yaml
from starlette.requests import Request
from starlette.responses import Response

from connectors.errors import NotPermitted
from connectors.readiness import Readiness
from connectors.registration import Registration, RegistrationState, Written
from connectors.registration_errors import RegistrationError, RegistrationUnknown
from connectors.registry_ports import SystemVersions
from matters.policy import may_approve_connector, may_run_systems
from portal.api.refusals import fill
from portal.forms.steps import Step
from portal.people import Person
from portal.refusals import Conflicting, NotAllowed, NotHere
from portal.registration_words import STATES, StateWord
from portal.state import PortalState, portal_of
from portal.words import _, language

TEXT, CHANGES, COVERAGE, EXAMPLES, TRIAL, MOVES = "text", "changes", "coverage", "examples", "dry-run", ""
MOST_VERSIONS: Final = 2**31 - 1
"""What the column keeps."""
Handler = Callable[[Request, Person], Awaitable[Response]]
_LONGEST_NAME: Final = 1000
_NAME: Final = re.compile(r"^(name|name_en):[ \t]*(\S.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registering:
    """One version. `may_write`: this person may change it or take a step; `may_approve`: this one, as another person."""

    written: Written
    versions: SystemVersions
    name: str
    steps: tuple[Step, ...]
    readiness: Readiness = field(repr=False)
    may_write: bool
    may_approve: bool

    @property
    def registration(self) -> Registration:
        return self.written.registration

    @property
    def is_draft(self) -> bool:
        return self.registration.state is RegistrationState.DRAFT

    @property
    def word(self) -> StateWord:
        return STATES[self.registration.state]

    @property
    def href(self) -> str:
        """Return the version's address; its steps lie below."""
        return f"/registrations/{self.registration.system}/{self.registration.version}"


def plainly(handler: Handler) -> Handler:
    """Answer what the registry refuses with a page in plain words."""

    @wraps(handler)
    async def guarded(request: Request, person: Person) -> Response:
        if request.path_params.get("version", 0) > MOST_VERSIONS:
            raise NotHere
        try:
            return await handler(request, person)
        except NotPermitted:
            raise NotAllowed from None
        except RegistrationUnknown as refused:
            raise NotHere(sentence(refused)) from None
        except RegistrationError as refused:
            raise Conflicting(sentence(refused)) from None

    return guarded


def sentence(refused: RegistrationError) -> str:
    """Return what a refusal says, in the language of this request."""
    return fill(_(refused.public), refused.params)


async def load(request: Request, person: Person, here: str) -> Registering:
    """Return the version in the address, with the step `here` marked.

    Raises:
        NotPermitted, RegistrationUnknown
    """
    portal = portal_of(request)
    system, version = request.path_params["system"], request.path_params["version"]
    written = await portal.registry.written(system, version, person.actor)
    versions = await portal.registry.system(system, person.actor)
    readiness = await portal.registry.check(written.text, person.actor, system=system, like=written)
    return Registering(
        written=written,
        versions=versions,
        name=name_of(written, portal),
        steps=_steps(written.registration, readiness, here),
        readiness=readiness,
        may_write=may_run_systems(person.actor),
        may_approve=may_approve_connector(person.actor, written.registration.hands),
    )


def name_of(written: Written, portal: PortalState) -> str:
    """Return what a version calls its system, in the language of this request; its id where it does not say."""
    names = names_in(written.text)
    wanted = names.get("name_en") if language() == "en" else ""
    return wanted or names.get("name") or portal.library.system_name(written.registration.system)


def names_in(text: str) -> Mapping[str, str]:
    """Return `name` and `name_en` of a spec that need not be valid, as they first stand there."""
    found: dict[str, str] = {}
    for key, written in _NAME.findall(text[:20_000]):
        if key in found or len(written) > _LONGEST_NAME:
            continue
        try:
            # Composed only: a list of lists would be written out, however often it names itself.
            node = yaml.compose(written, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, ValueError, RecursionError):
            continue
        if isinstance(node, yaml.ScalarNode):
            found[key] = str(node.value)[:200]
    return found


def _steps(registration: Registration, found: Readiness, here: str) -> tuple[Step, ...]:
    base = f"/registrations/{registration.system}/{registration.version}"
    is_held = not found.problems
    wrong = {
        TEXT: not is_held,
        COVERAGE: bool(found.uncovered),
        EXAMPLES: bool(found.mismatches or found.without_example),
    }
    titles = (
        (TEXT, _("编写")),
        (CHANGES, _("与其他版本的差别")),
        (COVERAGE, _("字段覆盖")),
        (EXAMPLES, _("约定的例子")),
        (TRIAL, _("用真实办件试填")),
        (MOVES, _("审批与上线")),
    )

    def state(step: str) -> str:
        if step == here:
            return "here"
        if step in wrong and (is_held or step == TEXT):
            return "wrong" if wrong[step] else "done"
        return "todo"

    return tuple(
        Step(id=step, title=title, href=f"{base}/{step}".rstrip("/"), state=state(step)) for step, title in titles
    )
