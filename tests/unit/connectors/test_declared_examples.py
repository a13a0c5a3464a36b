"""The declared systems' contract examples: one per operation at least, all of test people, all of them hold."""

import json
import re
from pathlib import Path

import pytest

from connectors.example_reports import missing_examples
from connectors.examples import run_examples
from connectors.outcomes import DELIVERED, OutcomeClass
from connectors.system import System
from tests.doubles.declared import declared_systems

CONFIG = Path(__file__).parents[3] / "config"
SYSTEMS = declared_systems()
ID_NUMBER = re.compile(r"\b[1-9][0-9]{16}[0-9Xx]\b")
each_system = pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)


@each_system
def test_every_operation_has_an_example_of_being_taken_and_one_of_being_turned_down_and_all_hold(
    system: System,
) -> None:
    assert tuple(missing_examples(system)) == ()
    assert run_examples(system) == ()


@each_system
def test_what_is_told_later_has_an_example_wherever_results_come_later(system: System) -> None:
    later = {name for name, operation in system.operations.items() if operation.mode == "async"}
    told = {example.operation for example in system.spec.examples if example.tells}
    at_once = {"HL_PUSH", "YLFW_BT", "DYSL", "ZXDJ", "SPJYXK_XB", "MTBZRD", "SGBX", "YLJZ"}  # refused at once, too
    assert later - told <= at_once


@each_system
def test_every_system_is_reconciled_or_says_why_it_is_not(system: System) -> None:
    assert (system.reconcile is None) is bool(system.spec.not_reconciled)


@each_system
def test_the_first_answer_says_they_took_it_and_others_say_they_did_not(system: System) -> None:
    assert all(example.answers[0].kind in DELIVERED for example in system.spec.examples)
    told = {answer.kind for example in system.spec.examples for answer in example.answers}
    assert told & {OutcomeClass.REFUSED, OutcomeClass.INVALID, OutcomeClass.DUPLICATE, OutcomeClass.TRANSIENT}


@each_system
def test_the_people_of_examples_are_nobody(system: System) -> None:
    text = json.dumps([example.model_dump(mode="json")["given"] for example in system.spec.examples])
    assert [number for number in ID_NUMBER.findall(text) if not number.startswith("99")] == []
