"""The routes of one's own account."""

from starlette.routing import Route

from idp.endpoints.account import overview, passkeys, password, recovery_codes, sessions, totp


def account_routes() -> list[Route]:
    """Return them, below the issuer's path."""
    return [
        Route("/account", overview.overview),
        Route("/account/password", password.password, methods=["GET"]),
        Route("/account/password", password.change, methods=["POST"]),
        Route("/account/sessions", sessions.sessions, methods=["GET"]),
        Route("/account/sessions", sessions.end, methods=["POST"]),
        Route("/account/totp", totp.totp, methods=["GET"]),
        Route("/account/totp", totp.confirm, methods=["POST"]),
        Route("/account/totp/remove", totp.remove, methods=["POST"]),
        Route("/account/totp/remove", totp.totp, methods=["GET"]),
        Route("/account/passkeys", passkeys.passkeys, methods=["GET"]),
        Route("/account/passkeys", passkeys.add, methods=["POST"]),
        Route("/account/passkeys/remove", passkeys.remove, methods=["POST"]),
        Route("/account/passkeys/remove", passkeys.passkeys, methods=["GET"]),
        Route("/account/recovery-codes", recovery_codes.recovery_codes, methods=["GET"]),
        Route("/account/recovery-codes", recovery_codes.renew, methods=["POST"]),
    ]
