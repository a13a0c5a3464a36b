"""`onewindow client …`: registered relying parties, as operators handle them."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, get_args

import typer

from config.clock import SHANGHAI, utc_now
from idp import client_registration, clients
from idp.endpoints.state import IdpState
from idp.operating import DRAWN_IDS, do, one_of, read_jwks
from idp.protocol.client import AuthMethod, Client, PkcePolicy, Profile, SigningAlg

client_cli = typer.Typer(no_args_is_help=True, help="Registered relying parties / 依赖方")


@client_cli.command("add")
def add_client(
    client_id: str,
    name: Annotated[str, typer.Option(help="Shown to people.")],
    redirect_uri: Annotated[list[str] | None, typer.Option(help="Exact; may be repeated.")] = None,
    post_logout_redirect_uri: Annotated[list[str] | None, typer.Option(help="Exact; may be repeated.")] = None,
    scope: Annotated[str, typer.Option(help="With spaces.")] = "openid profile unit",
    grant_type: Annotated[list[str] | None, typer.Option(help="authorization_code unless given.")] = None,
    auth_method: Annotated[
        str, typer.Option(help="client_secret_basic, client_secret_post, private_key_jwt or none.")
    ] = ("client_secret_basic"),
    alg: Annotated[str, typer.Option(help="Of the id_token: RS256 or ES256.")] = "ES256",
    pkce: Annotated[
        str, typer.Option(help="required, pkce_or_nonce, or certification: asked of nobody, for tests.")
    ] = ("required"),
    role: Annotated[list[str] | None, typer.Option(help="Only people with one of these roles may come.")] = None,
    trusted: Annotated[bool, typer.Option(help="Run by the same house: no consent page.")] = False,
    native: Annotated[bool, typer.Option(help="A program on a person's device.")] = False,
    profile: Annotated[
        str, typer.Option(help="standard, or fapi2: all of the FAPI 2.0 Security Profile.")
    ] = "standard",
    jwks: Annotated[Path | None, typer.Option(help="File with the client's public keys (JWK Set).")] = None,
    jwks_uri: Annotated[str, typer.Option(help="Address of the client's public keys, instead of --jwks.")] = "",
    resource: Annotated[list[str] | None, typer.Option(help="It may ask for tokens for; may be repeated.")] = None,
    par: Annotated[bool, typer.Option(help="It must push its authorization requests.")] = False,
    dpop: Annotated[bool, typer.Option(help="Its tokens are bound to its DPoP key.")] = False,
    required_acr: Annotated[str, typer.Option(help="Who comes with less is asked for more: an acr value.")] = "",
    backchannel_logout_uri: Annotated[str, typer.Option(help="Told when a session ends, server to server.")] = "",
    frontchannel_logout_uri: Annotated[str, typer.Option(help="Loaded in a frame when a session ends.")] = "",
) -> None:
    """Register a client and print its secret, which is shown this once."""
    if profile == "fapi2":
        auth_method = "private_key_jwt"

    async def work(provider: IdpState) -> None:
        client = Client(
            client_id=client_id,
            client_name=name,
            redirect_uris=tuple(redirect_uri or ()),
            post_logout_redirect_uris=tuple(post_logout_redirect_uri or ()),
            scope=tuple(scope.split()),
            grant_types=tuple(grant_type or ("authorization_code",)),
            token_endpoint_auth_method=one_of(auth_method, get_args(AuthMethod), "auth-method"),
            id_token_signed_response_alg=one_of(alg, get_args(SigningAlg), "alg"),
            pkce=one_of(pkce, get_args(PkcePolicy), "pkce"),
            profile=one_of(profile, get_args(Profile), "profile"),
            jwks=read_jwks(jwks) if jwks else (),
            jwks_uri=jwks_uri,
            resources=tuple(resource or ()),
            require_pushed_authorization_requests=par,
            dpop_bound_access_tokens=dpop,
            required_acr=required_acr,
            backchannel_logout_uri=backchannel_logout_uri,
            backchannel_logout_session_required=bool(backchannel_logout_uri),
            frontchannel_logout_uri=frontchannel_logout_uri,
            frontchannel_logout_session_required=bool(frontchannel_logout_uri),
            allowed_roles=frozenset(role or ()),
            trusted=trusted,
            application_type="native" if native else "web",
        )
        secret = await clients.register(provider.client_store, provider.account_store, client, at=utc_now())
        typer.echo(f"client_id {client_id}\nclient_secret {secret or '(none)'}")

    do(work)


@client_cli.command("invite")
def invite_client(
    name: Annotated[str, typer.Argument(help="Whom it is for, for your own records.")],
    redirect_host: Annotated[
        list[str], typer.Option(help="Host its addresses may lie on, *.example.gov.cn for all below.")
    ],
    scope: Annotated[str, typer.Option(help="The most it may ask for, with spaces.")] = "openid profile unit",
    grant_type: Annotated[
        list[str] | None, typer.Option(help="authorization_code and refresh_token unless given.")
    ] = None,
    profile: Annotated[
        str, typer.Option(help="standard, or fapi2: all of the FAPI 2.0 Security Profile.")
    ] = "standard",
    role: Annotated[list[str] | None, typer.Option(help="Only people with one of these roles may come.")] = None,
    uses: Annotated[int, typer.Option(min=1, max=1000, help="How many clients may register with it.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=365, help="For how long.")] = 7,
) -> None:
    """Print an initial access token with which a client registers itself at /register; it is shown this once."""
    grant_types = tuple(grant_type or ("authorization_code", "refresh_token"))

    async def work(provider: IdpState) -> None:
        token = await client_registration.invite(
            provider.registration.invitations,
            name=name,
            scope=tuple(scope.split()),
            grant_types=grant_types,
            redirect_hosts=tuple(redirect_host),
            profile=one_of(profile, get_args(Profile), "profile"),
            allowed_roles=tuple(role or ()),
            uses=uses,
            lifetime=timedelta(days=days),
            at=utc_now(),
        )
        typer.echo(f"registration_endpoint {provider.issuer}/register\ninitial_access_token {token}")

    do(work)


@client_cli.command("invitations")
def list_invitations() -> None:
    """List initial access tokens by id, never the token: for whom, how many uses are left, until when."""

    async def work(provider: IdpState) -> None:
        at = utc_now()
        for each in await provider.registration.invitations.all():
            left = f"{each.uses} left" if each.holds(at=at) else "over"
            until = each.expires_at.astimezone(SHANGHAI).isoformat(timespec="minutes")
            typer.echo(f"{each.invitation_id}\t{each.name}\t{left}\t{until}\t{' '.join(each.redirect_hosts)}")

    do(work)


@client_cli.command("withdraw-invitation", context_settings=DRAWN_IDS)
def withdraw_invitation(invitation_id: str) -> None:
    """Take back what is left of an invitation; clients that came with it stay, `disable` stops them."""

    async def work(provider: IdpState) -> None:
        if not await provider.registration.invitations.withdraw(invitation_id):
            raise clients.ClientRefused(f"invitation: there is no {invitation_id!r} with uses left")
        typer.echo("已收回 withdrawn")

    do(work)


@client_cli.command("secret", context_settings=DRAWN_IDS)
def new_secret(client_id: str) -> None:
    """Replace a client's secret and print the new one."""

    async def work(provider: IdpState) -> None:
        typer.echo(f"client_secret {await clients.new_secret(provider.client_store, client_id, at=utc_now())}")

    do(work)


@client_cli.command("disable", context_settings=DRAWN_IDS)
def disable_client(client_id: str) -> None:
    """Stop a client: no request of it is answered any more."""

    async def work(provider: IdpState) -> None:
        await clients.disable(provider.client_store, client_id, at=utc_now())

    do(work)


@client_cli.command("list")
def list_clients() -> None:
    """List clients, one a line; never a secret."""

    async def work(provider: IdpState) -> None:
        for client in await provider.client_store.all():
            stopped = " (disabled)" if client.disabled else ""
            typer.echo(f"{client.client_id}\t{client.client_name}\t{' '.join(client.grant_types)}{stopped}")

    do(work)
