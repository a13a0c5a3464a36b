"""Bringing the database up to what this version needs; safe to repeat."""

from sqlalchemy.ext.asyncio import AsyncEngine

from composition.trade import CONFIG
from config.clock import utc_now
from config.derived import portal_client_secret
from config.settings import Settings
from config.state import StateStore
from connectors.app import ship_systems
from idp import clients
from idp.app import wire
from idp.protocol.client import Client
from matters.guide import load_matters
from matters.storage.guides import SqlGuideStore
from migrations.run import upgrade


async def prepare(settings: Settings, engine: AsyncEngine, state: StateStore) -> None:
    """Bring the database up to date: schema, guides and systems as version 1, the portal's own client."""
    await upgrade(engine)
    guides = SqlGuideStore(engine)
    known = await guides.known()
    new = load_matters(CONFIG / "matters", CONFIG / "matters-ext", but=known)
    await guides.seed(new, at=utc_now())
    await ship_systems(
        engine,
        CONFIG / "systems",
        at=utc_now(),
        matters=lambda: load_matters(CONFIG / "matters", CONFIG / "matters-ext") if known else new,
    )
    provider = wire(settings=settings, engine=engine, state=state, clock=utc_now).state
    client, secret = portal_client(settings)
    await clients.put(provider.client_store, provider.account_store, client, client_secret=secret, at=utc_now())


def portal_client(settings: Settings) -> tuple[Client, str]:
    """Return the portal's registration at the provider and its secret."""
    client = Client(
        client_id=settings.portal_client_id,
        client_name="一窗门户",
        redirect_uris=(f"{settings.base_url}/sign-in/callback",),
        post_logout_redirect_uris=tuple(
            f"{settings.base_url}/{place}" for place in ("signed-out", "sign-in", "unlock")
        ),
        backchannel_logout_uri=f"{settings.base_url}/back-channel-logout",
        backchannel_logout_session_required=True,
        scope=("openid", "profile", "unit"),
        id_token_signed_response_alg="ES256",  # noqa: S106 - an algorithm's name
        trusted=True,
    )
    return client, portal_client_secret(settings)
