"""The national algorithms as a department uses them: SM2 signatures, SM3 digests, SM4 encryption.

GB/T 32918.2 (SM2 signature, DER encoded, user id 1234567812345678), GB/T 32905 (SM3), GB/T 32907 (SM4, here CBC with
PKCS#7 padding and the IV in front of the ciphertext).
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from tongsuopy.crypto import hashes as tongsuo_hashes
from tongsuopy.crypto import serialization
from tongsuopy.crypto.asymciphers import ec
from tongsuopy.crypto.exceptions import InternalError, InvalidSignature

BLOCK = 16


def sorted_json(message: object) -> bytes:
    """Return the JSON a signature is taken of: all keys sorted, no blanks, UTF-8."""
    return json.dumps(message, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sorted_params(message: Mapping[str, object], *, without: str) -> bytes:
    """Return `k=v&k=v` of the top level sorted by key: empty ones left out, objects and lists as sorted JSON."""
    parts = []
    for key in sorted(message):
        value = message[key]
        if key == without or value is None or value in ("", [], {}):
            continue
        # A number keeps its JSON spelling; true and false are words.
        parts.append(f"{key}={value if isinstance(value, str) else sorted_json(value).decode()}")
    return "&".join(parts).encode()


class Undecryptable(Exception):
    """The ciphertext was not made with this key, or is not whole."""


def generate_key() -> tuple[bytes, bytes]:
    """Return a new SM2 key pair as PEM: PKCS#8 private key, SubjectPublicKeyInfo."""
    key = ec.generate_private_key(ec.SM2())
    private: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


def sm2_sign(private_pem: bytes, message: bytes) -> bytes:
    """Return the DER signature of `message`."""
    key: Any = serialization.load_pem_private_key(private_pem, password=None)
    signature: bytes = key.sign(message, ec.ECDSA(tongsuo_hashes.SM3()))
    return signature


def sm2_holds(public_pem: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether the DER signature of `message` was made with the key's other half."""
    key: Any = serialization.load_pem_public_key(public_pem)
    try:
        key.verify(signature, message, ec.ECDSA(tongsuo_hashes.SM3()))
    except (InvalidSignature, InternalError):  # the latter for what is no DER signature at all
        return False
    return True


def sm3(message: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(message)
    return digest.finalize()


def sm4_encrypt(key: bytes, plain: bytes, *, iv: bytes | None = None) -> bytes:
    """Return IV and ciphertext; `key` has 16 bytes."""
    iv = secrets.token_bytes(BLOCK) if iv is None else iv
    padder = padding.PKCS7(8 * BLOCK).padder()
    encryptor = Cipher(SM4(key), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def sm4_decrypt(key: bytes, sealed: bytes) -> bytes:
    """Return what `sm4_encrypt` was given.

    Raises:
        Undecryptable: another key, a cut or a changed ciphertext (CBC notices most changes, not all: sign it too).
    """
    if len(sealed) < 2 * BLOCK or len(sealed) % BLOCK:
        raise Undecryptable
    decryptor = Cipher(SM4(key), modes.CBC(sealed[:BLOCK])).decryptor()
    unpadder = padding.PKCS7(8 * BLOCK).unpadder()
    padded = decryptor.update(sealed[BLOCK:]) + decryptor.finalize()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise Undecryptable from None
