"""When secrets and certificates end: what a sidecar says, what a certificate says, what a server shows."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.clock import SHANGHAI
from connectors.certificates import Sighting, not_after, read_sighting, see, write_sighting
from connectors.expiry import Expiry, expiries, read_end
from connectors.secrets_dir import SecretsDirectory, SecretsInMemory, has_secret

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SM2 = b"""-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUPLbbiH8QbEudLKjVfpyNts7hv4gwCgYIKoEcz1UBg3Uw
DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjIwODE1MzdaFw0yNzAxMDEwODE1Mzda
MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqgRzPVQGCLQNCAASCliBm
oYxSbkZHcdpQvseoABmHDbQkJE9qqkAQfs5IFqZeYG45bf59MAbcc3jA1J6Itnqy
NA0J3VqQ6OXwxchyo1MwUTAdBgNVHQ4EFgQUPcNYqT2BRx17q8xd/IblTw/UmUAw
HwYDVR0jBBgwFoAUPcNYqT2BRx17q8xd/IblTw/UmUAwDwYDVR0TAQH/BAUwAwEB
/zAKBggqgRzPVQGDdQNIADBFAiBPBCIUX5qwxU1PGf9chFjhIR1stsbe58/niS1F
I71aAAIhAOR4DOxzo+vLqGhhwM+GN8s+/q9KTLuDkbxg4N5Spy9n
-----END CERTIFICATE-----
"""


def certificate(ends_at: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends_at - 100 * DAY)
        .not_valid_after(ends_at)
        .sign(key, hashes.SHA256())
    )
    return made, key


def pem(made: x509.Certificate) -> bytes:
    return made.public_bytes(serialization.Encoding.PEM)


def one(**secrets: bytes) -> Expiry:
    named = {name.replace("_", "."): value for name, value in secrets.items()}
    (found,) = expiries(["a.key"], SecretsInMemory(named))
    return found


def test_a_day_holds_to_its_end_in_beijing_and_a_moment_needs_its_zone() -> None:
    assert read_end("2026-12-31\n") == datetime(2027, 1, 1, tzinfo=SHANGHAI)
    assert read_end("2026-12-31T08:00:00+08:00") == datetime(2026, 12, 31, tzinfo=UTC)
    for wrong in ("2026-12-31T08:00:00", "next year", "", "2026-13-01"):
        with pytest.raises(ValueError, match=r"."):
            read_end(wrong)


def test_a_secret_without_a_sidecar_has_no_end_that_we_know_of() -> None:
    assert one(a_key=b"x") == Expiry(name="a.key", ends_at=None)
    assert one(a_key=b"x").stage(AT) is None
    assert one(a_key=b"x").days_left(AT) is None


def test_what_is_missing_or_can_not_be_read_is_told() -> None:
    assert one().wrong == "missing"
    assert one(a_key=b"x", a_key_expires=b"soon").wrong == "unreadable"
    assert one(a_key=b"x", a_key_expires=b"\xff\xfe").wrong == "unreadable"


def test_a_successor_in_place_is_seen() -> None:
    assert one(a_key=b"x", a_key_next=b"y").is_changing


def test_files_on_disk_are_read_anew_when_they_change(tmp_path: Path) -> None:
    (tmp_path / "a.key").write_text("x")
    (tmp_path / "a.key.expires").write_text("2026-12-01\n")
    secrets = SecretsDirectory(tmp_path)
    assert expiries(["a.key"], secrets)[0].days_left(AT) == 8
    (tmp_path / "a.key.expires").write_text("2027-12-01 \n")
    assert expiries(["a.key"], secrets)[0].stage(AT) is None


@pytest.mark.parametrize(
    ("left", "stage", "days"),
    [
        (31 * DAY, None, 31),
        (30 * DAY, 30, 30),
        (8 * DAY, 30, 8),
        (7 * DAY, 7, 7),
        (DAY, 1, 1),
        (timedelta(hours=3), 1, 0),
        (-DAY, 1, -1),
    ],
)
def test_the_stages_are_thirty_seven_and_one_day(left: timedelta, stage: int | None, days: int) -> None:
    expiry = Expiry(name="a.key", ends_at=AT + left)
    assert (expiry.stage(AT), expiry.days_left(AT)) == (stage, days)


def test_a_certificate_among_the_secrets_says_itself_when_it_ends() -> None:
    soon, _ = certificate(AT + 5 * DAY)
    late, _ = certificate(AT + 50 * DAY)
    chain = one(a_key=pem(late) + pem(soon))
    assert (chain.ends_at, chain.is_certificate) == (AT + 5 * DAY, True)
    assert not_after(late.public_bytes(serialization.Encoding.DER)) == AT + 50 * DAY
    assert one(a_key=pem(late), a_key_expires=b"2026-11-24").days_left(AT) == 1  # the earlier of the two


def test_a_certificate_of_the_national_curve_is_read() -> None:
    assert not_after(SM2) == datetime(2027, 1, 1, 8, 15, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    [b"", b"a password", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", b"0\x82", b"0" * 300_000],
)
def test_what_is_no_certificate_has_no_end(content: bytes) -> None:
    assert not_after(content) is None


async def test_a_servers_certificate_is_seen_also_when_it_has_ended(tmp_path: Path) -> None:
    made, key = certificate(datetime(2020, 1, 1, tzinfo=UTC))
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + pem(made))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    received: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    silent = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port, other = (each.sockets[0].getsockname()[1] for each in (server, silent))
    async with server, silent:
        seen = await see(
            {
                "a": f"https://127.0.0.1:{port}/api",
                "b": f"https://127.0.0.1:{other}",
                "c": "https://127.0.0.1:9",
                "d": f"http://127.0.0.1:{port}",
            },
            AT,
        )
    assert sorted(seen) == ["a", "b", "c"]
    assert seen["a"] == Sighting(seen_at=AT, not_after=datetime(2020, 1, 1, tzinfo=UTC))
    assert seen["b"].not_after is None
    assert seen["b"].error
    assert seen["c"].error == "ConnectionRefusedError"
    assert not any(received)


def test_a_sighting_is_kept_as_it_was() -> None:
    for sighting in (Sighting(seen_at=AT, not_after=AT + DAY), Sighting(seen_at=AT, error="TimeoutError")):
        assert read_sighting(write_sighting(sighting)) == sighting
    assert read_sighting("") is None


@pytest.mark.parametrize("name", ["../outside", "/dev/zero", ".", "", "a\0b", "x" * 400, "inner/key"])
def test_a_name_leads_to_no_file_outside_the_secrets_directory(tmp_path: Path, name: str) -> None:
    secrets = SecretsDirectory(tmp_path / "secrets")
    (tmp_path / "secrets" / "inner").mkdir(parents=True)
    (tmp_path / "outside").write_bytes(b"not ours to read")
    (tmp_path / "secrets" / "inner" / "key").write_bytes(b"not ours to read")
    assert not has_secret(secrets, name)
