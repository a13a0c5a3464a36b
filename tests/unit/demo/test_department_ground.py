"""The ground of the departments: latency, hours, algorithms, secrets, the rhythm of callbacks."""

import base64
import random
import stat
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from config.clock import SHANGHAI
from connectors.national_crypto import Sm2PrivateKey, Sm2PublicKey, sm4_open, sm4_seal
from demo.ground import sm
from demo.ground.callbacks import wait_before
from demo.ground.entry import Latency, load_entries
from demo.ground.hours import (
    SUNDAY,
    WEDNESDAY,
    Hours,
    holiday,
    last_day_of_month,
    nth_weekday,
    on_holidays,
    over_new_year,
    weekly,
)
from demo.ground.latency import sample
from demo.ground.secrets import ENDS_AFTER_DAYS, KEY_PAIRS, SHARED, SSH_PAIRS, make_secrets, read_from


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_half_of_the_answers_are_typical_and_95_of_100_are_within_p95() -> None:
    latency = Latency(
        typical=timedelta(milliseconds=300), p95=timedelta(milliseconds=1200), timeout=timedelta(seconds=10)
    )
    dice = random.Random(7)
    times = [sample(latency, dice) for _ in range(20_000)]
    assert 0.48 < sum(t <= latency.typical for t in times) / len(times) < 0.52
    assert 0.94 < sum(t <= latency.p95 for t in times) / len(times) < 0.96
    assert sum(t > latency.timeout for t in times) < 10


def test_the_catalogue_has_thirteen_systems_in_the_order_of_their_ports() -> None:
    ids = [entry.id for entry in load_entries()]
    assert len(ids) == 13
    assert ids.index("mz-elder") == 1
    assert ids.index("scjg-food") == 11


@pytest.mark.parametrize(
    ("closure", "shut", "open_"),
    [
        (weekly(SUNDAY, time(2), time(4)), "2026-11-22 02:00", "2026-11-22 04:00"),
        (weekly(WEDNESDAY, time(23), time(1)), "2026-11-19 00:59", "2026-11-19 01:00"),
        (weekly(WEDNESDAY, time(23), time(1)), "2026-11-18 23:00", "2026-11-18 00:30"),
        (nth_weekday(2, 5, time(0), time(6)), "2026-11-14 05:59", "2026-11-21 05:59"),
        (last_day_of_month(time(18)), "2028-02-29 18:00", "2028-02-28 18:00"),
        (over_new_year((12, 30, 18), (1, 1, 9)), "2026-12-30 18:00", "2026-12-30 17:59"),
        (over_new_year((12, 30, 18), (1, 1, 9)), "2027-01-01 08:59", "2027-01-01 09:00"),
        (on_holidays("National Day"), "2026-10-01 10:00", "2026-10-12 10:00"),
    ],
)
def test_a_closure_shuts_and_opens_to_the_minute(closure: object, shut: str, open_: str) -> None:
    hours = Hours(closures=(closure,))  # type: ignore[arg-type]
    assert not hours.open_at(_at(shut))
    assert hours.open_at(_at(open_))


def test_a_year_whose_holidays_nobody_announced_has_none() -> None:
    assert holiday(datetime(2199, 10, 1, tzinfo=SHANGHAI).date()) == ""


def test_sm3_and_sm4_give_the_standards_examples() -> None:
    # GB/T 32905-2016 annex A.1, GB/T 32907-2016 annex A.1
    assert sm.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    assert sm.sm4_encrypt(key, key, iv=bytes(16))[16:32].hex() == "681edf34d206965e86b3e94f536e4246"


def test_both_sides_understand_each_others_signatures_and_seals() -> None:
    private, public = sm.generate_key()
    message = "贾𬍛".encode()
    Sm2PublicKey(public).verify(sm.sm2_sign(private, message), message)
    assert sm.sm2_holds(public, Sm2PrivateKey(private).sign(message), message)
    assert not sm.sm2_holds(public, Sm2PrivateKey(private).sign(message), message + b"!")
    assert not sm.sm2_holds(public, b"no signature at all", message)
    key = bytes(range(16))
    assert sm.sm4_decrypt(key, sm4_seal(key, message)) == message
    assert sm4_open(key, sm.sm4_encrypt(key, message)) == message


@pytest.mark.parametrize("sealed", [b"", b"x" * 16, b"x" * 33, base64.b64decode("AAAA" * 16)])
def test_what_is_no_ciphertext_of_ours_is_refused(sealed: bytes) -> None:
    with pytest.raises(sm.Undecryptable):
        sm.sm4_decrypt(bytes(16), sealed)


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    files = sorted((tmp_path / "secrets").iterdir())
    before = {path.name: path.read_bytes() for path in files}
    ends = {f"{name}.expires" for name in ENDS_AFTER_DAYS}
    secrets = {name: content for name, content in before.items() if name not in ends}
    assert set(secrets) == {*SHARED, *(half for pair in (*KEY_PAIRS, *SSH_PAIRS) for half in pair)}
    assert ends <= set(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert len(set(secrets.values())) == len(secrets)
    make_secrets(tmp_path / "secrets")
    assert {path.name: path.read_bytes() for path in files} == before
    assert len(bytes.fromhex(read_from(tmp_path / "secrets")("yb-core.sm4").decode())) == 16


def test_a_callback_is_pushed_after_one_five_and_thirty_minutes_and_six_times_at_most() -> None:
    waits = [wait_before(attempts) for attempts in range(1, 7)]
    minutes = [wait and wait / timedelta(minutes=1) for wait in waits]
    assert minutes == [1, 5, 30, 30, 30, None]
