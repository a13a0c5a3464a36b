"""Calls to addresses that others chose: S43 (SSRF through jwks_uri, sector_identifier_uri, back-channel logout)."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from config.egress import EgressAnswer, EgressClient, EgressError, EgressFailed, EgressRefused, EgressRules
from config.settings import Settings, SettingsRefused

SECRET = "Zq3vT8yLw1Kx5Rb9Nf2Hc6Jd0Gm4Ps7uVaEoIi"
LOOPBACK = EgressRules(allowed=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
PUBLIC = "93.184.216.34"
Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]


def _names(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> tuple[str, ...]:
        return addresses

    return resolve


class _Net(httpx2.AsyncBaseTransport):
    """Notes every request instead of sending it."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        self.requests: list[httpx2.Request] = []
        self.answer = (status, headers)
        self.unreachable: set[str] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host in self.unreachable:
            raise httpx2.ConnectError("no route")
        self.requests.append(request)
        return httpx2.Response(self.answer[0], headers=self.answer[1], stream=httpx2.ByteStream(b"{}"))


def _client(net: _Net, *addresses: str, rules: EgressRules | None = None) -> EgressClient:
    return EgressClient(rules or EgressRules(), resolve=_names(*addresses), transport=lambda: net)


def _self_signed(directory: Path) -> ssl.SSLContext:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rp")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "both.pem").write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "both.pem")
    return context


@asynccontextmanager
async def _server(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):  # a caller whose time is over goes whenever it is
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"


async def test_a_public_https_address_is_called_at_the_address_that_was_checked() -> None:
    net = _Net()
    answer = await _client(net, PUBLIC).get("https://rp.example:8443/keys?v=1")
    assert answer == EgressAnswer(status=200, headers=answer.headers, body=b"{}")
    (request,) = net.requests
    assert str(request.url) == f"https://{PUBLIC}:8443/keys?v=1"
    assert request.headers["host"] == "rp.example:8443"
    assert request.extensions["sni_hostname"] == "rp.example"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
        "255.255.255.255", "224.0.0.1", "240.0.0.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "not an address",
    ],
)  # fmt: skip
async def test_an_inner_address_is_refused_before_anything_leaves(address: str) -> None:
    net = _Net()
    with pytest.raises(EgressRefused):
        await _client(net, address).get("https://rp.example/keys")
    assert net.requests == []


async def test_a_name_with_one_inner_address_among_public_ones_is_refused() -> None:
    net = _Net()
    with pytest.raises(EgressRefused):
        await _client(net, PUBLIC, "10.0.0.5").get("https://rp.example/keys")
    assert net.requests == []


async def test_a_second_answer_of_the_name_server_changes_nothing() -> None:
    """DNS rebinding: the name is asked once, and the connection goes to what was checked."""
    answers = [(PUBLIC,), ("127.0.0.1",)]

    async def rebinding(host: str, port: int) -> tuple[str, ...]:
        return answers.pop(0)

    net = _Net()
    await EgressClient(EgressRules(), resolve=rebinding, transport=lambda: net).get("https://rp.example/keys")
    assert net.requests[0].url.host == PUBLIC
    assert answers == [("127.0.0.1",)]


@pytest.mark.parametrize(
    "url",
    [
        "http://rp.example/keys", "file:///etc/passwd", "gopher://rp.example/", "ftp://rp.example/", "rp.example/keys",
        "https://user:word@rp.example/", "https://rp.example/#x", "https:///keys", "https://rp.example:99999/",
        "https://rp.example/\r\nx: y", "https://rp.exämple/", "https://[::1/", "", "https://rp.example/" + "a" * 2000,
    ],
)  # fmt: skip
async def test_an_address_of_another_form_is_refused(url: str) -> None:
    net = _Net()
    with pytest.raises(EgressRefused):
        await _client(net, PUBLIC).get(url)
    assert net.requests == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "017700000001", "localhost"])
async def test_other_spellings_of_loopback_resolve_to_what_is_refused(host: str) -> None:
    with pytest.raises(EgressError):
        await EgressClient(EgressRules()).get(f"https://{host}/keys")


