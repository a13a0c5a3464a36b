"""What a department tells us by itself: proven, fresh, kept once, applied forward only.

`receive` gives the answer to send back. A refused call says nothing about why to who sent it; the reason is logged.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import logs
from connectors.errors import EnvelopeRefused, SecretMissing
from connectors.extracting import extract
from connectors.fanout import Announcement
from connectors.ledger import InboundEvent
from connectors.ports import Ledger
from connectors.rendering import to_json
from connectors.reporting import announcement_of, event_of, moment
from connectors.secrets_dir import Secrets
from connectors.signing import Incoming, Opened, signer_for
from connectors.spec_models import CallbackAnswerSpec, CallbackSpec
from connectors.system import Callback, System

log = logs.get(__name__)
LARGEST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAnswer:
    """What goes back to the department; `content` is JSON or empty."""

    status: int
    content: bytes = b""
    taken: bool = False


class Callbacks:
    """Receives for all systems whose spec has a callback."""

    def __init__(
        self,
        *,
        systems: Mapping[str, System],
        ledger: Ledger,
        secrets: Secrets,
        announced: Callable[[Announcement], Awaitable[bool]] | None = None,
    ) -> None:
        self._systems = systems
        self._announced = announced
        self._ledger = ledger
        self._secrets = secrets

    async def receive(
        self,
        system_id: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        at: datetime,
        method: str = "POST",
        target: str = "",
    ) -> CallbackAnswer:
        """Take one call. `headers` by name in any case; `target` is path and query, for kinds that sign it.

        Answers 404 for a system without callbacks, 413 beyond 256 KiB, and what the spec says for everything else.
        A call that can't be kept (the database is away) raises: the department gets a 5xx and calls again.
        """
        known = self._systems.get(system_id)
        # Whose case it is stands inside, so the department may speak as any of the versions it is spoken to by.
        versions = (known.served_versions or (known,)) if known is not None else ()
        heard = [(v, v.spec.callback, v.callback) for v in versions if v.callback and v.spec.callback]
        if not heard:
            return CallbackAnswer(status=404)
        if len(body) > LARGEST_BYTES:
            return CallbackAnswer(status=413)
        small = {name.lower(): value for name, value in headers.items()}
        incoming = Incoming(method=method, target=target, headers=small, content=body)
        refusals = []
        for system, spec, callback in heard:
            try:
                event = self._event(system, spec, callback, incoming, at)
            except (EnvelopeRefused, SecretMissing) as refused:
                refusals.append(str(refused))
                continue
            if isinstance(event, InboundEvent):
                is_new = await self._ledger.receive(event, at=at)
                log.info("callback_received", system=system_id, is_new=is_new, status=event.status)
            elif self._announced is not None:
                await self._announced(event)
            return _answer(spec.taken, taken=True)
        log.warning("callback_refused", system=system_id, reason=", ".join(dict.fromkeys(refusals)))
        return _answer(heard[0][1].refused, taken=False)

    def _event(
        self, system: System, spec: CallbackSpec, callback: Callback, incoming: Incoming, at: datetime
    ) -> InboundEvent | Announcement:
        try:
            opened = signer_for(spec.auth, self._secrets).verify(incoming, system.spec.connection.charset)
        except UnicodeEncodeError:  # half a surrogate pair spelt in JSON: no bytes anybody could have signed
            raise EnvelopeRefused("charset") from None
        variables = {
            "status": 200,
            "headers": dict(incoming.headers),
            "body": opened.body,
            "envelope": opened.envelope,
            "error": "",
        }
        _check_fresh(spec, callback, opened, variables, at)
        if (told := announcement_of(callback, variables, system=system.id, at=at)) is not None:
            return told
        event = event_of(callback.report, variables, system=system.id, source="callback", at=at)
        if event is None:
            raise EnvelopeRefused("shape")
        return event


def _check_fresh(
    spec: CallbackSpec, callback: Callback, opened: Opened, variables: Mapping[str, object], at: datetime
) -> None:
    """Refuse what was signed too long ago or ahead; a kind without a time of its own takes `sent_at`.

    A spec that names no time at all still dedupes by event id, so that a replay changes nothing.
    """
    sent_at = opened.sent_at
    if callback.sent_at is not None:
        sent_at = moment(extract(callback.sent_at, variables))
        if sent_at is None:
            raise EnvelopeRefused("shape")
    if sent_at is not None and abs(at - sent_at) > timedelta(seconds=spec.window_seconds):
        raise EnvelopeRefused("stale")


def _answer(spec: CallbackAnswerSpec, *, taken: bool) -> CallbackAnswer:
    content = b"" if spec.body is None else to_json(spec.body)
    return CallbackAnswer(status=spec.status, content=content, taken=taken)
