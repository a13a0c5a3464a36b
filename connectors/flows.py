"""What goes beyond a case's own department, as declared: reflux (数据回流) and fan-outs (联动), read and checked together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from connectors import fanout_spec, receivers
from connectors.fanout_spec import Fanouts, load_fanouts
from connectors.receivers import Reflux, load_reflux
from connectors.system import System
from matters.data_items import DataItems
from matters.errors import DeclaredDataInvalid
from matters.guide import Matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Both declarations; `read_flows` gives them from a directory."""

    reflux: Reflux
    fanouts: Fanouts

    @classmethod
    def none(cls) -> Self:
        """Return flows that tell nobody anything."""
        return cls(reflux=Reflux(schema_version=1, receivers=()), fanouts={})


def read_flows(config: Path) -> Flows:
    """Return what `config`/reflux.yaml, fanouts.yaml and bundles/bundles.yaml declare.

    Raises:
        DeclaredDataInvalid: with every problem of the first file that has some.
    """
    return Flows(
        reflux=load_reflux(config / "reflux.yaml"),
        fanouts=load_fanouts(config / "bundles" / "bundles.yaml", config / "fanouts.yaml"),
    )


def problems_of(
    flows: Flows, *, systems: Mapping[str, System], matters: Sequence[Matter], items: DataItems
) -> list[str]:
    """Return what does not hold between the flows and the systems, guides and data items: one line a problem."""
    by_id = {matter.id: matter for matter in matters}
    return [
        *(
            f"reflux.yaml: {p}"
            for p in receivers.problems_of(flows.reflux, systems=systems, matters=matters, items=items)
        ),
        *(
            f"fanouts.yaml: {p}"
            for p in fanout_spec.problems_of(
                flows.fanouts, reflux=flows.reflux, systems=systems, matters=by_id, items=items
            )
        ),
    ]


def check(flows: Flows, *, systems: Mapping[str, System], matters: Sequence[Matter], items: DataItems) -> None:
    """Refuse flows that do not fit.

    Raises:
        DeclaredDataInvalid: with every problem.
    """
    if problems := problems_of(flows, systems=systems, matters=matters, items=items):
        raise DeclaredDataInvalid(problems)