async def test_a_private_network_is_called_once_an_operator_named_it() -> None:
    rules = EgressRules(allowed=(ip_network("10.20.0.0/16"),))
    net = _Net()
    await _client(net, "10.20.3.4", rules=rules).get("https://rp.intra/keys")
    assert net.requests[0].url.host == "10.20.3.4"
    with pytest.raises(EgressRefused):
        await _client(net, "10.21.3.4", rules=rules).get("https://rp.intra/keys")


async def test_plain_http_is_for_loopback_alone_and_only_where_loopback_is_allowed() -> None:
    net = _Net()
    await _client(net, "127.0.0.1", rules=LOOPBACK).get("http://127.0.0.1:9000/keys")
    assert len(net.requests) == 1
    with pytest.raises(EgressRefused):
        await _client(net, PUBLIC, rules=LOOPBACK).get("http://rp.example/keys")
    with pytest.raises(EgressRefused):
        await _client(net, "10.20.3.4", rules=EgressRules(allowed=(ip_network("10.0.0.0/8"),))).get("http://rp.intra/")
    assert len(net.requests) == 1


def test_demo_mode_allows_loopback_and_other_installations_name_their_networks() -> None:
    assert EgressRules.of(Settings(secret_key=SECRET, demo=True)).permits("127.0.0.1", scheme="http")
    plain = EgressRules.of(Settings(secret_key=SECRET, egress_networks="10.20.0.0/16,fd00::/8"))
    assert plain.permits("10.20.1.1", scheme="https")
    assert plain.permits("fd00::5", scheme="https")
    assert not plain.permits("127.0.0.1", scheme="http")


def test_a_network_that_is_none_stops_the_start() -> None:
    with pytest.raises(SettingsRefused, match="ONEWINDOW_EGRESS_NETWORKS"):
        Settings.from_env({"ONEWINDOW_SECRET_KEY": SECRET, "ONEWINDOW_EGRESS_NETWORKS": "10.20.1.1/16"})


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    net = _Net(302, location="https://169.254.169.254/latest/meta-data")
    answer = await _client(net, PUBLIC).get("https://rp.example/keys")
    assert answer.status == 302
    assert len(net.requests) == 1


async def test_the_next_address_of_a_name_is_tried_when_the_first_is_not_reached() -> None:
    net = _Net()
    net.unreachable = {PUBLIC}
    await _client(net, PUBLIC, "1.1.1.1").post("https://rp.example/bye", b"x=1", content_type="text/plain")
    (request,) = net.requests
    assert (request.url.host, request.content, request.headers["content-type"]) == ("1.1.1.1", b"x=1", "text/plain")


async def test_a_body_that_is_too_large_is_ended() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with _server(endless) as url:
        with pytest.raises(EgressFailed) as failed:
            await EgressClient(LOOPBACK, at_most_bytes=1000).get(url)
    assert failed.value.detail == "too much"


async def test_a_body_that_drips_is_ended_when_the_time_is_over() -> None:
    over = asyncio.Event()

    async def dripping(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not over.is_set():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with _server(dripping) as url:
        with pytest.raises(EgressFailed) as failed:
            await EgressClient(LOOPBACK, within=timedelta(seconds=0.3)).get(url)
        over.set()
    assert failed.value.detail == "too slow"


async def test_a_server_whose_certificate_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    async def ok(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    async with _server(ok, tls=_self_signed(tmp_path)) as url:
        with pytest.raises(EgressFailed) as failed:
            await EgressClient(LOOPBACK).get(url.replace("http:", "https:"))
    assert failed.value.detail == "ConnectError"


async def test_every_failure_says_the_same() -> None:
    """S43: whoever chose the address learns nothing of what stands there."""
    said = set()
    for client, url in (
        (_client(_Net(), "10.0.0.1"), "https://rp.example/"),
        (_client(_Net(), PUBLIC), "file:///etc/passwd"),
        (EgressClient(LOOPBACK), "http://127.0.0.1:1/closed"),
    ):
        with pytest.raises(EgressError) as failed:
            await client.get(url)
        said.add(str(failed.value))
    assert said == {"The address could not be used."}
