"""One delivery under its lease: find out first where that is needed, write the intent, send, settle."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Final, assert_never

from config import logs
from connectors.attachments import Rows, names_files, objection, rows_of
from connectors.engine import (
    AskPerson,
    CantTell,
    LookUp,
    Policy,
    ProbeAnswer,
    Resend,
    decide,
    decide_probe,
    resolve_unknown,
)
from connectors.errors import MappingRefused, SecretMissing
from connectors.ground import Ground
from connectors.ledger import DeliveryState, DeskReason, Lease, LeaseLost, Result
from connectors.outcomes import Outcome, OutcomeClass
from connectors.pace import Pace
from connectors.submission import values_for
from connectors.system import Operation, System
from connectors.transport_ports import Answers, Errand, OpenFiles, Transport

log = logs.get(__name__)
AFTER_A_FAULT = timedelta(seconds=60)
FAULT: Final = "fault"
"""`error` of an attempt in which something of ours broke: nobody had thought of what came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """Delivers to one system. Each method gives the outcome that speaks for or against the system's health, or None."""

    system: System
    transport: Transport
    pace: Pace
    ground: Ground

    async def deliver(self, lease: Lease) -> Outcome | None:
        """Do what is next for a delivery this worker holds.

        Raises:
            LeaseLost: somebody else has it; nothing was written.
        """
        with self.ground.uses.of(self.transport):
            return await self._deliver(replace(lease, spec_version=self.system.registered))

    async def _deliver(self, lease: Lease) -> Outcome | None:
        if lease.delivery.state is not DeliveryState.PROBING:
            return await self._send(lease)
        operation, at = self._operation(lease), self.ground.clock()
        settle_seconds = self.system.probe.settle_seconds if self.system.probe is not None else 0.0
        last_sent_at = lease.last_sent_at or lease.delivery.created_at
        match resolve_unknown(operation.resend_unknown, settle_seconds, last_sent_at=last_sent_at):
            case Resend():
                return await self._send(lease)
            case LookUp(not_before=not_before) if at < not_before:
                await self.ground.ledger.give_back(lease, next_attempt_at=not_before, reason="", at=at)
                return None
            case LookUp():
                return await self._look_up(lease, operation)
            case AskPerson():
                nobody_knows = Outcome(kind=OutcomeClass.UNKNOWN, message=lease.delivery.message)
                result = Result(state=DeliveryState.DESK, outcome=nobody_knows, desk=DeskReason.UNKNOWN)
                await self.ground.ledger.settle(lease, result, at=at, duration_ms=0)
                return None
            case other:
                assert_never(other)

    async def _send(self, lease: Lease) -> Outcome | None:
        if await self.pace.spend() is not None:
            # It keeps its place: the lane is told why nothing goes, and holds the system until tomorrow.
            at = self.ground.clock()
            own = lease.delivery.next_attempt_at or at
            await self.ground.ledger.give_back(lease, next_attempt_at=own, reason="", at=at)
            return None
        handing_over = monotonic()
        given = await self._hand_over(lease)
        if isinstance(given, Outcome):
            return await self._not_handed_over(lease, given, started=handing_over)
        await self.pace.turn()
        since = asyncio.get_running_loop().time()
        begun = await self._begin(lease, "send")
        lease = replace(lease, delivery=replace(lease.delivery, attempts=lease.delivery.attempts + 1))
        errand = self._errand(lease, begun)
        errand = replace(errand, values={**errand.values, "attachments": given}, files=self._files_of(errand, given))
        started = monotonic()
        try:
            async with self.ground.bounds.within(self.ground.lease, since=since, delivery_id=lease.delivery.id):
                outcome = await self.transport.send(errand)
        except MappingRefused as refused:
            outcome = Outcome(kind=OutcomeClass.INVALID, message=f"{refused.target}：{refused.reason}", error="mapping")
        except SecretMissing as missing:
            log.warning("secret_missing", system=self.system.id, detail=str(missing))
            outcome = Outcome(kind=OutcomeClass.AUTH, error="secret_missing")
        except LeaseLost:
            raise
        except Exception:
            # Nobody knows how far it came. Settled as any doubt is, it waits longer each time and ends on a desk.
            log.exception("transport_fault", system=self.system.id, delivery=lease.delivery.id)
            outcome = Outcome(kind=OutcomeClass.UNKNOWN, error=FAULT)
        at = self.ground.clock()
        result = decide(lease.delivery, outcome, self._policy(errand.operation), at=at, jitter=self.ground.jitter())
        if outcome.kind is OutcomeClass.INVALID and given and self.ground.uploads is not None:
            await self.ground.uploads.forget(errand)
        await self._settle(lease, result, at=at, started=started)
        return outcome

    async def _hand_over(self, lease: Lease) -> Rows | Outcome:
        """Hand the case's files over; nothing of the case itself leaves, so that no intent to send it is written yet."""
        rows = rows_of(lease.submission.content)
        operation = self._operation(lease)
        if not rows or self.system.spec.attachments is None or not names_files(operation):
            return rows
        if self.system.upload is None:
            return objection(self.system, rows) or rows
        errand = self._errand(lease, self.ground.clock())
        if self.ground.uploads is None or not isinstance(self.transport, Answers):
            raise TypeError(f"{self.system.id}: nothing here hands files over")
        try:
            return await self.ground.uploads.hand_over(errand, rows, self.transport, self.pace, self.ground.nonce)
        except MappingRefused as refused:
            return Outcome(kind=OutcomeClass.INVALID, message=f"{refused.target}：{refused.reason}", error="mapping")
        except SecretMissing as missing:
            log.warning("secret_missing", system=self.system.id, detail=str(missing))
            return Outcome(kind=OutcomeClass.AUTH, error="secret_missing")
        except Exception:
            log.exception("transport_fault", system=self.system.id, delivery=lease.delivery.id)
            return Outcome(kind=OutcomeClass.TRANSIENT, error=FAULT)

    def _files_of(self, errand: Errand, rows: Rows) -> OpenFiles | None:
        """Return how the files are opened that go with the message itself."""
        spec, uploads = self.system.spec.attachments, self.ground.uploads
        if not rows or spec is None or spec.form_field is None or not names_files(errand.operation):
            return None
        if uploads is None:
            raise TypeError(f"{self.system.id}: nothing here opens files")
        return partial(uploads.opened, errand, rows)

    async def _not_handed_over(self, lease: Lease, outcome: Outcome, *, started: float) -> Outcome:
        at = await self._begin(lease, "upload")
        if lease.delivery.state is DeliveryState.PROBING:
            # What was sent before this may still have arrived.
            outcome = replace(outcome, kind=OutcomeClass.UNKNOWN)
        lease = replace(lease, delivery=replace(lease.delivery, attempts=lease.delivery.attempts + 1))
        policy = self._policy(self._operation(lease))
        result = decide(lease.delivery, outcome, policy, at=at, jitter=self.ground.jitter())
        await self._settle(lease, result, at=at, started=started)
        return outcome

    async def _look_up(self, lease: Lease, operation: Operation) -> Outcome:
        await self.pace.turn()
        begun = await self._begin(lease, "probe")
        lease = replace(lease, delivery=replace(lease.delivery, probes=lease.delivery.probes + 1))
        started = monotonic()
        try:
            answer = await self._asked(lease, begun)
        except (MappingRefused, SecretMissing) as refused:
            # The question itself can't be asked: a person does.
            at, outcome = self.ground.clock(), Outcome(kind=OutcomeClass.UNKNOWN, error="probe", message=str(refused))
            result = Result(state=DeliveryState.DESK, outcome=outcome, desk=DeskReason.UNKNOWN)
            await self._settle(lease, result, at=at, started=started)
            return outcome
        at = self.ground.clock()
        tries = self.system.probe.tries if self.system.probe is not None else 1
        result = decide_probe(
            lease.delivery, answer, self._policy(operation), tries, at=at, jitter=self.ground.jitter()
        )
        await self._settle(lease, result, at=at, started=started)
        return answer.outcome

    async def _asked(self, lease: Lease, begun: datetime) -> ProbeAnswer:
        try:
            return await self.transport.probe(self._errand(lease, begun))
        except (MappingRefused, SecretMissing):
            raise
        except Exception:
            log.exception("transport_fault", system=self.system.id, delivery=lease.delivery.id)
            return CantTell(outcome=Outcome(kind=OutcomeClass.UNKNOWN, error=FAULT))

    async def _begin(self, lease: Lease, kind: str) -> datetime:
        at = self.ground.clock()
        await self.ground.ledger.begin(lease, kind=kind, at=at)
        # A machine that slept in the commit wakes here: the lease may have gone, and a byte must not leave then.
        now = self.ground.clock()
        if now - at >= self.ground.lease:
            raise LeaseLost(lease.delivery.id)
        return now

    async def _settle(self, lease: Lease, result: Result, *, at: datetime, started: float) -> None:
        duration_ms = round((monotonic() - started) * 1000)
        delivery = await self.ground.ledger.settle(lease, result, at=at, duration_ms=duration_ms)
        log.info(
            "delivery_attempt",
            system=self.system.id,
            delivery=delivery.id,
            attempt=lease.delivery.attempts,
            outcome=result.outcome.kind.value,
            error=result.outcome.error,
            http_status=result.outcome.http_status,
            state=delivery.state.value,
            ms=duration_ms,
        )

    def _operation(self, lease: Lease) -> Operation:
        if lease.delivery.kind == "withdraw" and self.system.withdraw is not None:
            return self.system.withdraw
        return self.system.operation(lease.delivery.operation)

    def _policy(self, operation: Operation) -> Policy:
        probe = self.system.probe if operation.resend_unknown == "probe" else None
        return Policy(
            operation=operation,
            delivery=self.system.spec.delivery,
            poll=self.system.poll,
            settles=timedelta(seconds=probe.settle_seconds if probe is not None else 0),
        )

    def _errand(self, lease: Lease, at: datetime) -> Errand:
        return Errand(
            system=self.system,
            operation=self._operation(lease),
            values=values_for(
                lease.submission,
                lease.delivery,
                at=at,
                nonce=self.ground.nonce(),
                callback_url=self.ground.callback_url(self.system.id),
            ),
            delivery_id=lease.delivery.id,
        )
