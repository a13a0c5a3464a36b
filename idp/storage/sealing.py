"""Encryption at rest: keys derived from the installation's secret key, one per use (RFC 5869, AES-256-GCM)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class SealBroken(Exception):
    """What was sealed can't be opened: another secret key, or somebody changed it."""


def derive(secret_key: str, use: str) -> bytes:
    """Return a 32-byte key for one use; keys of different uses tell nothing about each other."""
    return HKDF(algorithm=SHA256(), length=32, salt=b"onewindow-idp", info=use.encode()).derive(secret_key.encode())


class Seal:
    """Seals bytes, bound to the name they are kept under, so that two rows can't be swapped."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def close(self, plain: bytes, *, name: str) -> bytes:
        """Return nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Return the plain bytes.

        Raises:
            SealBroken: see there.
        """
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except InvalidTag as error:
            raise SealBroken(f"{name}: sealed under another ONEWINDOW_SECRET_KEY, or changed") from error
