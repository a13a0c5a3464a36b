"""Signing keys as operators handle them: present at start, rotated with overlap."""

from datetime import datetime

from anyio import to_thread
from joserfc.jwk import ECKey, RSAKey

from idp.protocol.audit import COMMAND_LINE, AuditEvent, AuditKind
from idp.protocol.client import SigningAlg
from idp.protocol.ports import KeyStore
from idp.protocol.signing import ALGS, KeyState, SigningKey


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
    """Let the next key sign; the one before is published on, so that what it signed can still be verified."""
    event = AuditEvent(kind=AuditKind.KEY_ROTATED, by=by, detail={"alg": alg}, at=at)
    await keys.rotate(await generate(alg, "next"), at=at, audited=(event,))
    return await keys.load()


async def generate(alg: SigningAlg, state: KeyState) -> SigningKey:
    """Return a new key named by its thumbprint (RFC 7638)."""
    key = await to_thread.run_sync(_generate, alg)
    return SigningKey(kid=key.thumbprint(), alg=alg, state=state, key=key)


def _generate(alg: SigningAlg) -> ECKey | RSAKey:
    return ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(2048)
