"""The demo's people and clients at the provider, as `demo.seed` names them."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from config.clock import utc_now
from config.settings import Settings
from config.state import StateStore
from demo import seed
from idp import accounts, clients
from idp.app import wire
from idp.endpoints.state import IdpState
from idp.protocol.client import Client


async def seed_demo(
    settings: Settings, engine: AsyncEngine, state: StateStore, first_port: int, client_secrets: Mapping[str, str]
) -> None:
    """Make the demo's accounts and clients be so; unchanged ones are left alone."""
    provider = wire(settings=settings, engine=engine, state=state, clock=utc_now).state
    for account in seed.ACCOUNTS:
        await _seed_account(provider, account)
    for client in seed.clients(first_port):
        await clients.put(
            provider.client_store,
            provider.account_store,
            registration(client),
            client_secret=client_secrets[client.client_id],
            at=utc_now(),
        )


async def _seed_account(provider: IdpState, account: seed.Account) -> None:
    new = accounts.NewAccount(
        username=account.username,
        name=account.name,
        unit=account.unit.id,
        unit_name=account.unit.name,
        region=account.unit.region,
        roles=frozenset(account.roles),
        real_name_level=account.real_name_level,
    )
    sub = f"demo-{account.username}"
    await accounts.put(
        provider.account_store,
        provider.client_store,
        provider.passwords,
        new,
        sub=sub,
        password=seed.DEMO_PASSWORD,
        at=utc_now(),
    )
    one_time_codes = provider.second_factors.totp
    if account.totp_key and await one_time_codes.secret(sub) != account.totp_key:
        await one_time_codes.put(sub, account.totp_key, step=0, at=utc_now())


def registration(client: seed.Client) -> Client:
    """Return the provider's registration of a demo client."""
    return Client(
        client_id=client.client_id,
        client_name=client.name,
        redirect_uris=client.redirect_uris,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        backchannel_logout_uri=client.backchannel_logout_uri,
        backchannel_logout_session_required=bool(client.backchannel_logout_uri),
        grant_types=client.grant_types,
        scope=client.scopes,
        id_token_signed_response_alg="ES256",  # noqa: S106 - an algorithm's name
        trusted=client.trusted,
        unit=client.unit.id if client.unit else "",
        region=client.unit.region if client.unit else "",
        roles=frozenset(client.roles),
    )
