"""Whatever connectors say to people exists in English too."""

import re
from pathlib import Path
from typing import get_args

from config.language import load_catalogues
from connectors.ledger import DeliveryState, DeskReason, HoldReason
from connectors.outcomes import OutcomeClass, StatusWord
from connectors.words import HOLD_NAMES, OUTCOME_NAMES, REASON_NAMES, STATE_NAMES
from matters.case import CaseStatus

PACKAGE = Path(__file__).parents[3] / "connectors"


def test_every_marked_sentence_has_its_english() -> None:
    english = load_catalogues([PACKAGE / "locale"])["en"]
    marked = {m for file in PACKAGE.rglob("*.py") for m in re.findall(r'N_\("([^"]+)"\)', file.read_text("utf-8"))}

    assert len(marked) > 30
    assert [m for m in marked if english.gettext(m) == m] == []


def test_every_state_reason_and_class_has_a_name() -> None:
    assert set(STATE_NAMES) == set(DeliveryState)
    assert set(REASON_NAMES) == set(DeskReason)
    assert set(OUTCOME_NAMES) == set(OutcomeClass)
    assert set(HOLD_NAMES) == set(get_args(HoldReason))


def test_every_status_word_is_a_status_of_the_case_or_says_that_nothing_moves() -> None:
    assert set(get_args(StatusWord)) - {status.value for status in CaseStatus} == {"pending", "error"}
