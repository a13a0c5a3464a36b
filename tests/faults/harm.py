"""What became of every application a window holds a number for, held against what the departments have. No I/O."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.ledger import DeliveryState

WITH_A_PERSON = frozenset({DeliveryState.DESK.value, DeliveryState.INVALID.value})
TOLD_NO = DeliveryState.REFUSED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One promised case: the delivery's state at OneWindow, empty when it knows of none, and how often it is there."""

    system: str
    number: str
    state: str
    times: int

    @property
    def is_with_a_person(self) -> bool:
        return self.state in WITH_A_PERSON

    @property
    def is_lost(self) -> bool:
        is_nowhere = self.times == 0 and not self.is_with_a_person and self.state != TOLD_NO
        return not self.state or is_nowhere

    @property
    def is_doubled(self) -> bool:
        return self.times > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """The count. `half_kept` are cases nobody was told of, `unknown_of` attempts nobody could tell the outcome of."""

    fates: Sequence[Fate]
    unsettled: int = 0
    half_kept: int = 0
    unknown_of: Mapping[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        return len(self.fates)

    @property
    def lost(self) -> list[str]:
        return [f"{each.system} {each.number} {each.state or 'not kept'}" for each in self.fates if each.is_lost]

    @property
    def doubled(self) -> list[str]:
        return [f"{each.system} {each.number} ×{each.times}" for each in self.fates if each.is_doubled]

    @property
    def unknown(self) -> int:
        return sum(self.unknown_of.values())

    @property
    def desk(self) -> int:
        return sum(each.is_with_a_person for each in self.fates)

    @property
    def is_none(self) -> bool:
        return not (self.lost or self.doubled or self.unsettled or self.half_kept)

    def told(self, unclear: Sequence[str] = ()) -> list[str]:
        """Return a line per harm; `unclear` are answers that gave no reason."""
        lines = [f"lost: {each}" for each in self.lost] + [f"doubled: {each}" for each in self.doubled]
        lines += [f"an answer without a reason: {each}" for each in unclear]
        lines += [f"still on its way: {self.unsettled}"] if self.unsettled else []
        return lines + ([f"kept, and nobody was told: {self.half_kept}"] if self.half_kept else [])


def harm(
    promised: Sequence[tuple[str, str]],
    states: Mapping[str, str],
    told: Mapping[str, Mapping[str, int]],
    *,
    unsettled: int = 0,
    half_kept: int = 0,
    unknown_of: Mapping[str, int] | None = None,
) -> Harm:
    """Hold what was promised, `(system, number)` each, against OneWindow's states and each department's book."""
    fates = [
        Fate(system=system, number=number, state=states.get(number, ""), times=told[system].get(number, 0))
        for system, number in promised
    ]
    return Harm(fates=fates, unsettled=unsettled, half_kept=half_kept, unknown_of=unknown_of or {})


def resume_seconds(blows: Sequence[float], moments: Sequence[float]) -> list[float]:
    """Return how long it was from each blow to the first of `moments` after it; of blows in a row the last one counts."""
    found = []
    for blow, following in zip(blows, [*blows[1:], float("inf")], strict=True):
        first = min((moment for moment in moments if moment > blow), default=None)
        if first is not None and first < following:
            found.append(first - blow)
    return found


def chains(found: Sequence[tuple[str, str, str]]) -> str:
    """Return how the tries of each case were classed, `unknown, timeout → found`; `found` are (case, outcome, error).

    What several cases had in common stands once, the commonest first; a try that ends as the one before is not repeated.
    """
    tries: dict[str, list[str]] = {}
    for number, outcome, error in found:
        word = f"{outcome}, {error}" if error else outcome
        mine = tries.setdefault(number, [])
        if not mine or mine[-1] != word:
            mine.append(word)
    counted = Counter(" → ".join(each) for each in tries.values())
    return " / ".join(chain for chain, _ in counted.most_common())


def longest(seconds: Sequence[float]) -> str:
    return f"{max(seconds):.1f}" if seconds else "–"
