"""PKCE on its own, with the example of RFC 7636 appendix B as given."""

import base64

import pytest

from idp.protocol.errors import InvalidGrant
from idp.protocol.pkce import s256, verify_code_verifier

# Appendix B: the 32 octets of the example, the verifier and the challenge made from them.
OCTETS = bytes([
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
    240, 91, 88, 5, 88, 83, 132, 141, 121,
])  # fmt: skip
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_appendix_b_holds() -> None:
    assert base64.urlsafe_b64encode(OCTETS).rstrip(b"=").decode() == VERIFIER
    assert s256(VERIFIER) == CHALLENGE
    verify_code_verifier(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    "verifier", [None, "", VERIFIER[:-1], VERIFIER + "x", CHALLENGE, "a" * 42, "a" * 129, VERIFIER + "\n"]
)
def test_any_other_verifier_is_refused(verifier: str | None) -> None:
    with pytest.raises(InvalidGrant):
        verify_code_verifier(verifier, CHALLENGE)


def test_a_code_without_challenge_wants_no_verifier() -> None:
    verify_code_verifier(None, None)
    with pytest.raises(InvalidGrant):
        verify_code_verifier(VERIFIER, None)
