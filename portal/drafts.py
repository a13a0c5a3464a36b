"""A draft as the pages of an intake work with it: read, checked, saved; the one place that talks to the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import uuid4

from starlette.requests import Request

from config.clock import SHANGHAI
from matters.errors import DraftConflict, DraftUnknown
from matters.form import FieldError, FormCheck, check_form, visible_fields
from matters.form_fields import FormField
from matters.guide import Matter
from matters.material import MaterialProof, ProofKind, asked_for, check_materials
from matters.ports import Draft
from portal.forms.steps import MATERIALS, SITUATION, Step, sections_shown, steps_of
from portal.people import Person
from portal.refusals import Conflicting, Gone
from portal.state import PortalState, portal_of
from portal.words import _

MOST_TRIES = 4
Change = Callable[[Draft], Draft]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intaking:
    """A draft with its matter and what its form says today."""

    draft: Draft
    matter: Matter
    check: FormCheck = field(repr=False)
    material_errors: tuple[FieldError, ...]

    @property
    def visible(self) -> tuple[FormField, ...]:
        return visible_fields(self.matter, self.draft.situation, self.draft.values)

    @property
    def shown_values(self) -> Mapping[str, object]:
        """What was typed, and what is computed from it."""
        computed = {
            key: value
            for key, value in self.check.values.items()
            if self.matter.fields_by_key[key].supplied and key not in self.draft.values
        }
        return {**self.draft.values, **computed}

    @property
    def errors(self) -> tuple[FieldError, ...]:
        return (*self.check.errors, *self.material_errors)

    def steps(self, here: str) -> tuple[Step, ...]:
        """Return the steps with `here` marked."""
        # What the platform makes by itself is there from the start; nobody has looked at the materials yet.
        chosen = any(
            self.matter.materials_by_id[proof.material].exemption.method != "generated"
            for proof in self.draft.materials
            if proof.material in self.matter.materials_by_id
        )
        begun = {SITUATION, *self.draft.values, *((MATERIALS,) if chosen else ())}
        sections = sections_shown(self.matter, self.visible)
        return steps_of(self.draft.id, sections, here=here, wrong=self.errors, begun=begun)


def today(portal: PortalState) -> date:
    """Return the day in Shanghai."""
    return portal.clock().astimezone(SHANGHAI).date()


def intaking(portal: PortalState, draft: Draft) -> Intaking:
    """Check a draft.

    Raises:
        Gone: its matter is no longer offered.
    """
    matter = portal.library.matters.get(draft.matter_id)
    if matter is None:
        raise Gone(_("这个事项的办事指南已停用，不能继续受理。请从事项列表重新查找。"))
    return Intaking(
        draft=draft,
        matter=matter,
        check=check_form(matter, draft.situation, draft.values, at=today(portal)),
        material_errors=check_materials(matter, draft.situation, draft.materials),
    )


async def load(request: Request, person: Person) -> Intaking:
    """Return the draft in the address, if it is this person's.

    Raises:
        Gone: there is none of theirs: submitted, deleted, or somebody else's.
    """
    portal = portal_of(request)
    try:
        draft = await portal.drafts.load(request.path_params["draft"], person.sub)
    except DraftUnknown:
        raise Gone(_("找不到这份暂存，可能已经提交或删除。请在“我的办件”中查看。")) from None
    return intaking(portal, draft)


async def save(portal: PortalState, draft: Draft, change: Change) -> Intaking:
    """Apply `change` and keep it; when another tab saved first, apply it to what that tab left.

    A change replaces one section or the materials, so two tabs on different sections lose nothing of each other.

    Raises:
        Gone: the draft has been submitted or deleted meanwhile.
        Conflicting: others kept saving first.
    """
    for _attempt in range(MOST_TRIES):
        changed = replace(change(draft), updated_at=portal.clock())
        try:
            return intaking(portal, await portal.drafts.save(changed))
        except DraftConflict:
            pass
        except DraftUnknown:
            break
        try:
            draft = await portal.drafts.load(draft.id, draft.owner)
        except DraftUnknown:
            break
    else:
        raise Conflicting(_("这份暂存正在另一处反复保存。请关闭其他页面后再试。"))
    raise Gone(_("这份暂存已经提交或删除。请在“我的办件”中查看。"))


def generated_proofs(matter: Matter, situation: str, portal: PortalState) -> tuple[MaterialProof, ...]:
    """Return the proofs of materials the platform itself makes from the form (applications signed on screen)."""
    return tuple(
        MaterialProof(material=m.id, kind=ProofKind.EXEMPT, source=m.exemption.reference, at=portal.clock())
        for m in asked_for(matter, situation)
        if m.exemption.method == "generated"
    )


async def begin(
    portal: PortalState,
    person: Person,
    matter: Matter,
    situation: str,
    values: Mapping[str, object] | None = None,
    *,
    id_: str = "",
) -> Draft:
    """Keep a new draft, empty but for what is known already, and return it. One that has the id `id_` already stays."""
    now = portal.clock()
    draft = Draft(
        id=id_ or str(uuid4()),
        owner=person.sub,
        unit=person.unit,
        matter_id=matter.id,
        guide_version=matter.guide.basic_info.version,
        situation=situation,
        values=dict(values or {}),
        materials=generated_proofs(matter, situation, portal),
        created_at=now,
        updated_at=now,
    )
    await portal.drafts.create(draft)
    return draft
