"""Who may do what: one policy, asked by pages and API alike.

Regions are codes read from the left: `32` province, `3201` city, `320105` county, `320105007` township.
Whoever belongs to a region sees what lies in it; a clerk sees the cases of their own unit and those their
township is responsible for.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from matters.case import Case

TOWNSHIP_DIGITS = 9
COUNTY_DIGITS = 6
PROVINCE_DIGITS = 2


class Role(StrEnum):
    CLERK = "clerk"
    EDITOR = "editor"
    APPROVER = "approver"
    OWNER = "owner"
    MANAGER = "manager"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a signed-in person, or a client of the API acting for a unit (then `sub` is its client_id)."""

    sub: str
    name: str
    roles: frozenset[Role]
    unit: str
    region: str

    def has(self, *roles: Role) -> bool:
        """Tell whether the actor has one of the roles."""
        return not self.roles.isdisjoint(roles)


def roles_from_claim(claim: object) -> frozenset[Role]:
    """Return the roles of a `roles` claim; words we don't know give nothing."""
    words = {word for word in claim if isinstance(word, str)} if isinstance(claim, list | tuple) else set()
    return frozenset(role for role in Role if role.value in words)


def may_take_in(actor: Actor) -> bool:
    """Taking in an application: a clerk of a unit in a township, whose code starts every case number."""
    return actor.has(Role.CLERK) and bool(actor.unit) and _is_township(actor.region)


def may_see_cases(actor: Actor) -> bool:
    """Seeing a list of cases; which ones, `may_see_case` says."""
    return (actor.has(Role.CLERK) and bool(actor.unit)) or (actor.has(Role.MANAGER) and bool(actor.region))


def may_see_case(actor: Actor, case: Case) -> bool:
    """Seeing one case: the clerk's own unit or responsible township; a manager's whole region."""
    if actor.has(Role.CLERK) and actor.unit and actor.unit == case.unit:
        return True
    if actor.has(Role.CLERK) and _is_township(actor.region) and actor.region == case.responsible_region:
        return True
    return actor.has(Role.MANAGER) and _lies_in(actor.region, case)


def may_change_case(actor: Actor, case: Case) -> bool:
    """Adding materials, withdrawing, handing over: a clerk of the unit that took the case in."""
    return actor.has(Role.CLERK) and bool(actor.unit) and actor.unit == case.unit


def may_unmask(actor: Actor, case: Case) -> bool:
    """Reading personal data in full, with a reason and an audit record, which the caller sees to."""
    return may_change_case(actor, case)


def may_open_system(actor: Actor, roles_allowed: Collection[str]) -> bool:
    """Opening a tile: everyone signed in, or who has one of the roles when the system names any."""
    return not roles_allowed or not {role.value for role in actor.roles}.isdisjoint(roles_allowed)


def may_work_desk(actor: Actor) -> bool:
    """Working desk tasks (deliveries that need a person): a clerk of a unit."""
    return actor.has(Role.CLERK) and bool(actor.unit)


def may_see_desk(actor: Actor) -> bool:
    """Having a desk at all: whoever works tasks, and a manager who answers for what no window has."""
    return may_work_desk(actor) or _is_answerable(actor)


def may_see_desk_task(actor: Actor, *, unit: str, region: str) -> bool:
    """Working one task: the unit it belongs to; of what belongs to none (a death announced) the township's units and
    the managers answerable for it.
    """
    if unit:
        return may_work_desk(actor) and unit == actor.unit
    is_of_township = may_work_desk(actor) and _is_township(region) and region == actor.region
    return is_of_township or answers_for(actor, region)


def answers_for(actor: Actor, region: str) -> bool:
    """Seeing to what no window has: managers of a region for all that lies in it. What lies nowhere (an empty region) is
    for those of a county or wider, so that nothing is nobody's.
    """
    return _is_answerable(actor) and (region.startswith(actor.region) if region else not _is_township(actor.region))


def _is_answerable(actor: Actor) -> bool:
    return actor.has(Role.MANAGER) and bool(actor.unit) and bool(actor.region)


def may_see_results(actor: Actor) -> bool:
    """Seeing what came of the cases of one's own residents: clerks of a township, managers of a township or county."""
    is_clerk = actor.has(Role.CLERK) and bool(actor.unit) and _is_township(actor.region)
    return is_clerk or (actor.has(Role.MANAGER) and len(actor.region) in (COUNTY_DIGITS, TOWNSHIP_DIGITS))


def may_see_result(actor: Actor, *, region: str, unit: str, is_sensitive: bool) -> bool:
    """Seeing one result; a sensitive one (minors, births) is for the unit that took it in and for managers."""
    if not may_see_results(actor) or not region.startswith(actor.region):
        return False
    return not is_sensitive or may_see_sensitive_results(actor) or unit == actor.unit


def may_see_sensitive_results(actor: Actor) -> bool:
    """Seeing results that only authorised posts see, whoever took the case in: managers."""
    return actor.has(Role.MANAGER)


def may_unmask_result(actor: Actor, *, region: str, unit: str, is_sensitive: bool) -> bool:
    """Reading a result in full, with a reason and an audit record: clerks of the township responsible."""
    sees = may_see_result(actor, region=region, unit=unit, is_sensitive=is_sensitive)
    return sees and actor.has(Role.CLERK) and actor.region == region


def may_decide_event(actor: Actor, region: str) -> bool:
    """Confirming or undoing an event of a resident (a death, say): clerks of that township, managers answerable for it."""
    is_clerk = actor.has(Role.CLERK) and bool(actor.unit) and _is_township(actor.region)
    return (is_clerk and actor.region == region) or answers_for(actor, region)


def may_see_events(actor: Actor) -> bool:
    """Seeing the list of events; which ones, `may_decide_event` says."""
    return may_decide_event(actor, actor.region)


def may_see_systems(actor: Actor) -> bool:
    """Seeing the department systems and their health."""
    return actor.has(Role.OWNER, Role.MANAGER, Role.ADMIN)


def may_run_systems(actor: Actor) -> bool:
    """Pausing, testing or changing a department system's connector."""
    return actor.has(Role.OWNER, Role.ADMIN)


def may_approve_connector(actor: Actor, hands: Collection[str]) -> bool:
    """Approving a version of a connector: who runs systems and is not among the subs that wrote or tested it."""
    return may_run_systems(actor) and actor.sub not in hands


def may_try_case(actor: Actor, case: Case) -> bool:
    """Seeing, masked, what a department would be sent for a case: who runs systems, in their own region."""
    return may_run_systems(actor) and _lies_in(actor.region, case)


def may_serve_region(actor: Actor, region: str) -> bool:
    """Trying a version of a connector in a region: who runs systems there."""
    return may_run_systems(actor) and bool(actor.region) and region.startswith(actor.region)


def may_draft_guide(actor: Actor) -> bool:
    """Writing a draft of a guide version: an editor of a pilot county."""
    return actor.has(Role.EDITOR)


def may_approve_guide(actor: Actor) -> bool:
    """Deciding on a guide version for the provincial department."""
    return actor.has(Role.APPROVER)


def is_code(region: str) -> bool:
    """Tell whether a text is a region's code: digits, of a province at least."""
    return len(region) >= PROVINCE_DIGITS and region.isascii() and region.isdigit()


def _is_township(region: str) -> bool:
    return len(region) == TOWNSHIP_DIGITS and is_code(region)


def _lies_in(region: str, case: Case) -> bool:
    return bool(region) and (case.region.startswith(region) or case.responsible_region.startswith(region))
