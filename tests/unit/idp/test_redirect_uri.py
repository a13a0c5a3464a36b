"""What may be registered as a redirect_uri."""

import pytest

from idp.protocol.client import Client
from idp.protocol.redirect_uri import RedirectUriRefused, check_registration, is_registered, origin_of


@pytest.mark.parametrize(
    "uri",
    ["https://a.example/cb", "https://a.example:8443/cb?x=1", "http://127.0.0.1:8101/callback", "http://localhost/cb"],
)
def test_https_and_http_on_loopback_can_be_registered(uri: str) -> None:
    check_registration(uri, "web")


@pytest.mark.parametrize(
    "uri",
    [
        "http://a.example/cb", "https://a.example/cb#f", "https://u@a.example/cb", "https://u:p@a.example/cb",
        "javascript:alert(1)", "data:text/html,x", "com.example.app:/cb", "https://a.example/../cb",
        "https://a.example/./cb", "https://A.example/cb", "https://a。example/cb", "https://%61.example/cb",
        "https://a.example/c b", "https://a.example/cb\n", "https://a.example\\cb", "/cb", "//a.example/cb", "https:///cb",
        "https://a.example:x/cb", "https://a.example/" + "x" * 2000, "https://*.example/cb", "",
    ],
)  # fmt: skip
def test_everything_else_is_refused_for_a_web_client(uri: str) -> None:
    with pytest.raises(RedirectUriRefused):
        check_registration(uri, "web")


def test_a_native_client_may_use_a_scheme_of_its_own_with_a_dot() -> None:
    check_registration("com.example.app:/cb", "native")
    for uri in ("javascript:alert(1)", "data:x", "vbscript:x", "app:/cb"):
        with pytest.raises(RedirectUriRefused):
            check_registration(uri, "native")


def test_equality_is_by_character_but_for_a_native_clients_loopback_port() -> None:
    native = Client(client_id="app", application_type="native", redirect_uris=("http://127.0.0.1/cb?a=1",))
    assert is_registered("http://127.0.0.1:5000/cb?a=1", native)
    assert not is_registered("http://127.0.0.1:5000/cb", native)
    assert not is_registered("http://[::1]:5000/cb?a=1", native)
    web = Client(client_id="web", redirect_uris=("http://127.0.0.1/cb",))
    assert not is_registered("http://127.0.0.1:5000/cb", web)


def test_the_origin_is_scheme_host_and_port_or_a_bare_scheme() -> None:
    assert origin_of("https://a.example:8443/cb?x") == "https://a.example:8443"
    assert origin_of("com.example.app:/cb") == "com.example.app:"
