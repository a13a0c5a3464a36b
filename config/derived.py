"""Secrets made from the one secret of the installation, so that there is one to keep."""

import hmac
from hashlib import sha256

from config.settings import Settings


def derived_secret(settings: Settings, purpose: str) -> str:
    """Return 64 hex characters that follow from secret_key and `purpose`; different purposes tell nothing of each other."""
    return _derived(settings.secret_key.get_secret_value(), purpose)


def _derived(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode(), f"onewindow:{purpose}".encode(), sha256).hexdigest()


def lasting_secret(settings: Settings, purpose: str) -> str:
    """Return the same at every change of secret_key: for what is kept under it and can't be made anew.

    It follows from the first secret the installation had, which `previous_secret_key` names as long as it is kept.
    """
    earlier = next(filter(None, settings.previous_secret_key.get_secret_value().split(",")), "")
    return _derived(earlier or settings.secret_key.get_secret_value(), purpose)


def portal_client_secret(settings: Settings) -> str:
    """Return the portal's client_secret at the provider: the one set, else the derived one."""
    return settings.portal_client_secret.get_secret_value() or derived_secret(settings, "portal-client-secret")
