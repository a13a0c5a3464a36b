"""Every sentence of the provider's pages is there in English."""

import re
from pathlib import Path

from config.language import load_catalogues
from idp.endpoints.leaving_words import TOLD_WORDS
from idp.endpoints.words import PAGE_REASONS, REFUSALS, SCOPE_WORDS
from idp.protocol.errors import PageReason
from idp.protocol.logout import Told
from idp.protocol.scope import SCOPES_SUPPORTED
from idp.sign_in import Refusal

IDP = Path(__file__).parents[3] / "idp"


def _in_templates() -> set[str]:
    found: set[str] = set()
    for template in (IDP / "templates").glob("*.html"):
        blocks = re.findall(r"\{% trans[^%]*%\}(.*?)\{% endtrans %\}", template.read_text(), re.DOTALL)
        found.update(re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", block) for block in blocks)
    return found


def test_the_english_catalogue_is_complete_and_has_nothing_left_over() -> None:
    said = _in_templates() | set(REFUSALS.values()) | set(SCOPE_WORDS.values())
    said |= {sentence for pair in PAGE_REASONS.values() for sentence in pair}
    said |= set(TOLD_WORDS.values())
    english = load_catalogues([IDP / "locale"])["en"]
    assert [sentence for sentence in said if english.gettext(sentence) == sentence] == []
    assert set(english._messages) - said == set()


def test_every_reason_and_scope_has_words() -> None:
    assert set(REFUSALS) == set(Refusal)
    assert set(PAGE_REASONS) == set(PageReason)
    assert set(TOLD_WORDS) == set(Told)
    assert set(SCOPE_WORDS) == set(SCOPES_SUPPORTED)
