"""Every kind of proof, both ways: what it signs byte by byte, and what it refuses."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from connectors.errors import EnvelopeRefused, SecretMissing
from connectors.national_crypto import SealBroken, Sm2PrivateKey, new_key_pair, sm4_open, sm4_seal
from connectors.rendering import Rendered
from connectors.secrets_dir import SecretsDirectory, SecretsInMemory
from connectors.signing import Incoming, Signed, Signer, signer_for
from connectors.signing.base import sorted_json, sorted_params
from connectors.spec_auth import Auth

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OPENSSL = shutil.which("openssl") or "openssl is missing"
NONCE = "0123456789abcdef0123456789abcdef"
PRIVATE, PUBLIC = new_key_pair()
OTHER_PRIVATE, OTHER_PUBLIC = new_key_pair()
SECRETS = SecretsInMemory(
    {
        "token": b"t-1",
        "hmac": b"shared",
        "private": PRIVATE,
        "public": PUBLIC,
        "sm4": b"00112233445566778899aabbccddeeff",
    }
)
BODY = {"b": {"z": 1, "a": "甲"}, "a": "1", "empty": "", "flag": True, "n": 5}

KINDS: dict[str, dict[str, Any]] = {
    "static_token": {"kind": "static_token", "secret": "token", "header": "x-token"},
    "hmac_sha256": {"kind": "hmac_sha256", "app_id": "app", "secret": "hmac"},
    "sm2_body": {"kind": "sm2_body", "private_key": "private", "public_key": "public"},
    "sm2_params": {"kind": "sm2_body", "private_key": "private", "public_key": "public", "canonical": "sorted_params"},
    "tif_envelope": {
        "kind": "tif_envelope",
        "paas_id": "p",
        "token": "token",
        "app_code": "YPT",
        "sm4_key": "sm4",
        "private_key": "private",
        "public_key": "public",
    },
    "md5_sorted": {"kind": "md5_sorted", "app_key": "k", "secret": "hmac"},
    "md5_header": {"kind": "md5_sorted", "app_key": "k", "secret": "hmac", "place": "header"},
    "md5_query": {"kind": "md5_sorted", "app_key": "k", "secret": "hmac", "place": "query"},
}


def signer(kind: str, secrets: SecretsInMemory = SECRETS) -> Signer:
    auth: Auth = TypeAdapter(Auth).validate_python(KINDS[kind])
    return signer_for(auth, secrets)


def signed(kind: str, body: object = BODY) -> Signed:
    rendered = Rendered(method="POST", path="/x", query={"q": "1"}, headers={"x-own": "y"}, body=body)
    return signer(kind).sign(rendered, at=AT, nonce=NONCE)


def as_incoming(message: Signed, content: bytes | None = None) -> Incoming:
    return Incoming(
        method=message.method,
        target=message.target,
        headers=dict(message.headers),
        content=message.content if content is None else content,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_is_believed_on_the_other_side(kind: str) -> None:
    opened = signer(kind).verify(as_incoming(signed(kind)), "utf-8")
    assert isinstance(opened.body, dict)
    assert {key: opened.body[key] for key in BODY} == BODY


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "static_token"])
def test_a_changed_message_is_refused(kind: str) -> None:
    message = signed(kind)
    changed = message.content.replace(b'"a":"1"', b'"a":"2"')
    if changed == message.content:
        outer = json.loads(message.content)
        outer["data"]["encData"] = base64.b64encode(b"x" * 48).decode()
        changed = json.dumps(outer).encode()
    with pytest.raises(EnvelopeRefused):
        signer(kind).verify(as_incoming(message, changed), "utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_an_unsigned_message_is_refused(kind: str) -> None:
    bare = Incoming(method="POST", target="/x", headers={}, content=json.dumps(BODY).encode())
    with pytest.raises(EnvelopeRefused):
        signer(kind).verify(bare, "utf-8")


def test_hmac_covers_timestamp_nonce_and_the_bytes_sent() -> None:
    message = signed("hmac_sha256")
    stamp = str(int(AT.timestamp()))
    wanted = hmac.new(b"shared", stamp.encode() + NONCE.encode() + message.content, hashlib.sha256).hexdigest()
    assert message.headers["x-signature"] == wanted
    assert (message.headers["x-app-id"], message.headers["x-timestamp"], message.headers["x-nonce"]) == (
        "app",
        stamp,
        NONCE,
    )


def test_md5_covers_the_sorted_parameters_and_the_secret() -> None:
    stamp = str(int(AT.timestamp() * 1000))
    body = json.loads(signed("md5_sorted").content)
    text = f'a=1&appKey=k&b={{"a":"甲","z":1}}&flag=true&n=5&timestamp={stamp}shared'
    assert body["sign"] == hashlib.md5(text.encode()).hexdigest()  # noqa: S324  # the kind's own algorithm


def test_the_gateway_signature_is_sha256_of_timestamp_token_nonce_timestamp() -> None:
    message = signed("tif_envelope")
    stamp = str(int(AT.timestamp()))
    assert message.headers["x-tif-signature"] == hashlib.sha256(f"{stamp}t-1{NONCE}{stamp}".encode()).hexdigest()
    data = json.loads(message.content)["data"]
    assert set(data) == {"appCode", "version", "encType", "signType", "timestamp", "encData", "signData"}
    assert "甲" not in message.content.decode()


def test_a_sealed_answer_is_opened_and_the_gateways_own_error_is_not() -> None:
    opened = signer("tif_envelope").open(signed("tif_envelope", {"infcode": 0}).content, "utf-8")
    assert opened.body == {"infcode": 0}
    failed = signer("tif_envelope").open(b'{"code": 500, "message": "busy"}', "utf-8")
    assert (failed.body, failed.envelope) == (None, {"code": 500, "message": "busy"})


def test_a_sealed_answer_of_somebody_else_is_refused() -> None:
    theirs = SecretsInMemory(
        {
            "token": b"t-1",
            "sm4": b"00112233445566778899aabbccddeeff",
            "private": OTHER_PRIVATE,
            "public": OTHER_PUBLIC,
        }
    )
    rendered = Rendered(method="POST", path="/x", query={}, headers={}, body={"infcode": 0})
    message = signer("tif_envelope", theirs).sign(rendered, at=AT, nonce=NONCE)
    with pytest.raises(EnvelopeRefused):
        signer("tif_envelope").open(message.content, "utf-8")


def test_the_next_key_is_believed_while_keys_are_changed() -> None:
    message = signed("sm2_body")
    changing = SecretsInMemory({"private": PRIVATE, "public": OTHER_PUBLIC, "public.next": PUBLIC})
    assert signer("sm2_body", changing).verify(as_incoming(message), "utf-8").body
    with pytest.raises(EnvelopeRefused):
        signer("sm2_body", SecretsInMemory({"public": OTHER_PUBLIC})).verify(as_incoming(message), "utf-8")


def test_openssl_believes_our_sm2_signature(tmp_path: Path) -> None:
    body = json.loads(signed("sm2_body").content)
    (tmp_path / "signature").write_bytes(base64.b64decode(body.pop("sign")))
    (tmp_path / "message").write_text(sorted_json(body), encoding="utf-8")
    (tmp_path / "public").write_bytes(PUBLIC)
    command = [OPENSSL, "dgst", "-sm3", "-verify", tmp_path / "public", "-sigopt", "distid:1234567812345678"]
    done = subprocess.run(
        [*command, "-signature", tmp_path / "signature", tmp_path / "message"], capture_output=True, check=False
    )
    assert done.stdout.strip() == b"Verified OK"


def test_sm4_matches_openssl(tmp_path: Path) -> None:
    key = bytes.fromhex("00112233445566778899aabbccddeeff")
    sealed = sm4_seal(key, "城乡居民".encode())
    (tmp_path / "sealed").write_bytes(sealed[16:])
    done = subprocess.run(
        [OPENSSL, "enc", "-d", "-sm4-cbc", "-K", key.hex(), "-iv", sealed[:16].hex(), "-in", tmp_path / "sealed"],
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == "城乡居民"
    with pytest.raises(SealBroken):
        sm4_open(key, sealed[:-3])


def test_the_timestamp_is_given_to_the_window_check() -> None:
    opened = signer("hmac_sha256").verify(as_incoming(signed("hmac_sha256")), "utf-8")
    assert opened.sent_at is not None
    assert abs(opened.sent_at - AT) < timedelta(seconds=1)


def test_parameters_are_sorted_and_empty_ones_left_out() -> None:
    assert sorted_params({"b": 2, "a": "x", "c": None, "d": []}) == "a=x&b=2"


def test_a_secret_is_read_by_name_and_again_when_its_file_changes(tmp_path: Path) -> None:
    secrets = SecretsDirectory(tmp_path)
    with pytest.raises(SecretMissing, match="no secret named 'x'"):
        secrets.current("x")
    (tmp_path / "x").write_text("one\n", encoding="utf-8")
    assert secrets.current("x") == b"one"
    (tmp_path / "x").write_text("second\n", encoding="utf-8")
    (tmp_path / "x.next").write_text("third", encoding="utf-8")
    assert secrets.believed("x") == (b"second", b"third")


@pytest.mark.parametrize("kind", ["sm2_body", "sm2_params", "md5_sorted"])
def test_no_depth_of_a_message_breaks_what_reads_it(kind: str) -> None:
    """At some depth a document can just be read and no longer be written for its signature."""
    for depth in range(800, 1_000):
        content = b'{"sign":"x","a":' + b"[" * depth + b"]" * depth + b"}"
        with pytest.raises(EnvelopeRefused):
            signer(kind).verify(Incoming(method="POST", target="/", headers={}, content=content), "utf-8")


def test_what_is_sealed_may_nest_without_end_and_is_refused() -> None:
    deep: dict[str, object] = {}
    sealed = sm4_seal(bytes.fromhex(SECRETS.current("sm4").decode()), b"[" * 5000 + b"]" * 5000)
    deep["encData"] = base64.b64encode(sealed).decode()
    deep["signData"] = base64.b64encode(Sm2PrivateKey(PRIVATE).sign(sorted_params(deep).encode())).decode()
    with pytest.raises(EnvelopeRefused):
        signer("tif_envelope").open(json.dumps({"data": deep}).encode(), "utf-8")


def test_headers_of_today_make_no_content_of_last_week_fresh() -> None:
    """The gateway's headers sign no body: who has heard two calls could put one's headers before the other's content."""
    old = Rendered(method="POST", path="/x", query={}, headers={}, body=BODY)
    content = signer("tif_envelope").sign(old, at=AT - timedelta(days=7), nonce=NONCE).content
    opened = signer("tif_envelope").verify(as_incoming(signed("tif_envelope"), content), "utf-8")
    assert opened.sent_at == AT - timedelta(days=7)
