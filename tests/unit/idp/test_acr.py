"""acr values: what each needs, what is told, what is missing."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.protocol import acr, session
from idp.protocol.account import Account
from idp.protocol.acr import Strength, Wanted
from idp.protocol.authorization_request import prove, read
from idp.protocol.client import Client
from idp.protocol.errors import InteractionRequired, LoginRequired, UnmetAuthenticationRequirements
from idp.protocol.factors import NONE, Factors, is_fresh
from idp.protocol.interaction import HALF_LIFETIME, Interaction, Step, decide

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ACCOUNT = Account(
    sub="s-1", username="clerk", name="王晓芸", unit="u", unit_name="中心", region="320105007",
    roles=frozenset({"clerk"}), locale="zh-Hans", disabled=False, valid_from=AT,
)  # fmt: skip
KNOWN = replace(ACCOUNT, real_name_level=3)
CLIENT = Client(client_id="tile", redirect_uris=("https://a.example/cb",), trusted=True)
TOTP, PASSKEY = Factors(totp=True), Factors(passkeys=1)


def _session(*amr: str) -> session.Session:
    return session.start(ACCOUNT, previous=None, at=AT, token_urlsafe=lambda n: "x" * n, amr=amr)[0]


def _step(
    amr: tuple[str, ...] = ("pwd",), *, factors: Factors = NONE, account: Account = ACCOUNT,
    interaction: Interaction | None = None, client: Client = CLIENT, **parameters: str,
) -> Step:  # fmt: skip
    asked = {
        "response_type": "code", "client_id": "tile", "redirect_uri": "https://a.example/cb", "scope": "openid",
        "nonce": "n", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    } | parameters  # fmt: skip
    return decide(
        read(asked, prove(asked, client)), session=_session(*amr), account=account, interaction=interaction,
        consented=frozenset(), hinted_sub=None, at=AT, factors=factors,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amr", "reached"),
    [(acr.AMR_PASSWORD, acr.PASSWORD), (acr.AMR_ONE_TIME_CODE, acr.TWO_FACTOR), (acr.AMR_PASSKEY, acr.PASSKEY)],
)
def test_methods_amount_to_a_level(amr: tuple[str, ...], reached: str) -> None:
    assert _session(*amr).acr == reached


def test_who_reached_a_level_holds_those_below_and_papers_are_apart() -> None:
    assert acr.held(acr.PASSWORD, KNOWN) == {acr.PASSWORD}
    assert acr.held(acr.TWO_FACTOR, ACCOUNT) == {acr.PASSWORD, acr.TWO_FACTOR}
    assert acr.held(acr.TWO_FACTOR, KNOWN) == {acr.PASSWORD, acr.TWO_FACTOR, acr.REAL_NAME_3}
    assert acr.held(acr.PASSKEY, ACCOUNT) == {acr.PASSWORD, acr.TWO_FACTOR, acr.PASSKEY}
    assert acr.held(acr.PASSKEY, KNOWN) == set(acr.SUPPORTED)
    assert acr.held("urn:other", KNOWN) == frozenset()


def test_the_value_asked_for_is_told_where_it_is_fulfilled() -> None:
    """OpenID Connect Core §5.5.1.1."""
    asked = Wanted(essential=(frozenset({acr.TWO_FACTOR}),))
    assert acr.told(asked, acr.PASSKEY, ACCOUNT) == acr.TWO_FACTOR
    voluntary = Wanted(voluntary=("urn:other", acr.REAL_NAME_3, acr.PASSWORD))
    assert acr.told(voluntary, acr.PASSKEY, KNOWN) == acr.REAL_NAME_3
    assert acr.told(voluntary, acr.PASSKEY, ACCOUNT) == acr.PASSWORD
    assert acr.told(Wanted(voluntary=(acr.PASSKEY,)), acr.PASSWORD, KNOWN) == acr.PASSWORD
    assert acr.told(Wanted(), acr.TWO_FACTOR, KNOWN) == acr.TWO_FACTOR


def test_one_more_proof_gives_a_new_secret_and_leaves_the_time_of_the_first() -> None:
    """S33."""
    before = _session("pwd")
    after, cookie = session.strengthened(before, acr.AMR_ONE_TIME_CODE, token_urlsafe=lambda n: "y" * n)
    assert (after.sid, after.auth_time, after.acr) == (before.sid, AT, acr.TWO_FACTOR)
    assert after.amr == ("pwd", "otp", "mfa")
    assert after.secret_hash != before.secret_hash
    assert cookie.startswith(f"{before.sid}.")


def test_a_wish_asks_who_can_and_lets_everybody_else_go_on() -> None:
    """OpenID Connect Core §3.1.2.1: acr_values is voluntary."""
    assert _step(acr_values=acr.TWO_FACTOR) is Step.DONE
    assert _step(acr_values=acr.TWO_FACTOR, factors=TOTP) is Step.SECOND_FACTOR
    assert _step(acr_values=acr.TWO_FACTOR, factors=TOTP, prompt="none") is Step.DONE
    assert _step(acr_values=acr.PASSKEY, factors=TOTP) is Step.DONE
    assert _step(acr_values=acr.REAL_NAME_3, factors=TOTP) is Step.DONE
    assert _step(acr_values=acr.REAL_NAME_3, factors=TOTP, account=KNOWN) is Step.SECOND_FACTOR
    assert _step(acr.AMR_ONE_TIME_CODE, acr_values=acr.REAL_NAME_3, account=KNOWN) is Step.DONE
    declined = Interaction(parameters={}, browser_hash="", step_up_declined=True)
    assert _step(acr_values=acr.TWO_FACTOR, factors=TOTP, interaction=declined) is Step.DONE
    assert _step(acr_values="urn:somebody-elses", factors=TOTP) is Step.DONE


def test_what_is_essential_is_proven_set_up_or_refused() -> None:
    """OpenID Connect Core §5.5.1.1; Core Error Code unmet_authentication_requirements §2."""
    essential = '{"id_token":{"acr":{"essential":true,"values":["%s"]}}}'
    assert _step(claims=essential % acr.TWO_FACTOR, factors=TOTP) is Step.SECOND_FACTOR
    assert _step(claims=essential % acr.TWO_FACTOR) is Step.SET_UP
    assert _step(claims=essential % acr.PASSKEY, factors=TOTP) is Step.SET_UP
    assert _step(claims=essential % acr.PASSKEY, factors=PASSKEY) is Step.SECOND_FACTOR
    with pytest.raises(UnmetAuthenticationRequirements):
        _step(claims=essential % acr.REAL_NAME_3, factors=TOTP)
    with pytest.raises(LoginRequired):
        _step(claims=essential % acr.TWO_FACTOR, factors=TOTP, prompt="none")
    with pytest.raises(InteractionRequired):
        _step(claims=essential % acr.TWO_FACTOR, prompt="none")
    declined = Interaction(parameters={}, browser_hash="", step_up_declined=True)
    assert _step(claims=essential % acr.TWO_FACTOR, factors=TOTP, interaction=declined) is Step.SECOND_FACTOR


def test_a_systems_own_policy_asks_whatever_the_request_says() -> None:
    strict = replace(CLIENT, required_acr=acr.TWO_FACTOR)
    assert _step(client=strict, factors=TOTP) is Step.SECOND_FACTOR
    assert _step(client=strict) is Step.SET_UP
    assert _step(acr.AMR_PASSKEY, client=strict) is Step.DONE
    both = json.dumps({"id_token": {"acr": {"essential": True, "value": acr.PASSWORD}}})
    assert _step(client=strict, factors=TOTP, claims=both) is Step.SECOND_FACTOR


def test_registered_defaults_are_wishes_too() -> None:
    """OpenID Connect Registration §2, default_acr_values."""
    wishing = replace(CLIENT, default_acr_values=(acr.TWO_FACTOR,))
    assert _step(client=wishing, factors=TOTP) is Step.SECOND_FACTOR
    assert _step(client=wishing, factors=TOTP, acr_values=acr.PASSWORD) is Step.DONE


def test_a_right_password_owes_the_second_factor_for_five_minutes_only() -> None:
    owing = Interaction(parameters={}, browser_hash="", half_sub="s-1", half_at=AT)
    assert _step(interaction=owing) is Step.SECOND_FACTOR
    late = replace(owing, half_at=AT - HALF_LIFETIME - timedelta(seconds=1))
    assert _step(interaction=late) is Step.DONE  # the session there was before


def test_fresh_means_five_minutes_and_everything_that_is_set_up() -> None:
    weak, strong = _session("pwd"), _session(*acr.AMR_ONE_TIME_CODE)
    assert is_fresh(weak, NONE, at=AT + timedelta(minutes=5))
    assert not is_fresh(weak, NONE, at=AT + timedelta(minutes=5, seconds=1))
    assert not is_fresh(weak, TOTP, at=AT)
    assert is_fresh(strong, TOTP, at=AT)


def test_what_an_account_needs_depends_on_its_papers() -> None:
    assert acr.needed({acr.REAL_NAME_3}, ACCOUNT) is None
    assert acr.needed({acr.REAL_NAME_3}, KNOWN) is Strength.TWO_FACTOR
    assert acr.needed({acr.PASSKEY, acr.TWO_FACTOR}, ACCOUNT) is Strength.TWO_FACTOR
    assert acr.is_at_least(acr.PASSWORD, "", ACCOUNT)
    assert not acr.is_at_least(acr.PASSWORD, acr.TWO_FACTOR, ACCOUNT)
