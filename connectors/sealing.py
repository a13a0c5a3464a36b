"""Short-lived secrets of a department (a session's cookies) kept where all workers reach them, and nobody reads them."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


def seal(secret: bytes, purpose: str, text: str) -> str:
    """Return `text` sealed with a key made from `secret`: whoever has the department's password may read it."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_key(secret, purpose)).encrypt(nonce, text.encode(), purpose.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(secret: bytes, purpose: str, sealed: str) -> str:
    """Return what was sealed; empty when it was not sealed with this secret, as after a change of password."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(_key(secret, purpose)).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode()).decode()
    except (ValueError, InvalidTag):
        return ""


def _key(secret: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"onewindow:{purpose}".encode()).derive(secret)
