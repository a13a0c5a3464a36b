"""Encryption at rest: keys derived from the installation's secret key, one per use (RFC 5869, AES-256-GCM)."""

import os
from collections.abc import Sequence
from contextlib import suppress

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
    """Seals bytes, bound to the name they are kept under, so that two rows can't be swapped.

    What was sealed under one of `previous` is opened too, until it is sealed anew.
    """

    def __init__(self, key: bytes, *previous: bytes) -> None:
        self._aead = AESGCM(key)
        self._openers = (self._aead, *map(AESGCM, previous))

    def close(self, plain: bytes, *, name: str) -> bytes:
        """Return nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Return the plain bytes.

        Raises:
            SealBroken: see there.
        """
        for opener in self._openers:
            with suppress(InvalidTag):
                return opener.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        raise SealBroken(f"{name}: sealed under another ONEWINDOW_SECRET_KEY, or changed")

    def anew(self, sealed: bytes, *, name: str) -> bytes:
        """Return the same bytes sealed under the present key.

        Raises:
            SealBroken: see there.
        """
        return self.close(self.open(sealed, name=name), name=name)


class Secrets:
    """The installation's secret and those before it, oldest first (docs/decisions/0033).

    What can be sealed anew moves to the present one. What people or other systems hold on to (pairwise subjects, the
    audit's chain, recovery codes) can't, and follows from the oldest for ever.
    """

    def __init__(self, present: str, earlier: Sequence[str] = ()) -> None:
        self._present = present
        self._earlier = tuple(earlier)

    def now(self, use: str) -> bytes:
        """Return a key for what may be lost at a rotation: form tokens, nonces."""
        return derive(self._present, use)

    def lasting(self, use: str) -> bytes:
        """Return a key that stays the same at every rotation."""
        return derive(self._earlier[0] if self._earlier else self._present, use)

    def seal(self, use: str) -> Seal:
        """Return a seal that closes under the present secret and opens under the earlier ones too."""
        return Seal(self.now(use), *(derive(earlier, use) for earlier in self._earlier))
