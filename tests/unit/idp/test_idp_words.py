"""Every sentence of the provider's pages is there in English."""

import ast
import re
from pathlib import Path

from config.language import load_catalogues
from idp.endpoints.words import DONE_WORDS, FACTOR_REFUSALS, PAGE_REASONS, PASSWORD_FAULTS, REFUSALS, SCOPE_WORDS
from idp.protocol.errors import PageReason
from idp.protocol.password_rules import PasswordFault
from idp.protocol.scope import SCOPES_SUPPORTED
from idp.second_factor import FactorRefusal
from idp.sign_in import Refusal

IDP = Path(__file__).parents[3] / "idp"


def _in_templates() -> set[str]:
    found: set[str] = set()
    for template in (IDP / "templates").glob("*.html"):
        text = template.read_text()
        blocks = re.findall(r"\{% trans[^%]*%\}(.*?)\{% endtrans %\}", text, re.DOTALL)
        found.update(re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", block) for block in blocks)
        found.update(re.findall(r'[ (]_\("([^"]*)"\)', text))
    return found


def _in_code() -> set[str]:
    """Everything marked with `_("…")`."""
    calls = [
        node
        for module in (IDP / "endpoints").rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    ]
    return {str(ast.literal_eval(call.args[0])) for call in calls}


def test_the_english_catalogue_is_complete_and_has_nothing_left_over() -> None:
    said = _in_templates() | _in_code()
    english = load_catalogues([IDP / "locale"])["en"]
    assert [sentence for sentence in said if english.gettext(sentence) == sentence] == []
    assert set(english._messages) - said == set()


def test_every_reason_and_scope_has_words() -> None:
    assert set(REFUSALS) == set(Refusal)
    assert set(PAGE_REASONS) == set(PageReason)
    assert set(SCOPE_WORDS) == set(SCOPES_SUPPORTED)
    assert set(FACTOR_REFUSALS) == set(FactorRefusal)
    assert set(PASSWORD_FAULTS) == set(PasswordFault)


def test_every_notice_after_a_change_is_said_somewhere() -> None:
    said = "".join(module.read_text() for module in (IDP / "endpoints" / "account").glob("*.py"))
    assert [word for word in DONE_WORDS if f'"{word}")' not in said] == []
