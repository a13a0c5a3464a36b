"""`onewindow account …`, `client …` and `key …`: what operators do at the provider."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, get_args

import typer

from config.clock import SHANGHAI, utc_now
from idp import accounts, client_registration, clients, keys
from idp.endpoints.state import IdpState
from idp.operating import do as _do
from idp.operating import one_of, read_jwks
from idp.protocol.client import AuthMethod, Client, PkcePolicy, Profile, SigningAlg
from idp.protocol.contact import Address, Contact

account_cli = typer.Typer(no_args_is_help=True, help="Accounts of people / 人员账号")
client_cli = typer.Typer(no_args_is_help=True, help="Registered relying parties / 依赖方")
key_cli = typer.Typer(no_args_is_help=True, help="Signing keys / 签名密钥")

Password = Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="NEW_PASSWORD")]


@account_cli.command("add")
def add_account(
    username: str,
    name: Annotated[str, typer.Option(help="The person's name.")],
    unit: Annotated[str, typer.Option(help="Id of the unit.")],
    unit_name: Annotated[str, typer.Option(help="Name of the unit.")],
    region: Annotated[str, typer.Option(help="Region code of 2, 4, 6 or 9 digits.")],
    role: Annotated[list[str], typer.Option(help="clerk, editor, approver, owner, manager, admin; may be repeated.")],
    password: Password,
) -> None:
    """Create an account."""

    async def work(provider: IdpState) -> None:
        new = accounts.NewAccount(
            username=username, name=name, unit=unit, unit_name=unit_name, region=region, roles=frozenset(role)
        )
        made = await accounts.create(
            provider.account_store, provider.client_store, provider.passwords, new, password=password, at=utc_now()
        )
        typer.echo(f"sub {made.sub}")

    _do(work)


@account_cli.command("password")
def set_password(username: str, password: Password) -> None:
    """Set a password; everything begun with the old one ends."""

    async def work(provider: IdpState) -> None:
        await accounts.set_password(provider.account_store, provider.passwords, username, password, at=utc_now())

    _do(work)


@account_cli.command("disable")
def disable_account(username: str) -> None:
    """Stop an account: its sessions and tokens end."""

    async def work(provider: IdpState) -> None:
        await accounts.disable(provider.account_store, username, at=utc_now())

    _do(work)


@account_cli.command("enable")
def enable_account(username: str) -> None:
    """Let a stopped account sign in again."""

    async def work(provider: IdpState) -> None:
        await accounts.enable(provider.account_store, username, at=utc_now())

    _do(work)


@account_cli.command("roles")
def set_roles(username: str, role: list[str]) -> None:
    """Give an account exactly these roles."""

    async def work(provider: IdpState) -> None:
        await accounts.set_roles(provider.account_store, username, role, at=utc_now())

    _do(work)


@account_cli.command("contact")
def set_contact(
    username: str,
    email: Annotated[str, typer.Option(help="Empty: unknown, as for all of these.")] = "",
    email_verified: Annotated[bool, typer.Option(help="Somebody checked that it is the person's.")] = False,
    phone_number: Annotated[str, typer.Option(help="E.164: +8613800000000.")] = "",
    phone_number_verified: Annotated[bool, typer.Option(help="Somebody checked that it is the person's.")] = False,
    street_address: str = "",
    locality: str = "",
    region: Annotated[str, typer.Option(help="Province or state, in words.")] = "",
    postal_code: str = "",
    country: str = "",
) -> None:
    """Set how a person is reached, replacing what was known; told to systems that ask for it and may."""
    address = Address(
        street_address=street_address, locality=locality, region=region, postal_code=postal_code, country=country
    )
    contact = Contact(
        email=email, email_verified=email_verified, phone_number=phone_number,
        phone_number_verified=phone_number_verified, address=address,
    )  # fmt: skip

    async def work(provider: IdpState) -> None:
        await accounts.set_contact(provider.account_store, username, contact, at=utc_now())

    _do(work)


@account_cli.command("list")
def list_accounts() -> None:
    """List accounts, one a line."""

    async def work(provider: IdpState) -> None:
        for account in await provider.account_store.all():
            stopped = " (disabled)" if account.disabled else ""
            roles = ",".join(sorted(account.roles))
            typer.echo(f"{account.username}\t{account.name}\t{account.unit}\t{account.region}\t{roles}{stopped}")

    _do(work)


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
            allowed_roles=frozenset(role or ()),
            trusted=trusted,
            application_type="native" if native else "web",
        )
        secret = await clients.register(provider.client_store, provider.account_store, client, at=utc_now())
        typer.echo(f"client_id {client_id}\nclient_secret {secret or '(none)'}")

    _do(work)


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

    _do(work)


@client_cli.command("secret")
def new_secret(client_id: str) -> None:
    """Replace a client's secret and print the new one."""

    async def work(provider: IdpState) -> None:
        typer.echo(f"client_secret {await clients.new_secret(provider.client_store, client_id, at=utc_now())}")

    _do(work)


@client_cli.command("disable")
def disable_client(client_id: str) -> None:
    """Stop a client: no request of it is answered any more."""

    async def work(provider: IdpState) -> None:
        await clients.disable(provider.client_store, client_id, at=utc_now())

    _do(work)


@client_cli.command("list")
def list_clients() -> None:
    """List clients, one a line; never a secret."""

    async def work(provider: IdpState) -> None:
        for client in await provider.client_store.all():
            stopped = " (disabled)" if client.disabled else ""
            typer.echo(f"{client.client_id}\t{client.client_name}\t{' '.join(client.grant_types)}{stopped}")

    _do(work)


@key_cli.command("list")
def list_keys() -> None:
    """List signing keys, one a line: kid, algorithm, next, current or previous, since when."""

    async def work(provider: IdpState) -> None:
        for key in await provider.key_store.load():
            since = f"{key.since.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if key.since else "-"
            typer.echo(f"{key.kid}\t{key.alg}\t{key.state}\t{since}")

    _do(work)


@key_cli.command("rotate")
def rotate_key(alg: Annotated[str, typer.Argument(help="RS256 or ES256.")]) -> None:
    """Let the next key sign from now on; the one before stays published, so that what it signed still verifies."""
    if alg not in ("RS256", "ES256"):
        raise typer.BadParameter("RS256 or ES256")
    chosen: SigningAlg = "RS256" if alg == "RS256" else "ES256"

    async def work(provider: IdpState) -> None:
        for key in await keys.rotate(provider.key_store, chosen, at=utc_now()):
            typer.echo(f"{key.kid}\t{key.alg}\t{key.state}")

    _do(work)


@key_cli.command("retire")
def retire_key(kid: Annotated[str, typer.Argument(help="As `key list` shows it.")]) -> None:
    """Take a previous key out of publication at once; what it signed is refused from now on."""

    async def work(provider: IdpState) -> None:
        retired = await keys.retire(provider.key_store, kid, at=utc_now())
        typer.echo(f"retired {retired.kid}\t{retired.alg}")

    _do(work)


@key_cli.command("reseal")
def reseal_keys() -> None:
    """Seal everything anew under ONEWINDOW_SECRET_KEY; ONEWINDOW_PREVIOUS_SECRET_KEY has to be set still."""

    async def work(provider: IdpState) -> None:
        signing = await provider.key_store.reseal()
        codes = await provider.second_factors.totp.reseal()
        typer.echo(f"sealed anew: {signing} signing keys, {codes} one-time code keys")

    _do(work)
