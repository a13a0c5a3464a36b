"""S42, S46, S32, S31: what a caller says of itself, its address or its session beside the protocol is not believed."""

from tests.doubles.idp_site import BASE, ISSUER, Site, answer_at

FORGED = {
    "host": "evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-prefix": "/evil",
    "forwarded": "for=127.0.0.1;host=evil.example;proto=https",
    "x-original-uri": "/idp/userinfo",
    "x-original-url": "/idp/userinfo",
    "x-rewrite-url": "/idp/userinfo",
    "x-real-ip": "127.0.0.1",
    "x-http-method-override": "DELETE",
}
IDENTITY = [
    "x-user", "x-remote-user", "remote-user", "remote_user", "x-forwarded-user", "x-forwarded-email", "oidc_claim_sub",
    "oidc-claim-sub", "x-auth-request-user", "x_user", "x-authenticated-userid", "ssl-client-cert",
]  # fmt: skip


async def test_a_forged_address_changes_neither_issuer_nor_where_people_are_sent(site: Site) -> None:
    """S42: RFC 9700 §4.13."""
    rp = await site.client()
    for header, value in FORGED.items():
        async with site.caller(**{header: value}) as http:
            found = (await http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
            begun = await http.get(rp.url())
            refused = await http.get(rp.url(prompt="none"))
        assert found["issuer"] == ISSUER
        assert all(address.startswith(ISSUER) for name, address in found.items() if name.endswith("_endpoint"))
        assert begun.headers["location"].startswith(f"{ISSUER}/interaction/")
        assert answer_at(refused, rp.redirect_uri).parameters["iss"] == ISSUER


async def test_a_header_that_names_a_person_signs_nobody_in(site: Site) -> None:
    """S46: CVE-2017-6413; hyphens and underscores."""
    rp = await site.client()
    account = await site.idp.account_store.by_username("clerk")
    assert account is not None
    for header in IDENTITY:
        for value in ("clerk", account[0].sub):
            async with site.caller(**{header: value}) as http:
                answer = answer_at(await http.get(rp.url(prompt="none")), rp.redirect_uri)
                assert answer.parameters["error"] == "login_required", header
                assert (await http.get(f"{ISSUER}/userinfo")).status_code == 401, header


async def test_no_id_of_another_kind_serves_as_a_session(site: Site) -> None:
    """S32: state, nonce, code, interaction and browser ids and sids are of no use in the session cookie."""
    rp, browser = await site.client(), site.browser()
    begun = await browser.http.get(rp.url())
    interaction = begun.headers["location"].rpartition("/")[2]
    tokens = await rp.tokens(browser)
    session = browser.http.cookies["onewindow_idp"]
    sid, _, secret = session.partition(".")
    others = [
        "s-1", "n-1", interaction, browser.http.cookies["onewindow_idp_browser"], sid, secret, f"{secret}.{sid}",
        f"{sid}.{secret[::-1]}", f"{sid}.", f".{secret}", f"{sid}.{secret}x", f"{interaction}.{secret}",
        tokens["access_token"].rpartition(".")[2],
    ]  # fmt: skip
    for value in others:
        answer = await site.browser(cookie=f"onewindow_idp={value}").http.get(rp.url(prompt="none"))
        assert answer_at(answer, rp.redirect_uri).parameters["error"] == "login_required", value


async def test_a_session_cookie_serves_as_nothing_else(site: Site) -> None:
    """S32, the other way round: neither as a code, nor as a token, an interaction or a parked request."""
    rp, browser = await site.client(), site.browser()
    await rp.code(browser)
    session = browser.http.cookies["onewindow_idp"]
    assert (await rp.exchange(session)).json()["error"] == "invalid_grant"
    assert (await rp.refresh(session)).json()["error"] == "invalid_grant"
    assert (await rp.userinfo(session)).status_code == 401
    assert await rp.introspect(session) == {"active": False}
    for path in (f"/interaction/{session}", f"/authorize/{session}", f"/end_session/{session}"):
        assert (await browser.http.get(ISSUER + path)).status_code in (400, 404)


async def test_tokens_of_another_issuer_on_the_same_host_open_nothing(site: Site) -> None:
    """S31: RFC 9207 §2.4; the same keys even, and only `iss` differs."""
    rp = await site.client()
    tokens = await rp.tokens(site.browser())
    ring = await site.idp.keys.ring()
    claims = ring.verify(tokens["access_token"], typ="at+jwt")
    for issuer in (f"{BASE}/idp2", f"{ISSUER}/", BASE, ISSUER.upper()):
        other = ring.sign({**claims, "iss": issuer}, alg="ES256", typ="at+jwt")
        assert (await rp.userinfo(other)).status_code == 401


async def test_an_id_token_names_the_access_token_it_came_with(site: Site) -> None:
    """S30: at_hash is there, a text, and of this very token (OpenID Connect Core §3.1.3.6)."""
    rp, browser = await site.client(), site.browser()
    ring = await site.idp.keys.ring()
    one, two = await rp.tokens(browser), await rp.tokens(browser)
    hashes = [ring.verify(tokens["id_token"], typ="JWT")["at_hash"] for tokens in (one, two)]
    assert all(isinstance(found, str) and len(found) == 22 for found in hashes)
    assert hashes[0] != hashes[1]
