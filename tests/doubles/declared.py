"""What config/ declares, read once in a test process: nobody changes it, and each reading takes a third of a second."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from connectors.spec import load_systems
from connectors.system import System
from matters.guide import Matter, load_matters

CONFIG = Path(__file__).parents[2] / "config"


@cache
def declared_matters() -> tuple[Matter, ...]:
    return load_matters(CONFIG / "matters", CONFIG / "matters-ext")


@cache
def declared_systems() -> Mapping[str, System]:
    return load_systems(CONFIG / "systems")
