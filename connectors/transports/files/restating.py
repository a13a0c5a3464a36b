"""What a receipt line really says: a refusal over a photo is a supplement, whatever code stands in front of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.ledger import InboundEvent
from connectors.predicates import Predicate, parse_predicate
from connectors.spec_file_batch import FileBatchSpec


def restatements(spec: FileBatchSpec) -> Sequence[tuple[Predicate, str]]:
    """Return the compiled `restate` rules: when one holds, and the status the line is then taken for.

    Raises:
        PredicateRefused: one is not CEL; found when the spec is loaded.
    """
    return [(parse_predicate(rule.when), rule.status) for rule in spec.receipt.restate]


def restated(spec: FileBatchSpec, event: InboundEvent, variables: Mapping[str, object]) -> InboundEvent:
    """Return the event of a line with what the line really says."""
    status = next((status for when, status in restatements(spec) if when.holds(variables)), None)
    return event if status is None else replace(event, status=status)
