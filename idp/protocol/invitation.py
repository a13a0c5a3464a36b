"""Invitations: the first way into an account that was made for somebody; no password is ever sent.

The link carries 256 bits that follow from the invitation's id under a key of ours, so an administrator can be shown
the links of one import again without their being kept anywhere; the table has their hashes only.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LIFETIME: Final = timedelta(days=14)
_SHAPE = re.compile(r"\A[A-Za-z0-9_-]{43}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation as kept. `batch` names the import it belongs to, "" for a single one."""

    id: str
    sub: str
    token_hash: str
    batch: str
    made_by: str
    made_at: datetime
    expires_at: datetime


def make(key: bytes, *, invitation_id: str, sub: str, batch: str, by: str, at: datetime) -> Invitation:
    """Return a new invitation for the account."""
    return Invitation(
        id=invitation_id, sub=sub, token_hash=hash_token(token_of(key, invitation_id, sub)), batch=batch, made_by=by,
        made_at=at, expires_at=at + LIFETIME,
    )  # fmt: skip


def token_of(key: bytes, invitation_id: str, sub: str) -> str:
    """Return the secret of a link: 43 characters, base64url."""
    digest = hmac.new(key, f"{invitation_id}\x1f{sub}".encode(), "sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_token(text: str) -> bool:
    """Tell whether it looks like the secret of a link."""
    return bool(_SHAPE.match(text))


def hash_token(token: str) -> str:
    """Return what is kept of a link's secret."""
    return hashlib.sha256(token.encode()).hexdigest()
