"""The steps of an intake and which of them are done: situation, the sections of the form, materials, review."""

from collections.abc import Iterable
from dataclasses import dataclass

from matters.form import FieldError
from matters.form_fields import FormField, Section
from matters.guide import Matter
from portal.library import local
from portal.words import _

SITUATION, MATERIALS, REVIEW = "situation", "materials", "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `state` is done, here, wrong or todo."""

    id: str
    title: str
    href: str
    state: str


def form_step(section: str) -> str:
    """Return the id of a section's step."""
    return f"form/{section}"


def sections_shown(matter: Matter, visible: Iterable[FormField]) -> tuple[Section, ...]:
    """Return the sections that have a visible field."""
    keys = {field.key for field in visible}
    return tuple(s for s in matter.form.sections if any(f.key in keys for f in s.fields))


def steps_of(
    draft_id: str,
    sections: Iterable[Section],
    *,
    here: str,
    wrong: Iterable[FieldError],
    begun: Iterable[str],
) -> tuple[Step, ...]:
    """Return the steps in order; `begun` are top keys with a value, `wrong` everything that does not hold yet."""
    wrong_keys = {error.path.split("/", 1)[0] for error in wrong}
    begun_keys = set(begun)
    base = f"/drafts/{draft_id}"

    def state(step: str, keys: set[str]) -> str:
        if step == here:
            return "here"
        if not keys & begun_keys:
            return "todo"
        return "wrong" if keys & wrong_keys else "done"

    return (
        Step(id=SITUATION, title=_("办理情形"), href=f"{base}/situation", state=state(SITUATION, {SITUATION})),
        *(
            Step(
                id=form_step(s.id),
                title=local(s, "title"),
                href=f"{base}/form/{s.id}",
                state=state(form_step(s.id), {f.key for f in s.fields}),
            )
            for s in sections
        ),
        Step(id=MATERIALS, title=_("材料"), href=f"{base}/materials", state=state(MATERIALS, {MATERIALS})),
        Step(id=REVIEW, title=_("核对并提交"), href=f"{base}/review", state=state(REVIEW, {REVIEW})),
    )


def next_href(steps: tuple[Step, ...], here: str) -> str:
    """Return the address of the step after `here`; the last one stays."""
    places = [step.id for step in steps]
    return steps[min(places.index(here) + 1, len(steps) - 1)].href
