"""Secrets made from the one secret of the installation, so that there is one to keep."""

import hmac
from hashlib import sha256

from config.settings import Settings


def derived_secret(settings: Settings, purpose: str) -> str:
    """Return 64 hex characters that follow from secret_key and `purpose`; different purposes tell nothing of each other."""
    return hmac.new(
        settings.secret_key.get_secret_value().encode(), f"onewindow:{purpose}".encode(), sha256
    ).hexdigest()


def portal_client_secret(settings: Settings) -> str:
    """Return the portal's client_secret at the provider: the one set, else the derived one."""
    return settings.portal_client_secret.get_secret_value() or derived_secret(settings, "portal-client-secret")
