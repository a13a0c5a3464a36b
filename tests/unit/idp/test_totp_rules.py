"""One-time codes: RFC 6238 appendix B, the window, and what people really type."""

import base64
from datetime import UTC, datetime

import pytest

from idp.protocol import totp

# RFC 6238 appendix B gives eight digits for this ASCII key with SHA-1; six digits are their last six (RFC 4226 §5.3).
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = (
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
    (2000000000, "69279037"), (20000000000, "65353130"),
)  # fmt: skip


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_codes_of_the_specification(seconds: int, code: str) -> None:
    assert totp.code_at(SECRET, totp.step_at(_at(seconds))) == code[-6:]
    assert totp.matching_step(SECRET, code[-6:], at=_at(seconds)) == seconds // 30


@pytest.mark.parametrize(("off", "fits"), [(-61, False), (-30, True), (0, True), (29, True), (30, True), (61, False)])
def test_a_code_holds_one_step_either_way(off: int, fits: bool) -> None:
    code = totp.code_at(SECRET, totp.step_at(_at(1_111_111_110)))  # the first second of a step
    assert (totp.matching_step(SECRET, code, at=_at(1_111_111_110 + off)) is not None) == fits


@pytest.mark.parametrize("typed", ["050471", "050 471", " 050471\n", "０５０４７１"])
def test_blanks_and_full_width_digits_are_read(typed: str) -> None:
    assert totp.matching_step(SECRET, typed, at=_at(1111111111)) == 37037037


@pytest.mark.parametrize("typed", ["", "05047", "0504711", "abcdef", "٠٥٠٤٧١", "050471;", "1" * 10_000])
def test_what_is_no_code_never_fits(typed: str) -> None:
    assert totp.matching_step(SECRET, typed, at=_at(1111111111)) is None


def test_keys_are_160_random_bits_and_shown_in_groups() -> None:
    keys = {totp.new_secret() for _ in range(50)}
    assert len(keys) == 50
    assert all(len(base64.b32decode(key)) == 20 for key in keys)
    assert totp.grouped("ABCDEFGHIJ") == "ABCD EFGH IJ"


def test_the_picture_holds_what_apps_read() -> None:
    uri = totp.provisioning_uri(SECRET, username="李 clerk", issuer_name="OneWindow")
    assert uri.startswith("otpauth://totp/OneWindow:")
    assert f"secret={SECRET}" in uri
    assert "issuer=OneWindow" in uri
