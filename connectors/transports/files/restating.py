"""What a receipt line really says: a refusal over a photo is a supplement, whatever code stands in front of it."""

from collections.abc import Sequence

from connectors.predicates import Predicate, parse_predicate
from connectors.spec_file_batch import FileBatchSpec


def restatements(spec: FileBatchSpec) -> Sequence[tuple[Predicate, str]]:
    """Return the compiled `restate` rules: when one holds, and the status the line is then taken for.

    Raises:
        PredicateRefused: one is not CEL; found when the spec is loaded.
    """
    return [(parse_predicate(rule.when), rule.status) for rule in spec.receipt.restate]
