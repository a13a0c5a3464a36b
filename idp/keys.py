"""Signing keys as operators handle them: present at start, rotated with overlap, retired when nothing needs them.

`next` is published an hour before it may sign by schedule, for relying parties keep our JWKS for a while; what it
replaces stays published a day longer than anything it signed lives, an id_token used as a hint included.
"""

from datetime import datetime, timedelta
from typing import Final

from anyio import to_thread
from joserfc.jwk import ECKey, RSAKey

from config.logs import get
from idp.protocol.audit import COMMAND_LINE, SYSTEM, AuditEvent, AuditKind
from idp.protocol.client import SigningAlg
from idp.protocol.key_ports import KeyStore
from idp.protocol.signing import ALGS, KeyState, SigningKey

PUBLISHED_BEFORE: Final = timedelta(hours=1)
KEPT_AFTER: Final = timedelta(days=1)
_log = get("onewindow.idp")


class KeyRefused(ValueError):
    """The key can't be retired this way; the message says why."""


async def ensure(keys: KeyStore, *, at: datetime) -> tuple[SigningKey, ...]:
    """Make sure that every algorithm has a current and a next key; two processes starting at once agree."""
    present = {(key.alg, key.state) for key in await keys.load()}
    for alg in ALGS:
        states: tuple[KeyState, ...] = ("current", "next")
        for state in states:
            if (alg, state) not in present:
                await keys.add(await generate(alg, state), at=at)
    return await keys.load()


async def rotate(keys: KeyStore, alg: SigningAlg, *, at: datetime, by: str = COMMAND_LINE) -> tuple[SigningKey, ...]:
    """Let the next key sign; the one before is published on, so that what it signed can still be verified.

    Of several who rotate at once one does; the others find it done.
    """
    current = next((key for key in await keys.load() if key.alg == alg and key.state == "current"), None)
    event = AuditEvent(kind=AuditKind.KEY_ROTATED, by=by, detail={"alg": alg}, at=at)
    if current is not None:
        fresh = await generate(alg, "next")
        await keys.rotate(fresh, replaced=current.kid, forget_before=at - KEPT_AFTER, at=at, audited=(event,))
    return await keys.load()


def is_due(key: SigningKey, following: SigningKey, every: timedelta, *, at: datetime) -> bool:
    """Tell whether `following` should take over from `key` by schedule."""
    old_enough = key.since is None or at - key.since >= every
    return old_enough and following.since is not None and at - following.since >= PUBLISHED_BEFORE


async def rotate_due(keys: KeyStore, every: timedelta, *, at: datetime) -> tuple[SigningAlg, ...]:
    """Rotate every algorithm whose current key signed for long enough, and return which."""
    by_place = {(key.alg, key.state): key for key in await keys.load()}
    rotated = []
    for alg in ALGS:
        current, following = by_place.get((alg, "current")), by_place.get((alg, "next"))
        if current is not None and following is not None and is_due(current, following, every, at=at):
            await rotate(keys, alg, at=at, by=SYSTEM)
            _log.info("key_rotated", alg=alg)
            rotated.append(alg)
    return tuple(rotated)


async def retire(keys: KeyStore, kid: str, *, at: datetime, by: str = COMMAND_LINE) -> SigningKey:
    """Take a previous key out of publication; whatever it signed is refused from now on.

    Raises:
        KeyRefused: there is no such key, or it is the one that signs or will sign: rotate first.
    """
    key = next((key for key in await keys.load() if key.kid == kid), None)
    if key is None:
        raise KeyRefused(f"there is no key {kid!r}")
    if key.state != "previous":
        raise KeyRefused(f"{kid!r} is {key.state}; rotate {key.alg} first")
    event = AuditEvent(kind=AuditKind.KEY_ROTATED, by=by, detail={"alg": key.alg, "reason": "retired"}, at=at)
    await keys.retire(kid, audited=(event,))
    return key


async def generate(alg: SigningAlg, state: KeyState) -> SigningKey:
    """Return a new key named by its thumbprint (RFC 7638)."""
    key = await to_thread.run_sync(_generate, alg)
    return SigningKey(kid=key.thumbprint(), alg=alg, state=state, key=key)


def _generate(alg: SigningAlg) -> ECKey | RSAKey:
    return ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(2048)
