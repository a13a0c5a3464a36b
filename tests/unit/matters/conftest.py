"""The shipped matters, read once, and valid applications for them."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from demo.forms import Application, make_application
from matters.codes import CodeTables, load_codes
from matters.data_items import DataItems, load_data_items
from matters.guide import Matter
from matters.working_days import WorkingCalendar, load_calendar
from tests.doubles.declared import declared_matters

CONFIG = Path(__file__).parents[3] / "config"
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="session")
def all_matters() -> tuple[Matter, ...]:
    return declared_matters()


@pytest.fixture(scope="session")
def matter(all_matters: tuple[Matter, ...]) -> Callable[[str], Matter]:
    """Return the matter of a number: `matter("04")`."""
    by_number = {each.number: each for each in all_matters}
    return by_number.__getitem__


@pytest.fixture(scope="session")
def items() -> DataItems:
    return load_data_items(CONFIG / "data_items.yaml")


@pytest.fixture(scope="session")
def codes() -> CodeTables:
    return load_codes(CONFIG / "codes.yaml")


@pytest.fixture(scope="session")
def calendar() -> WorkingCalendar:
    return load_calendar(CONFIG / "calendar.yaml")


@pytest.fixture(scope="session")
def documents(all_matters: tuple[Matter, ...]) -> Mapping[str, Mapping[str, Any]]:
    """The matter files as plain data, by number."""
    return {each.number: each.document() for each in all_matters}


@pytest.fixture(scope="session")
def apply(documents: Mapping[str, Mapping[str, Any]]) -> Callable[..., Application]:
    """Return a valid application: `apply("04", "emergency", seed=3)`."""

    def make(number: str, situation: str, *, seed: int = 1, at: date = TODAY) -> Application:
        return make_application(documents[number], situation, seed=seed, at=at)

    return make
