"""Which passwords may be set."""

import pytest

from idp.protocol.password_rules import PasswordFault, fault_of


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("kurz-1!", PasswordFault.SHORT),
        ("ä" * 257, PasswordFault.LONG),
        ("12345678", PasswordFault.COMMON),
        ("20260101", PasswordFault.COMMON),
        ("13800138000", PasswordFault.COMMON),
        ("aaaaaaaa", PasswordFault.COMMON),
        ("abababab", PasswordFault.COMMON),
        ("Password1!", PasswordFault.COMMON),
        ("qwertyui", PasswordFault.COMMON),
        ("Admin@123", PasswordFault.COMMON),
        ("abcdefgh", PasswordFault.COMMON),
        ("xwang.clerkx9", PasswordFault.OWN_NAME),
        ("王晓芸-7tulpen", PasswordFault.OWN_NAME),
        ("Yichuang-2026-tulpen", None),
        ("correct horse battery", None),
        ("云桥 街道 下雨天 撑伞", None),
        ("x7Kq-09vb", None),
    ],
)
def test_a_password_is_judged_by_what_guessers_try(password: str, fault: PasswordFault | None) -> None:
    assert fault_of(password, username="wang.clerk", name="王晓芸") is fault
