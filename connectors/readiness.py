"""What a version of a spec still lacks: for a test, for an approval, for service. Pure; files are read by who asks."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from connectors.coverage import Fed, coverage
from connectors.errors import SpecProblem
from connectors.examples import run_examples
from connectors.mismatch import Mismatch
from connectors.secret_names import secret_names
from connectors.system import Operation, System
from matters.guide import Matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """A mandatory field of the department's that no field of a published guide feeds."""

    matter: str
    matter_name: str
    operation: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What does not hold, by kind; all empty: nothing stands in the way. `system` is None while the spec does not hold.

    `problems`, `mismatches` and `without_example` stand in the way of a test; `uncovered` of an approval;
    `missing_secrets` and `missing_lines` (of the endpoints file) of service, and only warn before. `by_hand` warns:
    operations that published guides name and this version does not have, so that people carry those cases.
    """

    problems: tuple[SpecProblem, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    without_example: tuple[str, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    missing_secrets: tuple[str, ...] = ()
    missing_lines: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    system: System | None = field(default=None, repr=False)

    @property
    def may_be_tested(self) -> bool:
        return not (self.problems or self.mismatches or self.without_example)

    @property
    def may_be_approved(self) -> bool:
        return self.may_be_tested and not self.uncovered

    @property
    def may_serve(self) -> bool:
        """Tell whether it may go into service. Examples are not asked again: what was shipped may have none."""
        return not (self.problems or self.uncovered or self.missing_secrets or self.missing_lines)


def readiness(
    system: System,
    *,
    matters: Sequence[Matter],
    has_secret: Callable[[str], bool],
    missing_lines: Collection[str],
) -> Readiness:
    """Return what a spec that holds still lacks, for the published guides `matters`."""
    targets = {m.target.operation for m in matters if m.target.system == system.id}
    return Readiness(
        mismatches=run_examples(system),
        without_example=without_example(system),
        uncovered=tuple(uncovered(system, matters)),
        missing_secrets=tuple(name for name in secret_names(system.spec) if not has_secret(name)),
        missing_lines=tuple(missing_lines),
        by_hand=tuple(sorted(targets - set(system.operations))),
        system=system,
    )


def without_example(system: System) -> tuple[str, ...]:
    """Return the operations that send something and that no example shows with at least one answer."""
    shown = {example.operation for example in system.spec.examples if example.answers}
    return tuple(name for name, operation in system.operations.items() if _sends(operation) and name not in shown)


def _sends(operation: Operation) -> bool:
    return not operation.manual


def uncovered(system: System, matters: Sequence[Matter]) -> Iterator[Uncovered]:
    """Give every mandatory field that a guide does not feed, guide by guide."""
    names = {matter.id: matter.name for matter in matters}
    for each in coverage(system, matters):
        for line in each.lines:
            if line.fed is Fed.NEVER:
                yield Uncovered(
                    matter=each.matter, matter_name=names[each.matter], operation=each.operation, target=line.target
                )
