"""RFC 6749 §2.3 and OpenID Connect Core §9: one method, the registered one."""

import pytest

from tests.doubles.idp_site import ISSUER, VERIFIER, Site


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({}, {}),
        ({}, {"client_id": "tile"}),
        ({}, {"client_id": "tile", "client_secret": ""}),
        ({}, {"client_id": "tile", "client_secret": "wrong"}),
        ({}, {"client_id": "nobody", "client_secret": "wrong"}),
        ({}, {"client_id": "tile", "client_secret": "x" * 5000}),
        ({"authorization": "Basic"}, {}),
        ({"authorization": "Basic ???"}, {}),
        ({"authorization": "Basic dGlsZTo="}, {}),
        ({"authorization": "Bearer x"}, {}),
        ({"authorization": "Basic dGlsZTp3cm9uZw=="}, {}),
    ],
)
async def test_a_client_that_does_not_authenticate_is_refused(
    site: Site, headers: dict[str, str], fields: dict[str, str]
) -> None:
    """§5.2: invalid_client, 401 and WWW-Authenticate; S16."""
    await site.client()
    async with site.caller(**headers) as http:
        answer = await http.post(f"{ISSUER}/token", data={"grant_type": "client_credentials", **fields})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_two_authentication_methods_at_once_are_refused(site: Site) -> None:
    """§2.3; S16."""
    rp = await site.client()
    answer = await rp.exchange("x", client_id="tile", client_secret=rp.secret)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_another_method_than_the_registered_one_is_refused(site: Site) -> None:
    """OpenID Connect Core §9."""
    rp = await site.client()
    async with site.caller() as http:
        data = {"grant_type": "client_credentials", "client_id": "tile", "client_secret": rp.secret}
        assert (await http.post(f"{ISSUER}/token", data=data)).json()["error"] == "invalid_client"


async def test_client_secret_post_is_for_those_registered_with_it(site: Site) -> None:
    """§2.3.1."""
    rp = await site.client(token_endpoint_auth_method="client_secret_post")
    code = await rp.code(site.browser())
    async with site.caller() as http:
        answer = await http.post(
            f"{ISSUER}/token",
            data={
                "grant_type": "authorization_code", "code": code, "redirect_uri": rp.redirect_uri,
                "code_verifier": VERIFIER, "client_id": "tile", "client_secret": rp.secret,
            },
        )  # fmt: skip
    assert answer.status_code == 200


async def test_a_secret_in_the_address_is_refused(site: Site) -> None:
    """§2.3.1: never in the request URI; S16."""
    rp = await site.client()
    async with site.caller() as http:
        answer = await http.post(
            f"{ISSUER}/token?client_id=tile&client_secret={rp.secret}", data={"grant_type": "client_credentials"}
        )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_public_client_with_a_made_up_secret_is_refused(site: Site) -> None:
    """§2.3; S15: a secret does not stand in for PKCE."""
    rp = await site.client("app", token_endpoint_auth_method="none")
    code = await rp.code(site.browser())
    answer = await rp.exchange(code, code_verifier=None, client_secret="made-up")
    assert answer.json()["error"] == "invalid_client"
