"""One DPoP proof against RFC 9449 §4.3, check by check; S29."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from config import dpop
from config.dpop import Proof
from config.http_uri import normalised
from idp.protocol.dpop import check_bound, verify_proof
from idp.protocol.dpop_nonce import STEP, Nonces
from idp.protocol.errors import InvalidDpopProof, InvalidGrant
from tests.doubles.dpop_key import DpopKey, encoded, signed

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TOKEN_URL = "https://yichuang.example/idp/token"
KEY = DpopKey()
RSA = DpopKey(RSAKey.generate_key(2048), "PS256")
PUBLIC = KEY.key.as_dict(private=False)


def _proof(**given: Any) -> str:
    return KEY.proof("POST", TOKEN_URL, at=AT, **given)


def _verify(*proofs: str, at: datetime = AT, access_token: str = "") -> Proof:
    return verify_proof(proofs, htm="POST", htu=TOKEN_URL, at=at, access_token=access_token)


@pytest.mark.parametrize("key", [KEY, RSA], ids=["ES256", "PS256"])
def test_a_proof_that_holds_gives_the_thumbprint_of_its_key(key: DpopKey) -> None:
    proof = _verify(key.proof("POST", TOKEN_URL, at=AT, nonce="n", jti="j-1"))
    assert proof == Proof(jkt=key.key.thumbprint(), jti="j-1", nonce="n")


def test_the_example_of_the_specification_has_its_thumbprint() -> None:
    """RFC 9449 §6.1: the key of §4.1 has this jkt."""
    key = ECKey.import_key(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        }
    )
    assert key.thumbprint() == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    assert dpop.ath("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU") == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_there_is_exactly_one_header() -> None:
    """§4.3 check 1."""
    for proofs in ((), (_proof(), _proof()), (_proof() + "," + _proof(),)):
        with pytest.raises(InvalidDpopProof):
            _verify(*proofs)


@pytest.mark.parametrize(
    "text", ["", "x", "a.b", "a.b.c", "e30.e30.", "é.é.é", "a" * 20_000, "bnVsbA.bnVsbA.AA", "..."]
)
def test_a_proof_is_a_well_formed_jwt(text: str) -> None:
    """§4.3 check 2."""
    with pytest.raises(InvalidDpopProof):
        _verify(text)


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat"])
def test_every_required_claim_is_there(name: str) -> None:
    """§4.3 check 3."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(**{name: None}))


@pytest.mark.parametrize("jti", ["", 7, ["j"], "j" * 257])
def test_the_jti_is_a_string_of_bounded_length(jti: object) -> None:
    """§4.2."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(jti=jti))


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "application/dpop+jwt", "DPOP+JWT ", 1])
def test_the_type_is_dpop_jwt(typ: object) -> None:
    """§4.3 check 4."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(header={"typ": typ}))


@pytest.mark.parametrize("alg", [None, "none", "None", "HS256", "RS256", "ES384", "ES256K", "dir", 1])
def test_the_algorithm_is_one_we_named(alg: object) -> None:
    """§4.3 check 5: asymmetric, not none, supported, acceptable by policy."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(header={"alg": alg}))


def test_an_hmac_keyed_with_the_public_key_is_no_signature() -> None:
    """RFC 8725 §2.1."""
    header = {"typ": "dpop+jwt", "alg": "HS256", "jwk": PUBLIC}
    claims = {"jti": "j", "htm": "POST", "htu": TOKEN_URL, "iat": int(AT.timestamp())}
    with pytest.raises(InvalidDpopProof):
        _verify(signed(header, claims, OctKey.import_key("k" * 32), "HS256"))  # type: ignore[arg-type]


def test_the_signature_is_by_the_key_in_the_header() -> None:
    """§4.3 check 6."""
    other = ECKey.generate_key("P-256").as_dict(private=False)
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(header={"jwk": other}))
    head, claims, signature = _proof().split(".")
    for broken in (f"{head}.{claims}.", f"{head}.{claims}.AAAA", f"{head}.{encoded(b'{}')}.{signature}"):
        with pytest.raises(InvalidDpopProof):
            _verify(broken)


@pytest.mark.parametrize(
    "jwk",
    [
        None, "key", {}, {"kty": "EC"}, {"kty": "oct", "k": "AAAA"}, PUBLIC | {"d": "AAAA"}, PUBLIC | {"kty": "RSA"},
        PUBLIC | {"crv": "P-384"}, PUBLIC | {"x": "AAAA"}, PUBLIC | {"x": 5}, {**PUBLIC, "y": ""},
        KEY.key.as_dict(private=True),
    ],
)  # fmt: skip
def test_the_key_is_a_public_one_that_fits_the_algorithm(jwk: object) -> None:
    """§4.3 check 7, §4.2."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(header={"jwk": jwk}))


def test_a_private_or_weak_rsa_key_is_refused() -> None:
    """§4.3 check 7; RFC 7518 §3.5."""
    private = RSA.proof("POST", TOKEN_URL, at=AT, header={"jwk": RSA.key.as_dict(private=True)})
    with pytest.raises(InvalidDpopProof):
        _verify(private)
    weak = {"kty": "RSA", "n": encoded(b"\xff" * 128), "e": "AQAB"}
    with pytest.raises(InvalidDpopProof):
        _verify(RSA.proof("POST", TOKEN_URL, at=AT, header={"jwk": weak}))


