"""What must happen before an authorization request is answered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.protocol.account import Account
from idp.protocol.authorization_request import AuthorizationRequest, prove, read
from idp.protocol.client import Client
from idp.protocol.errors import AccessDenied, ConsentRequired, LoginRequired, OAuthError
from idp.protocol.interaction import Interaction, Step, decide
from idp.protocol.session import Session

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CLIENT = Client(client_id="tile", redirect_uris=("https://t.example/cb",), scope=("openid", "profile"), trusted=True)
ACCOUNT = Account(
    sub="s", username="clerk", name="n", unit="u", unit_name="un", region="32", roles=frozenset({"clerk"}),
    locale="zh-Hans", disabled=False, valid_from=AT,
)  # fmt: skip
SESSION = Session(
    sid="sid", secret_hash="h", sub="s", started_at=AT, auth_time=AT, used_at=AT, acr="urn:onewindow:acr:password",
    amr=("pwd",),
)  # fmt: skip
PENDING = Interaction(parameters={}, browser_hash="b")


def _request(client: Client = CLIENT, **given: str) -> AuthorizationRequest:
    parameters = {
        "client_id": "tile", "redirect_uri": "https://t.example/cb", "response_type": "code", "scope": "openid profile",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    } | given  # fmt: skip
    return read(parameters, prove(parameters, client))


def _decide(
    request: AuthorizationRequest,
    *,
    session: Session | None = SESSION,
    interaction: Interaction | None = None,
    consented: tuple[str, ...] = (),
    hinted: str | None = None,
    at: datetime = AT,
) -> Step:
    return decide(
        request, session=session, account=ACCOUNT if session else None, interaction=interaction,
        consented=frozenset(consented), hinted_sub=hinted, at=at,
    )  # fmt: skip


def test_a_session_of_a_trusted_client_needs_nothing_more() -> None:
    assert _decide(_request()) is Step.DONE


def test_without_a_session_one_signs_in() -> None:
    assert _decide(_request(), session=None) is Step.SIGN_IN


def test_prompt_login_is_satisfied_by_a_sign_in_for_this_request_only() -> None:
    request = _request(prompt="login")
    assert _decide(request) is Step.SIGN_IN
    assert _decide(request, interaction=PENDING) is Step.SIGN_IN
    assert _decide(request, interaction=replace(PENDING, signed_in_sub="other")) is Step.SIGN_IN
    assert _decide(request, interaction=replace(PENDING, signed_in_sub="s")) is Step.DONE


@pytest.mark.parametrize(("seconds", "step"), [(60, Step.DONE), (61, Step.SIGN_IN)])
def test_max_age_is_inclusive(seconds: int, step: Step) -> None:
    assert _decide(_request(max_age="60"), at=AT + timedelta(seconds=seconds)) is step


def test_consent_is_needed_for_what_was_not_agreed_to() -> None:
    request = _request(replace(CLIENT, trusted=False))
    assert _decide(request) is Step.CONSENT
    assert _decide(request, consented=("openid",)) is Step.CONSENT
    assert _decide(request, consented=("openid", "profile", "unit")) is Step.DONE


def test_consent_given_by_another_person_in_this_interaction_does_not_count() -> None:
    request = _request(replace(CLIENT, trusted=False))
    agreed = replace(PENDING, consented_scope=("openid", "profile"), consented_sub="other")
    assert _decide(request, interaction=agreed) is Step.CONSENT
    assert _decide(request, interaction=replace(agreed, consented_sub="s")) is Step.DONE


def test_prompt_none_names_what_is_missing() -> None:
    with pytest.raises(LoginRequired):
        _decide(_request(prompt="none"), session=None)
    with pytest.raises(ConsentRequired):
        _decide(_request(replace(CLIENT, trusted=False), prompt="none"))


def test_a_hint_of_somebody_else_asks_for_them_once() -> None:
    assert _decide(_request(), hinted="other") is Step.SIGN_IN
    with pytest.raises(LoginRequired):
        _decide(_request(), hinted="other", interaction=replace(PENDING, signed_in_sub="s"))


def test_a_person_without_an_allowed_role_is_refused() -> None:
    with pytest.raises(AccessDenied):
        _decide(_request(replace(CLIENT, allowed_roles=frozenset({"owner"}))))


@pytest.mark.parametrize(
    "given",
    [{"max_age": "1e3"}, {"max_age": ""}, {"prompt": "none consent"}, {"nonce": "a\nb"}, {"login_hint": "x" * 300}],
)
def test_a_malformed_request_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(OAuthError):
        _request(**given)
