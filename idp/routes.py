"""Which address of the provider is whose, and what of them the shell around it has to know."""

from urllib.parse import urlsplit

from starlette.routing import Route

from config.settings import Settings
from idp.endpoints import authorize, device, interaction, register, second_factor
from idp.endpoints.account.routes import account_routes
from idp.endpoints.admin.imports import LARGEST_BODY
from idp.endpoints.admin.imports import PATH as IMPORT_PATH
from idp.endpoints.admin.routes import admin_routes
from idp.endpoints.device_authorization import device_authorization
from idp.endpoints.discovery import Discovery, jwks
from idp.endpoints.end_session import PATHS, Leaving
from idp.endpoints.introspect import introspect
from idp.endpoints.par import par
from idp.endpoints.revoke import revoke
from idp.endpoints.session_page import session
from idp.endpoints.signed_out import signed_out
from idp.endpoints.static import StaticFiles
from idp.endpoints.token import token
from idp.endpoints.userinfo import userinfo

_STEP = "/interaction/{interaction_id}"


def open_paths(settings: Settings) -> frozenset[str]:
    """Return the full paths other sites' forms may post to, for the shell's origin check."""
    path = urlsplit(settings.issuer).path
    return frozenset({f"{path}/authorize", *(f"{path}{way}" for way in PATHS.values())})


def larger_bodies(settings: Settings) -> dict[str, int]:
    """Return the full paths that take larger bodies than pages do, for the shell's limit."""
    return {f"{urlsplit(settings.issuer).path}{IMPORT_PATH}": LARGEST_BODY}


def root_routes(settings: Settings) -> list[Route]:
    """Return the routes that stand outside the issuer's path: RFC 8414 §3.1 puts the well-known before it."""
    path = urlsplit(settings.issuer).path
    return [Route(f"/.well-known/oauth-authorization-server{path}", _discovery(settings).endpoint)] if path else []


def provider_routes(settings: Settings, static: StaticFiles) -> list[Route]:
    """Return the routes below the issuer's path."""
    discovery = _discovery(settings)
    return [  # the three of every sign-on first: routes are tried in order
        Route("/authorize", authorize.authorize, methods=["GET"]),
        Route("/token", token, methods=["POST"]),
        Route("/userinfo", userinfo, methods=["GET", "POST"]),
        Route("/authorize", authorize.authorize_post, methods=["POST"]),
        Route("/authorize/{parked}", authorize.authorize_parked),
        Route("/par", par, methods=["POST"]),
        *_interaction_routes(),
        Route("/.well-known/openid-configuration", discovery.endpoint),
        Route("/.well-known/oauth-authorization-server", discovery.endpoint),
        Route("/jwks", jwks),
        Route("/revoke", revoke, methods=["POST"]),
        Route("/introspect", introspect, methods=["POST"]),
        *(route for way in PATHS for route in Leaving(way).routes()),
        Route("/signed_out/{farewell}", signed_out),
        Route("/session", session),
        Route("/register", register.register, methods=["POST"]),
        Route("/register/{client_id}", register.read, methods=["GET"]),
        Route("/register/{client_id}", register.update, methods=["PUT"]),
        Route("/register/{client_id}", register.remove, methods=["DELETE"]),
        Route("/device_authorization", device_authorization, methods=["POST"]),
        Route("/device", device.device, methods=["GET"]),
        Route("/device", device.device_code, methods=["POST"]),
        Route("/device/decision", device.device_decision, methods=["POST"]),
        Route("/device/decision", device.device),
        *account_routes(),
        *admin_routes(),
        Route("/static/{name}", static.endpoint),
    ]


def _interaction_routes() -> list[Route]:
    """Return the steps of an interaction; each one's address, opened by itself, leads back to the interaction."""
    steps = (
        ("sign-in", interaction.sign_in),
        ("second-factor", second_factor.second_factor),
        ("passkey", second_factor.passkey),
        ("set-up", second_factor.set_up),
        ("account", interaction.account),
        ("consent", interaction.consent),
    )
    posts = [Route(f"{_STEP}/{name}", handler, methods=["POST"]) for name, handler in steps]
    backs = [Route(f"{_STEP}/{name}", interaction.back) for name, _ in steps]
    return [Route(_STEP, interaction.interaction), *posts, *backs]


def _discovery(settings: Settings) -> Discovery:
    return Discovery(settings.issuer, require_pushed_requests=settings.require_pushed_authorization_requests)
