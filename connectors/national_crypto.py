"""The national algorithms in one place: SM2 (tongsuopy), SM3 and SM4 (cryptography).

Signatures are SM2 with SM3 over the default id 1234567812345678, DER (GM/T 0003, GM/T 0009 §10). Sealing is SM4-CBC with
PKCS #7 padding, the 16-byte IV in front (GM/T 0002). A signature takes 0.5 ms, so nothing here needs a thread.
"""

import secrets
from typing import Final

from cryptography.hazmat.primitives import hashes as crypto_hashes
from cryptography.hazmat.primitives import hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from tongsuopy.crypto import exceptions, hashes, serialization
from tongsuopy.crypto.asymciphers import ec

_BLOCK_BYTES: Final = 16


class SealBroken(Exception):
    """A signature or a seal does not hold."""


class Sm2PrivateKey:
    """A key to sign with; `repr` shows nothing of it."""

    def __init__(self, pem: bytes) -> None:
        self._key = serialization.load_pem_private_key(pem, None)

    def sign(self, message: bytes) -> bytes:
        """Return the DER signature of `message`."""
        return bytes(self._key.sign(message, ec.ECDSA(hashes.SM3())))


class Sm2PublicKey:
    """A department's key to check with."""

    def __init__(self, pem: bytes) -> None:
        self._key = serialization.load_pem_public_key(pem)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when the signature holds.

        Raises:
            SealBroken: it does not, or is no DER signature at all.
        """
        try:
            self._key.verify(signature, message, ec.ECDSA(hashes.SM3()))
        except (exceptions.InvalidSignature, exceptions.InternalError, ValueError):
            # What is no DER at all comes back as an internal error of the library.
            raise SealBroken("signature") from None


def new_key_pair() -> tuple[bytes, bytes]:
    """Return a new SM2 key as PEM: private (PKCS #8, unencrypted) and public."""
    key = ec.generate_private_key(ec.SM2())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return bytes(private), bytes(public)


def sm4_key(text: bytes) -> bytes:
    """Return the 16 bytes of a key kept as 32 hexadecimal digits.

    Raises:
        ValueError: it is no such text.
    """
    key = bytes.fromhex(text.decode())
    if len(key) != _BLOCK_BYTES:
        raise ValueError("expected 32 hexadecimal digits")
    return key


def sm4_seal(key: bytes, message: bytes, *, iv: bytes | None = None) -> bytes:
    """Return IV ‖ ciphertext; `key` has 16 bytes. The IV is drawn unless given."""
    iv = secrets.token_bytes(_BLOCK_BYTES) if iv is None else iv
    padder = padding.PKCS7(_BLOCK_BYTES * 8).padder()
    encryptor = Cipher(SM4(key), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(padder.update(message) + padder.finalize()) + encryptor.finalize()


def sm4_seal_same(key: bytes, message: bytes, *, place: bytes) -> bytes:
    """Return IV ‖ ciphertext, the same every time for the same message in the same place.

    The IV is made of key, place and message (HMAC-SM3), so that equal texts in different places can't be told to be
    equal, while a row that was written can be compared with what it should hold.
    """
    keyed = hmac.HMAC(key, crypto_hashes.SM3())
    keyed.update(len(place).to_bytes(4) + place + message)
    return sm4_seal(key, message, iv=keyed.finalize()[:_BLOCK_BYTES])


def sm4_open(key: bytes, sealed: bytes) -> bytes:
    """Return what was sealed. SM4-CBC proves nothing by itself: check the signature first.

    Raises:
        SealBroken: too short, not whole blocks, or the padding does not hold.
    """
    if len(sealed) < 2 * _BLOCK_BYTES or len(sealed) % _BLOCK_BYTES:
        raise SealBroken("seal")
    decryptor = Cipher(SM4(key), modes.CBC(sealed[:_BLOCK_BYTES])).decryptor()
    unpadder = padding.PKCS7(_BLOCK_BYTES * 8).unpadder()
    try:
        padded = decryptor.update(sealed[_BLOCK_BYTES:]) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise SealBroken("seal") from None
