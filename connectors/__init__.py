"""Delivery to department systems: nothing is lost, nothing is sent twice.

    intake.Intake.accept ── one commit: case, submission (frozen copy), delivery QUEUED ──▶ receipt
    worker.DeliveryWorker ── lane per system ── claim (lease, fence) → intent row → transport → engine.decide → settle
    callbacks / polling  ── proven, kept once ── inbound.apply_event → the case moves forward, with evidence
    desk                 ── what needs a person: manual systems, unknown, invalid, unmapped status

A system is one YAML file (`spec`, language in docs/connectors.md); which answer means what is `outcomes`, what follows
from it is `engine`, both pure. States are in `ledger`, everything kept or sent goes through `ports`; `storage/` keeps
it in SQL, `transports/` speaks the protocols, `signing/` proves who sent a message, `app.create_connectors` wires it.

Where the names differ from the first agreement: the compiled `System` lives in `connectors.system` (`connectors.spec`
gives it too) and has the YAML as `.spec`; `Callbacks.receive` takes headers and body as keywords; a delivery taken
back before it left is CANCELLED, a state of its own.
"""