@pytest.mark.parametrize("name", ["crit", "b64", "jku", "x5u", "x5c"])
def test_a_header_that_changes_how_the_proof_is_read_is_refused(name: str) -> None:
    """RFC 8725 §3.10; RFC 7515 §4.1.11."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(header={name: ["exp"]}))


@pytest.mark.parametrize("htm", ["GET", "post", "", 1])
def test_the_method_is_that_of_the_request(htm: object) -> None:
    """§4.3 check 8."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(htm=htm))


@pytest.mark.parametrize(
    "htu",
    [
        "https://yichuang.example/idp/userinfo", "https://other.example/idp/token", "http://yichuang.example/idp/token",
        "https://yichuang.example:8443/idp/token", "https://yichuang.example/idp/token/", "/idp/token", "", 5,
        "https://me@yichuang.example/idp/token", "https://yichuang.example/idp/Token", "https://[yichuang/idp/token",
    ],
)  # fmt: skip
def test_the_address_is_that_of_the_request(htu: object) -> None:
    """§4.3 check 9."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(htu=htu))


@pytest.mark.parametrize(
    "htu",
    [
        TOKEN_URL, TOKEN_URL + "?x=1", TOKEN_URL + "#x", "HTTPS://YiChuang.Example:443/idp/token",
        "https://yichuang.example/idp/./x/../token", "https://yichuang.example/idp/%74oken",
    ],
)  # fmt: skip
def test_the_address_is_compared_in_its_normal_form_without_query_and_fragment(htu: str) -> None:
    """§4.3 check 9; RFC 3986 §6.2.2, §6.2.3."""
    assert _verify(_proof(htu=htu))


def test_normal_forms_follow_the_specification() -> None:
    """RFC 3986 §6.2.2, and §5.2.4 for dot segments."""
    assert normalised("eXAMPLE://a/./b/../b/%63/%7bfoo%7d") is None
    assert normalised("http://a/./b/../b/%63/%7bfoo%7d") == "http://a/b/c/%7Bfoo%7D"
    assert normalised("http://a/b/c/./../../g") == "http://a/g"
    assert normalised("http://a/../../g/..") == "http://a/"
    assert normalised("http://[::1]:8000") == "http://[::1]:8000/"
    assert normalised("http://a\\@b/") is None


@pytest.mark.parametrize("seconds", [-3600, -61, 11, 61, 10**9])
def test_a_proof_made_too_early_or_too_late_is_refused(seconds: int) -> None:
    """§4.3 check 11."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(iat=int(AT.timestamp()) + seconds))


@pytest.mark.parametrize("iat", ["now", True, [], float("nan"), float("inf")])
def test_the_time_is_a_number(iat: object) -> None:
    """RFC 7519 §2, NumericDate."""
    with pytest.raises(InvalidDpopProof):
        _verify(_proof(iat=iat))


@pytest.mark.parametrize("seconds", [-60, -1, 0, 10])
def test_a_clock_that_is_a_little_off_is_borne(seconds: int) -> None:
    """§11.1."""
    assert _verify(_proof(iat=int(AT.timestamp()) + seconds))


def test_beside_an_access_token_the_proof_names_it() -> None:
    """§4.3 check 12."""
    assert _verify(_proof(access_token="the-token"), access_token="the-token")
    for proof in (_proof(), _proof(access_token="another"), _proof(ath=""), _proof(ath=5)):
        with pytest.raises(InvalidDpopProof):
            _verify(proof, access_token="the-token")


def test_a_marker_outlives_the_proof_it_stands_for() -> None:
    """§11.1: a jti is remembered for as long as the proof would be accepted."""
    assert dpop.REMEMBER > dpop.MAX_AGE + dpop.CLOCK_AHEAD


def test_a_nonce_holds_for_two_minutes_at_least_and_three_at_most() -> None:
    """§8: a nonce limits how long a proof made ahead is of use."""
    nonces = Nonces(key=b"k" * 32)
    for seconds in range(0, 60, 7):
        given = AT + timedelta(seconds=seconds)
        nonce = nonces.current(given)
        assert nonces.holds(nonce, at=given + timedelta(minutes=2))
        assert not nonces.holds(nonce, at=given + 3 * STEP)


def test_nonces_of_another_installation_and_made_up_ones_do_not_hold() -> None:
    nonces = Nonces(key=b"k" * 32)
    for nonce in (Nonces(key=b"x" * 32).current(AT), "", "ünïcode", nonces.current(AT + 2 * STEP)):
        assert not nonces.holds(nonce, at=AT)


def test_what_is_bound_to_a_key_is_given_to_nobody_else() -> None:
    """§5, §10."""
    check_bound("", "")
    check_bound("", KEY.jkt)
    check_bound(KEY.jkt, KEY.jkt)
    for jkt in ("", RSA.jkt):
        with pytest.raises(InvalidGrant):
            check_bound(KEY.jkt, jkt)
